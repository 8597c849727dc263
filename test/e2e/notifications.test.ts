// What listeners are told, in which order, and what is undone when one of them objects.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Script, ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService, until } from '../support/service.ts';

const PAGE = 4096;

let service: TestService;
let block: { id: string };
const listeners: ScriptedListener[] = [];

beforeEach(async () => {
  service = await startService();
  block = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '64K' });
});

afterEach(async () => {
  await service.close();
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
});

const path = (rest = '') => `/v1/ram-blocks/${block.id}${rest}`;
const convert = (offset: number, size: number, to: string) =>
  service.api.post(path('/conversions'), { offset, size, to });

async function register(script: Script = () => 200, fields: object = {}) {
  const device = await ScriptedListener.start();
  listeners.push(device);
  const { id } = await service.api.ok('POST', path('/listeners'), {
    url: device.url,
    secret: SECRET,
    timeoutMs: 30_000,
    ...fields,
  });
  device.script = script;
  device.received.length = 0;
  return { device, id, get: () => service.api.ok('GET', path(`/listeners/${id}`)) };
}

/** The deadline of what gives no answer. */
const SOON = { timeoutMs: 500 };
/** The deadline of what answers, however busy the machine is. */
const LATE = { timeoutMs: 30_000 };

const setDeadline = (id: string, deadline: object) => service.api.ok('PATCH', path(`/listeners/${id}`), deadline);

describe('a populate', () => {
  it('is told newest first, one by one', async () => {
    const order: string[] = [];
    const first = await register(() => {
      order.push('first');
      return 200;
    });
    const second = await register(() => {
      order.push('second');
      return 204;
    });
    const answer = await convert(0, 2 * PAGE, 'shared');
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      from: 'private',
      changedBytes: 2 * PAGE,
      notified: [second.id, first.id],
      generation: 1,
    });
    expect(order).toEqual(['second', 'first']);
    expect(first.device.told).toEqual([{ type: 'populate', reason: 'conversion', sections: [[0, 2 * PAGE, 0]] }]);
  });

  it('that one refuses is taken back at those that were called, the one that refused too, and leaves no trace', async () => {
    const last = await register();
    const refusing = await register(() => ({ status: 409, body: { detail: 'DMA limit', errno: 'ENOSPC' } }));
    const accepting = await register();
    const answer = await convert(PAGE, PAGE, 'shared');
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({
      code: 'listener-refused',
      errno: 'ENOSPC',
      ramBlockId: block.id,
      listenerId: refusing.id,
      listenerStatus: 409,
      listenerDetail: 'DMA limit',
      unacknowledged: [refusing.id],
      rolledBack: [accepting.id],
      unsettled: [refusing.id],
    });
    // It answered the discard with 409 too, which is no acknowledgement: it is asked again until it says 2xx.
    refusing.device.script = () => 200;
    await until('the refusing listener is settled', async () => (await refusing.get()).state === 'active');
    expect(last.device.told).toEqual([]);
    expect(accepting.device.told.map(({ type, reason }) => [type, reason])).toEqual([
      ['populate', 'conversion'],
      ['discard', 'rollback'],
    ]);
    const state = await service.api.ok('GET', path('/state'));
    expect(state).toMatchObject({ populated: false, populatedBytes: 0, state: 'private', generation: 0 });
    expect((await service.api.ok('GET', path('/conversions'))).items).toEqual([]);
    for (const { get, device } of [last, refusing, accepting]) {
      expect((await get()).mapped).toEqual({ bytes: 0, runs: 0, mappings: 0 });
      expect(device.mapped.size).toBe(0);
    }
  });

  it('without an answer fails within its deadline, and the listener is settled when it comes back', async () => {
    const other = await register();
    const silent = await register(() => 'hang', SOON);
    const answer = await convert(0, PAGE, 'shared');
    expect(answer.status).toBe(502);
    expect(answer.body).toMatchObject({
      code: 'listener-unreachable',
      errno: 'EIO',
      listenerId: silent.id,
      unsettled: [silent.id],
      rolledBack: [],
    });
    expect(other.device.told).toEqual([]);
    const failing = await silent.get();
    expect(failing.state).toBe('failing');
    expect(failing.unsettled).toMatchObject({
      bytes: PAGE,
      runs: 1,
      unknownBytes: PAGE,
      sections: [{ offset: 0, size: PAGE }],
    });
    const refused = await convert(0, PAGE, 'shared');
    expect(refused.status).toBe(503);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(refused.body).toMatchObject({
      code: 'listener-unsettled',
      listenerId: silent.id,
      sections: [{ offset: 0, size: PAGE }],
    });

    silent.device.script = () => 200;
    await setDeadline(silent.id, LATE);
    await until('it is settled', async () => (await silent.get()).state === 'active');
    expect(silent.device.told.at(-1)).toMatchObject({ type: 'discard', reason: 'recovery' });
    expect((await convert(0, PAGE, 'shared')).status).toBe(200);
    expect([...silent.device.mapped]).toEqual([0]);
  });
});

