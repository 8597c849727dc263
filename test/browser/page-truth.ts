// What the pages of a block are, read as bitmaps from the service: what the pixels of the map are held against.
import { expect } from 'vitest';
import type { DrawnMap } from './dashboard.ts';

export type PageState = 'shared' | 'private' | 'discarded';

interface Block {
  readonly id: string;
  readonly usedLength: number;
  readonly pageSize: number;
}

/** The state of each page of a window of the block, by every source's own bitmap. */
export async function pageStates(url: string, block: Block, from = 0, count?: number): Promise<PageState[]> {
  const pages = count ?? block.usedLength / block.pageSize - from;
  const path = `${url}/v1/ram-blocks/${block.id}`;
  const { items } = (await (await fetch(`${path}/sources`)).json()) as { items: { name: string }[] };
  const bitmaps = await Promise.all(
    items.map(async ({ name }) => {
      const window = `offset=${from * block.pageSize}&size=${pages * block.pageSize}`;
      const answer = await fetch(`${path}/bitmap?${window}&source=${encodeURIComponent(name)}`);
      return { name, bytes: new Uint8Array(await answer.arrayBuffer()) };
    }),
  );
  const isSet = (bytes: Uint8Array, page: number) => (((bytes[page >> 3] ?? 0) >> (page & 7)) & 1) === 1;
  const others = bitmaps.filter(({ name }) => name !== 'ram-block-attributes');
  const attributes = bitmaps.find(({ name }) => name === 'ram-block-attributes');
  return Array.from({ length: pages }, (_, page) => {
    if (!others.every(({ bytes }) => isSet(bytes, page))) return 'discarded';
    return attributes === undefined || isSet(attributes.bytes, page) ? 'shared' : 'private';
  });
}

/** Each cell shows the states that its pages have and no others, each about as high as its share. */
export function expectDrawn(map: DrawnMap, states: readonly PageState[], first = 0): void {
  const wrong: string[] = [];
  for (const [cell, drawn] of map.cells.entries()) {
    const start = map.firstPage + cell * map.pagesPerCell - first;
    const pages = states.slice(start, start + map.pagesPerCell);
    for (const state of ['shared', 'private', 'discarded'] as const) {
      const share = pages.filter((one) => one === state).length / pages.length;
      // A little is shown as a fifth of the height, which something else has to give up.
      const isNear = Math.abs(drawn[state] - share * drawn.height) <= 2 * Math.ceil(drawn.height / 5) + 1;
      const isRight = share === 0 || share === 1 ? drawn[state] === share * drawn.height : drawn[state] > 0 && isNear;
      if (!isRight) wrong.push(`cell ${cell}: ${drawn[state]} of ${drawn.height} pixels ${state}, share ${share}`);
    }
  }
  expect(wrong.slice(0, 10)).toEqual([]);
  expect(map.cells.length).toBeGreaterThan(0);
}
