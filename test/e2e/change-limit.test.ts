// What one change may be at most: one that is larger is refused before anybody is told, and leaves no trace.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MemoryJournal } from '../../src/journal/memory-journal.ts';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService, until } from '../support/service.ts';

const PAGE = 4096;
const LIMIT = 8;

let journal: MemoryJournal;
let service: TestService;
let device: ScriptedListener;
let path: string;

const start = (limit: number) => {
  return startService({ settings: { RBA_CHANGE_RUNS_LIMIT: String(limit) }, openJournal: async () => journal });
};

beforeEach(async () => {
  journal = new MemoryJournal();
  service = await start(LIMIT);
  device = await ScriptedListener.start();
  const { id } = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '1M' });
  path = `/v1/ram-blocks/${id}`;
  await service.api.ok('POST', `${path}/listeners`, { url: device.url, secret: SECRET });
});
afterEach(async () => {
  await service.close();
  await device.close();
});

/** Shares every other page: so many runs, that are told of as well. @param overlapping each step, with the one before it */
const shareRuns = (runs: number, overlapping = false) => {
  const conversions = Array.from({ length: runs }, (_, run) => ({ offset: 2 * run * PAGE, size: PAGE, to: 'shared' }));
  const all = overlapping ? [...conversions, { offset: 0, size: PAGE, to: 'private' }] : conversions;
  return service.api.post(`${path}/conversion-batches`, { conversions: all });
};

it('counts a run once for the block and once for each listener', async () => {
  expect((await shareRuns(LIMIT / 2)).status).toBe(200);
  expect(device.mapped.size).toBe(LIMIT / 2);
});

it.each([
  ['apart', false],
  ['overlapping', true],
])('refuses a batch of steps that are %s before anybody is told, and leaves no trace', async (_, overlapping) => {
  const before = await service.api.ok('GET', path);
  const answer = await shareRuns(LIMIT / 2 + 1, overlapping);
  expect(answer).toMatchObject({ status: 422, body: { code: 'too-many-runs', limit: LIMIT } });
  expect(answer.body.detail).toContain(
    `${LIMIT} runs of pages, which is the limit of one change (RBA_CHANGE_RUNS_LIMIT`,
  );
  expect(device.received).toEqual([]);
  expect(await service.api.ok('GET', path)).toEqual(before);
  // And what comes next is planned on what was there before.
  expect((await shareRuns(LIMIT / 2)).body.conversions).toMatchObject([
    { from: 'private' },
    { from: 'private' },
    { from: 'private' },
    { from: 'private' },
  ]);
});

const pages = (count: number, step: number) => Array.from({ length: count }, (_, index) => index * step);

/**
 * Makes conversions that the device leaves unanswered, all of them under way before the first of them fails: after that,
 * none may begin. Then the device is there again.
 * @returns the sections of the recovery's discards and populates, in bytes
 */
async function settleAfter(conversions: readonly { first: number; count: number; to: string }[]) {
  const { api } = service;
  const before = [...device.mapped].sort();
  device.received.length = 0;
  const allAsked = Promise.withResolvers<void>();
  device.script = async () => {
    if (device.received.length === conversions.length) allAsked.resolve();
    await allAsked.promise;
    return 500;
  };
  const answers = await Promise.all(
    conversions.map(({ first, count, to }) => {
      return api.post(`${path}/conversions`, { offset: first * PAGE, size: count * PAGE, to });
    }),
  );
  expect(answers.map(({ body }) => body.code)).toEqual(
    conversions.map(({ to }) => (to === 'private' ? 'discard-unacknowledged' : 'listener-unreachable')),
  );
  device.received.length = 0;
  device.script = () => 200;
  await until('all is settled', async () => {
    const [listener] = (await api.ok('GET', `${path}/listeners`)).items;
    return listener.unsettled.bytes === 0;
  });
  expect([...device.mapped].sort()).toEqual(before);
  const sectionsOf = (type: string) => {
    const told = device.told.filter((each) => each.type === type);
    return told.map(({ sections }) => sections.map(([offset, size]) => [offset / PAGE, size / PAGE]));
  };
  return { discards: sectionsOf('discard'), populates: sectionsOf('populate') };
}

it.each([
  ['private', 0],
  ['shared', 1],
])('settles what turning pages %s has left in parts that have no more runs than a change', async (to, first) => {
  const parts = pages(5, 8);
  for (const page of pages(20, 2)) {
    await service.api.ok('POST', `${path}/conversions`, { offset: page * PAGE, size: PAGE, to: 'shared' });
  }
  const { discards, populates } = await settleAfter(parts.map((part) => ({ first: part, count: 8, to })));
  const each = pages(20, 2).map((page) => [first + page, 1]);
  // The first discard may have been begun when only some of them had failed.
  expect(discards.flat()).toEqual(each);
  expect(Math.max(...discards.map(({ length }) => length))).toBe(LIMIT);
  const owed = [each.slice(0, 8), each.slice(8, 16), each.slice(16)];
  expect(populates).toEqual(to === 'private' ? owed : []);
});

it('settles no more of one unknown run than has as many populated runs as a change', async () => {
  const shared = pages(12, 2);
  for (const first of shared) {
    await service.api.ok('POST', `${path}/conversions`, { offset: first * PAGE, size: PAGE, to: 'shared' });
  }
  const turned = pages(24, 1).map((first) => ({ first, count: 1, to: first % 2 === 0 ? 'private' : 'shared' }));
  const { discards, populates } = await settleAfter(turned);
  const sharedIn = discards.map((sections) => {
    return shared.filter((page) => sections.some(([start = 0, size = 0]) => start <= page && page < start + size))
      .length;
  });
  expect(Math.max(...sharedIn)).toBeLessThanOrEqual(LIMIT);
  expect(sharedIn.reduce((sum, count) => sum + count)).toBe(shared.length);
  const each = shared.map((page) => [page, 1]);
  expect(populates).toEqual([each.slice(0, 8), each.slice(8)]);
});

it('forgets a listener whose registration failed only when every part of its section is discarded', async () => {
  const shared = pages(6, 2);
  for (const first of shared) {
    await service.api.ok('POST', `${path}/conversions`, { offset: first * PAGE, size: PAGE, to: 'shared' });
  }
  const other = await ScriptedListener.start(() => 500);
  const answer = await service.api.post(`${path}/listeners`, { url: other.url, secret: SECRET });
  expect(answer.body.code).toBe('listener-unreachable');
  await service.close();
  other.received.length = 0;
  other.script = () => 200;
  // What it may have mapped is more than one attempt may settle now.
  service = await start(4);
  await until('it is forgotten', async () => (await service.api.ok('GET', `${path}/listeners`)).items.length === 1);
  expect(other.told.map(({ type, sections }) => [type, ...sections.map(([offset]) => offset / PAGE)])).toEqual([
    ['discard', 0],
    ['discard', 8],
  ]);
  await other.close();
});
