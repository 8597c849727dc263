// A replay of what is populated: all runs of a block of 1 TiB, beside a flat bitmap that is read word by word, and one that
// is read page by page.
import type { NotifiedSection } from '../../src/core/ram-discard-listener.ts';
import { alternate, type Figure, figure, type Scale, timed } from '../measure.ts';
import { createRandom } from '../random.ts';
import { addListener, attributesOf, createBlock, TIB } from './blocks.ts';
import { FlatBitmap } from './flat-bitmap.ts';

const RUNS = 10_000;
const MAX_PAGES = 512;
const PAGE_ROUNDS = 5;

export async function replayFigures(scale: Scale): Promise<Figure[]> {
  const block = createBlock(TIB);
  const flat = new FlatBitmap(block.pages.end);
  const source = attributesOf(block);
  const random = createRandom(1);
  const room = Math.floor(block.pages.end / RUNS);
  for (let run = 0; run < RUNS; run++) {
    const pages = 1 + random(MAX_PAGES);
    const start = run * room + random(room - pages);
    source.bitmap.set({ start, end: start + pages });
    flat.fill({ start, end: start + pages }, true);
  }
  const listener = addListener(block);
  let sections = 0;
  const count = (_section: NotifiedSection): void => {
    sections++;
  };
  const checked = (run: () => void): number => {
    sections = 0;
    const ms = timed(run);
    if (sections !== RUNS) throw new Error(`a replay told of ${sections} runs, not ${RUNS}`);
    return 1000 / ms;
  };
  const core = () =>
    checked(() => {
      for (const run of block.manager.replayFor(listener)) count(listener.notifiedSection(run));
    });
  const byWord = () => checked(() => flat.replay(count));
  const byPage = () => checked(() => flat.replayByPage(count));
  await alternate(5, { core, byWord });
  const words = await alternate(scale.rounds, { core, byWord });
  const pages = await alternate(PAGE_ROUNDS, { core, byPage });
  const what = 'replay of the 10,000 runs of 1 TiB';
  return [
    figure({ id: 'core-replay-page', what: `${what} : page by page`, unit: '/s' }, pages.core, pages.byPage, {
      atLeast: 25,
    }),
    figure({ id: 'core-replay-word', what: `${what} : word by word`, unit: '/s' }, words.core, words.byWord, {
      atLeast: 1,
    }),
  ];
}
