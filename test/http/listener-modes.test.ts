// What sync and async listeners have of their own: retry, skip and state of async ones, dmaMaxMappings of sync ones; and
// the replay of both.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService, until } from '../support/service.ts';
import { everythingOf } from './bad-bodies.ts';

const PAGE = 4096;
const KIB = 2 ** 10;
const VERBS = ['retry', 'skip', 'replay'] as const;

let service: TestService;
let device: ScriptedListener;
let block: string;
let blocks = 0;

beforeAll(async () => {
  // Whatever fails is tried again when a test says so.
  service = await startService({ settings: { RBA_ASYNC_RETRY_SCHEDULE: '1h' } });
});
afterAll(() => service.close());
/** 16 pages, of which the first four are shared. */
beforeEach(async () => {
  device = await ScriptedListener.start();
  const definition = { idstr: `block-${blocks++}`, usedLength: 16 * PAGE, maxLength: 64 * PAGE };
  block = `/v1/ram-blocks/${(await service.api.ok('POST', '/v1/ram-blocks', definition)).id}`;
  await convert(0, 4);
});
afterEach(async () => {
  await service.api.ok('DELETE', `${block}?force=true`);
  await device.close();
});

const convert = (page: number, pages: number, to = 'shared') => {
  return service.api.ok('POST', `${block}/conversions`, { offset: page * PAGE, size: pages * PAGE, to });
};

const register = async (fields: object = {}) => {
  return service.api.post(`${block}/listeners`, { url: device.url, secret: SECRET, ...fields });
};

/** The path of a listener that has been told all that there is. */
async function registered(mode: 'sync' | 'async', fields: object = {}): Promise<string> {
  const { status, body } = await register({ mode, ...fields });
  expect(status).toBe(201);
  const path = `${block}/listeners/${body.id}`;
  await until('it is told', async () => (await shown(path)).position.pending === 0);
  device.takeTold();
  return path;
}

const shown = (path: string) => service.api.ok('GET', path);

/** An async listener whose last delivery was not accepted, and so is pending. */
async function failing(): Promise<string> {
  const path = await registered('async');
  device.script = () => 500;
  await convert(4, 1);
  await until('it is failing', async () => (await shown(path)).state === 'failing');
  return path;
}

describe('a sync listener', () => {
  it.each(['retry', 'skip'])('has nothing to %s: 409, and nothing changes', async (verb) => {
    const path = await registered('sync');
    const known = await everythingOf(service.api, block);
    const { status, body } = await service.api.post(`${path}/${verb}`);
    expect(`${status} ${body.code}`).toBe('409 listener-not-async');
    expect(body).toMatchObject({ ramBlockId: block.split('/').at(-1), listenerId: path.split('/').at(-1) });
    expect(await everythingOf(service.api, block)).toEqual(known);
    expect(device.takeTold()).toEqual([]);
  });

  it('is replayed to before that is answered', async () => {
    const path = await registered('sync');
    const { status, body } = await service.api.post(`${path}/replay`);
    expect(status).toBe(200);
    expect(body).toEqual(await shown(path));
    expect(device.takeTold()).toEqual([
      { type: 'discard', reason: 'replay', sections: [[0, 16 * PAGE, 0]] },
      { type: 'populate', reason: 'replay', sections: [[0, 4 * PAGE, 0]] },
    ]);
  });

  it.each([
    [{ dmaMaxMappings: 15 }, 16, 15],
    [{ dmaMaxMappings: 4 }, 16, 4],
    [{ dmaMaxMappings: 7, section: { offset: '16K', size: '32K' } }, 8, 7],
    [{ dmaMaxMappings: 3, granularity: '16K' }, 4, 3],
  ])('of %j may need %i mappings, and is warned', async (fields, worst, limit) => {
    const { body } = await register(fields);
    expect(body.warnings).toEqual([expect.stringContaining('possibly running out of DMA mappings')]);
    for (const number of [worst, limit]) expect(body.warnings[0]).toMatch(new RegExp(`\\b${number}\\b`));
    expect((await service.api.ok('GET', `${block}/listeners/${body.id}`)).warnings).toEqual(body.warnings);
  });

  it.each([
    {},
    { dmaMaxMappings: null },
    { dmaMaxMappings: 16 },
    { dmaMaxMappings: 4, section: { size: '16K' } },
    { dmaMaxMappings: 1, granularity: '64K' },
  ])('of %j is not warned', async (fields) => {
    expect((await register(fields)).body.warnings).toEqual([]);
  });

  it('that follows the end is warned once the block is longer', async () => {
    const path = await registered('sync', { dmaMaxMappings: 20 });
    expect((await shown(path)).warnings).toEqual([]);
    await service.api.ok('PATCH', block, { usedLength: 32 * PAGE });
    expect((await shown(path)).warnings).toHaveLength(1);
    await service.api.ok('PATCH', block, { usedLength: 20 * PAGE });
    expect((await shown(path)).warnings).toEqual([]);
  });
});

