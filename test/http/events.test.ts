// /v1/events as HTTP: the stream and its first bytes, where a reader goes on, and which readers get no stream.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EventStream } from '../support/event-stream.ts';
import { startService, type TestService, until } from '../support/service.ts';

const PAGE = 4096;
const EVENTS = '/v1/events';

let service: TestService;
let first: { readonly path: string; readonly id: string; readonly machine: string };
let second: typeof first;
const open: EventStream[] = [];

beforeAll(async () => {
  service = await startService();
  [first, second] = [await create('m1'), await create('m2')];
});
afterEach(() => {
  for (const stream of open.splice(0)) stream.close();
});
afterAll(() => service.close());

async function create(machine: string) {
  const { id } = await service.api.ok('POST', '/v1/ram-blocks', { machine, idstr: 'pc.ram', usedLength: 16 * PAGE });
  return { path: `/v1/ram-blocks/${id}`, id, machine };
}

async function follow(query = '', headers: Record<string, string> = {}): Promise<EventStream> {
  const stream = await EventStream.open(`${service.url}${EVENTS}${query}`, headers);
  open.push(stream);
  return stream;
}

/** Of each block, how its first page is. */
const states = new Map<string, string>();
/** One event of a block. */
const convert = ({ path }: typeof first) => {
  const to = states.get(path) === 'shared' ? 'private' : 'shared';
  states.set(path, to);
  return service.api.ok('POST', `${path}/conversions`, { offset: 0, size: PAGE, to });
};

describe('the stream', () => {
  it('begins at once, also when nothing happens, with where to go on', async () => {
    const { status, headers, body } = await service.api.get(EVENTS);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/event-stream');
    expect(headers).not.toHaveProperty('content-length');
    expect(body).toMatch(/^: following\nid: \S+\n\n$/);
  });

  it('has an id, a type and one line of JSON for every event', async () => {
    const { lastId } = await follow();
    const { generation } = await convert(first);
    const { body } = await service.api.get(`${EVENTS}?after=${lastId}`);
    const [, id, data] = /\n\nid: (\S+)\nevent: conversion\.committed\ndata: (\{.*\})\n\n$/.exec(body) ?? [];
    expect(id).not.toBe(lastId);
    expect(JSON.parse(String(data))).toMatchObject({ machine: 'm1', ramBlockId: first.id, generation });
  });

  it('has nothing of a name that nothing has', async () => {
    const none = [await follow('?machine=none'), await follow('?ramBlockId=none'), await follow('?machine=')];
    none.push(await follow(`?machine=m1&ramBlockId=${second.id}`));
    const all = await follow();
    await convert(first);
    await convert(second);
    await until('both have come', () => all.events.length === 2);
    expect(none.flatMap(({ events }) => events)).toEqual([]);
  });

  it.each([
    ['machine', () => '?machine=m1'],
    ['block', () => `?ramBlockId=${first.id}`],
    ['machine and block', () => `?machine=m1&ramBlockId=${first.id}`],
  ])('of one %s has what is missed of it, and what comes', async (_name, query) => {
    const { lastId } = await follow();
    const missed = [await convert(first), await convert(second), await convert(first)];
    const stream = await follow(`${query()}&after=${lastId}`);
    const come = [await convert(second), await convert(first)];
    await until('all have come', () => stream.events.length === 3);
    const wanted = [...missed, ...come].filter(({ ramBlockId }) => ramBlockId === first.id);
    expect(stream.events.map(({ data }) => data.id)).toEqual(wanted.map(({ id }) => id));
  });
});

describe('a reader goes on', () => {
  it('after the event that Last-Event-ID names, whatever `after` says', async () => {
    const stream = await follow();
    for (const block of [first, second, first]) await convert(block);
    await until('all have come', () => stream.events.length === 3);
    const [one, two, three] = stream.events;
    const headers = { 'last-event-id': String(two?.id) };
    expect((await follow(`?after=${one?.id}`)).lastId).toBe(three?.id);
    const again = await follow(`?after=${one?.id}`, headers);
    await until('it has come', () => again.events.length === 1);
    expect(again.events).toEqual([three]);
  });

  it('from now on where it names the last event, or none', async () => {
    const stream = await follow();
    await convert(first);
    await until('it has come', () => stream.events.length === 1);
    const readers = [await follow(), await follow(`?after=${stream.lastId}`)];
    expect(readers.map(({ lastId }) => lastId)).toEqual([stream.lastId, stream.lastId]);
    await convert(second);
    await until('it has come to all', () => readers.every(({ events }) => events.length === 1));
    expect(readers.map(({ events }) => events[0]?.data.ramBlockId)).toEqual([second.id, second.id]);
  });
});

describe('an id that is none of those that are kept is 410', () => {
  const wrong: [string, (last: string) => string][] = [
    ['nonsense', () => 'nonsense'],
    ['empty', () => ''],
    ['a number', () => '1'],
    ['a sign', () => '-1'],
    ['of another process', () => `${crypto.randomUUID()}-1`],
    ['without its number', (last) => last.replace(/-\d+$/, '')],
    ['of an event to come', (last) => last.replace(/\d+$/, (number) => String(Number(number) + 1))],
    ['beyond all numbers', (last) => last.replace(/\d+$/, '9'.repeat(400))],
    ['with a letter more', (last) => `${last}a`],
    ['very long', () => 'a'.repeat(8000)],
  ];

  it.each(wrong)('%s', async (_name, idOf) => {
    const { lastId } = await follow();
    const id = idOf(lastId);
    const asked = await service.api.get(`${EVENTS}?after=${encodeURIComponent(id)}`);
    const named = await service.api.get(EVENTS, { headers: { 'last-event-id': id } });
    for (const { status, body } of [asked, named]) {
      expect(`${status} ${body.code}`).toBe('410 events-expired');
      expect(body.detail.length).toBeLessThan(1100);
    }
  });
});

describe('the streams of one client', () => {
  it('are bounded, and one that ends makes room', async () => {
    const bounded = await startService({ settings: { RBA_EVENT_STREAMS: '2' } });
    const url = `${bounded.url}${EVENTS}`;
    const streams = [await EventStream.open(url), await EventStream.open(url)];
    const { status, body } = await bounded.api.get(EVENTS);
    expect([status, body.code]).toEqual([429, 'rate-limited']);
    expect(body.detail).toContain('RBA_EVENT_STREAMS');
    streams.pop()?.close();
    await until('there is room again', async () => (await bounded.api.get(EVENTS)).status === 200);
    for (const stream of streams) stream.close();
    await bounded.close();
  });
});
