// /v1/events: what has happened, in order, to whoever follows; and nothing that did not come to be.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventStream } from '../support/event-stream.ts';
import { FaultyJournal } from '../support/faulty-journal.ts';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService, until } from '../support/service.ts';

const PAGE = 4096;

let journal: FaultyJournal;
let service: TestService;
let device: ScriptedListener;
const streams: EventStream[] = [];

beforeEach(async () => {
  journal = new FaultyJournal();
  service = await startService({ openJournal: journal.open, settings: { RBA_EVENTS_KEPT: '500' } });
  device = await ScriptedListener.start();
});

afterEach(async () => {
  for (const stream of streams.splice(0)) stream.close();
  await service.close();
  await device.close();
});

async function follow(query = '', headers: Record<string, string> = {}): Promise<EventStream> {
  const stream = await EventStream.open(`${service.url}/v1/events${query}`, headers);
  streams.push(stream);
  return stream;
}

const createBlock = (fields: object = {}) =>
  service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: 16 * PAGE, maxLength: 32 * PAGE, ...fields });
const register = (path: string, fields: object = {}) =>
  service.api.ok('POST', `${path}/listeners`, { url: device.url, secret: SECRET, timeoutMs: 10_000, ...fields });

/** Waits for so many events. */
async function take(stream: EventStream, count: number) {
  await until(`${count} events came: ${stream.types}`, () => stream.events.length >= count);
  return stream.events;
}

