// Resizing a block within its maxLength, both ways, and what listeners are told of it.
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryJournal } from '../../src/journal/memory-journal.ts';
import { type Script, ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService, until } from '../support/service.ts';

const PAGE = 4096;

let service: TestService;
const journal = new MemoryJournal();
const devices: ScriptedListener[] = [];
let count = 0;

const start = () => startService({ openJournal: async () => journal });

beforeEach(async () => {
  service = await start();
});

afterEach(async () => {
  await service.close();
  await Promise.all(devices.splice(0).map((device) => device.close()));
});

async function blockOf(fields: object = {}) {
  const block = await service.api.ok('POST', '/v1/ram-blocks', {
    ...{ idstr: `block ${++count}`, usedLength: 8 * PAGE, maxLength: 16 * PAGE, ...fields },
  });
  const path = `/v1/ram-blocks/${block.id}`;
  return {
    path,
    resize: (pages: number) => service.api.call('PATCH', path, { usedLength: pages * PAGE }),
    convert: (offset: number, pages: number, to: string) =>
      service.api.ok('POST', `${path}/conversions`, { offset: offset * PAGE, size: pages * PAGE, to }),
    sections: async () =>
      (await service.api.ok('GET', `${path}/sections`)).items.map(
        ({ offset, size }: { offset: number; size: number }) => [offset / PAGE, size / PAGE],
      ),
    register: async (fields_: object = {}, script: Script = () => 200) => {
      const device = await ScriptedListener.start();
      devices.push(device);
      const body = { url: device.url, secret: SECRET, timeoutMs: 10_000, ...fields_ };
      const { id } = await service.api.ok('POST', `${path}/listeners`, body);
      device.script = script;
      device.received.length = 0;
      return { device, id };
    },
  };
}

describe('growing', () => {
  it('adds pages that are private, of which nobody is told', async () => {
    const block = await blockOf();
    await block.convert(4, 4, 'shared');
    const { device, id } = await block.register();
    const answer = await block.resize(12);
    expect(answer.body).toMatchObject({
      ...{ usedLength: 12 * PAGE, maxLength: 16 * PAGE, generation: 2, populated: { pages: 4 } },
      attributes: { bitmapSize: 12, privateBytes: 8 * PAGE },
    });
    expect(answer.headers.etag).toBe('"2"');
    expect(device.received).toEqual([]);
    await block.convert(10, 2, 'shared');
    expect(device.told.at(-1)?.sections).toEqual([[10 * PAGE, 2 * PAGE, 10 * PAGE]]);
    expect((await service.api.ok('GET', `${block.path}/listeners/${id}`)).section.size).toBe(12 * PAGE);
  });

  it('of a block without a source adds populated pages, which can be refused', async () => {
    const block = await blockOf({ guestMemfd: false });
    const { device: first } = await block.register({ section: { offset: 2 * PAGE } });
    await block.register({ section: { offset: 0, size: 4 * PAGE } });
    const { device: last } = await block.register();
    expect((await block.resize(10)).status).toBe(200);
    const told = [{ type: 'populate', reason: 'resize', sections: [[8 * PAGE, 2 * PAGE, 8 * PAGE]] }];
    expect(first.takeTold()).toEqual(told);
    expect(last.takeTold()).toEqual(told);
    first.script = ({ reason }) => (reason === 'resize' ? 409 : 200);
    const refused = await block.resize(12);
    expect(refused.body).toMatchObject({ code: 'listener-refused' });
    expect(last.told.map(({ type, reason }) => `${type} ${reason}`)).toEqual(['populate resize', 'discard rollback']);
    expect(await block.sections()).toEqual([[0, 10]]);
    expect((await service.api.ok('GET', block.path)).usedLength).toBe(10 * PAGE);
  });

  it('of a block without a source heeds the mapping budget', async () => {
    const block = await blockOf({ guestMemfd: false });
    const { device } = await block.register({ dmaMaxMappings: 9 });
    expect((await block.resize(9)).status).toBe(200);
    expect((await block.resize(10)).body).toMatchObject({ code: 'mapping-limit', needed: 10, limit: 9 });
    expect(device.mapped.size).toBe(9);
  });
});

describe('shrinking', () => {
  it('discards first what is cut off', async () => {
    const block = await blockOf();
    await block.convert(3, 5, 'shared');
    const { device } = await block.register();
    const answer = await block.resize(5);
    expect(device.told).toEqual([{ type: 'discard', reason: 'resize', sections: [[5 * PAGE, 3 * PAGE, 5 * PAGE]] }]);
    expect(answer.body.populated).toEqual({ pages: 2, bytes: 2 * PAGE, runs: 1 });
    await block.resize(8);
    expect(await block.sections()).toEqual([[3, 2]]);
  });

  it('that is not acknowledged does not happen', async () => {
    const block = await blockOf();
    await block.convert(0, 8, 'shared');
    const { device } = await block.register({}, ({ reason }) => (reason === 'resize' ? 404 : 200));
    expect((await block.resize(5)).body).toMatchObject({ code: 'discard-unacknowledged' });
    expect(await block.sections()).toEqual([[0, 8]]);
    await until('it is settled', () => device.mapped.size === 8);
  });

  it('cuts no section, and leaves none empty', async () => {
    const block = await blockOf();
    const { id: fixed } = await block.register({ section: { offset: 0, size: 6 * PAGE } });
    expect((await block.resize(5)).body).toMatchObject({ code: 'section-cut', listenerId: fixed });
    expect((await block.resize(6)).status).toBe(200);
    const { id: following } = await block.register({ section: { offset: 5 * PAGE } });
    await service.api.ok('DELETE', `${block.path}/listeners/${fixed}`);
    expect((await block.resize(5)).body).toMatchObject({ code: 'section-cut', listenerId: following });
    expect((await service.api.ok('GET', block.path)).usedLength).toBe(6 * PAGE);
  });

  it('waits until nothing in what is cut off is of unknown state', async () => {
    const block = await blockOf();
    const { device, id } = await block.register({}, () => 404);
    await service.api.post(`${block.path}/conversions`, { offset: 7 * PAGE, size: PAGE, to: 'shared' });
    expect((await block.resize(4)).body).toMatchObject({ code: 'listener-unsettled', listenerId: id });
    device.script = () => 200;
    await until('it is settled', async () => (await block.resize(4)).status === 200);
  });
});

