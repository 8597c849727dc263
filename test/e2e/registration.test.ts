// A registration that fails must not stand in the way of its block: what nothing was sent to is gone, and what may have
// mapped something says what ends it. And force, which waits for nobody.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FaultyJournal } from '../support/faulty-journal.ts';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService, until } from '../support/service.ts';

const PAGE = 4096;

let service: TestService;
let device: ScriptedListener;
let journal: FaultyJournal;
let path: string;
const log: string[] = [];

beforeEach(async () => {
  log.length = 0;
  journal = new FaultyJournal();
  service = await startService({
    openJournal: journal.open,
    log: pino({ level: 'info' }, { write: (line: string) => void log.push(line) }),
  });
  device = await ScriptedListener.start();
  const { id } = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '64K' });
  path = `/v1/ram-blocks/${id}`;
  await convert(0, 'shared');
  await convert(2 * PAGE, 'shared');
});

afterEach(async () => {
  await service.close();
  await device.close();
});

const convert = (offset: number, to: string) => service.api.post(`${path}/conversions`, { offset, size: PAGE, to });
const register = (url: string, fields: object = {}) =>
  service.api.post(`${path}/listeners`, { url, secret: SECRET, timeoutMs: 30_000, ...fields });
const listeners = async () => (await service.api.ok('GET', `${path}/listeners`)).items;

/** What a problem names where no listener is left that it could be about. */
const NOBODY = { listenerId: null, rolledBack: [], unacknowledged: [], unsettled: [] };

