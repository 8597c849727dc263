// The density of any window, in any number of cells, is a naive count of its pages.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startService, type TestService } from '../support/service.ts';
import { PageModel, type Run } from './page-model.ts';

const PAGE = 4096;
const RBA = 'ram-block-attributes';
const SOURCE = 'virtio-mem0';

let service: TestService;
let blocks = 0;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

async function create(fields: object): Promise<string> {
  const { id } = await service.api.ok('POST', '/v1/ram-blocks', { idstr: `block-${blocks++}`, ...fields });
  return `/v1/ram-blocks/${id}`;
}

/** Cell by cell, page by page. */
function countsOf(model: PageModel, window: Run, cells: number, source?: string) {
  const first = Math.floor(window.offset / model.pageSize);
  const end = Math.ceil((window.offset + window.size) / model.pageSize);
  const touched = model.pages(source).slice(first, end);
  let pagesPerCell = 1;
  while (pagesPerCell * cells < touched.length) pagesPerCell++;
  const counts: number[] = [];
  for (let at = 0; at < touched.length; at += pagesPerCell) {
    counts.push(touched.slice(at, at + pagesPerCell).filter(Boolean).length);
  }
  return { cells: counts, pagesPerCell };
}

const part = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }));

/** A run of at least one `unit` within `length`. */
function runIn(length: number, unit: number, [a, b]: readonly [number, number]): Run {
  const at = (fraction: number) => Math.min(length / unit - 1, Math.floor((fraction * length) / unit));
  const [first, last] = [Math.min(at(a), at(b)), Math.max(at(a), at(b))];
  return { offset: first * unit, size: (last - first + 1) * unit };
}

const scenario = fc.record({
  pages: fc.integer({ min: 1, max: 200 }),
  pageSize: fc.constantFrom(PAGE, 16 * PAGE),
  shared: fc.array(part, { maxLength: 6 }),
  populated: fc.option(fc.array(part, { maxLength: 4 }), { nil: null }),
  asked: fc.array(
    fc.record({
      part,
      unit: fc.constantFrom('byte', 'page'),
      cells: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(200, 1024, 4096)),
    }),
    { minLength: 1, maxLength: 4 },
  ),
});

describe('density', () => {
  it('of any window and source is a naive count', async () => {
    const { api } = service;
    await fc.assert(
      fc.asyncProperty(scenario, async ({ pages, pageSize, shared, populated, asked }) => {
        const model = new PageModel(pages, pageSize);
        const block = await create({ usedLength: model.usedLength, pageSize });
        const runs = shared.map((where) => runIn(model.usedLength, pageSize, where));
        for (const run of runs) model.set(RBA, run, true);
        if (runs.length > 0) {
          const conversions = runs.map((run) => ({ ...run, to: 'shared' }));
          await api.ok('POST', `${block}/conversion-batches`, { conversions });
        }
        if (populated !== null) {
          const others = populated.map((where) => runIn(model.usedLength, pageSize, where));
          await api.ok('POST', `${block}/sources`, { name: SOURCE, granularity: pageSize, populated: others });
          model.addSource(SOURCE);
          for (const run of others) model.set(SOURCE, run, true);
        }
        for (const { part: where, unit, cells } of asked) {
          const window = runIn(model.usedLength, unit === 'page' ? pageSize : 1, where);
          for (const source of [undefined, ...Object.keys(model.sources)]) {
            const named = source === undefined ? '' : `&source=${source}`;
            const query = `offset=${window.offset}&size=${window.size}&cells=${cells}${named}`;
            const found = await api.ok('GET', `${block}/density?${query}`);
            expect(found).toMatchObject(countsOf(model, window, cells, source));
            expect(found.cells.length).toBeLessThanOrEqual(cells);
          }
        }
        await api.ok('DELETE', block);
      }),
      { numRuns: 80 },
    );
  });

  it('of a whole block has 1024 cells at most, unless asked otherwise', async () => {
    const block = await create({ usedLength: 3000 * PAGE });
    await service.api.ok('POST', `${block}/conversions`, { offset: 0, size: 3 * PAGE, to: 'shared' });
    const { headers, body } = await service.api.get(`${block}/density`);
    expect(headers.etag).toBe('"1"');
    expect(body).toEqual({ cells: [3, ...Array(999).fill(0)], pagesPerCell: 3, generation: 1 });
    expect((await service.api.ok('GET', `${block}/density?cells=4096`)).cells).toHaveLength(3000);
    expect((await service.api.ok('GET', `${block}/density?cells=1`)).cells).toEqual([3]);
  });

  it('of 64 TiB is given at once, and has every page', async () => {
    const block = await create({ usedLength: '64T' });
    const runs = [0, 2 ** 40, 33 * 2 ** 40 - PAGE, 64 * 2 ** 40 - PAGE].map((offset) => ({ offset, size: PAGE }));
    const conversions = [...runs, { offset: '40T', size: '2T' }].map((run) => ({ ...run, to: 'shared' }));
    await service.api.ok('POST', `${block}/conversion-batches`, { conversions });
    const { cells, pagesPerCell } = await service.api.ok('GET', `${block}/density?cells=64`);
    expect(pagesPerCell).toBe(2 ** 28);
    const expected = Array(64).fill(0);
    for (const cell of [0, 1, 32, 63]) expected[cell] = 1;
    for (const cell of [40, 41]) expected[cell] = 2 ** 28;
    expect(cells).toEqual(expected);
    await service.api.ok('DELETE', block);
  });

  it('of a block without a source is full', async () => {
    const block = await create({ usedLength: '40K', guestMemfd: false });
    expect(await service.api.ok('GET', `${block}/density?cells=3`)).toEqual({
      cells: [4, 4, 2],
      pagesPerCell: 4,
      generation: 0,
    });
    expect((await service.api.get(`${block}/density?source=${RBA}`)).body.code).toBe('not-found');
  });
});