describe('an async listener that missed how a block shrank', () => {
  it.each([false, true])('has nothing mapped behind the end once it was replayed (restarted: %s)', async (restarts) => {
    const block = await blockOf({ usedLength: 16 * PAGE });
    await block.convert(0, 16, 'shared');
    const { device, id } = await block.register({ mode: 'async' });
    await until('it has all', () => device.mapped.size === 16);
    const listener = `${block.path}/listeners/${id}`;
    await service.api.ok('PATCH', listener, { state: 'disabled' });
    await block.resize(8);
    if (restarts) {
      await service.close();
      service = await start();
    }
    await service.api.ok('PATCH', listener, { state: 'active' });
    await until('it is replayed', async () => (await service.api.ok('GET', listener)).position.pending === 0);
    expect(device.mapped.size).toBe(8);
    expect((await service.api.ok('GET', listener)).mapped).toMatchObject({ bytes: 8 * PAGE, runs: 1 });
    await block.resize(12);
    await block.convert(8, 4, 'shared');
    await until('it has what came back', () => device.mapped.size === 12);
  });

  it('has nothing mapped at all once it is unregistered', async () => {
    const block = await blockOf({ usedLength: 16 * PAGE });
    await block.convert(0, 16, 'shared');
    const { device, id } = await block.register({ mode: 'async' });
    await until('it has all', () => device.mapped.size === 16);
    const listener = `${block.path}/listeners/${id}`;
    await service.api.ok('PATCH', listener, { state: 'disabled' });
    await block.resize(8);
    device.script = () => 503;
    await service.api.ok('PATCH', listener, { state: 'active' });
    const gone = service.api.call('DELETE', listener);
    device.script = () => 200;
    expect((await gone).status).toBe(204);
    await until('it is gone', async () => (await service.api.get(listener)).status === 404);
    expect(device.mapped.size).toBe(0);
  });
});

it('a block that cannot be resized says so, and the same length is nothing', async () => {
  const fixed = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'fixed', usedLength: 8 * PAGE });
  const path = `/v1/ram-blocks/${fixed.id}`;
  const resize = (usedLength: number) => service.api.call('PATCH', path, { usedLength });
  expect((await resize(4 * PAGE)).body).toMatchObject({ code: 'not-resizeable', errno: 'ENOTSUP' });
  expect((await resize(8 * PAGE)).body).toEqual(fixed);
  const block = await blockOf();
  expect((await block.resize(8)).body.generation).toBe(0);
  expect((await block.resize(17)).body.code).toBe('invalid-range');
});

it('survives restarts, whatever comes before and after it', async () => {
  const change = fc.oneof(
    fc.record({ do: fc.constant('resize' as const), pages: fc.integer({ min: 4, max: 16 }) }),
    fc.record({
      do: fc.constant('convert' as const),
      start: fc.nat(15),
      pages: fc.integer({ min: 1, max: 16 }),
      to: fc.constantFrom('shared', 'private'),
    }),
  );
  const property = fc.asyncProperty(fc.array(change, { maxLength: 12 }), async (changes) => {
    const block = await blockOf();
    const { device: sync } = await block.register();
    const { device: mirror } = await block.register({ mode: 'async' });
    let length = 8;
    let shared = new Set<number>();
    for (const one of changes) {
      if (one.do === 'resize') {
        expect((await block.resize(one.pages)).status).toBe(200);
        length = one.pages;
        shared = new Set([...shared].filter((page) => page < length));
      } else if (one.start + one.pages <= length) {
        await block.convert(one.start, one.pages, one.to);
        for (let page = one.start; page < one.start + one.pages; page++) {
          if (one.to === 'shared') shared.add(page);
          else shared.delete(page);
        }
      }
    }
    const pages = [...shared].sort((a, b) => a - b);
    const before = await service.api.ok('GET', block.path);
    expect(before).toMatchObject({ usedLength: length * PAGE, populated: { pages: shared.size } });
    const mapped = ({ mapped: offsets }: ScriptedListener) => [...offsets].map((at) => at / PAGE).sort((a, b) => a - b);
    expect(mapped(sync)).toEqual(pages);
    await until('the mirror has it', () => String(mapped(mirror)) === String(pages));
    await service.close();
    service = await start();
    expect(await service.api.ok('GET', block.path)).toEqual(before);
    await service.api.ok('DELETE', `${block.path}?force=true`);
  });
  await fc.assert(property, { numRuns: 25, interruptAfterTimeLimit: 30_000 });
}, 60_000);
