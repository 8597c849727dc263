// dryRun=true: the answer that a change would get, and nothing done.

import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { byDepth } from '../support/depth.ts';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService, until } from '../support/service.ts';
import { everythingOf } from './bad-bodies.ts';

const PAGE = 4096;
const PAGES = 24;
const GPA = 2 ** 30;

let service: TestService;
let device: ScriptedListener;
let machine: string;
let block: string;
let machines = 0;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());
/** Pages 0 to 3 are shared; a source beside RamBlockAttributes has all but pages 2 and 3 populated. */
beforeEach(async () => {
  const { api } = service;
  device = await ScriptedListener.start();
  machine = `m${machines++}`;
  const definition = { machine, idstr: 'pc.ram', usedLength: PAGES * PAGE, gpa: GPA };
  block = `/v1/ram-blocks/${(await api.ok('POST', '/v1/ram-blocks', definition)).id}`;
  await api.ok('POST', `${block}/conversions`, { offset: 0, size: 4 * PAGE, to: 'shared' });
  const populated = [
    { offset: 0, size: 2 * PAGE },
    { offset: 4 * PAGE, size: (PAGES - 4) * PAGE },
  ];
  await api.ok('POST', `${block}/sources`, { name: 'virtio-mem0', granularity: PAGE, populated });
  await api.ok('POST', `${block}/listeners`, { url: device.url, secret: SECRET, timeoutMs: 1000 });
  const half = { offset: 0, size: (PAGES / 2) * PAGE };
  await api.ok('POST', `${block}/listeners`, { url: device.url, secret: SECRET, section: half, timeoutMs: 1000 });
  device.takeTold();
});
afterEach(async () => {
  await service.api.ok('DELETE', `${block}?force=true`);
  await device.close();
});

const CONVERSION = { offset: 4 * PAGE, size: PAGE, to: 'shared' };

/** One request of each kind, of the same pages. */
const KINDS = [
  { kind: 'conversion', path: () => `${block}/conversions`, body: CONVERSION },
  { kind: 'batch', path: () => `${block}/conversion-batches`, body: { conversions: [CONVERSION] } },
  {
    kind: 'conversion of guest memory',
    path: () => `/v1/machines/${machine}/conversions`,
    body: { gpa: GPA + 4 * PAGE, size: PAGE, to: 'shared' },
  },
];

/** The answer without the ids that only what is done has. */
function withoutIds(answer: unknown): unknown {
  return JSON.parse(JSON.stringify(answer, (key, value) => (key === 'id' ? null : value)));
}

/** Asks what would happen, expects that nothing did, does it, and expects that this came of it. */
async function expectForeseen(path: string, body: object): Promise<void> {
  const known = await everythingOf(service.api, block);
  const foreseen = await service.api.post(`${path}?dryRun=true`, body);
  expect(await everythingOf(service.api, block)).toEqual(known);
  expect(device.takeTold()).toEqual([]);
  const done = await service.api.post(path, body);
  expect(`${foreseen.status} ${foreseen.body.code}`).toBe(`${done.status} ${done.body.code}`);
  if (done.status === 200) expect(foreseen.body).toEqual(withoutIds(done.body));
  device.takeTold();
}

const run = fc.tuple(fc.nat(PAGES - 1), fc.nat(PAGES - 1)).map(([a, b]) => {
  return { offset: Math.min(a, b) * PAGE, size: (Math.abs(a - b) + 1) * PAGE };
});
const conversion = fc.record({ run, to: fc.constantFrom('shared', 'private') }).map(({ run: range, to }) => {
  return { ...range, to };
});

describe('what is foreseen is what is done', () => {
  it('of any conversions, batches and conversions of guest memory', async () => {
    const step = fc.oneof(
      conversion.map((body) => [() => `${block}/conversions`, body] as const),
      fc
        .array(conversion, { minLength: 1, maxLength: 6 })
        .map((conversions) => [() => `${block}/conversion-batches`, { conversions }] as const),
      conversion.map(({ offset, ...rest }) => {
        // It may begin before the block and end behind it.
        const body = { ...rest, gpa: GPA + 2 * (offset - 8 * PAGE) };
        return [() => `/v1/machines/${machine}/conversions`, body] as const;
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        for (const [path, body] of steps) await expectForeseen(path(), body);
      }),
      { numRuns: byDepth(20, 100) },
    );
  });
});

