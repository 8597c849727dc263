// Asynchronous listeners: told afterwards, at their own pace, in order, until they accept; and what can be done to them.
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryJournal } from '../../src/journal/memory-journal.ts';
import { type Received, type Script, ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService, until } from '../support/service.ts';

const PAGE = 4096;
const SETTINGS = { RBA_ASYNC_RETRY_SCHEDULE: '5ms,20ms', RBA_ASYNC_BACKLOG_LIMIT: '10' };

let service: TestService;
let journal: MemoryJournal;
let path: string;
const devices: ScriptedListener[] = [];

const start = (settings: Record<string, string> = {}) =>
  startService({ settings: { ...SETTINGS, ...settings }, openJournal: async () => journal });

beforeEach(async () => {
  journal = new MemoryJournal();
  service = await start();
  const { id } = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: 64 * PAGE });
  path = `/v1/ram-blocks/${id}`;
});

afterEach(async () => {
  await service.close();
  await Promise.all(devices.splice(0).map((device) => device.close()));
});

async function register(script: Script = () => 200, fields: object = {}) {
  const device = await ScriptedListener.start(script);
  devices.push(device);
  const body = { url: device.url, secret: SECRET, mode: 'async', timeoutMs: 30_000, ...fields };
  const { id } = await service.api.ok('POST', `${path}/listeners`, body);
  const listener = `${path}/listeners/${id}`;
  const get = () => service.api.ok('GET', listener);
  const atRest = () =>
    until('nothing is pending', async () => {
      const { state, position } = await get();
      return position.pending === 0 && state !== 'registering';
    });
  return { device, id, path: listener, get, atRest };
}

const convert = (page: number, pages: number, to: string) =>
  service.api.ok('POST', `${path}/conversions`, { offset: page * PAGE, size: pages * PAGE, to });
const typesOf = (received: readonly Received[]) => received.map(({ type, reason }) => `${type.slice(10)} ${reason}`);
const sequencesOf = (received: readonly Received[]) => received.map(({ sequence }) => sequence);

