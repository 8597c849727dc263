// Whatever the journal fails at: the service says that it is not ready, reads it back, tells those who follow events that
// they may have missed some, and goes on. On the wire.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SqliteJournal } from '../../src/journal/sqlite-journal.ts';
import { Api } from '../support/api.ts';
import { EventStream } from '../support/event-stream.ts';
import { FaultyJournal } from '../support/faulty-journal.ts';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService, until } from '../support/service.ts';

const PAGE = 4096;

const snapshots = vi.hoisted(() => ({ fail: false }));
vi.mock(import('../../src/core/ram-block-snapshot.ts'), async (importOriginal) => {
  const original = await importOriginal();
  return {
    ...original,
    encodeSnapshot: (block) => {
      // As V8 says it of what is longer than 512 Mi characters.
      if (snapshots.fail) throw new RangeError('Invalid string length');
      return original.encodeSnapshot(block);
    },
  };
});

let service: TestService;
let folder: string | null = null;
const streams: EventStream[] = [];

afterEach(async () => {
  for (const stream of streams.splice(0)) stream.close();
  await service.close();
  if (folder !== null) await rm(folder, { recursive: true });
  folder = null;
});

async function createBlock(): Promise<string> {
  const { id } = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '16M' });
  return `/v1/ram-blocks/${id}`;
}

let keys = 0;
const convert = (path: string, page: number, to = 'shared') => {
  const headers = { 'idempotency-key': `key-${keys++}` };
  return service.api.post(`${path}/conversions`, { offset: page * PAGE, size: PAGE, to }, { headers });
};
const readiness = async () => (await service.api.get('/readyz')).status;
const isReady = async () => (await readiness()) === 200;

async function follow(query = ''): Promise<EventStream> {
  const stream = await EventStream.open(`${service.url}/v1/events${query}`);
  streams.push(stream);
  return stream;
}

describe('a journal that fails is opened again, for clients that use an Idempotency-Key with every request, when', () => {
  it('there is no room for a commit', async () => {
    folder = await mkdtemp(join(tmpdir(), 'rba-journal-failures-'));
    const data = folder;
    let opened = 0;
    // Once there is room again.
    const openJournal = () => SqliteJournal.open(data, opened++ === 0 ? { maxPages: 30 } : {});
    service = await startService({ openJournal });
    const path = await createBlock();
    const conversions = Array.from({ length: 1000 }, (_, page) => ({ offset: 2 * page * PAGE, size: PAGE }));
    const batch = (to: string) => ({ conversions: conversions.map((each) => ({ ...each, to })) });
    for (let n = 0; opened === 1; n++) {
      if (n === 20) expect.fail('the disk did not fill up');
      const headers = { 'idempotency-key': `batch-${n}` };
      await service.api.post(`${path}/conversion-batches`, batch(n % 2 === 0 ? 'shared' : 'private'), { headers });
      // What fails is noticed without another request.
      await until('it is ready', isReady);
    }
    expect((await convert(path, 1)).status).toBe(200);
  });

  it('its thread ends while nobody uses it', async () => {
    folder = await mkdtemp(join(tmpdir(), 'rba-journal-failures-'));
    const data = folder;
    const journals: SqliteJournal[] = [];
    service = await startService({
      openJournal: async () => {
        const journal = await SqliteJournal.open(data);
        journals.push(journal);
        return journal;
      },
    });
    const path = await createBlock();
    await journals[0]?.close();
    await until('it is opened again', async () => journals.length === 2 && (await isReady()));
    expect(await convert(path, 1)).toMatchObject({ status: 200, body: { generation: 1 } });
  });
});

it('is not ready while the disk does not answer, and ready once it does', async () => {
  const journal = new FaultyJournal();
  service = await startService({ openJournal: journal.open, settings: { RBA_JOURNAL_WAIT_MS: '20' } });
  const path = await createBlock();
  journal.hold();
  const waiting = convert(path, 1);
  await until('the service is not ready', async () => !(await isReady()));
  const { body } = await service.api.get('/readyz');
  expect(body).toMatchObject({ code: 'journal-unavailable' });
  expect(body.detail).toMatch(/has not answered for \d+ ms; the limit is 20 \(RBA_JOURNAL_WAIT_MS\)/);
  journal.release();
  expect((await waiting).status).toBe(200);
  expect(await readiness()).toBe(200);
});