describe.each(KINDS)('of a $kind', ({ path, body }) => {
  it('ids are null', async () => {
    const text = JSON.stringify(await service.api.ok('POST', `${path()}?dryRun=true`, body));
    expect(text).toContain('"id":null');
    expect(text).not.toContain('cnv_');
  });

  it('no Idempotency-Key is looked at, and none is used up', async () => {
    const headers = { 'idempotency-key': machine };
    for (const sent of [JSON.stringify(body), ` ${JSON.stringify(body)}`]) {
      const answer = await service.api.post(`${path()}?dryRun=true`, sent, { headers });
      expect(answer.status).toBe(200);
      expect(answer.headers).not.toHaveProperty('idempotent-replayed');
    }
    const unreadable = { 'idempotency-key': 'a b' };
    expect((await service.api.post(`${path()}?dryRun=true`, body, { headers: unreadable })).status).toBe(200);
    const done = await service.api.post(path(), body, { headers });
    expect(done.headers).not.toHaveProperty('idempotent-replayed');
    expect((await service.api.post(path(), body, { headers })).headers['idempotent-replayed']).toBe('true');
  });

  it('runs are left out where that is preferred', async () => {
    const headers = { prefer: 'return=minimal' };
    const answer = await service.api.post(`${path()}?dryRun=true`, body, { headers });
    expect(answer.headers['preference-applied']).toBe('return=minimal');
    expect(JSON.stringify(answer.body)).not.toContain('"changed":');
  });

  it('mapping-limit is foreseen, with its numbers', async () => {
    const limited = { url: device.url, secret: SECRET, dmaMaxMappings: 2 };
    const { id } = await service.api.ok('POST', `${block}/listeners`, limited);
    const answer = await service.api.post(`${path()}?dryRun=true`, body);
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({ code: 'mapping-limit', listenerId: id, needed: 3, limit: 2 });
    device.takeTold();
    await expectForeseen(path(), body);
  });

  it('a listener that would refuse is not: nobody is called', async () => {
    device.script = () => 403;
    expect((await service.api.post(`${path()}?dryRun=true`, body)).status).toBe(200);
    expect(device.takeTold()).toEqual([]);
    device.script = () => 200;
  });

  it('unsettled listeners are foreseen', async () => {
    device.script = ({ type }) => (type === 'ram_block.populate' ? 202 : 404);
    expect((await service.api.post(path(), body)).body.code).toBe('listener-unreachable');
    const { status, headers, body: problem } = await service.api.post(`${path()}?dryRun=true`, body);
    expect(`${status} ${problem.code}`).toBe('503 listener-unsettled');
    expect(headers['retry-after']).toBe('1');
  });

  it('dryRun=false does it', async () => {
    const { generation } = await service.api.ok('GET', block);
    expect((await service.api.post(`${path()}?dryRun=false`, body)).status).toBe(200);
    expect((await service.api.ok('GET', block)).generation).toBe(generation + 1);
  });

  it('what is under way is not waited for, and does not show', async () => {
    const answer = Promise.withResolvers<number>();
    device.script = () => answer.promise;
    const underWay = service.api.post(path(), body);
    await until('the listener is asked', () => device.received.length > 0);
    const foreseen = await service.api.ok('POST', `${path()}?dryRun=true`, body);
    expect(JSON.stringify(foreseen)).toContain(`"changedBytes":${PAGE}`);
    answer.resolve(200);
    expect((await underWay).status).toBe(200);
    const again = await service.api.ok('POST', `${path()}?dryRun=true`, body);
    expect(JSON.stringify(again)).toContain('"changedBytes":0');
  });
});

describe('a dry run is refused as what is done would be', () => {
  it.each([
    ['conversions', { ...CONVERSION, offset: 1 }, 'invalid-range'],
    ['conversions', { ...CONVERSION, to: 'mixture' }, 'invalid-request'],
    ['conversion-batches', { conversions: [] }, 'invalid-request'],
    ['conversion-batches', { conversions: [CONVERSION, { ...CONVERSION, size: 0 }] }, 'invalid-range'],
  ])('%s with %j: %s', async (what, body, code) => {
    expect((await service.api.post(`${block}/${what}?dryRun=true`, body)).body.code).toBe(code);
  });

  it.each([
    [{ gpa: 0, size: PAGE, to: 'private' }, 'invalid-range'],
    [{ gpa: GPA, size: 1, to: 'shared' }, 'invalid-range'],
    [{ gpa: GPA, to: 'shared' }, 'invalid-request'],
  ])('of guest memory with %j: %s', async (body, code) => {
    expect((await service.api.post(`/v1/machines/${machine}/conversions?dryRun=true`, body)).body.code).toBe(code);
  });

  it.each(['conversions', 'conversion-batches'])('%s with If-Match that does not hold', async (what) => {
    const body = what === 'conversions' ? CONVERSION : { conversions: [CONVERSION] };
    const ask = async (tag: string) => {
      return (await service.api.post(`${block}/${what}?dryRun=true`, body, { headers: { 'if-match': tag } })).status;
    };
    const { generation } = await service.api.ok('GET', block);
    expect([await ask('"999"'), await ask(`"${generation}"`), await ask('*'), await ask('x')]).toEqual([
      412, 200, 200, 400,
    ]);
  });

  it('of guest memory with any If-Match', async () => {
    const path = `/v1/machines/${machine}/conversions?dryRun=true`;
    const { status } = await service.api.post(
      path,
      { gpa: GPA, size: PAGE, to: 'shared' },
      { headers: { 'if-match': '*' } },
    );
    expect(status).toBe(400);
  });

  it('of a block without RamBlockAttributes, and of one that is not there', async () => {
    const plain = { machine, idstr: 'plain', usedLength: PAGE, guestMemfd: false };
    const { id } = await service.api.ok('POST', '/v1/ram-blocks', plain);
    for (const [ramBlockId, code] of [
      [id, 'no-attributes'],
      ['none', 'not-found'],
    ]) {
      for (const [what, body] of [
        ['conversions', CONVERSION],
        ['conversion-batches', { conversions: [CONVERSION] }],
      ]) {
        const answer = await service.api.post(`/v1/ram-blocks/${ramBlockId}/${what}?dryRun=true`, body);
        expect(answer.body.code).toBe(code);
      }
    }
    await service.api.ok('DELETE', `/v1/ram-blocks/${id}`);
  });
});
