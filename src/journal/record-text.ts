// How records are written down: as JSON, with long lists of runs packed beside it. Of changes of a source, which are most
// of all records, only what cannot be told from the rest, and of all their steps together: a change costs on disk and at a
// start what its text costs. The journal knows nothing else about the content of a record.
import type { BlockRecord, SourceChanged, SourceStep } from '../core/records.ts';
import { countPages, type PageRange } from '../core/section.ts';
import { packLists, unpackLists } from './packed-runs.ts';

/** A record as it is kept: what is long is in parts of at most about 1 MiB, and never in one string. */
export interface EncodedRecord {
  /** JSON. */
  readonly text: string;
  /** What {@link packLists} took out of it. */
  readonly lists: readonly Uint8Array[];
}

type Change = BlockRecord & SourceChanged;
type WrittenRecord = Exclude<BlockRecord, Change> | WrittenChange;

/** The columns of a change: one entry of each for every step. */
interface WrittenChange extends Omit<Change, 'steps'> {
  /** With a space between them (ids have none); behind the first, without what all begin with. */
  readonly ids: string;
  /** Characters that all ids begin with; left out where that is nothing. */
  readonly inCommon: number | undefined;
  /** The first page of each range and how many there are. */
  readonly ranges: readonly number[];
  /** A letter for what each range was to become, and one for what it was before. */
  readonly states: string;
  /** What else there is to say of a step, by its number; left out where that is nothing. */
  readonly rest: Readonly<Record<number, WrittenRest>> | undefined;
}

interface WrittenRest {
  /** The first runs that changed: pages from the end of the one before, and pages. Left out where it is the whole range. */
  readonly changed?: readonly number[];
  /** The runs behind them, with their pages in all; left out where there are none. */
  readonly more?: readonly PageRange[];
  readonly changedPages?: number;
  /** Left out where it is that of the step before; nobody before the first. */
  readonly notified?: readonly string[];
}

const LETTERS = { populated: '+', discarded: '-', mixture: 'm' } as const;
const STATES = { '+': 'populated', '-': 'discarded', m: 'mixture' } as const;

/** Runs of a step, and of all steps of a change, that the history can show: they stay in the text. */
const RUNS_IN_TEXT = 1000;
const ALL_RUNS_IN_TEXT = 65_536;

const NOBODY: readonly string[] = [];
const NOTHING: WrittenRest = {};

/** Returns how many conversions of the history are in `record`. */
export function conversionsIn(record: BlockRecord): number {
  return record.kind === 'source-changed' ? record.steps.length : 0;
}

/** @throws RangeError where there is no string that is long enough */
export function encodeRecord(record: BlockRecord): EncodedRecord {
  const { value, lists } = packLists(record.kind === 'source-changed' ? written(record) : record);
  return { text: JSON.stringify(value), lists };
}

/** Returns the record that {@link encodeRecord} wrote. */
export function decodeRecord({ text, lists }: EncodedRecord): BlockRecord {
  return readRecord(unpackLists(JSON.parse(text), lists));
}

/** Returns the records of several texts that have no lists and stand between commas. */
export function decodeRecords(texts: string): BlockRecord[] {
  const all: WrittenRecord[] = JSON.parse(`[${texts}]`);
  return all.map(readRecord);
}

/** As {@link decodeRecord}, but for the long lists, which the history does not show: they can be most of a record by far. */
export function decodeWithoutLists(text: string, hasLists: boolean): BlockRecord {
  const value: unknown = JSON.parse(text);
  return readRecord(hasLists ? unpackLists(value, null) : value);
}

/** @param value what {@link encodeRecord} made of a record, parsed */
function readRecord(value: unknown): BlockRecord {
  const parsed = value as WrittenRecord;
  return parsed.kind === 'source-changed' ? read(parsed) : parsed;
}

