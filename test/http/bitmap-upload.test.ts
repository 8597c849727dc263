// PUT bitmap: what of RamBlockAttributes it sets, and which bytes are no bitmap of the window.

import fc from 'fast-check';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProblemCode } from '../../src/errors.ts';
import { PROBLEMS } from '../../src/errors.ts';
import { byDepth } from '../support/depth.ts';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService } from '../support/service.ts';
import { everythingOf } from './bad-bodies.ts';
import { PageModel, type Run } from './page-model.ts';
import { answerTo, head } from './raw-socket.ts';

const PAGE = 4096;
const MIB = 2 ** 20;
/** The last byte of the bitmap has four bits. */
const PAGES = 60;
const TYPE = { 'content-type': 'application/octet-stream' };
const RBA = 'ram-block-attributes';

let service: TestService;
let device: ScriptedListener;
let block: string;
let blocks = 0;

beforeAll(async () => {
  // A million runs at once take long, and what is asked for right after that is not to be turned away.
  service = await startService({ settings: { RBA_EVENT_LOOP_DELAY_LIMIT_MS: '0' } });
  device = await ScriptedListener.start();
  block = await create(PAGES);
  await service.api.ok('POST', `${block}/conversions`, { offset: 0, size: 8 * PAGE, to: 'shared' });
  await service.api.ok('POST', `${block}/listeners`, { url: device.url, secret: SECRET });
  device.takeTold();
});
afterAll(async () => {
  await service.close();
  await device.close();
});

async function create(pages: number, fields: object = {}): Promise<string> {
  const definition = { idstr: `block-${blocks++}`, usedLength: pages * PAGE, ...fields };
  return `/v1/ram-blocks/${(await service.api.ok('POST', '/v1/ram-blocks', definition)).id}`;
}

const put = (path: string, query: string, bytes: Uint8Array | undefined, headers: object = {}) => {
  return service.api.call('PUT', `${path}/bitmap?${query}`, bytes, { headers: { ...TYPE, ...headers } });
};

async function bitmapOf(path: string, query = ''): Promise<Buffer> {
  return Buffer.from((await service.api.get(`${path}/bitmap?source=${RBA}&${query}`)).body, 'latin1');
}

async function expectRefused(query: string, bytes: Uint8Array | undefined, code: ProblemCode, headers: object = {}) {
  const known = await everythingOf(service.api, block);
  const { status, body } = await put(block, query, bytes, headers);
  expect(body).toMatchObject({ code });
  expect(status).toBe(PROBLEMS[code].status);
  expect(await everythingOf(service.api, block)).toEqual(known);
  expect(device.takeTold()).toEqual([]);
}

