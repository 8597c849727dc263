// What the answer to a change says, at length or, where that is preferred, in short.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startService, type TestService } from '../support/service.ts';

const PAGE = 4096;
/** More runs than an answer shows. */
const RUNS = 1200;

let service: TestService;
let block: string;
let source: string;

beforeAll(async () => {
  service = await startService();
  const { id } = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: 2 * RUNS * PAGE });
  block = `/v1/ram-blocks/${id}`;
  const populated = Array.from({ length: RUNS }, (_, index) => ({ offset: 2 * index * PAGE, size: PAGE }));
  const body = { name: 'virtio-mem0', granularity: PAGE, populated };
  source = `${block}/sources/${(await service.api.ok('POST', `${block}/sources`, body)).id}`;
});
afterAll(() => service.close());

const convert = (offset: number, size: number, to: string, headers = {}) => {
  return service.api.post(`${block}/conversions`, { offset, size, to }, { headers });
};

describe('a conversion', () => {
  it('says what it was, what changed, and the generation that it made', async () => {
    const { generation } = await service.api.ok('GET', block);
    await convert(PAGE, PAGE, 'shared');
    await convert(3 * PAGE, PAGE, 'shared');
    const { status, body } = await convert(0, 6 * PAGE, 'shared');
    expect(status).toBe(200);
    expect(body).toEqual({
      id: expect.stringMatching(/^cnv_/),
      ramBlockId: block.split('/').at(-1),
      offset: 0,
      size: 6 * PAGE,
      to: 'shared',
      from: 'mixture',
      changedBytes: 4 * PAGE,
      changed: [
        { offset: 0, size: PAGE },
        { offset: 2 * PAGE, size: PAGE },
        { offset: 4 * PAGE, size: 2 * PAGE },
      ],
      changedTruncated: false,
      generation: generation + 3,
      notified: [],
    });
    expect((await convert(0, 6 * PAGE, 'private')).body).toMatchObject({ from: 'shared', changedBytes: 6 * PAGE });
  });

  it('to what it is already changes nothing, has no id and no place in the history', async () => {
    const before = await service.api.ok('GET', `${block}/conversions`);
    const { generation } = await service.api.ok('GET', block);
    const { status, headers, body } = await convert(0, PAGE, 'private');
    expect(status).toBe(200);
    expect(headers.etag).toBe(`"${generation}"`);
    expect(body).toMatchObject({
      id: null,
      from: 'private',
      changedBytes: 0,
      changed: [],
      changedTruncated: false,
      generation,
    });
    expect(await service.api.ok('GET', `${block}/conversions`)).toEqual(before);
  });

  it('of a source speaks of that source, not of what is populated in the end', async () => {
    const { body } = await service.api.post(`${source}/changes`, { offset: 0, size: 2 * PAGE, to: 'populated' });
    expect(body).toMatchObject({ from: 'mixture', to: 'populated', changed: [{ offset: PAGE, size: PAGE }] });
    expect((await service.api.ok('GET', block)).populated.pages).toBe(0);
  });

  it('shows the first 1000 runs and says that there are more; the history does too', async () => {
    const whole = { offset: 0, size: 2 * RUNS * PAGE, to: 'discarded' };
    const { body } = await service.api.post(`${source}/changes`, whole);
    // One of the runs is two pages long, from the change before.
    expect(body).toMatchObject({ changedTruncated: true, changedBytes: (RUNS + 1) * PAGE });
    expect(body.changed).toHaveLength(1000);
    expect(body.changed.slice(0, 2)).toEqual([
      { offset: 0, size: 3 * PAGE },
      { offset: 4 * PAGE, size: PAGE },
    ]);
    expect((await service.api.ok('GET', `${block}/conversions?limit=1`)).items).toEqual([body]);
  });
});

describe('Prefer: return=minimal', () => {
  it.each([
    'return=minimal',
    'Return=Minimal',
    'return="minimal"',
    'return = minimal',
    'respond-async, return=minimal',
    'return=minimal; x=y, wait=10',
    'wait=10;return=minimal',
  ])('as %s leaves `changed` out, and says so', async (prefer) => {
    for (const to of ['shared', 'private']) {
      const { headers, body } = await convert(0, PAGE, to, { prefer });
      expect(headers['preference-applied']).toBe('return=minimal');
      expect(body).not.toHaveProperty('changed');
      expect(body).toMatchObject({ changedBytes: PAGE, to });
    }
  });

  it.each(['return=representation', 'return', 'minimal', 'xreturn=minimal', 'return=minimalist', 'return=', ''])(
    'is not %j',
    async (prefer) => {
      const { headers, body } = await convert(0, PAGE, 'private', { prefer });
      expect(headers).not.toHaveProperty('preference-applied');
      expect(body.changed).toEqual([]);
    },
  );

  it('shortens the answer to a change of a source too, and leaves the history whole', async () => {
    const change = { offset: 0, size: PAGE, to: 'populated' };
    const { body } = await service.api.post(`${source}/changes`, change, { headers: { prefer: 'return=minimal' } });
    expect(body).not.toHaveProperty('changed');
    const [newest] = (await service.api.ok('GET', `${block}/conversions?limit=1`)).items;
    expect(newest).toEqual({ ...body, changed: [{ offset: 0, size: PAGE }] });
  });
});

describe('the conversions of one answer', () => {
  const STEPS = 70;
  const SIZE = 2000 * PAGE;
  const MOST = 65_536;

  interface Shown {
    readonly changed: readonly object[];
    readonly changedBytes: number;
    readonly changedTruncated: boolean;
  }

  function expectCut(conversions: readonly Shown[]): void {
    expect(conversions.reduce((sum, { changed }) => sum + changed.length, 0)).toBe(MOST);
    const lengths = conversions.map(({ changed }) => changed.length);
    expect(lengths).toEqual(lengths.toSorted((a, b) => b - a));
    for (const { changed, changedBytes, changedTruncated } of conversions) {
      expect(changedTruncated).toBe(changed.length * PAGE < changedBytes);
    }
  }

  it('show 65,536 runs in all, the first', async () => {
    const { api } = service;
    const { id } = await api.ok('POST', '/v1/ram-blocks', { idstr: 'many', usedLength: STEPS * SIZE });
    const path = `/v1/ram-blocks/${id}`;
    const headers = { 'content-type': 'application/octet-stream' };
    const odd = new Uint8Array((STEPS * SIZE) / PAGE / 8).fill(0b0101_0101);
    expect((await api.call('PUT', `${path}/bitmap`, odd, { headers })).status).toBe(200);
    const conversions = Array.from({ length: STEPS }, (_, index) => {
      return { offset: index * SIZE, size: SIZE, to: 'shared' };
    });
    expectCut((await api.ok('POST', `${path}/conversion-batches?dryRun=true`, { conversions })).conversions);
    const done = await api.ok('POST', `${path}/conversion-batches`, { conversions });
    expectCut(done.conversions);
    expect(done.conversions.every(({ changedBytes }: Shown) => changedBytes === SIZE / 2)).toBe(true);
    // With the bitmap before it, which is the oldest.
    const { items } = await api.ok('GET', `${path}/conversions?limit=1000`);
    expect(items).toHaveLength(STEPS + 1);
    expect(items.reduce((sum: number, { changed }: Shown) => sum + changed.length, 0)).toBe(MOST);
    expect(items.at(-1)).toMatchObject({ changed: [], changedTruncated: true });
    await api.ok('DELETE', path);
  });
});
