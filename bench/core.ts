// What the core costs: a block of 64 TiB against one of 1 GiB.
import { CHUNK_PAGES } from '../src/core/page-bitmap.ts';
import { RamBlock } from '../src/core/ram-block.ts';
import type { RamDiscardSource } from '../src/core/ram-discard-source.ts';
import { alternate, type Figure } from './measure.ts';

const PAGE = 4096;
const GIB = 2 ** 30;
const MIB = 2 ** 20;
/** As many as 1 GiB has. */
const MIXED_CHUNKS = 8;
const CONVERSIONS = 1000;
const MAX_PAGES = 512;

function createBlock(usedLength: number): RamBlock {
  const block = new RamBlock({
    id: 'blk',
    machine: 'bench',
    idstr: 'pc.ram',
    ramAddr: 0,
    gpa: null,
    usedLength,
    maxLength: usedLength,
    pageSize: PAGE,
    resizeable: false,
    guestMemfd: true,
    createdAt: '2026-01-01T00:00:00.000Z',
  });
  const sources = [{ id: 'src', name: 'ram-block-attributes', granularity: PAGE }];
  const { id: ramBlockId, definition } = block;
  block.apply({ ramBlockId, kind: 'block-created', block: definition, sources, at: definition.createdAt });
  return block;
}

/** Bytes that a block of 64 TiB takes while it is private. */
function memoryOfPrivateBlock(): Figure {
  const used = (): number => {
    globalThis.gc?.();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = used();
  const block = createBlock(65_536 * GIB);
  const value = (used() - before) / MIB;
  const holds = value < 8 && block.manager.populated.populated === 0;
  const what = 'memory of a block of 64 TiB while it is private';
  return { id: 'memory-64tib', what, value, yardstick: 8, unit: 'MiB', ratio: value / 8, reach: 'at most 1', holds };
}

/** Conversions of random pages in chunks that lie `spread` apart. */
function conversions(block: RamBlock, seed: number): () => void {
  const source = block.attributes as RamDiscardSource;
  const spread = Math.floor(block.pages.end / CHUNK_PAGES / MIXED_CHUNKS) * CHUNK_PAGES;
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  return () => {
    for (let n = 0; n < CONVERSIONS; n++) {
      const pages = 1 + random(MAX_PAGES);
      const start = random(MIXED_CHUNKS) * spread + random(CHUNK_PAGES - pages);
      const range = { start, end: start + pages };
      block.manager.commit(block.manager.plan({ source, range, populate: random(2) === 1 }));
    }
  };
}

/** A conversion costs what it touches, not what the block holds. */
function conversionInLargeBlock(rounds: number): Figure {
  const large = conversions(createBlock(65_536 * GIB), 1);
  const small = conversions(createBlock(GIB), 1);
  // Both mixed before anything is measured, and both compiled.
  for (let n = 0; n < 20; n++) {
    large();
    small();
  }
  const [value, yardstick] = alternate(rounds, large, small).map((ms) => (ms * 1000) / CONVERSIONS) as [number, number];
  const ratio = value / yardstick;
  const what = 'one conversion in 64 TiB against 1 GiB, as many mixed chunks';
  return {
    id: 'conversion-64tib',
    what,
    value,
    yardstick,
    unit: 'us',
    ratio,
    reach: 'at most 1.2',
    holds: ratio <= 1.2,
  };
}

export function coreFigures(rounds: number): Figure[] {
  return [memoryOfPrivateBlock(), conversionInLargeBlock(rounds)];
}