describe('a bitmap is refused, and nobody is called', () => {
  it.each([
    ['no byte', '', 0, 'invalid-range'],
    ['no byte for a window', 'size=4K', 0, 'invalid-range'],
    ['a byte more than the block', '', 9, 'invalid-range'],
    ['a byte less than the block', '', 7, 'invalid-range'],
    ['a byte more than the rest of the block', 'offset=192K', 3, 'invalid-range'],
    ['a byte less than the rest of the block', 'offset=192K', 1, 'invalid-range'],
    ['a byte less than the window', 'size=36K', 1, 'invalid-range'],
    ['a byte more than the window', 'size=32K', 2, 'invalid-range'],
    ['a window that is empty', 'size=0', 1, 'invalid-range'],
    ['a window that is not aligned', 'size=4095', 1, 'invalid-range'],
    ['a window that ends behind the block', 'offset=208K&size=36K', 2, 'invalid-range'],
    ['an offset that is not aligned', 'offset=1', 1, 'invalid-range'],
    ['an offset at the end', 'offset=240K', 1, 'invalid-range'],
    ['an offset beyond the end', 'offset=1G', 1, 'invalid-range'],
    ['an offset beyond 2^53-1', 'offset=8192T', 1, 'invalid-range'],
    ['a sum beyond 2^53-1', 'offset=4096&size=9007199254740991', 1, 'invalid-range'],
  ] as const)('that has %s', (_name, query, length, code) => expectRefused(query, Buffer.alloc(length), code));

  it.each([
    ['the block', '', 8, 7, 0x10],
    ['the block, the last of them', '', 8, 7, 0x80],
    ['the rest of the block', 'offset=224K', 1, 0, 0x10],
    ['a window', 'offset=4K&size=4K', 1, 0, 0x02],
    ['a window of two bytes', 'size=36K', 2, 1, 0x02],
  ])('that has a bit beyond %s', (_name, query, length, at, bits) => {
    const bytes = Buffer.alloc(length);
    bytes[at] = bits;
    return expectRefused(query, bytes, 'invalid-range');
  });

  it('that is not there', async () => {
    const known = await everythingOf(service.api, block);
    const codes = [];
    for (const headers of [{}, TYPE]) {
      const answer = await request(`${service.url}${block}/bitmap`, { method: 'PUT', headers });
      codes.push(Object(await answer.body.json()).code);
    }
    expect(codes).toEqual(['invalid-request', 'invalid-range']);
    expect(await everythingOf(service.api, block)).toEqual(known);
  });

  it('that is larger than 64 MiB, before it is sent', async () => {
    const headers = { ...TYPE, 'content-length': String(64 * MIB + 1) };
    const { status, body } = await answerTo(service.url, head(`PUT ${block}/bitmap HTTP/1.1`, headers));
    expect(status).toBe(413);
    expect(JSON.parse(body)).toMatchObject({ code: 'payload-too-large', detail: expect.stringContaining('64 MiB') });
  });

  it('that turns more runs than one change may, and not one that turns as many', async () => {
    const runs = 2 ** 17;
    const large = await create(2 * runs + 8);
    const bytes = Buffer.alloc(runs / 4 + 1, 0x55);
    const { status, body } = await put(large, '', bytes);
    expect(`${status} ${body.code}`).toBe('422 too-many-runs');
    expect((await service.api.ok('GET', large)).generation).toBe(0);
    bytes[runs / 4] = 0;
    const done = await put(large, '', bytes);
    expect(done.status).toBe(200);
    expect(done.body.conversions).toMatchObject([{ changedBytes: runs * PAGE, changedTruncated: true }]);
    expect(done.body.conversions[0].changed).toHaveLength(1000);
    await service.api.ok('DELETE', large);
  });

  it.each([
    ['"999"', 'generation-mismatch'],
    ['W/"1"', 'generation-mismatch'],
    ['x', 'invalid-request'],
  ] as const)('with If-Match %s: %s', (tag, code) => expectRefused('', Buffer.alloc(8), code, { 'if-match': tag }));

  it('of a block without RamBlockAttributes, and of one that is not there', async () => {
    const plain = await create(8, { guestMemfd: false });
    expect((await put(plain, '', Buffer.of(1))).body.code).toBe('no-attributes');
    expect((await put('/v1/ram-blocks/none', '', Buffer.of(1))).body.code).toBe('not-found');
  });
});

describe('a bitmap is set', () => {
  it('as one change: first what turns private, then what turns shared', async () => {
    const { generation } = await service.api.ok('GET', block);
    // Pages 2 to 5 turn private, 9 and 11 shared.
    const { status, headers, body } = await put(block, 'size=64K', Buffer.of(0b1100_0011, 0b0000_1010));
    expect(status).toBe(200);
    expect(headers.etag).toBe(`"${generation + 1}"`);
    const both = { ramBlockId: block.split('/').at(-1), changedTruncated: false, generation: generation + 1 };
    expect(body).toMatchObject({
      conversions: [
        { ...both, to: 'private', offset: 2 * PAGE, size: 4 * PAGE, from: 'shared', changedBytes: 4 * PAGE },
        { ...both, to: 'shared', offset: 9 * PAGE, size: 3 * PAGE, changedBytes: 2 * PAGE },
      ],
      generation: generation + 1,
    });
    expect(device.received.map(({ conversionId }) => conversionId)).toEqual([null, null]);
    expect(device.takeTold()).toMatchObject([
      { type: 'discard', reason: 'conversion', sections: [[2 * PAGE, 4 * PAGE, 2 * PAGE]] },
      {
        type: 'populate',
        sections: [
          [9 * PAGE, PAGE, 9 * PAGE],
          [11 * PAGE, PAGE, 11 * PAGE],
        ],
      },
    ]);
    const { items } = await service.api.ok('GET', `${block}/conversions?limit=2`);
    expect(items).toEqual(body.conversions.toReversed());
  });

  it('once: sent again it changes nothing', async () => {
    const bytes = Buffer.from('123456789abcde0f', 'hex');
    expect((await put(block, '', bytes)).body.conversions).toHaveLength(2);
    const known = await everythingOf(service.api, block);
    device.takeTold();
    const { status, headers, body } = await put(block, '', bytes);
    expect(status).toBe(200);
    const { generation } = await service.api.ok('GET', block);
    expect(body).toEqual({ conversions: [], generation });
    expect(headers.etag).toBe(`"${generation}"`);
    expect(await everythingOf(service.api, block)).toEqual(known);
    expect(device.takeTold()).toEqual([]);
  });

  it('to the end of the block without a size, with the ByteSizes of a query', async () => {
    expect((await put(block, 'offset=0x38000', Buffer.of(0x0f))).status).toBe(200);
    expect((await bitmapOf(block)).at(-1)).toBe(0x0f);
    expect((await put(block, 'offset=229376&size=16KiB', Buffer.of(0))).status).toBe(200);
    expect((await bitmapOf(block)).at(-1)).toBe(0);
    device.takeTold();
  });

  it('with If-Match while that holds', async () => {
    const { generation } = await service.api.ok('GET', block);
    const first = await put(block, '', Buffer.alloc(8), { 'if-match': `"${generation}"` });
    expect(first.headers.etag).toBe(`"${generation + 1}"`);
    expect((await put(block, '', Buffer.alloc(8), { 'if-match': `"${generation}"` })).status).toBe(412);
    device.takeTold();
  });
});