/** A port at which nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('a registration of which no byte was sent leaves nothing', () => {
  it.each([
    ['the connection is refused', async () => `http://127.0.0.1:${await freePort()}/`],
    ['there is no such name', async () => 'http://no-such-host.invalid/'],
    ['TLS fails', async () => device.url.replace('http:', 'https:')],
  ])('where %s', async (_name, url) => {
    // Tried again until the deadline, however soon that is.
    const answer = await register(await url(), { timeoutMs: 300 });
    expect(answer).toMatchObject({ status: 502, body: { code: 'listener-unreachable', ...NOBODY } });
    expect(answer.body.detail).toContain('nothing was sent to it, and it is not registered');
    expect(await listeners()).toEqual([]);
    expect((await convert(0, 'private')).status).toBe(200);
    expect(device.received).toEqual([]);
  });
});

it('a registration that would need too many DMA mappings leaves nothing, and names no listener', async () => {
  const { status, body } = await register(device.url, { dmaMaxMappings: 1 });
  expect({ status, body }).toMatchObject({
    status: 409,
    body: { code: 'mapping-limit', needed: 2, limit: 1, listenerStatus: null, ...NOBODY },
  });
  expect(body.detail).toContain('nothing was sent to it, and it is not registered');
  expect(await listeners()).toEqual([]);
});

it('a registration that is refused and undone leaves nothing, and names no listener but in its detail', async () => {
  device.script = ({ type }) => (type === 'ram_block.populate' ? { status: 409, body: { detail: 'no room' } } : 200);
  const { status, body } = await register(device.url);
  expect({ status, body }).toMatchObject({
    status: 409,
    body: { code: 'listener-refused', listenerStatus: 409, listenerDetail: 'no room', ...NOBODY },
  });
  const told = device.received[0]?.listenerId;
  expect(body.detail).toBe(
    `listener ${told} refused the populate: no room; it has discarded what it was told to map, and it is not registered`,
  );
  expect(await listeners()).toEqual([]);
});

describe('a registration of which something may have been sent', () => {
  // Over after a while, and not before a busy machine has sent it.
  const SOON = { timeoutMs: 3000 };

  it.each(['hang', 'reset'] as const)(
    'says that it is being removed, and what ends it, where the device does %s',
    async (reply) => {
      device.script = ({ type }) => (type === 'ram_block.populate' ? reply : 404);
      const { status, body } = await register(device.url, SOON);
      const [listener] = await listeners();
      expect(listener).toMatchObject({ state: 'removing' });
      expect([status, body.code, body.listenerId, body.unsettled]).toEqual([
        502,
        'listener-unreachable',
        listener.id,
        [listener.id],
      ]);
      expect(body.detail).toContain(`being removed as ${listener.id}`);
      expect(body.detail).toContain('force=true');
      device.script = () => 200;
      await until('it is gone', async () => (await listeners()).length === 0);
    },
  );

  it('counts one delivery of several that came', async () => {
    const url = device.url;
    device.script = () => (response) => {
      // The next connection is refused.
      void device.close();
      response.writeHead(200, { connection: 'close' }).end();
    };
    const { status } = await register(url, { ...SOON, maxSections: 1 });
    expect(status).toBe(502);
    expect(await listeners()).toMatchObject([{ state: 'removing', unsettled: { unknownBytes: 16 * PAGE } }]);
  });
});

describe('DELETE with force', () => {
  it('ends the delivery that holds the block, and the change is undone', async () => {
    const other = await ScriptedListener.start();
    await register(other.url);
    const { body } = await register(device.url);
    other.received.length = 0;
    device.received.length = 0;
    device.script = () => 'hang';
    const change = convert(0, 'private');
    await until('the device is told', () => device.received.length === 1);
    const waiting = convert(0, 'private');
    await until('the other waits', async () => /rba_queue_length 1/.test((await service.api.get('/metrics')).body));
    expect((await service.api.delete(`${path}/listeners/${body.id}?force=true`)).status).toBe(204);
    expect(await change).toMatchObject({
      status: 503,
      body: { code: 'discard-unacknowledged', unacknowledged: [body.id] },
    });
    expect((await waiting).status).toBe(200);
    expect(other.mapped).toEqual(new Set([2 * PAGE]));
    expect(device.received).toHaveLength(1);
    await other.close();
  });

  it('of the block waits for no delivery either', async () => {
    await register(device.url);
    device.script = () => 'hang';
    const change = convert(0, 'private');
    await until('the device is told', () => device.received.length > 1);
    expect((await service.api.delete(`${path}?force=true`)).status).toBe(204);
    expect((await change).status).toBe(503);
  });

  it('of the block waits for no listener that comes meanwhile, which is told nothing', async () => {
    device.script = () => 'hang';
    journal.hold();
    const registered = register(device.url);
    await until('the registration is being recorded', () => journal.held === 1);
    const removed = service.api.delete(`${path}?force=true`);
    await until('the removal waits', async () => /rba_queue_length 1/.test((await service.api.get('/metrics')).body));
    journal.release();
    expect(await registered).toMatchObject({ status: 502, body: { code: 'listener-unreachable', unsettled: [] } });
    expect((await removed).status).toBe(204);
    expect(device.received).toEqual([]);
  });

  it('leaves the listener as it is where its condition does not hold', async () => {
    const { body } = await register(device.url);
    const headers = { 'if-match': '"999"' };
    expect((await service.api.delete(`${path}/listeners/${body.id}?force=true`, { headers })).status).toBe(412);
    expect((await convert(0, 'private')).status).toBe(200);
  });

  it('sends nothing more to it, and does not call it settled', async () => {
    const { body } = await register(device.url);
    device.script = () => 404;
    expect((await convert(0, 'private')).body.code).toBe('discard-unacknowledged');
    await until('it is asked to discard', () => device.received.some(({ reason }) => reason === 'recovery'));
    expect((await service.api.delete(`${path}/listeners/${body.id}?force=true`)).status).toBe(204);
    const sent = device.received.length;
    expect((await convert(0, 'private')).status).toBe(200);
    expect((await convert(0, 'shared')).status).toBe(200);
    expect((await service.api.delete(path)).status).toBe(204);
    expect(device.received).toHaveLength(sent);
    expect(log.filter((line) => line.includes('is settled'))).toEqual([]);
    expect(log.some((line) => line.includes('has unsettled ranges'))).toBe(true);
  });
});

it('an operator who changes an unsettled listener, or retries, does not wait for its next attempt', async () => {
  const { body } = await register(device.url);
  const listener = `${path}/listeners/${body.id}`;
  expect((await service.api.post(`${listener}/retry`)).body.code).toBe('listener-not-async');
  device.script = () => 404;
  await convert(0, 'private');
  for (const ask of [
    () => service.api.call('PATCH', listener, { timeoutMs: 20_000 }),
    () => service.api.post(`${listener}/retry`),
    () => service.api.post(`${listener}/replay`),
    () => service.api.delete(listener),
  ]) {
    const sent = device.received.length;
    const { status } = await ask();
    expect([200, 202, 503]).toContain(status);
    await until('it is tried again', () => device.received.length > sent);
  }
});
