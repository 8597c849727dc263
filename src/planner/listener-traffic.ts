// Webhooks that listeners would have been sent: one on each whole RAM block, with the service's defaults. Nothing is sent or even
// written; the length of a body follows from its numbers.

import type { PageRange } from '../core/section.ts';
import { MIN_PAGE_SIZE } from '../limits.ts';
import type { PlanListener } from './plan.ts';
import type { PlannedBlock } from './planned-block.ts';

/** The service's default of `maxSections`. */
const MAX_SECTIONS = 512;
/** As long as the ids of the service are, whatever stands before the underscore. */
const ID = `xxx_${'0'.repeat(24)}`;

interface Course {
  /** Bytes of a body without its sections and the digits of its numbers. */
  readonly bare: { readonly populate: number; readonly discard: number };
  sequence: number;
  generation: number;
}

export class ListenerTraffic {
  readonly #courses = new Map<PlannedBlock, Course>();
  #populates = 0;
  #discards = 0;
  #sections = 0;
  #bytes = 0;
  #largest: PlanListener['largest'] = null;

  /** The conversion of `line` changed `runs`, which are not none. */
  note(line: number, block: PlannedBlock, runs: readonly PageRange[], populate: boolean): void {
    const course = this.#courseOf(block);
    for (let from = 0; from < runs.length; from += MAX_SECTIONS) {
      const to = Math.min(from + MAX_SECTIONS, runs.length);
      course.sequence++;
      const { sequence, generation, bare } = course;
      // The braces of the last section have no comma behind them.
      let bytes = (populate ? bare.populate : bare.discard) - 1;
      bytes += digits(sequence) + digits(sequence - 1) + digits(generation);
      for (let index = from; index < to; index++) bytes += sectionBytes(runs[index], block.gpa ?? 0);
      this.#count(line, to - from, bytes, populate);
    }
    course.generation++;
  }

  summarize(): PlanListener {
    return {
      requests: this.#populates + this.#discards,
      populates: this.#populates,
      discards: this.#discards,
      sections: this.#sections,
      bytes: this.#bytes,
      largest: this.#largest,
    };
  }

  #count(line: number, sections: number, bytes: number, populate: boolean): void {
    if (populate) this.#populates++;
    else this.#discards++;
    this.#sections += sections;
    this.#bytes += bytes;
    if (bytes > (this.#largest?.bytes ?? 0)) this.#largest = { line, sections, bytes };
  }

  #courseOf(block: PlannedBlock): Course {
    const known = this.#courses.get(block);
    if (known !== undefined) return known;
    const bare = { populate: bareBytes('populate', block.idstr), discard: bareBytes('discard', block.idstr) };
    const course = { bare, sequence: 0, generation: 0 };
    this.#courses.set(block, course);
    return course;
  }
}

/** As WebhookClient writes it. */
function bareBytes(type: 'populate' | 'discard', idstr: string): number {
  const data = {
    ramBlockId: ID,
    listenerId: ID,
    machine: 'default',
    idstr,
    sequence: 0,
    settledThrough: 0,
    generation: 0,
    granularity: MIN_PAGE_SIZE,
    reason: 'conversion',
    conversionId: ID,
    sections: [],
  };
  const body = JSON.stringify({ type: `ram_block.${type}`, timestamp: '2026-01-01T00:00:00.000Z', data });
  return new TextEncoder().encode(body).length - 3;
}

const BARE_SECTION = '{"offsetWithinRegion":,"size":,"offsetWithinAddressSpace":},'.length;

function sectionBytes(run: PageRange | undefined, gpa: number): number {
  if (run === undefined) return 0;
  const offset = run.start * MIN_PAGE_SIZE;
  const size = (run.end - run.start) * MIN_PAGE_SIZE;
  return BARE_SECTION + digits(offset) + digits(size) + digits(gpa + offset);
}

/** How many decimal digits `number` has; it is whole and not negative. */
function digits(number: number): number {
  let count = 1;
  for (let limit = 10; number >= limit; limit *= 10) count++;
  return count;
}
