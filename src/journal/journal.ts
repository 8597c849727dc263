// The journal as a port: what the service needs of a durable log. The unit of order is the machine; nothing above this
// file may know which journal it is.
import type { BlockRecord, SourceChanged, SourceStep } from '../core/records.ts';
import { Problem, type ProblemCode } from '../errors.ts';

/** The answer to a request with an Idempotency-Key, kept with the change that it answers for. */
export interface KeptAnswer {
  /** Names the request and who made it; unique. */
  readonly key: string;
  /** The owner whose share of the kept answers it counts for; '' where there is none. */
  readonly owner: string;
  /** Tells another request under the same key from a repeated one. */
  readonly fingerprint: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The answer, in a form that only the room that gave it knows. */
  readonly content: Uint8Array;
}

/** Conversions of a block that its history keeps; older ones may be forgotten. */
export const HISTORY_LIMIT = 10_000;

/** Steps that one record of a change may have at most: a batch. */
export const MAX_STEPS = 10_000;

/** A step of a change of its block, and its place in the history, which grows. */
export interface PastStep {
  readonly position: number;
  readonly change: BlockRecord & SourceChanged;
  /** It may have fewer of the runs that changed than there are, but for the first thousand. */
  readonly step: SourceStep;
}

/** Returns the steps of a change that is at `sequence` of its machine, newest first. */
export function pastSteps(sequence: number, change: BlockRecord & SourceChanged): PastStep[] {
  return change.steps.map((step, index) => ({ position: sequence * MAX_STEPS + index, change, step })).reverse();
}

/** Something of what is kept of a block. The first piece of a block has its snapshot, or begins with its creation. */
export interface StoredBlock {
  readonly ramBlockId: string;
  /** The newest snapshot; null where there is none, and in all pieces but the first. */
  readonly snapshot: Uint8Array | null;
  /** Records after the snapshot, oldest first. */
  readonly records: readonly BlockRecord[];
}

/** Why an append failed, and what is known of its outcome. */
export class AppendFailed extends Problem {
  readonly machine: string;
  /** `not-written`: nothing of the append is or will be durable. `unknown`: all of it may be. */
  readonly outcome: 'not-written' | 'unknown';

  constructor(code: ProblemCode, detail: string, about: Pick<AppendFailed, 'machine' | 'outcome'>) {
    super(code, detail, { retryAfterSeconds: 1 });
    this.machine = about.machine;
    this.outcome = about.outcome;
  }
}

export interface Journal {
  /** Resolves with the reason when this journal is of no more use; never where that does not happen. */
  readonly failed: Promise<Problem>;

  /** Milliseconds that the oldest call has waited that is not answered yet; 0 where there is none. */
  readonly waitedMs: number;

  /** A remark for people about the state in which the journal was found; null when all was in order. */
  readonly remark: string | null;

  /** Returns the last sequence of every machine that records were ever appended to. */
  positions(): Promise<ReadonlyMap<string, number>>;

  /**
   * Reads blocks that were created and not deleted, piece by piece. The pieces of a block follow each other in order, but
   * those of others may lie between them.
   * @param machine whose blocks are read; all blocks where it is left out
   */
  blocks(machine?: string): AsyncIterable<StoredBlock>;

  /**
   * Appends `records` to `machine` and keeps `answer` with them: all of it or nothing, durable when the promise resolves.
   * Appends become durable, and their promises resolve, in the order of the calls. A `block-deleted` ends its block:
   * nothing of it is kept.
   * @param expectedSequence the last sequence of the machine as the caller knows it; each record takes the next one
   * Throws, where it does not return a promise, AppendFailed `payload-too-large`: nothing was done.
   * @throws AppendFailed `not-owner` when the machine has another last sequence: somebody else writes to it.
   *   `journal-unavailable` when this journal is of no more use
   */
  append(
    machine: string,
    expectedSequence: number,
    records: readonly BlockRecord[],
    answer?: KeptAnswer | null,
  ): Promise<void>;

  /**
   * Keeps `snapshot` as the state of the block after the record at `sequence`; records up to there may be forgotten,
   * but for the history.
   * @throws Problem `journal-unavailable`
   */
  saveSnapshot(ramBlockId: string, sequence: number, snapshot: Uint8Array): Promise<void>;

  /** Returns the last conversions of a block with a position below `before`, newest first. */
  history(ramBlockId: string, before: number, limit: number): Promise<PastStep[]>;

  findAnswer(key: string): Promise<KeptAnswer | null>;

  /**
   * Returns the bytes that the kept answers take, as {@link bytesOfAnswer} counts them: all of them, or those of `owner`.
   * An append counts at once; a key that is kept is not to be appended again.
   */
  answerBytes(owner?: string): number;

  /** Forgets the answers given before `at` (milliseconds since the epoch). */
  forgetAnswers(at: number): Promise<void>;

  close(): Promise<void>;
}

/** Returns the bytes that a kept answer counts for. */
export function bytesOfAnswer({ key, owner, fingerprint, content }: Omit<KeptAnswer, 'at'>): number {
  return key.length + owner.length + fingerprint.length + content.byteLength;
}
