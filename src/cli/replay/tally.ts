// Keeps the figures of a replay while it runs.
import type { BlockPart } from '../../traces/block-map.ts';
import { EventChoice } from '../../traces/event-choice.ts';
import { RANGE_REFUSALS, type RangeRefusal } from '../../traces/placement.ts';
import type { ConversionTarget, TraceEvent } from '../../traces/trace-event.ts';
import type { Accepted, ConversionResult, Refused } from './converter.ts';
import { ReplayError } from './replay-error.ts';
import type { ReplayedBlock } from './replayed-block.ts';
import type { BlockSummary, PopulatedState, RefusalCount, ReplaySummary } from './summary.ts';

/** One conversion as the service was asked for it. */
export interface AskedConversion {
  readonly line: number;
  /** Bytes; null for a section of one block. */
  readonly gpa: number | null;
  /** Bytes, over all parts and what is in no block. */
  readonly size: number;
  readonly to: ConversionTarget;
  /** By ascending address. */
  readonly parts: readonly BlockPart<ReplayedBlock>[];
}

/** What the summary says beside the figures. */
export type SummaryHead = Pick<ReplaySummary, 'trace' | 'service' | 'batchPreviews' | 'seconds'> & {
  /** Lines, the foreign ones included, and the foreign ones alone. */
  readonly lines: number;
  readonly foreign: number;
  readonly cutOff: boolean;
};

export class Tally {
  readonly #blocks: readonly ReplayedBlock[];
  readonly #dryRun: boolean;
  readonly #choice: EventChoice;
  readonly #refusedLines: Record<RangeRefusal, number>;
  readonly #conversions = { posted: 0, changed: 0, unchanged: 0, refused: 0, retries: 0 };
  readonly #bytes = { toShared: 0, toPrivate: 0, changedToShared: 0, changedToPrivate: 0, unassigned: 0 };
  readonly #refusals = new Map<string, RefusalCount>();
  /** Conversions that were to be applied. */
  #taken = 0;
  #applied = 0;
  #crossing = 0;
  #cut = 0;
  #repeated = 0;
  #layout = 0;
  /** Lines of less exact events that were taken before the first of the chosen ones, and where that was. */
  #superseded: { lines: number; before: number } | null = null;
  #now: PopulatedState;
  #peak: PopulatedState;

  /**
   * @param dryRun what is accepted was only previewed, each alone: what it changes follows from what came before it
   * @param choice a new one, which may know what a first pass over the trace has found
   */
  constructor(blocks: readonly ReplayedBlock[], dryRun = false, choice: EventChoice = new EventChoice()) {
    this.#blocks = blocks;
    this.#choice = choice;
    this.#dryRun = dryRun;
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

  /** Counts a conversion. @returns whether it is to be applied, rather than being counted only */
  addEvent({ event, line }: TraceEvent): boolean {
    const taken = this.#choice.take(event);
    if (taken === 'repeated') this.#repeated++;
    // What was done is done: conversions of the same pages to the same state, so nothing has to be undone.
    if (taken === 'better') this.#superseded = { lines: this.#taken, before: line };
    if (taken !== 'repeated') this.#taken++;
    return taken !== 'repeated';
  }

  /** Counts a line of the memory layout. */
  addSlot(): void {
    this.#layout++;
  }

  /** @param asOne whether it was one conversion, over however many blocks */
  addApplied(blocks: number, asOne: boolean): void {
    this.#applied++;
    if (blocks < 2) return;
    this.#crossing++;
    if (!asOne) this.#cut++;
  }

  addRefusedLine(reason: RangeRefusal): void {
    this.#refusedLines[reason]++;
  }

  /** @param bytes of a conversion to shared that lie in no block */
  addUnassigned(bytes: number): void {
    this.#bytes.unassigned += bytes;
  }

  /** @throws ReplayError when the answer is about blocks that the replay does not know */
  addResult(asked: AskedConversion, result: ConversionResult): void {
    this.#conversions.posted++;
    this.#conversions.retries += result.attempts - 1;
    if (result.kind === 'accepted') this.#accept(asked, result);
    else this.#refuse(asked, result);
  }

  #accept({ to, parts: asked }: AskedConversion, { parts }: Accepted): void {
    let changedBytes = 0;
    for (const part of parts) {
      const { block } = asked.find((one) => one.block.ramBlock.id === part.ramBlockId) ?? {};
      if (block === undefined || part.offset + part.size > block.usedLength) {
        throw new ReplayError(`the service converted RAM block ${part.ramBlockId}, which has come or grown meanwhile`);
      }
      const before = { bytes: block.populatedBytes, pages: block.pages, runs: block.runs };
      const changedHere = block.apply(part, to);
      changedBytes += this.#dryRun ? changedHere : part.changedBytes;
      this.#bytes[to === 'shared' ? 'toShared' : 'toPrivate'] += part.size;
      this.#now = {
        populatedBytes: this.#now.populatedBytes + block.populatedBytes - before.bytes,
        mappingsPerPage: this.#now.mappingsPerPage + block.pages - before.pages,
        mappingsPerRun: this.#now.mappingsPerRun + block.runs - before.runs,
      };
    }
    this.#conversions[changedBytes > 0 ? 'changed' : 'unchanged']++;
    this.#bytes[to === 'shared' ? 'changedToShared' : 'changedToPrivate'] += changedBytes;
    this.#peak = {
      populatedBytes: Math.max(this.#peak.populatedBytes, this.#now.populatedBytes),
      mappingsPerPage: Math.max(this.#peak.mappingsPerPage, this.#now.mappingsPerPage),
      mappingsPerRun: Math.max(this.#peak.mappingsPerRun, this.#now.mappingsPerRun),
    };
  }

  #refuse({ line, gpa, size, to, parts }: AskedConversion, { problem, attempts }: Refused): void {
    this.#conversions.refused++;
    const known = this.#refusals.get(problem.code);
    if (known !== undefined) {
      this.#refusals.set(problem.code, { count: known.count + 1, first: known.first });
      return;
    }
    const { status, detail, errno, listenerId, listenerDetail } = problem;
    const about = parts.length === 1 ? parts[0] : parts.find(({ block }) => block.ramBlock.id === problem.ramBlockId);
    const first = {
      ...{ line, gpa, size, to, blocks: parts.map(({ block }) => block.ramBlock.idstr) },
      ramBlockId: about?.block.ramBlock.id ?? null,
      idstr: about?.block.ramBlock.idstr ?? null,
      offset: about?.offset ?? null,
      ...{ status, detail, errno, listenerId, listenerDetail, attempts, populated: this.#now },
    };
    this.#refusals.set(problem.code, { count: 1, first });
  }

  summarize({ trace, service, lines, foreign, cutOff, batchPreviews, seconds }: SummaryHead): ReplaySummary {
    return {
      trace,
      service,
      dryRun: this.#dryRun,
      blocks: this.blocks(),
      lines: {
        total: lines,
        applied: this.#applied,
        repeated: this.#repeated,
        layout: this.#layout,
        foreign,
        cutOff,
        crossing: this.#crossing,
        cut: this.#cut,
        refused: this.#refusedLines,
        byEvent: this.#choice.counts,
        chosen: this.#choice.chosen(),
        superseded: this.#superseded,
      },
      conversions: this.#conversions,
      bytes: this.#bytes,
      end: this.#now,
      peak: this.#peak,
      refusals: Object.fromEntries(this.#refusals),
      batchPreviews,
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