describe('an async listener', () => {
  it('is registered at once, and told of what is populated after that', async () => {
    await convert(0, 4, 'shared');
    const gate = Promise.withResolvers<number>();
    const { device, id, get, atRest } = await register(() => gate.promise, { timeoutMs: 30_000 });
    const listener = await get();
    expect(listener).toMatchObject({ id, mode: 'async', state: 'registering', mapped: { bytes: 0 }, warnings: [] });
    await convert(8, 2, 'shared');
    gate.resolve(200);
    await atRest();
    expect(typesOf(device.received)).toEqual(['populate registration', 'populate conversion']);
    expect(await get()).toMatchObject({
      ...{ state: 'active', mapped: { bytes: 6 * PAGE, runs: 2, mappings: 6 } },
      position: { lastSequence: 2, acknowledgedSequence: 2, pending: 0, oldestPendingAt: null },
    });
  });

  it('is told of every change, in order, one after the other, whoever made it', async () => {
    let under = 0;
    const { device, atRest } = await register(async () => {
      expect(++under).toBe(1);
      await new Promise(setImmediate);
      under--;
      return 202;
    });
    const conversion = await convert(0, 8, 'shared');
    await convert(2, 2, 'private');
    const source = await service.api.ok('POST', `${path}/sources`, {
      ...{ name: 'virtio-mem0', granularity: 4 * PAGE, populated: [{ offset: 0, size: 4 * PAGE }] },
    });
    await service.api.ok('DELETE', `${path}/sources/${source.id}`);
    await atRest();
    expect(typesOf(device.received)).toEqual([
      'populate conversion',
      'discard conversion',
      'discard source',
      'populate source',
    ]);
    expect(sequencesOf(device.received)).toEqual([1, 2, 3, 4]);
    expect(device.received.map(({ settledThrough }) => settledThrough)).toEqual([0, 1, 2, 3]);
    expect(device.received.map(({ generation }) => generation)).toEqual([1, 2, 3, 4]);
    expect(device.received[0]?.conversionId).toBe(conversion.id);
  });

  it('costs the conversions and the others nothing while it is dead or slow', async () => {
    const dead = await register(() => 'hang', { timeoutMs: 300 });
    const slow = await register(async () => {
      await delay(50);
      return 200;
    });
    const fine = await register();
    const answers = [];
    for (let page = 0; page < 8; page++) answers.push(await convert(page, 1, 'shared'));
    // All are done before the dead one has been given up once.
    expect((await dead.get()).position.acknowledgedSequence).toBe(0);
    expect(answers.every(({ notified }) => notified.includes(dead.id))).toBe(true);
    await fine.atRest();
    expect(fine.device.received).toHaveLength(8);
    expect((await dead.get()).position).toMatchObject({ pending: 8 });
    await slow.atRest();
    expect(slow.device.mapped.size).toBe(8);
    await until('it is failing', async () => (await dead.get()).state === 'failing');
  });

  it('that fails is sent the same again, and nothing overtakes', async () => {
    let fails = 3;
    const { device, get, atRest } = await register(() => (fails-- > 0 ? 500 : 200));
    await convert(0, 1, 'shared');
    await until('it is failing', async () => (await get()).state === 'failing');
    const { position } = await get();
    expect(position).toMatchObject({ lastSequence: 1, acknowledgedSequence: 0, oldestPendingAt: expect.any(String) });
    await convert(1, 1, 'shared');
    await atRest();
    expect(sequencesOf(device.received)).toEqual([1, 1, 1, 1, 2]);
    const bodies = device.received.slice(0, 4).map((received) => JSON.stringify(received));
    expect(new Set(bodies).size).toBe(1);
    expect((await get()).state).toBe('active');
    const { items } = await service.api.ok('GET', `${path}/listeners/${(await get()).id}/deliveries`);
    expect(items.map(({ attempt, outcome }: { attempt: number; outcome: string }) => `${attempt} ${outcome}`)).toEqual([
      ...['1 accepted', '4 accepted', '3 unanswered', '2 unanswered', '1 unanswered'],
    ]);
  });

  it('says with Retry-After when to come again', async () => {
    const times: number[] = [];
    const { atRest } = await register(() => {
      times.push(performance.now());
      return times.length === 1 ? { status: 503, headers: { 'retry-after': '1' } } : 200;
    });
    await service.close();
    service = await start({ RBA_ASYNC_RETRY_SCHEDULE: '5ms,2s' });
    await convert(0, 1, 'shared');
    await atRest();
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(900);
  });

  it.each([
    ['answers 410', () => 410],
    ['has failed for too long', () => 500],
  ])('that %s is disabled; what happens then is not queued; active again, it is told anew', async (_why, script) => {
    await service.close();
    service = await start({ RBA_ASYNC_DISABLE_AFTER: '30ms' });
    const { device, get, path: listener, atRest } = await register(script as Script);
    await convert(0, 4, 'shared');
    await until('it is disabled', async () => (await get()).state === 'disabled');
    const { notified } = await convert(8, 4, 'shared');
    expect(notified).toEqual([]);
    expect((await get()).position).toMatchObject({ pending: 0, oldestPendingAt: null });
    await service.close();
    service = await start();
    expect((await get()).state).toBe('disabled');
    device.script = () => 200;
    const before = Math.max(...sequencesOf(device.received));
    device.received.length = 0;
    const active = await service.api.ok('PATCH', listener, { state: 'active' });
    expect(active.state).toBe('active');
    await atRest();
    expect(typesOf(device.received)).toEqual(['discard replay', 'populate replay']);
    expect(sequencesOf(device.received)).toEqual([before + 1, before + 2]);
    expect(device.mapped.size).toBe(8);
  });

  it('that is owed too many runs is brought up to date by one replay, however few deliveries these are', async () => {
    await service.close();
    service = await start({ RBA_ASYNC_BACKLOG_LIMIT: '10000', RBA_ASYNC_BACKLOG_RUNS: '20' });
    let isDown = true;
    const { device, get, atRest } = await register(() => (isDown ? 500 : 200));
    await atRest();
    for (const to of ['shared', 'private', 'shared']) {
      const steps = Array.from({ length: 16 }, (_, run) => ({ offset: 4 * run * PAGE, size: PAGE, to }));
      await service.api.ok('POST', `${path}/conversion-batches`, { conversions: steps });
    }
    // One delivery for each batch; of a replay there are two.
    await until('a replay is owed instead', async () => (await get()).position.pending <= 2);
    isDown = false;
    await atRest();
    const told = device.received.filter(({ reason }) => reason === 'replay');
    expect(told.map(({ type }) => type).slice(-1)).toEqual(['ram_block.populate']);
    expect((await get()).mapped.runs).toBe(16);
  });

  it('that falls too far behind is brought up to date by one replay', async () => {
    let works = false;
    const { device, get, atRest } = await register(() => (works ? 200 : 500));
    for (let page = 0; page < 30; page++) await convert(page, 1, 'shared');
    await convert(0, 10, 'private');
    // The limit, behind the two deliveries of a replay.
    await until('it is too far behind', async () => (await get()).position.pending <= 12);
    const last = Math.max(...sequencesOf(device.received));
    // How often it was tried in vain depends on the machine.
    device.received.length = 0;
    works = true;
    await atRest();
    const told = device.received;
    const replays = told.filter(({ reason }) => reason === 'replay');
    expect(replays.slice(-2).map(({ type }) => type)).toEqual(['ram_block.discard', 'ram_block.populate']);
    expect(told.length).toBeLessThan(20);
    expect([...device.mapped].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, index) => (index + 10) * PAGE),
    );
    const numbers = [last, ...sequencesOf(told)];
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  });

  it('goes on where it was after a restart: the same deliveries with the same ids', async () => {
    let answers = 0;
    const { device, atRest } = await register(() => (++answers <= 2 ? 200 : 500));
    for (let page = 0; page < 6; page++) await convert(page, 1, 'shared');
    await until('two are through', () => answers > 3);
    const before = [...device.received];
    await service.close();
    service = await start();
    device.script = () => 200;
    await atRest();
    expect(device.mapped.size).toBe(6);
    const bodies = new Map(before.map((received) => [received.id, JSON.stringify(received)]));
    for (const received of device.received) {
      expect(JSON.stringify(received)).toBe(bodies.get(received.id) ?? JSON.stringify(received));
    }
    expect(new Set(sequencesOf(device.received)).size).toBe(6);
  });
});

