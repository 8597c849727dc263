// What a conversion costs in the core: beside a flat bitmap, in a block of 1 TiB that is mixed all over, nearly all
// private, or nearly all shared; and in a block of 64 TiB beside one of 1 GiB.
import { CHUNK_PAGES } from '../../src/core/chunk-words.ts';
import type { RamBlock } from '../../src/core/ram-block.ts';
import type { PageRange } from '../../src/core/section.ts';
import { alternate, type Figure, figure, type Scale, timed } from '../measure.ts';
import { createRandom } from '../random.ts';
import { addListener, attributesOf, convert, createBlock, GIB, TIB } from './blocks.ts';
import { FlatBitmap } from './flat-bitmap.ts';

const MAX_PAGES = 512;
const WARM_UP = 15;
/** Conversions of a round. */
const GROUP = 2000;
/** Those that the flat bitmap does where it is nearly uniform: it takes a hundred times as long for each. */
const FLAT_GROUP = 20;

interface Conversion {
  readonly range: PageRange;
  readonly populate: boolean;
}

type State = 'mixed' | 'private' | 'shared';

export async function conversionFigures(scale: Scale): Promise<Figure[]> {
  const what = (state: string) => `conversions of 1..512 pages in 1 TiB, ${state} : flat bitmap`;
  return [
    ...(await againstFlat('mixed', what('mixed all over'), { atLeast: 1 }, scale)),
    ...(await againstFlat('private', what('nearly all private'), { atLeast: 50 }, scale)),
    ...(await againstFlat('shared', what('nearly all shared'), { atLeast: 50 }, scale)),
    await largeAgainstSmall(scale),
  ];
}

async function againstFlat(state: State, what: string, reach: { atLeast: number }, scale: Scale): Promise<Figure[]> {
  const block = createBlock(TIB);
  const flats = { pages: new FlatBitmap(block.pages.end), runs: new FlatBitmap(block.pages.end) };
  const source = attributesOf(block);
  const random = createRandom(1);
  const inAll = ({ range, populate }: Conversion): void => {
    if (populate) source.bitmap.set(range);
    else source.bitmap.clear(range);
    flats.pages.fill(range, populate);
    flats.runs.fill(range, populate);
  };
  if (state === 'shared') inAll({ range: block.pages, populate: true });
  // Nearly uniform: but for a page in as many chunks as 1 GiB has.
  for (let chunk = 0; state !== 'mixed' && chunk < MIXED_CHUNKS; chunk++) {
    const start = random(block.pages.end);
    inAll({ range: { start, end: start + 1 }, populate: state === 'private' });
  }
  // Mixed all over: every page is as likely to be shared as not, in runs of a quarter of the largest conversion.
  for (let start = 0; state === 'mixed' && start < block.pages.end; start += MAX_PAGES / 2) {
    const end = start + MAX_PAGES / 2;
    inAll({ range: { start: start + random(MAX_PAGES / 2), end }, populate: true });
  }
  addListener(block);
  const base = state === 'mixed' ? null : state === 'shared';
  let sections = 0;
  const perSecond = (conversions: readonly Conversion[], run: (conversion: Conversion) => number): number => {
    const ms = timed(() => {
      for (const conversion of conversions) sections += run(conversion);
    });
    return (conversions.length / ms) * 1000;
  };
  let conversions: Conversion[] = [];
  /** As all of a group is undone, a part of it leaves the same state. */
  const flat = () => (state === 'mixed' ? conversions : conversions.slice(0, FLAT_GROUP));
  const measured = {
    core: () => perSecond(conversions, ({ range, populate }) => convert(block, source, range, populate)),
    pages: () => perSecond(flat(), ({ range, populate }) => flats.pages.convert(range, populate, false).length),
    runs: () => perSecond(flat(), ({ range, populate }) => flats.runs.convert(range, populate, true).length),
  };
  const samples = { core: [] as number[], pages: [] as number[], runs: [] as number[] };
  for (let round = 0; round < WARM_UP + scale.rounds; round++) {
    conversions = drawConversions(block.pages.end, base, GROUP, random);
    const { core, pages, runs } = await alternate(1, measured);
    if (round < WARM_UP) continue;
    samples.core.push(...core);
    samples.pages.push(...pages);
    samples.runs.push(...runs);
  }
  if (sections === 0) throw new Error('nothing was converted');
  const asQemu = figure({ id: `core-${state}`, what, unit: '/s' }, samples.core, samples.pages, reach);
  if (state !== 'mixed') return [asQemu];
  const better = '  the same : a flat bitmap that walks a mixture run by run, not page by page as QEMU';
  return [asQemu, figure({ id: 'core-mixed-runs', what: better, unit: '/s' }, samples.core, samples.runs, reach)];
}

/** Random conversions; where the block is nearly uniform, each is followed by the one that undoes it. */
function drawConversions(pages: number, base: boolean | null, count: number, random: (below: number) => number) {
  const conversions: Conversion[] = [];
  while (conversions.length < count) {
    const size = 1 + random(MAX_PAGES);
    const start = random(pages - size);
    const range = { start, end: start + size };
    if (base === null) conversions.push({ range, populate: random(2) === 1 });
    else conversions.push({ range, populate: !base }, { range, populate: base });
  }
  return conversions;
}

/** As many as 1 GiB has. */
const MIXED_CHUNKS = 8;
const TIMED_TOGETHER = 1000;

/** A conversion costs what it touches, not what the block holds. */
async function largeAgainstSmall(scale: Scale): Promise<Figure> {
  const large = groupOf(createBlock(64 * TIB));
  const small = groupOf(createBlock(GIB));
  // Both mixed before anything is measured, and both compiled.
  await alternate(20, { large, small });
  const { large: values, small: yardsticks } = await alternate(2 * scale.rounds + 1, { large, small });
  const what = 'one conversion in 64 TiB : in 1 GiB, as many mixed chunks';
  return figure({ id: 'core-64tib', what, unit: 'us' }, values, yardsticks, { atMost: 1.2 });
}

/** @returns what times a group of conversions in chunks that lie spread over the block: microseconds of each */
function groupOf(block: RamBlock): () => number {
  const source = attributesOf(block);
  addListener(block);
  const spread = Math.floor(block.pages.end / CHUNK_PAGES / MIXED_CHUNKS) * CHUNK_PAGES;
  const random = createRandom(1);
  return () => {
    const ms = timed(() => {
      for (let n = 0; n < TIMED_TOGETHER; n++) {
        const pages = 1 + random(MAX_PAGES);
        const start = random(MIXED_CHUNKS) * spread + random(CHUNK_PAGES - pages);
        convert(block, source, { start, end: start + pages }, random(2) === 1);
      }
    });
    return (ms * 1000) / TIMED_TOGETHER;
  };
}
