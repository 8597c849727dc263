// Conversions of different pages of one block: their callbacks may be in flight at the same time, and all that is promised
// of one after the other still holds: per page, per listener, in history and after faults.
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { byDepth } from '../support/depth.ts';
import { FaultyJournal } from '../support/faulty-journal.ts';
import { type Reply, ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService, until } from '../support/service.ts';

const PAGE = 4096;
const PAGES = 64;

let journal: FaultyJournal;
let service: TestService;
let path: string;
const devices: ScriptedListener[] = [];

beforeEach(async () => {
  journal = new FaultyJournal();
  service = await startService({ openJournal: journal.open });
  const block = { idstr: 'pc.ram', usedLength: PAGES * PAGE, maxLength: 2 * PAGES * PAGE };
  path = `/v1/ram-blocks/${(await service.api.ok('POST', '/v1/ram-blocks', block)).id}`;
});

afterEach(async () => {
  await service.close();
  await Promise.all(devices.splice(0).map((device) => device.close()));
});

async function register(fields: object = {}) {
  const device = await ScriptedListener.start();
  devices.push(device);
  const body = { url: device.url, secret: SECRET, timeoutMs: 10_000, ...fields };
  const { id } = await service.api.ok('POST', `${path}/listeners`, body);
  device.received.length = 0;
  return { device, id };
}

const convert = (page: number, pages: number, to: string, headers: Record<string, string> = {}) =>
  service.api.post(`${path}/conversions`, { offset: page * PAGE, size: pages * PAGE, to }, { headers });

/** Answers nothing until it is told to, delivery by delivery. */
function hold(device: ScriptedListener) {
  const gates = new Map<number, PromiseWithResolvers<Reply>>();
  device.script = ({ sequence }) => {
    const gate = Promise.withResolvers<Reply>();
    gates.set(sequence, gate);
    return gate.promise;
  };
  return { gates, answer: (sequence: number, reply: Reply = 200) => gates.get(sequence)?.resolve(reply) };
}