it('says that it is not ready while the journal that died cannot be opened', async () => {
  const journal = new FaultyJournal();
  service = await startService({ openJournal: journal.open });
  await createBlock();
  journal.fault = new Error('no such device');
  journal.die();
  await until('the service is not ready', async () => !(await isReady()));
  journal.fault = null;
  await until('the service is ready', isReady);
  expect(journal.opened).toBe(2);
});

describe('while the service shuts down, nothing more is sent once the journal', () => {
  it.each([
    ['cannot be written', (journal: FaultyJournal) => (journal.fate = () => 'fails')],
    ['is gone', (journal: FaultyJournal) => journal.die()],
  ])('%s, and the service ends', async (_name, fail) => {
    const journal = new FaultyJournal();
    service = await startService({ openJournal: journal.open });
    const api = new Api(service.url);
    const gates = [Promise.withResolvers<number>(), Promise.withResolvers<number>()] as const;
    const devices = await Promise.all(gates.map(({ promise }) => ScriptedListener.start(() => promise)));
    const next = await ScriptedListener.start();
    const begun = [];
    for (const [index, device] of devices.entries()) {
      const { id } = await api.ok('POST', '/v1/ram-blocks', { idstr: `ram ${index}`, usedLength: '64K' });
      const path = `/v1/ram-blocks/${id}`;
      // In the second block there is one more, which is told after the newest.
      for (const { url } of index === 0 ? [device] : [next, device]) {
        await api.ok('POST', `${path}/listeners`, { url, secret: SECRET, timeoutMs: 30_000 });
      }
      begun.push(api.post(`${path}/conversions`, { offset: 0, size: PAGE, to: 'shared' }));
      await until('the device is told', () => device.received.length === 1);
    }
    const closing = service.close();
    await until('it drains', async () => (await api.get('/readyz')).status === 503);
    fail(journal);
    // The first change finds out that the journal fails, unless that is known already; the second must not go on then.
    for (const [index, gate] of gates.entries()) {
      gate.resolve(200);
      expect(await begun[index]).toMatchObject({ status: 503, body: { code: 'journal-unavailable' } });
    }
    await closing;
    expect([...devices, next].map(({ received }) => received.length)).toEqual([1, 1, 0]);
    for (const device of [...devices, next]) await device.close();
    await api.close();
  });
});

it('does not call it a failure that the journal ends with the service', async () => {
  folder = await mkdtemp(join(tmpdir(), 'rba-journal-failures-'));
  const data = folder;
  const errors: string[] = [];
  service = await startService({
    openJournal: () => SqliteJournal.open(data),
    log: pino({ level: 'error' }, { write: (line: string) => void errors.push(line) }),
  });
  await createBlock();
  await service.close();
  expect(errors).toEqual([]);
});

describe('what is too long for the journal', () => {
  it('is refused before anybody is told, and the next change of the machine goes on', async () => {
    const journal = new FaultyJournal();
    service = await startService({ openJournal: journal.open });
    const path = await createBlock();
    const device = await ScriptedListener.start();
    await service.api.ok('POST', `${path}/listeners`, { url: device.url, secret: SECRET });
    for (const kind of ['intent', 'source-removed']) {
      journal.isTooLong = (records) => records.some((record) => record.kind === kind);
      expect(await convert(path, 1)).toMatchObject(
        kind === 'intent' ? { status: 413, body: { code: 'payload-too-large' } } : { status: 200 },
      );
      expect(device.received).toHaveLength(kind === 'intent' ? 0 : 1);
    }
    expect(journal.opened).toBe(1);
    await device.close();
  });

  it('and comes to light once listeners were told: all is read back, and what they have is settled', async () => {
    const journal = new FaultyJournal();
    service = await startService({ openJournal: journal.open });
    const path = await createBlock();
    const device = await ScriptedListener.start();
    await service.api.ok('POST', `${path}/listeners`, { url: device.url, secret: SECRET });
    journal.isTooLong = (records) => records.some(({ kind }) => kind === 'source-changed');
    expect((await convert(path, 1)).status).toBe(413);
    await until('the journal is read back', async () => journal.opened === 2 && (await isReady()));
    await until('what it may have mapped is discarded', () => device.received.at(-1)?.reason === 'recovery');
    expect(device.mapped.size).toBe(0);
    journal.isTooLong = () => false;
    await until('it is settled', async () => (await convert(path, 1)).status === 200);
    expect(await service.api.ok('GET', path)).toMatchObject({ generation: 1, populated: { pages: 1 } });
    await device.close();
  });
});

