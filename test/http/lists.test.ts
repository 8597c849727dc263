// Lists in pages: everything once, whatever the limit; and cursors that only the list which gave them can read.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FaultyJournal } from '../support/faulty-journal.ts';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService, until } from '../support/service.ts';

const PAGE = 4096;
const BLOCKS = 7;

let service: TestService;
let device: ScriptedListener;
let block: string;
let other: string;
/** By name: what is listed where. */
let lists: Record<string, string>;

/** A block with seven of everything. */
async function fill(idstr: string): Promise<string> {
  const { api } = service;
  const { id } = await api.ok('POST', '/v1/ram-blocks', { machine: 'full', idstr, usedLength: '256K' });
  const path = `/v1/ram-blocks/${id}`;
  for (let index = 0; index < 6; index++) {
    const populated = [{ offset: 0, size: '256K' }];
    await api.ok('POST', `${path}/sources`, { name: `virtio-mem${index}`, granularity: PAGE, populated });
  }
  for (let index = 0; index < 7; index++) {
    await api.ok('POST', `${path}/listeners`, { url: device.url, secret: SECRET, section: { size: '64K' } });
  }
  // Runs at the beginning, in the middle and at the end.
  for (const page of [0, 2, 3, 7, 20, 40, 63]) {
    await api.ok('POST', `${path}/conversions`, { offset: page * PAGE, size: PAGE, to: 'shared' });
  }
  return path;
}

beforeAll(async () => {
  service = await startService();
  device = await ScriptedListener.start();
  block = await fill('a');
  other = await fill('b');
  for (let index = 2; index < BLOCKS; index++) {
    await service.api.ok('POST', '/v1/ram-blocks', { machine: 'full', idstr: `c${index}`, usedLength: PAGE });
  }
  for (const machine of ['...', '0', 'A', 'Z-', '_', 'a', 'zz']) {
    await service.api.ok('POST', '/v1/ram-blocks', { machine, idstr: 'pc.ram', usedLength: PAGE });
  }
  const { items } = await service.api.ok('GET', `${block}/listeners`);
  lists = {
    machines: '/v1/machines?',
    'RAM blocks': '/v1/ram-blocks?',
    'RAM blocks of a machine': '/v1/ram-blocks?machine=full&',
    sources: `${block}/sources?`,
    listeners: `${block}/listeners?`,
    conversions: `${block}/conversions?`,
    deliveries: `${block}/listeners/${items[0].id}/deliveries?`,
    'populated sections': `${block}/sections?`,
    'discarded sections': `${block}/sections?state=discarded&`,
    'sections of a window': `${block}/sections?offset=${PAGE - 1}&size=${30 * PAGE + 2}&`,
    'sections of a source': `${block}/sections?source=virtio-mem0&`,
  };
});
afterAll(async () => {
  await service.close();
  await device.close();
});

const NAMES = [
  'machines',
  'RAM blocks',
  'RAM blocks of a machine',
  'sources',
  'listeners',
  'conversions',
  'deliveries',
  'populated sections',
  'discarded sections',
  'sections of a window',
  'sections of a source',
];

/** All items, read in pages of `limit`. */
async function readAll(path: string, limit: number): Promise<unknown[]> {
  const items: unknown[] = [];
  let cursor: string | null = null;
  do {
    const at: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await service.api.ok('GET', `${path}limit=${limit}${at}`);
    expect(page.items.length).toBeLessThanOrEqual(limit);
    // An empty page would be one too many, but for a list that is empty.
    expect(page.items.length).toBeGreaterThan(0);
    items.push(...page.items);
    if (items.length > 1000) throw new Error(`${path} has no end`);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return items;
}

describe.each(NAMES)('the list of %s', (name) => {
  it('has everything once and in order, whatever the limit', async () => {
    const path = String(lists[name]);
    const whole = await service.api.ok('GET', path.slice(0, -1));
    expect(whole.nextCursor).toBe(null);
    expect(whole.items.length).toBeGreaterThanOrEqual(1);
    for (let limit = 1; limit <= whole.items.length + 1; limit++) {
      expect(await readAll(path, limit)).toEqual(whole.items);
    }
  });

  it.each([
    ['empty', () => ''],
    ['nonsense', () => 'nonsense'],
    ['null', () => 'null'],
    ['of another kind', () => Buffer.from('{"a":1}').toString('base64url')],
    ['of a list that is not there', () => Buffer.from('["nowhere",1]').toString('base64url')],
    ['too long', () => 'a'.repeat(1000)],
    ['of another list', (of: Record<string, string>) => of[name.startsWith('RAM') ? 'sources' : 'RAM blocks'] ?? ''],
    ['with a character more', (of: Record<string, string>) => `${of[name]}A`],
    ['with a character that base64url does not have', (of: Record<string, string>) => `${of[name]}!`],
    ['with a character less', (of: Record<string, string>) => String(of[name]).slice(0, -1)],
    ['with another position', (of: Record<string, string>) => tampered(String(of[name]), {})],
    ['with a position of null', (of: Record<string, string>) => tampered(String(of[name]), null)],
    ['with a negative position', (of: Record<string, string>) => tampered(String(of[name]), -1)],
    ['with a position too many', (of: Record<string, string>) => tampered(String(of[name]), 1, 2)],
  ])('refuses a cursor that is %s', async (_what, make) => {
    const cursor = make(await firstCursors());
    const { status, body } = await service.api.get(`${lists[name]}cursor=${encodeURIComponent(cursor)}`);
    expect(status).toBe(400);
    expect(body.code).toBe('cursor-invalid');
  });

  it('refuses a cursor of more than 1000 characters', async () => {
    const { status, body } = await service.api.get(`${lists[name]}cursor=${'a'.repeat(1001)}`);
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'invalid-request', errors: [{ pointer: '#/cursor' }] });
  });
});