describe('events', () => {
  it('tell of everything that is committed, with the resource as its GET answers', async () => {
    const { api } = service;
    const stream = await follow();
    const block = await createBlock();
    const path = `/v1/ram-blocks/${block.id}`;
    const listener = await register(path);
    const conversion = await api.ok('POST', `${path}/conversions`, { offset: 0, size: 2 * PAGE, to: 'shared' });
    await api.ok('POST', `${path}/conversions`, { offset: 0, size: PAGE, to: 'shared' });
    const source = await api.ok('POST', `${path}/sources`, { name: 'virtio-mem0', granularity: PAGE });
    const change = await api.ok('POST', `${path}/sources/${source.id}/changes`, {
      ...{ offset: 0, size: PAGE, to: 'populated' },
    });
    await api.ok('PATCH', `${path}/listeners/${listener.id}`, { description: 'a device' });
    const updated = await api.ok('GET', `${path}/listeners/${listener.id}`);
    await api.ok('DELETE', `${path}/sources/${source.id}`);
    await api.ok('PATCH', path, { usedLength: 20 * PAGE });
    const resized = await api.ok('GET', path);
    await api.ok('DELETE', `${path}/listeners/${listener.id}`);
    await api.ok('DELETE', path);
    const events = await take(stream, 10);
    expect(stream.types).toEqual([
      ...['ram_block.created', 'listener.created', 'conversion.committed', 'source.added', 'source.changed'],
      ...['listener.updated', 'source.removed', 'ram_block.resized', 'listener.deleted', 'ram_block.deleted'],
    ]);
    const common = { machine: 'default', ramBlockId: block.id, at: expect.any(String), generation: expect.any(Number) };
    for (const { data } of events) expect(data).toMatchObject(common);
    expect(events[0]?.data).toMatchObject(block);
    expect(events[1]?.data).toMatchObject({ id: listener.id, state: 'active', url: device.url });
    expect(events[2]?.data).toMatchObject(conversion);
    expect(events[4]?.data).toMatchObject({ id: source.id, change });
    expect(events[5]?.data).toMatchObject(updated);
    expect(events[7]?.data).toMatchObject(resized);
  });

  it('tell of changes that failed, of listeners that fail and are settled, and of deliveries', async () => {
    const { api } = service;
    const { id } = await createBlock();
    const path = `/v1/ram-blocks/${id}`;
    const { id: listenerId } = await register(path);
    const stream = await follow(`?ramBlockId=${id}`);
    device.script = ({ reason }) => (reason === 'conversion' ? 409 : 200);
    await api.post(`${path}/conversions`, { offset: 0, size: PAGE, to: 'shared' });
    expect((await take(stream, 2)).map(({ type }) => type)).toEqual(['delivery.failed', 'conversion.failed']);
    expect(stream.events[0]?.data).toMatchObject({ listenerId, outcome: 'refused', status: 409, attempt: 1 });
    expect(stream.events[1]?.data).toMatchObject({
      ...{ offset: 0, size: PAGE, to: 'shared' },
      problem: { code: 'listener-refused', listenerId },
    });
    device.script = ({ reason }) => (reason === 'conversion' ? 404 : 200);
    await api.post(`${path}/conversions`, { offset: 0, size: PAGE, to: 'shared' });
    await take(stream, 6);
    expect(stream.types.slice(2)).toEqual([
      ...['delivery.failed', 'listener.failing', 'conversion.failed', 'listener.settled'],
    ]);
  });

  it('come in the order of commits, each once, also to a reader that comes back', async () => {
    const { api } = service;
    const { id } = await createBlock();
    const path = `/v1/ram-blocks/${id}`;
    const all = await follow();
    const first = await follow();
    const convert = (index: number) =>
      api.ok('POST', `${path}/conversions`, {
        offset: (index % 16) * PAGE,
        size: PAGE,
        to: index < 16 ? 'shared' : 'private',
      });
    await Promise.all(Array.from({ length: 8 }, (_, index) => convert(index)));
    await take(first, 8);
    first.close();
    await Promise.all(Array.from({ length: 16 }, (_, index) => convert(8 + index)));
    const second = await follow('', { 'last-event-id': first.lastId });
    await Promise.all(Array.from({ length: 8 }, (_, index) => convert(24 + index)));
    await take(all, 32);
    await take(second, 24);
    const generations = all.events.map(({ data }) => data.generation);
    expect(generations).toEqual(Array.from({ length: 32 }, (_, index) => index + 1));
    expect([...first.events, ...second.events]).toEqual(all.events);
    const third = await follow(`?after=${all.events[20]?.id}`);
    expect(await take(third, 11)).toEqual(all.events.slice(21));
  });

  it('of one machine or one block come to who asks for these', async () => {
    const machine = await follow('?machine=other');
    const one = await createBlock();
    const two = await createBlock({ machine: 'other' });
    const block = await follow(`?ramBlockId=${one.id}`);
    for (const { id } of [one, two]) {
      await service.api.ok('POST', `/v1/ram-blocks/${id}/conversions`, { offset: 0, size: PAGE, to: 'shared' });
    }
    await take(machine, 2);
    await take(block, 1);
    expect(machine.events.every(({ data }) => data.ramBlockId === two.id)).toBe(true);
    expect(block.events.every(({ data }) => data.ramBlockId === one.id)).toBe(true);
  });

  it('show at most 100 runs of a conversion', async () => {
    const { api } = service;
    const { id } = await createBlock({ usedLength: '1M', maxLength: '2M' });
    const path = `/v1/ram-blocks/${id}`;
    const conversions = Array.from({ length: 101 }, (_, index) => ({
      offset: 2 * index * PAGE,
      size: PAGE,
      to: 'shared',
    }));
    await api.ok('POST', `${path}/conversion-batches`, { conversions });
    const stream = await follow();
    await api.ok('POST', `${path}/conversions`, { offset: 0, size: '1M', to: 'private' });
    const [event] = await take(stream, 1);
    expect(event?.data.changed).toHaveLength(100);
    expect(event?.data.changedTruncated).toBe(true);
  });

  it('are not of what is not durable', async () => {
    const { api } = service;
    const { id } = await createBlock();
    const stream = await follow();
    journal.hold();
    const waiting = api.post(`/v1/ram-blocks/${id}/conversions`, { offset: 0, size: PAGE, to: 'shared' });
    await until('the append waits', () => journal.held === 1);
    const other = createBlock({ idstr: 'other', machine: 'other' });
    await until('both wait', () => journal.held === 2);
    expect(stream.events).toEqual([]);
    journal.release();
    expect((await waiting).status).toBe(200);
    await other;
    await take(stream, 2);
    const failing = journal.appends;
    journal.fate = (appends) => (appends === failing ? 'fails' : 'done');
    await api.post(`/v1/ram-blocks/${id}/conversions`, { offset: PAGE, size: PAGE, to: 'shared' });
    await until('it is read back', async () => (await api.get('/readyz')).status === 200);
    await until('the reader is cut off', () => stream.isOver);
    expect(stream.events).toHaveLength(2);
    const next = await follow();
    await api.ok('POST', `/v1/ram-blocks/${id}/conversions`, { offset: 2 * PAGE, size: PAGE, to: 'shared' });
    const [event] = await take(next, 1);
    expect(event?.data.offset).toBe(2 * PAGE);
  });

  it('that are no longer kept, or of another process, are 410', async () => {
    const { api } = service;
    const stream = await follow();
    const { id } = await createBlock();
    await take(stream, 1);
    const old = stream.lastId;
    for (let index = 0; index < 1001; index++) {
      const to = index % 2 === 0 ? 'shared' : 'private';
      await api.ok('POST', `/v1/ram-blocks/${id}/conversions`, { offset: 0, size: PAGE, to });
    }
    expect((await api.get(`/v1/events?after=${old}`)).body.code).toBe('events-expired');
    const other = await startService();
    expect((await other.api.get(`/v1/events?after=${stream.lastId}`)).status).toBe(410);
    await other.close();
  });

  it('of a batch of 10,000 come whole to a reader that reads', async () => {
    const large = await startService();
    const { id } = await large.api.ok('POST', '/v1/ram-blocks', { idstr: 'large', usedLength: '1G' });
    const stream = await EventStream.open(`${large.url}/v1/events`);
    const conversions = Array.from({ length: 10_000 }, (_, index) => ({
      offset: 2 * index * PAGE,
      size: PAGE,
      to: 'shared',
    }));
    await large.api.ok('POST', `/v1/ram-blocks/${id}/conversion-batches`, { conversions });
    const events = await take(stream, 10_000);
    expect(events.map(({ data }) => data.offset)).toEqual(conversions.map(({ offset }) => offset));
    stream.close();
    await large.close();
  });

  it('wait for a reader that is slow to catch up: it gets all of them, in order', async () => {
    const roomy = await startService();
    const { api, url } = roomy;
    const { id } = await api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '4M' });
    const eager = await EventStream.open(`${url}/v1/events`);
    const begin = eager.lastId;
    const convert = async (to: string) => {
      const conversions = Array.from({ length: 1000 }, (_, index) => ({ offset: index * PAGE, size: PAGE, to }));
      await api.ok('POST', `/v1/ram-blocks/${id}/conversion-batches`, { conversions });
    };
    await convert('shared');
    await convert('private');
    const slow = await EventStream.open(`${url}/v1/events`, { 'last-event-id': begin });
    slow.response.pause();
    await convert('shared');
    slow.response.resume();
    await until('both have all', () => slow.events.length === 3000 && eager.events.length === 3000);
    expect(slow.events).toEqual(eager.events);
    slow.close();
    eager.close();
    await roomy.close();
  });

  it('end when the service does', async () => {
    const stream = await follow();
    const closing = service.close();
    await until('it is over', () => stream.isOver);
    await closing;
    service = await startService();
  });

  it('are cut off at a reader that does not read, and cost the others nothing', async () => {
    const { api } = service;
    const { id } = await createBlock({ usedLength: '4M', maxLength: '4M' });
    const path = `/v1/ram-blocks/${id}`;
    const lazy = await follow();
    const eager = await follow();
    lazy.response.pause();
    const pieces = (to: string) =>
      Array.from({ length: 100 }, (_, index) => ({ offset: 2 * index * PAGE, size: PAGE, to }));
    // Until its socket, the kernel's buffers and what is kept back for it are full.
    const before = process.memoryUsage().rss;
    let sent = 0;
    while (sent < 200_000 && !(await isCutOff(lazy))) {
      await api.ok(
        'POST',
        `${path}/conversion-batches`,
        { conversions: pieces('shared') },
        { headers: { prefer: 'return=minimal' } },
      );
      await api.ok(
        'POST',
        `${path}/conversion-batches`,
        { conversions: pieces('private') },
        { headers: { prefer: 'return=minimal' } },
      );
      sent += 200;
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20);
    await until('the other has all', () => eager.events.length === sent);
    lazy.response.resume();
    await until('it is over', () => lazy.isOver);
    expect(lazy.events.length).toBeLessThan(sent);
    // What it has is without a gap.
    expect(lazy.events).toEqual(eager.events.slice(0, lazy.events.length));
  }, 60_000);
});

/** How many follow, by the metrics. */
async function isCutOff(lazy: EventStream): Promise<boolean> {
  const text = (await service.api.get('/metrics')).body as string;
  return !lazy.isOver && / 1$/m.test(/^rba_event_readers .*$/m.exec(text)?.[0] ?? '');
}
