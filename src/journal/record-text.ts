// How records are written down: as JSON. Of changes of a source, of which there are most, only what cannot be told from
// the rest, for what a change costs on disk and at a start is mostly the length of its text.
import type { BlockRecord, Conversion, SourceChanged, SourceStep } from '../core/records.ts';
import type { Section } from '../core/section.ts';

type Change = BlockRecord & SourceChanged;

/** One step: what the record or the step before it does not say. */
type WrittenStep = readonly [
  id: string | null,
  offset: number,
  size: number,
  to: Conversion['to'],
  from: Conversion['from'],
  rest?: WrittenRest,
];

interface WrittenRest {
  /** Left out where it is the whole section. */
  readonly changed?: readonly Section[];
  /** Beside `changed`, where that is not all of it. */
  readonly changedBytes?: number;
  /** Left out where it is that of the step before; nobody before the first. */
  readonly notified?: readonly string[];
  readonly runs?: SourceStep['runs'];
}

interface WrittenChange extends Omit<Change, 'kind' | 'steps'> {
  readonly kind: 'changed';
  readonly generation: number;
  readonly steps: readonly WrittenStep[];
}

const NOBODY: readonly string[] = [];
const NOTHING: WrittenRest = {};

/** `record` as JSON. */
export function writeRecord(record: BlockRecord): string {
  return JSON.stringify(record.kind === 'source-changed' ? written(record) : record);
}

/** What {@link writeRecord} wrote, once its JSON is parsed. */
export function readRecord(parsed: BlockRecord | WrittenChange): BlockRecord {
  return parsed.kind === 'changed' ? read(parsed) : parsed;
}

function written({ steps, ...record }: Change): WrittenChange {
  let notified = NOBODY;
  const all = steps.map(({ conversion, runs }): WrittenStep => {
    const { id, offset, size, to, from } = conversion;
    const isAsBefore = isSame(conversion.notified, notified);
    notified = conversion.notified;
    if (isAsBefore && runs === undefined && isWhole(conversion)) return [id, offset, size, to, from];
    const rest = {
      ...(isWhole(conversion) ? {} : { changed: conversion.changed }),
      ...(conversion.changedTruncated ? { changedBytes: conversion.changedBytes } : {}),
      ...(isAsBefore ? {} : { notified }),
      ...(runs === undefined ? {} : { runs }),
    };
    return [id, offset, size, to, from, rest];
  });
  return { ...record, kind: 'changed', generation: steps[0]?.conversion.generation ?? 0, steps: all };
}

/** Field by field: a start reads millions, and objects that are spread take twice as long. */
function read({ ramBlockId, sourceId, at, generation, steps }: WrittenChange): Change {
  const all: SourceStep[] = [];
  let notified = NOBODY;
  for (const [id, offset, size, to, from, rest = NOTHING] of steps) {
    const { changed = [{ offset, size }], changedBytes, runs } = rest;
    notified = rest.notified ?? notified;
    const conversion: Conversion = {
      id,
      ramBlockId,
      offset,
      size,
      to,
      from,
      changedBytes: changedBytes ?? bytesOf(changed),
      changed,
      changedTruncated: changedBytes !== undefined,
      generation,
      notified,
    };
    all.push(runs === undefined ? { conversion } : { conversion, runs });
  }
  return { ramBlockId, kind: 'source-changed', sourceId, steps: all, at };
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