describe('a snapshot that cannot be made', () => {
  afterEach(() => {
    snapshots.fail = false;
  });

  it("is nobody else's: changes are answered, async listeners are told, and the next one is made", async () => {
    const journal = new FaultyJournal();
    let saved = 0;
    const { saveSnapshot } = journal;
    journal.saveSnapshot = (...args) => {
      saved++;
      return saveSnapshot(...args);
    };
    service = await startService({ openJournal: journal.open, settings: { RBA_SNAPSHOT_EVERY: '1' } });
    const path = await createBlock();
    const mirror = await ScriptedListener.start();
    snapshots.fail = true;
    await service.api.ok('POST', `${path}/listeners`, { url: mirror.url, secret: SECRET, mode: 'async' });
    for (const page of [1, 2, 3]) {
      expect((await convert(path, 2 * page)).status).toBe(200);
      await until('the mirror is told', () => mirror.mapped.has(2 * page * PAGE));
    }
    expect({ saved, opened: journal.opened }).toEqual({ saved: 0, opened: 1 });
    snapshots.fail = false;
    expect((await convert(path, 10)).status).toBe(200);
    await until('a snapshot is saved', () => saved > 0);
    await mirror.close();
  });
});

it('tells of a block before it tells of changes that became durable with its creation', async () => {
  const journal = new FaultyJournal();
  service = await startService({ openJournal: journal.open });
  const path = await createBlock();
  const stream = await follow();
  journal.hold();
  const creating = service.api.ok('POST', '/v1/ram-blocks', { idstr: 'another', usedLength: '16M' });
  await until('it is being written', () => journal.held === 1);
  const converting = service.api.ok('POST', `${path}/conversions`, { offset: 0, size: PAGE, to: 'shared' });
  await until('both are being written', () => journal.held === 2);
  journal.release();
  await Promise.all([creating, converting]);
  await until('both were told', () => stream.types.length === 2);
  expect(stream.types).toEqual(['ram_block.created', 'conversion.committed']);
});

describe('a reader of events', () => {
  it('is cut off, and told so when it comes back, where a change was found durable that failed', async () => {
    const journal = new FaultyJournal();
    service = await startService({ openJournal: journal.open });
    const path = await createBlock();
    const stream = await follow();
    await convert(path, 1);
    await until('the first change was told', () => stream.types.includes('conversion.committed'));
    journal.fate = () => 'fails-written';
    expect((await convert(path, 2)).status).toBe(503);
    journal.fate = () => 'done';
    await until('the journal is read back', isReady);
    expect((await service.api.ok('GET', path)).generation).toBe(2);
    await until('the reader is cut off', () => stream.isOver);
    expect(stream.events.map(({ data }) => data.generation)).not.toContain(2);
    expect(await service.api.get(`/v1/events?after=${stream.lastId}`)).toMatchObject({
      status: 410,
      body: { code: 'events-expired', detail: expect.stringContaining('a failure of the journal') },
    });
    // And from where it is told to begin it goes on as ever.
    const next = await follow();
    await convert(path, 3);
    await until('the next change was told', () => next.events.length > 0);
    expect(next.events[0]?.data.generation).toBe(3);
    const again = await follow(`?after=${next.lastId}`);
    await convert(path, 4);
    await until('the one after it was told', () => again.events.length > 0);
    expect(again.events.map(({ data }) => data.generation)).toEqual([4]);
  });
});
