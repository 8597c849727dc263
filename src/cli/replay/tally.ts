// Keeps the figures of a replay while it runs.
import type { Section } from '../../core/section.ts';
import { RANGE_REFUSALS, type RangeRefusal } from './placement.ts';
import type { ReplayedBlock } from './replayed-block.ts';
import type { ConversionResult } from './service-client.ts';
import type { BlockSummary, PopulatedState, RefusalCount, ReplaySummary } from './summary.ts';
import type { ConversionTarget } from './trace-lines.ts';
import type { TraceEvent } from './trace-reader.ts';

export class Tally {
  readonly #blocks: readonly ReplayedBlock[];
  readonly #byEvent = { kvm_convert_memory: 0, ram_block_attributes_state_change: 0, kvm_hypercall: 0 };
  readonly #refusedLines: Record<RangeRefusal, number>;
  readonly #conversions = { posted: 0, changed: 0, unchanged: 0, refused: 0, retries: 0 };
  readonly #bytes = { toShared: 0, toPrivate: 0, changedToShared: 0, changedToPrivate: 0 };
  readonly #refusals = new Map<string, RefusalCount>();
  #applied = 0;
  #repeated = 0;
  #now: PopulatedState;
  #peak: PopulatedState;

  constructor(blocks: readonly ReplayedBlock[]) {
    this.#blocks = blocks;
    const noRefusals = Object.keys(RANGE_REFUSALS).map((reason) => [reason, 0]);
    // fromEntries forgets which keys it was given.
    this.#refusedLines = Object.fromEntries(noRefusals) as Record<RangeRefusal, number>;
    this.#now = {
      populatedBytes: sum(blocks, (block) => block.populatedBytes),
      mappingsPerPage: sum(blocks, (block) => block.pages),
      mappingsPerRun: sum(blocks, (block) => block.runs),
    };
    this.#peak = this.#now;
  }

  /** Conversions that were answered. */
  get posted(): number {
    return this.#conversions.posted;
  }

  get refused(): number {
    return this.#conversions.refused;
  }

  /** What is populated now, over all blocks. */
  get populated(): PopulatedState {
    return this.#now;
  }

  /** As they are now. */
  blocks(): BlockSummary[] {
    return this.#blocks.map(summarizeBlock);
  }

  addEvent(event: TraceEvent): void {
    this.#byEvent[event.event]++;
  }

  addApplied(): void {
    this.#applied++;
  }

  addRepeated(): void {
    this.#repeated++;
  }

  addRefusedLine(reason: RangeRefusal): void {
    this.#refusedLines[reason]++;
  }

  addResult(
    line: number,
    block: ReplayedBlock,
    section: Section,
    to: ConversionTarget,
    result: ConversionResult,
  ): void {
    this.#conversions.posted++;
    this.#conversions.retries += result.attempts - 1;
    if (result.kind === 'accepted') this.#accept(block, section, to, result.changedBytes);
    else this.#refuse(line, block, section, to, result);
  }

  #accept(block: ReplayedBlock, section: Section, to: ConversionTarget, changedBytes: number): void {
    this.#conversions[changedBytes > 0 ? 'changed' : 'unchanged']++;
    this.#bytes[to === 'shared' ? 'toShared' : 'toPrivate'] += section.size;
    this.#bytes[to === 'shared' ? 'changedToShared' : 'changedToPrivate'] += changedBytes;
    const before = { bytes: block.populatedBytes, pages: block.pages, runs: block.runs };
    block.apply(section, to);
    this.#now = {
      populatedBytes: this.#now.populatedBytes + block.populatedBytes - before.bytes,
      mappingsPerPage: this.#now.mappingsPerPage + block.pages - before.pages,
      mappingsPerRun: this.#now.mappingsPerRun + block.runs - before.runs,
    };
    this.#peak = {
      populatedBytes: Math.max(this.#peak.populatedBytes, this.#now.populatedBytes),
      mappingsPerPage: Math.max(this.#peak.mappingsPerPage, this.#now.mappingsPerPage),
      mappingsPerRun: Math.max(this.#peak.mappingsPerRun, this.#now.mappingsPerRun),
    };
  }

  #refuse(
    line: number,
    { ramBlock }: ReplayedBlock,
    section: Section,
    to: ConversionTarget,
    { problem, attempts }: Extract<ConversionResult, { kind: 'refused' }>,
  ): void {
    this.#conversions.refused++;
    const known = this.#refusals.get(problem.code);
    if (known !== undefined) {
      this.#refusals.set(problem.code, { count: known.count + 1, first: known.first });
      return;
    }
    const { status, detail, errno, listenerId, listenerDetail } = problem;
    const place = {
      line,
      ramBlockId: ramBlock.id,
      idstr: ramBlock.idstr,
      offset: section.offset,
      size: section.size,
      to,
    };
    const first = { ...place, status, detail, errno, listenerId, listenerDetail, attempts, populated: this.#now };
    this.#refusals.set(problem.code, { count: 1, first });
  }

  /** @param seconds from the first conversion to the last answer */
  summarize(trace: string, service: string, lines: number, foreign: number, seconds: number): ReplaySummary {
    return {
      trace,
      service,
      blocks: this.blocks(),
      lines: {
        total: lines,
        applied: this.#applied,
        repeated: this.#repeated,
        foreign,
        refused: this.#refusedLines,
        byEvent: this.#byEvent,
      },
      conversions: this.#conversions,
      bytes: this.#bytes,
      end: this.#now,
      peak: this.#peak,
      refusals: Object.fromEntries(this.#refusals),
      seconds,
      conversionsPerSecond: seconds > 0 ? this.posted / seconds : 0,
    };
  }
}

function summarizeBlock(block: ReplayedBlock): BlockSummary {
  const { created, populatedBytes, runs } = block;
  const { id, machine, idstr, gpa, usedLength } = block.ramBlock;
  return { id, machine, idstr, gpa, usedLength, created, populatedBytes, runs };
}

function sum(blocks: readonly ReplayedBlock[], of: (block: ReplayedBlock) => number): number {
  return blocks.reduce((total, block) => total + of(block), 0);
}
