// State, sections and bitmap of any block, window and source are what a plain model says.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { byDepth } from '../support/depth.ts';
import { startService, type TestService } from '../support/service.ts';
import { PageModel, type Run } from './page-model.ts';

const RAM_BLOCK_ATTRIBUTES = 'ram-block-attributes';
const SOURCE = 'virtio-mem0';

let service: TestService;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

/** Two points of a line, as fractions of it. */
const part = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }));

/** A run of at least one `unit` within `length`; the last unit may be cut short by the end. */
function runIn(length: number, unit: number, [a, b]: readonly [number, number]): Run {
  const units = Math.ceil(length / unit);
  const at = (fraction: number) => Math.min(units - 1, Math.floor(fraction * units));
  const [first, last] = [Math.min(at(a), at(b)), Math.max(at(a), at(b))];
  const offset = first * unit;
  return { offset, size: Math.min(length, (last + 1) * unit) - offset };
}

const scenario = fc.record({
  pages: fc.integer({ min: 1, max: 150 }),
  pageSize: fc.constantFrom(4096, 65_536),
  /** Pages of a granule; null for a block with one source. */
  granule: fc.constantFrom(null, 1, 2, 16),
  populated: fc.array(part, { maxLength: 6 }),
  conversions: fc.array(fc.record({ part, shared: fc.boolean() }), { maxLength: 8 }),
  windows: fc.array(part, { minLength: 3, maxLength: 3 }),
  limit: fc.integer({ min: 1, max: 5 }),
});

type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

async function build({ pages, pageSize, granule, populated, conversions }: Scenario) {
  const { api } = service;
  const model = new PageModel(pages, pageSize);
  const machine = crypto.randomUUID();
  const { id } = await api.ok('POST', '/v1/ram-blocks', {
    machine,
    idstr: 'pc.ram',
    usedLength: pages * pageSize,
    pageSize,
  });
  const block = `/v1/ram-blocks/${id}`;
  if (granule !== null) {
    const granularity = granule * pageSize;
    const runs = populated.map((where) => runIn(model.usedLength, granularity, where));
    await api.ok('POST', `${block}/sources`, { name: SOURCE, granularity, populated: runs });
    model.addSource(SOURCE);
    for (const run of runs) model.set(SOURCE, run, true);
  }
  for (const { part: where, shared } of conversions) {
    const run = runIn(model.usedLength, pageSize, where);
    await api.ok('POST', `${block}/conversions`, { ...run, to: shared ? 'shared' : 'private' });
    model.set(RAM_BLOCK_ATTRIBUTES, run, shared);
  }
  return { block, model };
}

async function expectState(block: string, model: PageModel, window: Run, limit: number): Promise<void> {
  const { api } = service;
  const sources = [undefined, ...Object.keys(model.sources)];
  for (const source of sources) {
    const query = `offset=${window.offset}&size=${window.size}${source === undefined ? '' : `&source=${source}`}`;
    expect(await api.ok('GET', `${block}/state?${query}`)).toMatchObject(model.state(window, source));
    for (const populated of [true, false]) {
      const items: Run[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const at = cursor === '' ? '' : `&cursor=${cursor}`;
        const state = populated ? 'populated' : 'discarded';
        const page = await api.ok('GET', `${block}/sections?state=${state}&${query}&limit=${limit}${at}`);
        items.push(...page.items);
        cursor = page.nextCursor;
      }
      expect(items).toEqual(model.sections(window, populated, source));
    }
  }
}

async function expectBitmap(block: string, model: PageModel, window: Run): Promise<void> {
  for (const source of [undefined, ...Object.keys(model.sources)]) {
    const query = `offset=${window.offset}&size=${window.size}${source === undefined ? '' : `&source=${source}`}`;
    const { headers, body } = await service.api.get(`${block}/bitmap?${query}`);
    const bytes = Buffer.from(body, 'latin1');
    expect(bytes.toString('hex')).toBe(model.bitmap(window, source).toString('hex'));
    expect(headers['content-length']).toBe(String(bytes.length));
  }
}

describe('for any block', () => {
  it('state and sections of any window, and the bitmap of any that is aligned, are as the model has them', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (given) => {
        const { block, model } = await build(given);
        const whole = { offset: 0, size: model.usedLength };
        await expectState(block, model, whole, 1000);
        await expectBitmap(block, model, whole);
        for (const where of given.windows) {
          await expectState(block, model, runIn(model.usedLength, 1, where), given.limit);
          await expectBitmap(block, model, runIn(model.usedLength, model.pageSize, where));
        }
        await service.api.ok('DELETE', block);
      }),
      { numRuns: byDepth(20, 100) },
    );
  });

  it('the totals that it shows are those of the model', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (given) => {
        const { block, model } = await build(given);
        const { populated, attributes } = await service.api.ok('GET', block);
        const pages = model.pages().filter(Boolean).length;
        const runs = model.sections({ offset: 0, size: model.usedLength }, true).length;
        expect(populated).toEqual({ pages, bytes: pages * model.pageSize, runs });
        const sharedBytes = model.pages(RAM_BLOCK_ATTRIBUTES).filter(Boolean).length * model.pageSize;
        expect(attributes).toEqual({
          bitmapSize: given.pages,
          sharedBytes,
          privateBytes: model.usedLength - sharedBytes,
        });
        await service.api.ok('DELETE', block);
      }),
      { numRuns: byDepth(15, 50) },
    );
  });
});

describe('a block without a source', () => {
  it('is wholly populated, and has no state of RamBlockAttributes', async () => {
    const body = { idstr: 'plain', usedLength: '40K', guestMemfd: false };
    const block = `/v1/ram-blocks/${(await service.api.ok('POST', '/v1/ram-blocks', body)).id}`;
    expect(await service.api.ok('GET', `${block}/state?offset=1&size=5000`)).toEqual({
      offset: 1,
      size: 5000,
      populated: true,
      populatedBytes: 8192,
      state: null,
      generation: 0,
    });
    expect((await service.api.ok('GET', `${block}/sections`)).items).toEqual([{ offset: 0, size: 40_960 }]);
    expect((await service.api.ok('GET', `${block}/sections?state=discarded`)).items).toEqual([]);
    // Ten pages: the six bits behind them are 0.
    expect((await service.api.get(`${block}/bitmap`)).body).toBe('\xff\x03');
  });
});
