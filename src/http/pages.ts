// Lists in pages: the cursor says where the next one begins, and only the list that gave it can read it.
import { Problem } from '../errors.ts';

/** An opaque cursor of the list called `list`, at `position`. */
function encodeCursor(list: string, position: string | number): string {
  return Buffer.from(JSON.stringify([list, position])).toString('base64url');
}

/** The position that a cursor of `list` holds; undefined in any other, and in one that is not written as ours are. */
function decodeCursor(list: string, cursor: string): unknown {
  try {
    const decoded: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (!Array.isArray(decoded) || decoded[0] !== list) return undefined;
    return encodeCursor(list, decoded[1]) === cursor ? decoded[1] : undefined;
  } catch {
    return undefined;
  }
}

function invalid(list: string): Problem {
  return new Problem('cursor-invalid', `the cursor is not one of ${list}; start again without it`);
}

/**
 * The number that a cursor of `list` holds; null where there is none.
 * @throws Problem `cursor-invalid` when it is not one of this list, or not from `least` to `most`
 */
export function numberCursor(list: string, cursor: string | undefined, least: number, most: number): number | null {
  if (cursor === undefined) return null;
  const position = decodeCursor(list, cursor);
  if (Number.isSafeInteger(position) && Number(position) >= least && Number(position) <= most) return Number(position);
  throw invalid(list);
}

/**
 * One page out of `all`, which is in the order of `keyOf`; a key that is gone by then does no harm.
 * @throws Problem `cursor-invalid` when the cursor is not one of this list
 */
export function pageOf<Item, View>(
  list: string,
  all: Iterable<Item>,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
  keyOf: (item: Item) => string,
  view: (item: Item) => View,
): { items: View[]; nextCursor: string | null } {
  const after = cursor === undefined ? '' : decodeCursor(list, cursor);
  if (typeof after !== 'string') throw invalid(list);
  const items: Item[] = [];
  for (const item of all) {
    if (keyOf(item) > after) items.push(item);
    if (items.length > limit) break;
  }
  const shown = items.slice(0, limit);
  const last = shown.at(-1);
  const nextCursor = items.length > limit && last !== undefined ? encodeCursor(list, keyOf(last)) : null;
  return { items: shown.map(view), nextCursor };
}

/** A page that was read with one item too many, to know whether there is another page. */
export function pageFrom<Item>(
  list: string,
  found: readonly Item[],
  limit: number,
  positionOf: (last: Item) => number,
): { items: Item[]; nextCursor: string | null } {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  const nextCursor = found.length > limit && last !== undefined ? encodeCursor(list, positionOf(last)) : null;
  return { items, nextCursor };
}
