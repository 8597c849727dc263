// Records for tests of the journal: of what the core puts into a record, only what the journal looks at.
import type { BlockRecord } from '../../src/core/records.ts';
import type { KeptAnswer } from '../../src/journal/journal.ts';
import { conversionsIn, decodeRecord, decodeRecords, encodeRecord } from '../../src/journal/record-text.ts';
import type { LoadedPiece, NewAppend, SqliteStore } from '../../src/journal/sqlite-store.ts';
import { turned } from '../support/source-steps.ts';

export interface RecordOptions {
  readonly ramBlockId: string;
  readonly kind: string;
  readonly conversions?: number;
  /** What tells it from others. */
  readonly tag: string;
  readonly text?: string;
  /** Runs in a list. */
  readonly runs?: number;
}

export function recordOf({ ramBlockId, kind, conversions = 0, tag, text = '', runs = 0 }: RecordOptions): BlockRecord {
  const steps = Array.from({ length: conversions }, () => turned({ start: 0, end: 1 }, true, null));
  return {
    ramBlockId,
    at: tag,
    kind,
    text,
    ...(kind === 'source-changed' ? { steps } : {}),
    ...(runs > 0 ? { list: runsOf(runs) } : {}),
  } as unknown as BlockRecord;
}

/** So many runs of a page each. */
export function runsOf(count: number) {
  return Array.from({ length: count }, (_, run) => ({ start: 3 * run, end: 3 * run + 1 }));
}

/** Returns what {@link recordOf} was told tells it from others. */
export function tagOf(record: Pick<BlockRecord, 'at'>): string {
  return record.at;
}

export function answerOf(key: string, content: string, at = 1, owner = ''): KeptAnswer {
  return { key, owner, fingerprint: '', at, content: new TextEncoder().encode(content) };
}

/** An append as it comes to the journal's thread. */
export function appendOf(
  machine: string,
  sequence: number,
  records: readonly BlockRecord[],
  answer: KeptAnswer | null = null,
): NewAppend {
  const encoded = records.map((record) => {
    const { ramBlockId, kind } = record;
    const ends = kind === 'block-created' ? 'begins' : kind === 'block-deleted' ? 'ends' : 'nothing';
    return { ramBlockId, ends, conversions: conversionsIn(record), ...encodeRecord(record) } as const;
  });
  return { machine, sequence, records: encoded, answer };
}

/** Does what is done in slices at once. */
export function whole<Result>(slices: Generator<void, Result>): Result {
  for (;;) {
    const { done, value } = slices.next();
    if (done) return value;
  }
}

/** Does all that the store has to do when nobody waits. */
export function doChores(store: SqliteStore): void {
  for (let chore = store.nextChore(); chore !== undefined; chore = store.nextChore()) whole(chore);
}

/** Returns the records of a piece. */
export function recordsIn({ records }: Pick<LoadedPiece, 'records'>): BlockRecord[] {
  return records.flatMap((each) => (typeof each === 'string' ? decodeRecords(each) : [decodeRecord(each)]));
}

export interface FoundBlock {
  readonly ramBlockId: string;
  readonly snapshot: readonly number[] | null;
  readonly tags: readonly string[];
}

/** Returns what a store reads back of its blocks, in order. */
export function blocksIn(store: SqliteStore): FoundBlock[] {
  const found = new Map<string, { snapshot: number[] | null; tags: string[] }>();
  for (const piece of store.blocks(null)) {
    for (const { ramBlockId, snapshot } of piece.snapshots)
      found.set(ramBlockId, { snapshot: [...snapshot], tags: [] });
    for (const record of recordsIn(piece)) {
      const block = found.get(record.ramBlockId) ?? { snapshot: null, tags: [] };
      block.tags.push(tagOf(record));
      found.set(record.ramBlockId, block);
    }
  }
  return [...found]
    .map(([ramBlockId, block]) => ({ ramBlockId, ...block }))
    .sort((a, b) => (a.ramBlockId < b.ramBlockId ? -1 : 1));
}