describe('a listener that is down', () => {
  it("fails a change in the time of its deadline, and is settled when it is back, without anybody's doing", async () => {
    const { device, id, get } = await register();
    await convert(0, 4 * PAGE, 'shared');
    const { url } = device;
    // Long enough to find that nobody listens.
    await setDeadline(id, { timeoutMs: 3000 });
    await device.close();
    listeners.splice(listeners.indexOf(device), 1);
    const answer = await convert(0, PAGE, 'private');
    expect(answer.body).toMatchObject({ code: 'discard-unacknowledged', listenerId: id, listenerStatus: null });
    expect(answer.body.listenerDetail).toMatch(/ECONNREFUSED/);
    expect((await service.api.get('/readyz')).status).toBe(200);

    // The same device, started anew: it has nothing mapped any more.
    const again = await ScriptedListener.start(() => 200, SECRET, url);
    listeners.push(again);
    await setDeadline(id, LATE);
    await until('it is settled', async () => (await get()).state === 'active');
    expect([...again.mapped]).toEqual([0]);
    expect((await convert(0, PAGE, 'private')).status).toBe(200);
  });
});

describe('a discard', () => {
  it('goes to all at once', async () => {
    const arrived = Promise.withResolvers<void>();
    const first = await register();
    const second = await register();
    await convert(0, PAGE, 'shared');
    first.device.script = () => {
      arrived.resolve();
      return 202;
    };
    second.device.script = async () => {
      await arrived.promise;
      return 200;
    };
    expect((await convert(0, PAGE, 'private')).status).toBe(200);
    expect([...first.device.mapped, ...second.device.mapped]).toEqual([]);
  });

  it('that one does not acknowledge fails, and those that did are populated again', async () => {
    const good = await register();
    const silent = await register();
    await convert(0, 4 * PAGE, 'shared');
    good.device.takeTold();
    await setDeadline(silent.id, SOON);
    silent.device.script = () => 'hang';
    const answer = await convert(PAGE, PAGE, 'private');
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBe('1');
    expect(answer.body).toMatchObject({
      code: 'discard-unacknowledged',
      listenerId: silent.id,
      unacknowledged: [silent.id],
      rolledBack: [good.id],
      unsettled: [silent.id],
    });
    expect(good.device.takeTold().map(({ type, reason }) => [type, reason])).toEqual([
      ['discard', 'conversion'],
      ['populate', 'rollback'],
    ]);
    expect(await service.api.ok('GET', path('/state'))).toMatchObject({ populatedBytes: 4 * PAGE, generation: 1 });
    silent.device.script = () => 200;
    await setDeadline(silent.id, LATE);
    await until('it is settled', async () => (await silent.get()).state === 'active');
    expect(silent.device.told.slice(-2).map(({ type, reason }) => [type, reason])).toEqual([
      ['discard', 'recovery'],
      ['populate', 'recovery'],
    ]);
    expect([...silent.device.mapped].sort()).toEqual([...good.device.mapped].sort());
    expect((await convert(PAGE, PAGE, 'private')).status).toBe(200);
  });

  it('whose rollback is refused leaves the listener unmapped, and conversions go on meanwhile', async () => {
    const stubborn = await register();
    const silent = await register();
    await convert(0, 4 * PAGE, 'shared');
    await setDeadline(silent.id, SOON);
    silent.device.script = ({ reason }) => (reason === 'conversion' ? 'hang' : 200);
    stubborn.device.script = ({ type }) => (type === 'ram_block.populate' ? 403 : 200);
    const answer = await convert(0, PAGE, 'private');
    expect(answer.body).toMatchObject({ code: 'discard-unacknowledged', rolledBack: [] });
    expect(new Set(answer.body.unsettled)).toEqual(new Set([silent.id, stubborn.id]));
    silent.device.script = () => 200;
    await setDeadline(silent.id, LATE);
    await until('the silent one is settled', async () => (await silent.get()).state === 'active');
    expect((await stubborn.get()).unsettled).toMatchObject({ bytes: PAGE, unknownBytes: 0 });
    expect((await convert(2 * PAGE, PAGE, 'private')).status).toBe(200);
    stubborn.device.script = () => 200;
    await until('the stubborn one is settled', async () => (await stubborn.get()).state === 'active');
    expect([...stubborn.device.mapped].sort((a, b) => a - b)).toEqual([0, PAGE, 3 * PAGE]);
    expect((await stubborn.get()).mapped).toEqual({ bytes: 3 * PAGE, runs: 2, mappings: 3 });
  });
});