/** A cursor of every list that has more than one item; for the others one of the populated sections. */
async function firstCursors(): Promise<Record<string, string>> {
  const cursors: Record<string, string> = {};
  for (const [name, path] of Object.entries(lists)) {
    cursors[name] = (await service.api.ok('GET', `${path}limit=1`)).nextCursor ?? cursors['populated sections'];
  }
  return cursors;
}

/** The same list, another position. */
function tampered(cursor: string, ...position: unknown[]): string {
  const [list] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  return Buffer.from(JSON.stringify([list, ...position])).toString('base64url');
}

describe('a cursor', () => {
  it('of one block is none of another', async () => {
    for (const list of ['sources', 'listeners', 'conversions', 'sections']) {
      const { nextCursor } = await service.api.ok('GET', `${block}/${list}?limit=1`);
      expect((await service.api.get(`${other}/${list}?cursor=${nextCursor}`)).body.code).toBe('cursor-invalid');
    }
  });

  it('goes on behind an item that is gone meanwhile', async () => {
    const { items, nextCursor } = await service.api.ok('GET', '/v1/ram-blocks?machine=full&limit=5');
    await service.api.ok('DELETE', `/v1/ram-blocks/${items[4].id}`);
    const rest = await service.api.ok('GET', `/v1/ram-blocks?machine=full&cursor=${nextCursor}`);
    expect(rest.items.map((item: { idstr: string }) => item.idstr)).toEqual(['c5', 'c6']);
  });

  it('goes on in the history below what is new', async () => {
    const { items, nextCursor } = await service.api.ok('GET', `${other}/conversions?limit=3`);
    await service.api.ok('POST', `${other}/conversions`, { offset: 0, size: PAGE, to: 'private' });
    const rest = await service.api.ok('GET', `${other}/conversions?limit=1&cursor=${nextCursor}`);
    expect(rest.items[0].generation).toBe(items[2].generation - 1);
  });
});

describe('pages of sections', () => {
  it('fit together with If-Match, and fail once the block has changed', async () => {
    const first = await service.api.get(`${other}/sections?limit=2`);
    const headers = { 'if-match': String(first.headers.etag) };
    const next = `${other}/sections?limit=2&cursor=${first.body.nextCursor}`;
    const second = await service.api.get(next, { headers });
    expect(second.status).toBe(200);
    expect(second.body.generation).toBe(first.body.generation);
    await service.api.ok('POST', `${other}/conversions`, { offset: 10 * PAGE, size: PAGE, to: 'shared' });
    const stale = await service.api.get(next, { headers });
    expect(stale.status).toBe(412);
    expect(stale.body.code).toBe('generation-mismatch');
  });
});

describe('blocks that were made at once', () => {
  it('are listed in the order of their ids, page by page, also when the first was the last to be durable', async () => {
    const journal = new FaultyJournal();
    const slow = await startService({ openJournal: journal.open });
    journal.hold();
    const first = slow.api.ok('POST', '/v1/ram-blocks', { machine: 'slow', idstr: 'a', usedLength: PAGE });
    await until('the first is being written', () => journal.held === 1);
    const release = journal.letOthersPass();
    const second = await slow.api.ok('POST', '/v1/ram-blocks', { machine: 'fast', idstr: 'b', usedLength: PAGE });
    release();
    const ids = [(await first).id, second.id];
    const one = await slow.api.ok('GET', '/v1/ram-blocks?limit=1');
    const two = await slow.api.ok('GET', `/v1/ram-blocks?limit=1&cursor=${one.nextCursor}`);
    expect([...one.items, ...two.items].map(({ id }) => id)).toEqual(ids);
    await slow.close();
  });
});
