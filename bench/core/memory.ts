// What the state takes: a block of 64 TiB while it is private, and (as a process) 1,000 blocks of 1 TiB of which one chunk
// in a hundred is mixed.
import { CHUNK_PAGES } from '../../src/core/chunk-words.ts';
import type { RamBlock } from '../../src/core/ram-block.ts';
import { withCluster } from '../http/cluster.ts';
import { type Figure, figure, type Scale, scaled } from '../measure.ts';
import { createBlock, PAGE, TIB } from './blocks.ts';

const MIB = 2 ** 20;
const CHUNK_BYTES = CHUNK_PAGES / 8;
const BLOCKS = 1000;
const MIXED_SHARE = 0.01;

/** Bytes that a block of 64 TiB takes while it is private. */
export function privateBlockFigure(): Figure {
  const used = (): number => {
    globalThis.gc?.();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  // All of them stay: what one that is let go of gives back late would be taken for what the next one takes.
  const blocks: RamBlock[] = [];
  const samples = Array.from({ length: 5 }, () => {
    const before = used();
    blocks.push(createBlock(64 * TIB));
    return (used() - before) / MIB;
  });
  if (blocks.some(({ manager }) => manager.populated.populated > 0)) throw new Error('a block is not private');
  const about = { id: 'memory-private', what: 'memory of a block of 64 TiB while it is private : 8 MiB', unit: 'MiB' };
  return figure(
    about,
    samples,
    samples.map(() => 8),
    { atMost: 1 },
  );
}

/** What the process of a service, its journal on disk, grows by; and what it is then as a whole. */
export function mixedBlocksFigures(scale: Scale): Promise<Figure[]> {
  return withCluster(async (cluster) => {
    const service = await cluster.startService({ journal: 'sqlite', nodeOptions: ['--expose-gc'] });
    const empty = (await service.server.call('residentBytes')) / MIB;
    const blocks = scaled(BLOCKS, scale, 10);
    const chunks = TIB / PAGE / CHUNK_PAGES;
    const mixed = Math.ceil(chunks * MIXED_SHARE);
    for (const id of await service.createBlocks(blocks)) {
      const conversions = Array.from({ length: mixed }, (_, index) => {
        const offset = Math.floor((index * chunks) / mixed) * CHUNK_PAGES * PAGE;
        return { offset, size: PAGE, to: 'shared' };
      });
      await service.call('POST', `/ram-blocks/${id}/conversion-batches`, { conversions });
    }
    const resident = (await service.server.call('residentBytes')) / MIB;
    const words = (blocks * mixed * CHUNK_BYTES) / MIB;
    const grown = resident - empty;
    const what = `resident bytes for ${blocks} blocks of 1 TiB, 1 % mixed : those chunks`;
    const whole = '  the same and all else of the process : the empty service';
    return [
      {
        ...figure({ id: 'memory-mixed', what, unit: 'MiB' }, [grown], [words], null),
        reach: 'at most 1.5, and 100 MiB',
        holds: grown <= 1.5 * words + 100,
      },
      figure({ id: 'memory-mixed-process', what: whole, unit: 'MiB' }, [resident], [empty], null),
    ];
  });
}