describe('conversions of different pages', () => {
  it('are told at the same time, and committed in the order in which they are accepted', async () => {
    const { device } = await register();
    const { gates, answer } = hold(device);
    const all = [0, 1, 2].map((index) => convert(8 * index, 4, 'shared'));
    await until('all are told', () => gates.size === 3);
    expect(device.received.map(({ settledThrough }) => settledThrough)).toEqual([0, 0, 0]);
    const pageOf = new Map(
      device.received.map(({ sequence, sections }) => [sequence, sections[0]?.offsetWithinRegion]),
    );
    for (const sequence of [2, 3, 1]) {
      const before = (await service.api.ok('GET', path)).generation;
      answer(sequence);
      await until('it is committed', async () => (await service.api.ok('GET', path)).generation === before + 1);
    }
    const answers = await Promise.all(all);
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    const { items } = await service.api.ok('GET', `${path}/conversions`);
    expect(items.map(({ generation }: { generation: number }) => generation)).toEqual([3, 2, 1]);
    expect(items.map(({ offset }: { offset: number }) => offset)).toEqual(
      [1, 3, 2].map((sequence) => pageOf.get(sequence)),
    );
    for (const { body, headers } of answers) {
      expect(items).toContainEqual(body);
      expect(headers.etag).toBe(`"${body.generation}"`);
    }
    device.script = () => 200;
    await convert(60, 1, 'shared');
    expect(device.received.at(-1)).toMatchObject({ sequence: 4, settledThrough: 3 });
  });

  it('wait for those before them that share a page, in order', async () => {
    const { device } = await register();
    const { gates, answer } = hold(device);
    const first = convert(0, 8, 'shared');
    await until('the first is told', () => gates.size === 1);
    const second = convert(4, 8, 'private');
    const third = convert(8, 8, 'shared');
    const apart = convert(32, 8, 'shared');
    await until('the one apart is told', () => gates.size === 2);
    answer(2);
    expect((await apart).body.generation).toBe(1);
    // The third shares no page with the first, but with the second, which came before it.
    expect(device.received).toHaveLength(2);
    answer(1);
    await until('the second is told', () => gates.size === 3);
    answer(3);
    await until('the third is told', () => gates.size === 4);
    answer(4);
    expect((await Promise.all([first, second, third])).map(({ body }) => body.generation)).toEqual([2, 3, 4]);
    expect([...device.mapped].map((at) => at / PAGE).sort((a, b) => a - b)).toEqual(
      Array.from({ length: PAGES }, (_, page) => page).filter(
        (page) => page < 4 || (page >= 8 && page < 16) || (page >= 32 && page < 40),
      ),
    );
  });

  it.each([
    [
      'a batch',
      () => service.api.post(`${path}/conversion-batches`, { conversions: [{ offset: 0, size: PAGE, to: 'shared' }] }),
    ],
    ['a resize', () => service.api.call('PATCH', path, { usedLength: (PAGES + 1) * PAGE })],
    ['a source', () => service.api.post(`${path}/sources`, { name: 'other', granularity: PAGE })],
    ['one with If-Match', () => convert(0, 1, 'shared', { 'if-match': '"1"' })],
  ])('are all done before %s begins, and none begins before that is done', async (_what, barrier) => {
    const { device } = await register();
    const { gates, answer } = hold(device);
    const before = convert(16, 1, 'shared');
    await until('it is told', () => gates.size === 1);
    const between = barrier();
    await until('it waits', async () =>
      ((await service.api.get('/metrics')).body as string).includes('rba_queue_length 1\n'),
    );
    const after = convert(32, 1, 'shared');
    await until('both wait', async () =>
      ((await service.api.get('/metrics')).body as string).includes('rba_queue_length 2\n'),
    );
    device.script = () => 200;
    answer(1);
    expect((await before).body.generation).toBe(1);
    expect((await between).status).toBeLessThan(300);
    expect((await after).body.generation).toBe(3);
  });

  it('that a listener with a mapping budget hears of are told one after the other', async () => {
    const { device } = await register({ dmaMaxMappings: 2 });
    const answers = await Promise.all([0, 8, 16, 24].map((page) => convert(page, 1, 'shared')));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 409, 409]);
    expect(device.mapped.size).toBe(2);
  });

  it('fail one by one: what is given up is settled only when nothing older is under way', async () => {
    const { device, id } = await register();
    const { gates, answer } = hold(device);
    const slow = convert(0, 4, 'shared');
    await until('the first is told', () => gates.size === 1);
    const lost = convert(8, 4, 'shared');
    await until('the second is told', () => gates.size === 2);
    answer(2, 404);
    expect((await lost).body).toMatchObject({ code: 'listener-unreachable', unsettled: [id] });
    device.script = () => 200;
    // What settles it waits for the older one, and this for what settles it.
    const refused = convert(16, 1, 'shared');
    answer(1);
    expect((await slow).status).toBe(200);
    expect([200, 503]).toContain((await refused).status);
    await until(
      'it is settled',
      async () => (await service.api.ok('GET', `${path}/listeners/${id}`)).state === 'active',
    );
    const recovery = device.received.find(({ reason }) => reason === 'recovery');
    expect(recovery?.settledThrough).toBeGreaterThanOrEqual(2);
    expect(device.mapped.size).toBe((await refused).status === 200 ? 5 : 4);
  });

  it('end as they would one after the other, whatever listeners answer and the journal does', async () => {
    const one = fc.record({
      start: fc.nat(PAGES - 1),
      pages: fc.integer({ min: 1, max: 12 }),
      to: fc.constantFrom('shared', 'private'),
    });
    const reply = fc.constantFrom<Reply>(200, 200, 200, 200, 204, 409, 404, 500);
    const property = fc.asyncProperty(
      fc.array(one, { minLength: 2, maxLength: 30 }),
      fc.infiniteStream(reply),
      fc.option(fc.nat(20), { nil: undefined }),
      async (conversions, replies, faultAt) => {
        const block = await service.api.ok('POST', '/v1/ram-blocks', {
          idstr: `b${++count}`,
          usedLength: PAGES * PAGE,
        });
        path = `/v1/ram-blocks/${block.id}`;
        const both = [await register(), await register({ section: { offset: 16 * PAGE, size: 32 * PAGE } })];
        const mirror = await register({ mode: 'async' });
        for (const { device } of both) {
          device.script = ({ reason, type }) => {
            if (reason !== 'conversion') return 200;
            const next = replies.next().value;
            return type === 'ram_block.discard' && next === 409 ? 200 : next;
          };
        }
        const first = journal.appends;
        journal.fate = (appends) => (faultAt !== undefined && appends === first + faultAt ? 'fails-written' : 'done');
        const answers = await Promise.all(
          conversions.map(({ start, pages, to }) => convert(start, Math.min(pages, PAGES - start), to)),
        );
        journal.fate = () => 'done';
        for (const { device } of both) device.script = () => 200;
        await until('all is settled', async () => {
          if ((await service.api.get('/readyz')).status !== 200) return false;
          const { items } = await service.api.ok('GET', `${path}/listeners`);
          return items.every(
            ({ state, position }: { state: string; position: { pending: number } }) =>
              state === 'active' && position.pending === 0,
          );
        });
        const { items: history } = await service.api.ok('GET', `${path}/conversions`);
        // What was answered is in the history; played in its order, that gives the state.
        for (const { status, body } of answers)
          if (status === 200 && body.id !== null) expect(history).toContainEqual(body);
        const shared = new Set<number>();
        for (const [index, { generation, changed, to }] of history.toReversed().entries()) {
          expect(generation).toBe(index + 1);
          for (const { offset, size } of changed) {
            for (let page = offset / PAGE; page < (offset + size) / PAGE; page++) {
              expect(shared.has(page)).toBe(to === 'private');
              if (to === 'shared') shared.add(page);
              else shared.delete(page);
            }
          }
        }
        const { items } = await service.api.ok('GET', `${path}/sections`);
        const populated = items.flatMap(({ offset, size }: { offset: number; size: number }) =>
          Array.from({ length: size / PAGE }, (_, index) => offset / PAGE + index),
        );
        expect(populated).toEqual([...shared].sort((a, b) => a - b));
        const mapped = ({ mapped: offsets }: ScriptedListener) =>
          [...offsets].map((at) => at / PAGE).sort((a, b) => a - b);
        expect(mapped(both[0]?.device as ScriptedListener)).toEqual(populated);
        expect(mapped(both[1]?.device as ScriptedListener)).toEqual(
          populated.filter((page: number) => page >= 16 && page < 48),
        );
        expect(mapped(mirror.device)).toEqual(populated);
        for (const { device } of both) {
          const bodies = new Map<number, string>();
          for (const { sequence, ...rest } of device.received) {
            expect(bodies.get(sequence) ?? JSON.stringify(rest)).toBe(JSON.stringify(rest));
            bodies.set(sequence, JSON.stringify(rest));
          }
        }
        await service.api.ok('DELETE', `${path}?force=true`);
        await Promise.all(devices.splice(0).map((device) => device.close()));
      },
    );
    await fc.assert(property, { numRuns: byDepth(20, 100), interruptAfterTimeLimit: byDepth(40_000, 300_000) });
  }, 400_000);
});

let count = 0;
