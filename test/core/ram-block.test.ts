import { expect, it } from 'vitest';
import { RamBlock } from '../../src/core/ram-block.ts';
import { turned } from '../support/source-steps.ts';

const PAGE = 4096;
const TIB = 2 ** 40;

it('64 TiB cost under 8 MiB while they are private, and a conversion of the last page works', () => {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  const block = new RamBlock({
    id: 'b1',
    machine: 'default',
    idstr: 'pc.ram',
    ramAddr: 0,
    gpa: null,
    usedLength: 64 * TIB,
    maxLength: 64 * TIB,
    pageSize: PAGE,
    resizeable: false,
    guestMemfd: true,
    createdAt: '2026-01-01T00:00:00.000Z',
  });
  const source = { id: 's1', name: 'ram-block-attributes', granularity: PAGE };
  const at = block.definition.createdAt;
  block.apply({ ramBlockId: 'b1', at, kind: 'block-created', block: block.definition, sources: [source] });
  const last = turned({ start: 2 ** 34 - 1, end: 2 ** 34 }, true);
  const change = { kind: 'source-changed', sourceId: 's1', isConversion: true, generation: 1, steps: [last] } as const;
  block.apply({ ramBlockId: 'b1', at, ...change });
  const after = process.memoryUsage();
  // Nothing is collected meanwhile: what was thrown away counts too.
  expect(after.heapUsed - heapUsed + after.arrayBuffers - arrayBuffers).toBeLessThan(8 * 2 ** 20);
  expect([...block.manager.populated.allRuns(true)]).toEqual([{ start: 2 ** 34 - 1, end: 2 ** 34 }]);
  expect(block.generation).toBe(1);
});