describe('what can be done to it', () => {
  it('skip gives up the oldest delivery, and its ranges follow as they are then', async () => {
    const { device, path: listener, atRest } = await register(({ sequence }) => (sequence === 1 ? 500 : 200));
    await convert(0, 4, 'shared');
    await convert(8, 1, 'shared');
    await convert(1, 1, 'private');
    await until('the first fails', () => device.received.length > 0);
    expect((await service.api.post(`${listener}/skip`)).status).toBe(202);
    await atRest();
    const told = device.told.slice(sequencesOf(device.received).indexOf(2));
    expect(
      told.map(({ type, reason, sections }) => [type, reason, sections.map(([at, size]) => [at / PAGE, size / PAGE])]),
    ).toEqual([
      ['populate', 'conversion', [[8, 1]]],
      ['discard', 'conversion', [[1, 1]]],
      ['discard', 'recovery', [[0, 4]]],
      [
        'populate',
        'recovery',
        [
          [0, 1],
          [2, 2],
        ],
      ],
    ]);
    expect([...device.mapped].map((at) => at / PAGE).sort((a, b) => a - b)).toEqual([0, 2, 3, 8]);
  });

  it('retry does not wait for the schedule', async () => {
    await service.close();
    service = await start({ RBA_ASYNC_RETRY_SCHEDULE: '1h' });
    const { device, get, path: listener, atRest } = await register(() => 500);
    await convert(0, 1, 'shared');
    await until('it is failing', async () => (await get()).state === 'failing');
    device.script = () => 200;
    expect((await service.api.post(`${listener}/retry`)).status).toBe(202);
    await atRest();
    expect(device.mapped.size).toBe(1);
  });

  it('replay discards the section and populates it again', async () => {
    const { device, path: listener, atRest } = await register();
    await convert(0, 2, 'shared');
    await atRest();
    device.received.length = 0;
    expect((await service.api.post(`${listener}/replay`)).status).toBe(202);
    await atRest();
    expect(typesOf(device.received)).toEqual(['discard replay', 'populate replay']);
  });

  it('another address is called from the next attempt on', async () => {
    const { device, path: listener, get, atRest } = await register(() => 500);
    await convert(0, 1, 'shared');
    await until('it is failing', async () => (await get()).state === 'failing');
    const other = await ScriptedListener.start();
    devices.push(other);
    await service.api.ok('PATCH', listener, { url: other.url, description: 'moved' });
    await atRest();
    expect(other.received.map(({ id }) => id)).toEqual([device.received[0]?.id]);
    expect(await get()).toMatchObject({ url: other.url, description: 'moved', state: 'active' });
  });

  it('unregistering tells what is pending, then discards, then forgets', async () => {
    const gate = Promise.withResolvers<number>();
    const { device, path: listener, get } = await register(() => gate.promise, { timeoutMs: 30_000 });
    await convert(0, 2, 'shared');
    const gone = service.api.delete(listener);
    await until('it is removing', async () => (await get()).state === 'removing');
    expect((await convert(4, 2, 'shared')).notified).toEqual([]);
    gate.resolve(200);
    expect((await gone).status).toBe(204);
    expect((await service.api.get(listener)).status).toBe(404);
    expect(typesOf(device.received).at(-1)).toBe('discard unregistration');
    expect(device.mapped.size).toBe(0);
  });

  it('unregistering one that is dead is not waited for, and force forgets it', async () => {
    const { path: listener, get } = await register(() => 'hang', { timeoutMs: 300 });
    await convert(0, 2, 'shared');
    expect((await service.api.delete(listener)).status).toBe(204);
    expect((await get()).state).toBe('removing');
    expect((await service.api.delete(path)).body.code).toBe('has-listeners');
    expect((await service.api.delete(`${listener}?force=true`)).status).toBe(204);
    expect((await service.api.get(listener)).status).toBe(404);
    expect((await service.api.delete(path)).status).toBe(204);
  });

  it('deleting the block by force ends it', async () => {
    const { device } = await register(() => 500);
    await convert(0, 2, 'shared');
    expect((await service.api.delete(`${path}?force=true`)).status).toBe(204);
    await until('it is told to discard', () => typesOf(device.received).includes('discard unregistration'));
  });
});