describe('of any two blocks', () => {
  const pages = fc.integer({ min: 1, max: 150 });
  const scenario = pages.chain((length) => {
    return fc.record({
      length: fc.constant(length),
      /** The pages that are shared in each. */
      here: fc.array(fc.boolean(), { minLength: length, maxLength: length }),
      there: fc.array(fc.boolean(), { minLength: length, maxLength: length }),
      windows: fc.array(fc.tuple(fc.nat(length - 1), fc.nat(length - 1)), { minLength: 1, maxLength: 4 }),
    });
  });

  /** A block whose pages are as `shared` says, and its model. */
  async function build(shared: readonly boolean[]): Promise<{ path: string; model: PageModel }> {
    const path = await create(shared.length);
    const model = new PageModel(shared.length, PAGE);
    for (const [page, value] of shared.entries()) model.set(RBA, { offset: page * PAGE, size: PAGE }, value);
    const bytes = model.bitmap({ offset: 0, size: model.usedLength }, RBA);
    expect((await put(path, '', bytes)).status).toBe(200);
    expect((await bitmapOf(path)).toString('hex')).toBe(bytes.toString('hex'));
    return { path, model };
  }

  it('what is read from a window of one and put into the other makes that window equal, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ length, here, there, windows }) => {
        const from = await build(here);
        const to = await build(there);
        for (const [a, b] of windows) {
          const window: Run = { offset: Math.min(a, b) * PAGE, size: (Math.abs(a - b) + 1) * PAGE };
          const query = `offset=${window.offset}&size=${window.size}`;
          const { generation } = await service.api.ok('GET', to.path);
          const differing = differences(from.model, to.model, window);
          const { body } = await put(to.path, query, await bitmapOf(from.path, query));
          const changed = body.conversions.map((one: { to: string; changed: Run[] }) => [one.to, one.changed]);
          expect(changed).toEqual(differing);
          expect(body.generation).toBe(generation + (differing.length > 0 ? 1 : 0));
          const pagesThen = from.model.pages(RBA);
          for (let page = window.offset / PAGE; page < (window.offset + window.size) / PAGE; page++) {
            to.model.set(RBA, { offset: page * PAGE, size: PAGE }, pagesThen[page] === true);
          }
          const whole = { offset: 0, size: length * PAGE };
          expect((await bitmapOf(to.path)).toString('hex')).toBe(to.model.bitmap(whole, RBA).toString('hex'));
        }
        for (const { path } of [from, to]) await service.api.ok('DELETE', path);
      }),
      { numRuns: byDepth(20, 100) },
    );
  });

  /** The runs of `window` that turn private, and those that turn shared. */
  function differences(from: PageModel, to: PageModel, window: Run): [string, Run[]][] {
    const [wanted, now] = [from.pages(RBA), to.pages(RBA)];
    const turning = new PageModel(wanted.length, PAGE);
    return (['private', 'shared'] as const).flatMap((state): [string, Run[]][] => {
      wanted.forEach((value, page) => {
        const turns = value !== now[page] && value === (state === 'shared');
        turning.set(RBA, { offset: page * PAGE, size: PAGE }, turns);
      });
      const runs = turning.sections(window, true, RBA);
      return runs.length > 0 ? [[state, runs]] : [];
    });
  }
});
