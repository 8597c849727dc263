// A sequence, and with it a webhook-id, is given once: also where a change that waited outlives many others, and the process
// or the journal fails before its outcome is recorded. A receiver answers a repeated id as before and does nothing.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MemoryJournal } from '../../src/journal/memory-journal.ts';
import { FaultyJournal } from '../support/faulty-journal.ts';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService, until } from '../support/service.ts';

const PAGE = 4096;
const PAGES = 64;

let stored: MemoryJournal;
let journal: FaultyJournal;
let service: TestService;
let path: string;
/** Hears of all pages. */
let fast: ScriptedListener;
/** Hears of the first 16 pages, before the other does, and answers when it is told to. */
let slow: ScriptedListener;
let accept: () => void;

beforeEach(async () => {
  stored = new MemoryJournal();
  await start();
  const block = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: PAGES * PAGE });
  path = `/v1/ram-blocks/${block.id}`;
  [fast, slow] = [await ScriptedListener.start(), await ScriptedListener.start()];
  const answer = Promise.withResolvers<number>();
  accept = () => answer.resolve(200);
  slow.script = () => answer.promise;
  await register(fast, {});
  await register(slow, { section: { offset: 0, size: 16 * PAGE } });
});

afterEach(async () => {
  await service.close();
  await Promise.all([fast.close(), slow.close()]);
});

async function start(): Promise<void> {
  journal = new FaultyJournal(stored);
  // A snapshot after nearly every record: what it leaves out is lost.
  service = await startService({ openJournal: journal.open, settings: { RBA_SNAPSHOT_EVERY: '1' } });
}

const register = (device: ScriptedListener, fields: object) =>
  service.api.ok('POST', `${path}/listeners`, { url: device.url, secret: SECRET, timeoutMs: 30_000, ...fields });
const convert = (page: number, to: string) =>
  service.api.post(`${path}/conversions`, { offset: page * PAGE, size: PAGE, to });
const isOf = (page: number) => (one: ScriptedListener['received'][number]) =>
  one.sections.some(({ offsetWithinRegion }) => offsetWithinRegion === page * PAGE);

/** The fast listener is told of page 0, and has not answered, after 20 other changes came and went. */
async function waitForOthers(): Promise<void> {
  // Mapped, and the answer is lost.
  fast.script = (received) => (isOf(0)(received) && received.type === 'ram_block.populate' ? 'hang' : 200);
  void convert(0, 'shared').catch(() => undefined);
  await until('the slow listener is asked', () => slow.received.length === 1);
  for (let page = 20; page < 40; page++) expect((await convert(page, 'shared')).status).toBe(200);
  accept();
  await until('the fast listener is told of page 0', () => fast.received.some(isOf(0)));
}

/** What follows for page 0 is new to a receiver that repeats its answers, and fences what came before. */
async function expectRecovery(): Promise<void> {
  const populate = fast.received.find(isOf(0));
  if (populate === undefined) throw new Error('page 0 was not populated');
  fast.script = () => 200;
  const ofRecovery = () => fast.received.find(({ reason }) => reason === 'recovery');
  await until('it is asked to discard what it may have mapped', () => ofRecovery() !== undefined);
  const recovery = ofRecovery();
  expect(recovery?.type).toBe('ram_block.discard');
  expect(recovery?.sequence).toBeGreaterThan(populate.sequence);
  expect(recovery?.settledThrough).toBeGreaterThanOrEqual(populate.sequence);
  await until('it is settled', async () => {
    const { items } = await service.api.ok('GET', `${path}/listeners`);
    return items.every(({ state }: { state: string }) => state === 'active');
  });
  expect((await convert(50, 'shared')).status).toBe(200);
  const ids = new Map<string, string>();
  for (const { id, type, sections } of fast.received) {
    const content = JSON.stringify([type, sections]);
    expect(ids.get(id) ?? content).toBe(content);
    ids.set(id, content);
  }
}

it('is not given again after a crash', async () => {
  await waitForOthers();
  journal.fate = () => 'lost';
  await service.abandon();
  await start();
  await expectRecovery();
});

it.each(['fails', 'fails-written'] as const)('is not given again after the journal (%s)', async (fate) => {
  await waitForOthers();
  const { appends } = journal;
  journal.fate = (number) => (number === appends ? fate : 'done');
  // Of another machine: nothing is reserved with it.
  const other = { machine: 'other', idstr: 'pc.ram', usedLength: PAGE };
  expect((await service.api.post('/v1/ram-blocks', other)).body.code).toBe('journal-unavailable');
  await until('the journal is read back', async () => (await service.api.get('/readyz')).status === 200);
  await expectRecovery();
});
