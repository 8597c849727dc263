// Lists of runs of pages as bytes: the distance of each run from the end of the one before it and its length, in groups
// of seven bits, lowest first. That is a tenth of their JSON, and many times as fast to write and to read. Whatever
// value has long lists somewhere is kept as JSON without them and the lists beside it, in pieces.
import type { PageRange } from '../core/section.ts';

/** Runs of a list that stays where it is. */
const SHORT_LIST = 32;
/** Runs of one piece. */
const PIECE = 64 * 1024;
/** Bytes that a number below 2^53 takes at most. */
const MOST_BYTES = 8;
const GROUP = 128;

/** A list in JSON: how many pieces it has, of those that follow each other. */
interface Packed {
  readonly packedRuns: number;
}

/** Takes the long lists of runs out of `value`. */
export function packLists(value: unknown): { readonly value: unknown; readonly lists: readonly Uint8Array[] } {
  const lists: Uint8Array[] = [];
  return { value: taken(value, lists), lists };
}

/** Puts `lists` back where {@link packLists} took them from; with null, nothing is put there. */
export function unpackLists(value: unknown, lists: readonly Uint8Array[] | null): unknown {
  return lists !== null && lists.length === 0 ? value : putBack(value, lists?.values() ?? null);
}

/** Returns `value` itself where there is nothing to take. */
function taken(value: unknown, lists: Uint8Array[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    if (typeof value[0] !== 'object') return value;
    if (isRun(value[0])) return value.length > SHORT_LIST ? packed(value, lists) : value;
  }
  return changed(value, (item) => taken(item, lists));
}

function putBack(value: unknown, lists: Iterator<Uint8Array> | null): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value) && typeof value[0] !== 'object') return value;
  if ('packedRuns' in value) return unpacked(Number(value.packedRuns), lists);
  return changed(value, (item) => putBack(item, lists));
}

/** Returns `value` with `change` made to each of its items or fields; itself where that changes nothing. */
function changed(value: object, change: (item: unknown) => unknown): object {
  if (Array.isArray(value)) {
    let items: unknown[] | null = null;
    value.forEach((item, index) => {
      const other = change(item);
      if (other === item) return;
      items ??= [...value];
      items[index] = other;
    });
    return items ?? value;
  }
  let fields: Record<string, unknown> | null = null;
  for (const [name, field] of Object.entries(value)) {
    const other = change(field);
    if (other === field) continue;
    fields ??= { ...value };
    fields[name] = other;
  }
  return fields ?? value;
}

/** A list of runs has nothing else in it. */
function isRun(value: unknown): value is PageRange {
  return typeof value === 'object' && value !== null && 'start' in value && 'end' in value;
}

function packed(runs: readonly PageRange[], lists: Uint8Array[]): Packed {
  let pieces = 0;
  for (let at = 0; at < runs.length; at += PIECE) {
    lists.push(packRuns(runs.slice(at, at + PIECE)));
    pieces++;
  }
  return { packedRuns: pieces };
}

function unpacked(pieces: number, lists: Iterator<Uint8Array> | null): readonly PageRange[] | undefined {
  if (lists === null) return undefined;
  return Array.from({ length: pieces }, () => unpackRuns(lists.next().value ?? new Uint8Array())).flat();
}

/** @param runs ascending and disjoint */
export function packRuns(runs: readonly PageRange[]): Uint8Array {
  const bytes = new Uint8Array(2 * MOST_BYTES * runs.length);
  let at = 0;
  const write = (value: number): void => {
    let rest = value;
    for (; rest >= GROUP; rest = Math.floor(rest / GROUP)) bytes[at++] = (rest % GROUP) | GROUP;
    bytes[at++] = rest;
  };
  let end = 0;
  for (const run of runs) {
    write(run.start - end);
    write(run.end - run.start);
    end = run.end;
  }
  // With a buffer of its own: one that is sent to another thread goes whole.
  return bytes.slice(0, at);
}

/** Returns the runs that {@link packRuns} packed. */
export function unpackRuns(bytes: Uint8Array): PageRange[] {
  const runs: PageRange[] = [];
  let at = 0;
  const read = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= GROUP) {
      const byte = bytes[at++] ?? 0;
      value += (byte % GROUP) * scale;
      if (byte < GROUP) return value;
    }
  };
  let end = 0;
  while (at < bytes.length) {
    const start = end + read();
    end = start + read();
    runs.push({ start, end });
  }
  return runs;
}