describe('an async listener', () => {
  it('is registered before it is told, with the same defaults', async () => {
    const first = Promise.withResolvers<number>();
    device.script = () => first.promise;
    const { status, headers, body } = await register({ mode: 'async' });
    expect(status).toBe(201);
    expect(headers.location).toBe(`${block}/listeners/${body.id}`);
    expect(body).toMatchObject({
      mode: 'async',
      section: { offset: 0, size: 64 * KIB, offsetWithinAddressSpace: 0 },
      granularity: PAGE,
      dmaMaxMappings: null,
      warnings: [],
      state: 'registering',
      mapped: { bytes: 0, runs: 0, mappings: 0 },
      position: { lastSequence: 0, acknowledgedSequence: 0, pending: 1, oldestPendingAt: expect.any(String) },
    });
    first.resolve(202);
    const path = `${block}/listeners/${body.id}`;
    await until('it is active', async () => (await shown(path)).state === 'active');
    expect(await shown(path)).toMatchObject({
      mapped: { bytes: 4 * PAGE, runs: 1, mappings: 4 },
      position: { lastSequence: 1, acknowledgedSequence: 1, pending: 0, oldestPendingAt: null },
    });
    expect(device.takeTold()).toMatchObject([{ type: 'populate', reason: 'registration' }]);
  });

  it.each([1, 65_535])('with dmaMaxMappings %i is refused: it cannot refuse either', async (dmaMaxMappings) => {
    const known = await everythingOf(service.api, block);
    const { status, body } = await register({ mode: 'async', dmaMaxMappings });
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'invalid-request', errors: [{ pointer: '#/dmaMaxMappings' }] });
    expect(await everythingOf(service.api, block)).toEqual(known);
  });

  it.each([
    [{ coordinatedDiscard: false }, 'coordinated-discard-required'],
    [{ url: 'http://10.0.0.1/' }, 'target-not-allowed'],
    [{ section: { offset: 1 } }, 'invalid-range'],
    [{ granularity: 12_288 }, 'invalid-range'],
  ])('with %j is refused as a sync one is: %s', async (fields, code) => {
    expect((await register({ mode: 'async', ...fields })).body.code).toBe(code);
    expect((await service.api.ok('GET', block)).listenerCount).toBe(0);
  });

  it.each(['retry', 'skip'])('that is owed nothing is answered 202 to %s, and told nothing', async (verb) => {
    const path = await registered('async');
    const before = await shown(path);
    const { status, body } = await service.api.post(`${path}/${verb}`);
    expect(status).toBe(202);
    expect(body).toEqual(before);
    expect(await shown(path)).toEqual(before);
    expect(device.takeTold()).toEqual([]);
  });

  it('is told again what failed when that is asked for, under the same id', async () => {
    const path = await failing();
    const [delivery] = device.received;
    for (const attempts of [2, 3]) {
      expect((await service.api.post(`${path}/retry`)).status).toBe(202);
      await until('it is told again', () => device.received.length === attempts);
    }
    device.script = () => 200;
    await service.api.post(`${path}/retry`);
    await until('all is told', async () => (await shown(path)).state === 'active');
    expect(new Set(device.received.map(({ id }) => id))).toEqual(new Set([delivery?.id]));
    expect((await shown(path)).position).toMatchObject({ pending: 0, acknowledgedSequence: delivery?.sequence });
  });

  it('can skip its oldest pending delivery; what that said follows', async () => {
    const path = await failing();
    await convert(8, 2);
    const before = await shown(path);
    expect(before.position.pending).toBe(2);
    device.takeTold();
    device.script = () => 200;
    const { status, body } = await service.api.post(`${path}/skip`);
    expect(status).toBe(202);
    expect(body.position).toEqual(before.position);
    await until('all is told', async () => (await shown(path)).position.pending === 0);
    expect(device.takeTold()).toEqual([
      { type: 'populate', reason: 'conversion', sections: [[8 * PAGE, 2 * PAGE, 8 * PAGE]] },
      { type: 'discard', reason: 'recovery', sections: [[4 * PAGE, PAGE, 4 * PAGE]] },
      { type: 'populate', reason: 'recovery', sections: [[4 * PAGE, PAGE, 4 * PAGE]] },
    ]);
  });

  it('is replayed to after that is answered, in the place of what is pending', async () => {
    const path = await failing();
    device.takeTold();
    device.script = () => 200;
    const { status, body } = await service.api.post(`${path}/replay`);
    expect(status).toBe(202);
    expect(body).toMatchObject({ id: path.split('/').at(-1), mode: 'async' });
    await until('all is told', async () => (await shown(path)).position.pending === 0);
    expect(device.takeTold()).toEqual([
      { type: 'discard', reason: 'replay', sections: [[0, 16 * PAGE, 0]] },
      { type: 'populate', reason: 'replay', sections: [[0, 5 * PAGE, 0]] },
    ]);
  });

  it('that is disabled is told nothing, and all anew when it is active again', async () => {
    const path = await registered('async');
    const update = (state: string) => service.api.ok('PATCH', path, { state });
    expect(await update('active')).toEqual(await shown(path));
    expect(await update('disabled')).toMatchObject({ state: 'disabled', position: { pending: 0 } });
    expect(await update('disabled')).toEqual(await shown(path));
    await convert(4, 4);
    expect(await shown(path)).toMatchObject({ state: 'disabled', position: { pending: 0, oldestPendingAt: null } });
    expect(device.takeTold()).toEqual([]);
    await update('active');
    await until('all is told', async () => (await shown(path)).mapped.bytes === 8 * PAGE);
    expect(device.takeTold()).toMatchObject([
      { type: 'discard', reason: 'replay' },
      { type: 'populate', reason: 'replay', sections: [[0, 8 * PAGE, 0]] },
    ]);
  });

  it('that is about to go cannot be paused', async () => {
    const path = await failing();
    await service.api.ok('PATCH', path, { timeoutMs: 100 });
    await service.api.ok('DELETE', path);
    expect((await shown(path)).state).toBe('removing');
    for (const state of ['active', 'disabled']) {
      const { status, body } = await service.api.call('PATCH', path, { state });
      expect(status).toBe(400);
      expect(body).toMatchObject({ code: 'invalid-request', errors: [{ pointer: '#/state' }] });
    }
  });
});

describe.each(VERBS)('%s', (verb) => {
  it.each(['{"force":true}', '[]', 'null', '0', '"now"'])('reads no body: %s is 400', async (json) => {
    const path = await registered('async');
    const known = await everythingOf(service.api, block);
    expect((await service.api.post(`${path}/${verb}`, json)).body.code).toBe('invalid-request');
    expect(await everythingOf(service.api, block)).toEqual(known);
    expect(device.takeTold()).toEqual([]);
  });

  it.each(['', '{}', ' { } '])('takes %j, which is none', async (json) => {
    const path = await registered('async');
    expect((await service.api.post(`${path}/${verb}`, json)).status).toBe(202);
  });

  it('of a listener that is not there is 404', async () => {
    for (const path of [`${block}/listeners/none`, '/v1/ram-blocks/none/listeners/none']) {
      expect((await service.api.post(`${path}/${verb}`)).body.code).toBe('not-found');
    }
  });
});