function written({ steps, ...record }: Change): WrittenChange {
  // As long as they will be: a list that grows is copied time and again.
  const ids = new Array<string>(steps.length);
  const ranges = new Array<number>(2 * steps.length);
  // Made at once at the end, as the ids: JSON.stringify takes twice as long where any string is put together, or cut out.
  const states = new Array<string>(steps.length);
  let rest: Record<number, WrittenRest> | undefined;
  let notified = NOBODY;
  let left = ALL_RUNS_IN_TEXT;
  steps.forEach((step, index) => {
    const { id, range, populate, from } = step;
    const isAsBefore = isSame(step.notified, notified);
    notified = step.notified;
    const whole = isWhole(step);
    if (!isAsBefore || !whole) {
      const most = Math.min(RUNS_IN_TEXT, left);
      left -= whole ? 0 : Math.min(most, step.changed.length);
      rest ??= {};
      rest[index] = { ...(whole ? {} : writtenRuns(step, most)), ...(isAsBefore ? {} : { notified }) };
    }
    ids[index] = id ?? '';
    ranges[2 * index] = range.start;
    ranges[2 * index + 1] = range.end - range.start;
    states[index] = LETTERS[populate ? 'populated' : 'discarded'] + LETTERS[from];
  });
  // JSON leaves out what is undefined.
  return { ...record, ...joined(ids), ranges, states: states.join(''), rest };
}

/** @param most runs that stay in the text */
function writtenRuns({ changed, changedPages }: SourceStep, most: number): WrittenRest {
  const first: number[] = [];
  let end = 0;
  let pages = 0;
  for (let index = 0; index < changed.length && index < most; index++) {
    const run = changed[index] as PageRange;
    first.push(run.start - end, run.end - run.start);
    pages += run.end - run.start;
    end = run.end;
  }
  if (pages === changedPages) return { changed: first };
  return { changed: first, more: changed.slice(most), changedPages };
}

/** `ids` as one text: where they ascend, without what all have in common, for that is what the first and the last have. */
function joined(ids: readonly string[]): Pick<WrittenChange, 'ids' | 'inCommon'> {
  const [first = '', last = ''] = [ids[0], ids.at(-1)];
  if (ids.length < 2) return { ids: first, inCommon: undefined };
  let inCommon = 0;
  while (inCommon < first.length && first[inCommon] === last[inCommon]) inCommon++;
  const own = new Array<string>(ids.length);
  own[0] = first;
  let before = first;
  for (let index = 1; index < ids.length; index++) {
    const id = ids[index] as string;
    if (id < before) return { ids: ids.join(' '), inCommon: undefined };
    own[index] = id.slice(inCommon);
    before = id;
  }
  return { ids: own.join(' '), inCommon: inCommon > 0 ? inCommon : undefined };
}

/** Field by field: a start reads millions, and objects that are spread take twice as long. */
function read(change: WrittenChange): Change {
  const { ramBlockId, sourceId, isConversion, at, generation, ids, inCommon = 0, ranges, states, rest } = change;
  const steps: SourceStep[] = [];
  const own = states.length > 2 ? ids.split(' ') : [ids];
  const begin = ids.slice(0, inCommon);
  let notified = NOBODY;
  for (let index = 0; 2 * index < states.length; index++) {
    const [start, pages] = [ranges[2 * index] ?? 0, ranges[2 * index + 1] ?? 0];
    const range = { start, end: start + pages };
    const id = (index === 0 ? '' : begin) + (own[index] ?? '');
    const more = rest?.[index] ?? NOTHING;
    notified = more.notified ?? notified;
    const changed = more.changed === undefined ? [range] : readRuns(more.changed, more.more);
    steps.push({
      id: id === '' ? null : id,
      range,
      populate: states[2 * index] === LETTERS.populated,
      from: STATES[states[2 * index + 1] as keyof typeof STATES],
      changed,
      changedPages: more.changedPages ?? countPages(changed),
      notified,
    });
  }
  return { ramBlockId, kind: 'source-changed', sourceId, isConversion, generation, steps, at };
}

function readRuns(first: readonly number[], more: readonly PageRange[] = []): readonly PageRange[] {
  const runs: PageRange[] = [];
  let end = 0;
  for (let index = 0; index < first.length; index += 2) {
    const start = end + (first[index] ?? 0);
    end = start + (first[index + 1] ?? 0);
    runs.push({ start, end });
  }
  return more.length === 0 ? runs : runs.concat(more);
}

function isWhole({ range, changed, changedPages }: SourceStep): boolean {
  const [only] = changed;
  return (
    changed.length === 1 &&
    only?.start === range.start &&
    only.end === range.end &&
    changedPages === range.end - range.start
  );
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some === others || (some.length === others.length && some.every((id, index) => id === others[index]));
}
