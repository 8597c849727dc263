// The journal as a port: what the service needs of a durable log. The unit of order is the machine; nothing above this
// file may know which journal it is.
import type { BlockRecord, Conversion, SourceChanged } from '../core/records.ts';
import type { Problem } from '../errors.ts';

/** The stored answer to a request with an Idempotency-Key, written with the change that it answers for. */
export interface Answered {
  readonly kind: 'answered';
  /** Digest of token, method, path with query, and key; before it, with a dot between, one of the token that it counts for. */
  readonly key: string;
  /** Digest of body and If-Match. */
  readonly fingerprint: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The text of the answer; of a long one, its raw deflate in base64. */
  readonly body: string;
  readonly encoding?: 'deflate';
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export type JournalRecord = BlockRecord | Answered;

/** Conversions of a block that its history keeps; older ones may be forgotten. */
export const HISTORY_LIMIT = 10_000;

/** Steps that one record of a change may have at most: a batch. */
export const MAX_STEPS = 10_000;

/** A conversion and its place in the history of its block, which grows. */
export interface PastConversion {
  readonly position: number;
  readonly conversion: Conversion;
}

/** The conversions of a change that is at `sequence` of its machine, newest first. */
export function pastConversions(sequence: number, { steps }: SourceChanged): PastConversion[] {
  return steps.map(({ conversion }, index) => ({ position: sequence * MAX_STEPS + index, conversion })).reverse();
}

/** A block as it is kept; one that is large comes in several of these that follow each other, the first with the snapshot. */
export interface StoredBlock {
  readonly ramBlockId: string;
  /** The newest snapshot; null where there is none. */
  readonly snapshot: Uint8Array | null;
  /** What came after the snapshot, oldest first. */
  readonly records: readonly BlockRecord[];
}

export interface Journal {
  /** Resolves with the reason when this journal is of no more use; never where that does not happen. */
  readonly failed: Promise<Problem>;

  /** Milliseconds that the oldest of the calls has waited that are not answered yet; 0 where there is none. */
  readonly waitedMs: number;

  /** What people should know of how the journal was found when it was opened; null when all was in order. */
  readonly remark: string | null;

  /** The last sequence of every machine that was ever written to. */
  positions(): Promise<ReadonlyMap<string, number>>;

  /** All blocks that were created and not deleted, one after the other, in no special order. */
  blocks(): AsyncIterable<StoredBlock>;

  /**
   * Appends `records` to `machine`: all of them or none, durable when the promise resolves. Appends become durable, and
   * their promises resolve, in the order of the calls. A `block-deleted` ends its block: nothing of it is kept.
   * @param expectedSequence the last sequence of the machine as the caller knows it; the records follow it
   * Throws, where it does not return a promise, `payload-too-large`: they are too long, and nothing was done.
   * @throws Problem `not-owner` when the machine has another last sequence: somebody else writes to it
   * @throws Problem `journal-unavailable` when the outcome is unknown; this journal is of no more use then
   */
  append(machine: string, expectedSequence: number, records: readonly JournalRecord[]): Promise<void>;

  /**
   * Keeps `snapshot` as the state of the block after the record at `sequence`; records up to there may be forgotten,
   * but for the history.
   * @throws Problem `journal-unavailable`
   */
  saveSnapshot(ramBlockId: string, sequence: number, snapshot: Uint8Array): Promise<void>;

  /** The last conversions of a block with a position below `before`, newest first. */
  history(ramBlockId: string, before: number, limit: number): Promise<PastConversion[]>;

  findAnswer(key: string): Promise<Answered | null>;

  /**
   * Returns the bytes that the kept answers take (keys and JSON): all of them, or those whose keys have `owner` before the
   * dot, '' standing for keys without one. An append counts at once; a key that is kept is not to be appended again.
   */
  answerBytes(owner?: string): number;

  /** Forgets the answers given before `at` (milliseconds since the epoch). */
  forgetAnswers(at: number): Promise<void>;

  close(): Promise<void>;
}
