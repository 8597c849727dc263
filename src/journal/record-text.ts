// How records are written down: as JSON, with long lists of runs packed beside it. Of changes of a source, which are most
// of all records, only what cannot be told from the rest, and of all their steps together: a change costs on disk and at a
// start what its text costs. The journal knows nothing else about the content of a record.
import type { BlockRecord, Conversion, SourceChanged, SourceStep } from '../core/records.ts';
import type { PageRange, Section } from '../core/section.ts';
import { packLists, unpackLists } from './packed-runs.ts';

/** A record as it is kept: what is long is in parts of at most about 1 MiB, and never in one string. */
export interface EncodedRecord {
  /** JSON. */
  readonly text: string;
  /** What {@link packLists} took out of it. */
  readonly lists: readonly Uint8Array[];
}

type Change = BlockRecord & SourceChanged;
type WrittenRecord = BlockRecord | WrittenChange;

interface WrittenChange extends Omit<Change, 'kind' | 'steps'> {
  readonly kind: 'changed';
  readonly generation: number;
  /** Of each step, with a space between them (ids have none); behind the first, without what all begin with. */
  readonly ids: string;
  /** Characters that all ids begin with; left out where that is nothing. */
  readonly inCommon: number | undefined;
  /** Of each step its offset and its size. */
  readonly sections: readonly number[];
  /** Of each step what it was to become and what it was before: a letter for each. */
  readonly states: string;
  /** What else there is to say of a step, by its number; left out where that is nothing. */
  readonly rest: Readonly<Record<number, WrittenRest>> | undefined;
  /** The runs of the steps that set runs, by the number of the step. */
  readonly runs: Readonly<Record<number, readonly PageRange[]>> | undefined;
}

interface WrittenRest {
  /** Left out where it is the whole section. */
  readonly changed?: readonly Section[];
  /** Beside `changed`, where that is not all of it. */
  readonly changedBytes?: number;
  /** Left out where it is that of the step before; nobody before the first. */
  readonly notified?: readonly string[];
}

const LETTERS = { shared: 's', private: 'p', mixture: 'm', populated: '+', discarded: '-' } as const;
const STATES = new Map(Object.entries(LETTERS).map(([state, letter]) => [letter as string, state]));

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
  return parsed.kind === 'changed' ? read(parsed) : parsed;
}

function written({ steps, ...record }: Change): WrittenChange {
  // As long as they will be: a list that grows is copied time and again.
  const ids = new Array<string>(steps.length);
  const sections = new Array<number>(2 * steps.length);
  // Made at once at the end, as the ids: JSON.stringify takes twice as long where any string is put together, or cut out.
  const states = new Array<string>(steps.length);
  let rest: Record<number, WrittenRest> | undefined;
  let own: Record<number, readonly PageRange[]> | undefined;
  let notified = NOBODY;
  steps.forEach(({ conversion, runs }, index) => {
    const isAsBefore = isSame(conversion.notified, notified);
    notified = conversion.notified;
    if (runs !== undefined) {
      own ??= {};
      own[index] = runs;
    }
    if (!isAsBefore || !isWhole(conversion)) {
      rest ??= {};
      rest[index] = {
        ...(isWhole(conversion) ? {} : { changed: conversion.changed }),
        ...(conversion.changedTruncated ? { changedBytes: conversion.changedBytes } : {}),
        ...(isAsBefore ? {} : { notified }),
      };
    }
    ids[index] = conversion.id ?? '';
    sections[2 * index] = conversion.offset;
    sections[2 * index + 1] = conversion.size;
    states[index] = LETTERS[conversion.to] + LETTERS[conversion.from];
  });
  // JSON leaves out what is undefined.
  return {
    ...record,
    kind: 'changed',
    generation: steps[0]?.conversion.generation ?? 0,
    ...joined(ids),
    sections,
    states: states.join(''),
    rest,
    runs: own,
  };
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
function read({
  ramBlockId,
  sourceId,
  at,
  generation,
  ids,
  inCommon = 0,
  sections,
  states,
  rest,
  runs: ownRuns,
}: WrittenChange): Change {
  const steps: SourceStep[] = [];
  const own = states.length > 2 ? ids.split(' ') : [ids];
  const begin = ids.slice(0, inCommon);
  let notified = NOBODY;
  for (let index = 0; 2 * index < states.length; index++) {
    const [offset, size] = [sections[2 * index] ?? 0, sections[2 * index + 1] ?? 0];
    const id = (index === 0 ? '' : begin) + (own[index] ?? '');
    const { changed = [{ offset, size }], changedBytes, notified: others } = rest?.[index] ?? NOTHING;
    notified = others ?? notified;
    const conversion: Conversion = {
      id: id === '' ? null : id,
      ramBlockId,
      offset,
      size,
      to: stateOf(states, 2 * index) as Conversion['to'],
      from: stateOf(states, 2 * index + 1),
      changedBytes: changedBytes ?? bytesOf(changed),
      changed,
      changedTruncated: changedBytes !== undefined,
      generation,
      notified,
    };
    const runs = ownRuns?.[index];
    steps.push(runs === undefined ? { conversion } : { conversion, runs });
  }
  return { ramBlockId, kind: 'source-changed', sourceId, steps, at };
}

function stateOf(states: string, at: number): Conversion['from'] {
  return STATES.get(states[at] ?? '') as Conversion['from'];
}

function bytesOf(sections: readonly Section[]): number {
  let bytes = 0;
  for (const { size } of sections) bytes += size;
  return bytes;
}

function isWhole({ offset, size, changed, changedTruncated }: Conversion): boolean {
  const [only] = changed;
  return changed.length === 1 && !changedTruncated && only?.offset === offset && only.size === size;
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some === others || (some.length === others.length && some.every((id, index) => id === others[index]));
}
