// Listeners over their life: registered, settled, replayed, unregistered; and what they cannot do to others.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Script, ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService, until } from '../support/service.ts';

const PAGE = 4096;

let service: TestService;
let path: string;
const devices: ScriptedListener[] = [];

async function createBlock(fields: object = {}): Promise<string> {
  const { id } = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '256K', ...fields });
  return `/v1/ram-blocks/${id}`;
}

beforeEach(async () => {
  service = await startService();
  path = await createBlock();
});

afterEach(async () => {
  await service.close();
  await Promise.all(devices.splice(0).map((device) => device.close()));
});

const convert = (offset: number, size: number, to: string, block = path) =>
  service.api.post(`${block}/conversions`, { offset, size, to });

async function startDevice(script: Script = () => 200): Promise<ScriptedListener> {
  const device = await ScriptedListener.start(script);
  devices.push(device);
  return device;
}

const registration = (device: ScriptedListener, fields: object = {}, block = path) =>
  service.api.post(`${block}/listeners`, { url: device.url, secret: SECRET, timeoutMs: 30_000, ...fields });

/** From now on it gives no answer, and that is noticed soon. */
async function silence({ device, url }: { readonly device: ScriptedListener; readonly url: string }): Promise<void> {
  await service.api.ok('PATCH', url, { timeoutMs: 300 });
  device.script = () => 'hang';
}

async function register(fields: object = {}, block = path) {
  const device = await startDevice();
  const { status, body } = await registration(device, fields, block);
  expect(status).toBe(201);
  const url = `${block}/listeners/${body.id}`;
  return { device, id: body.id, url, get: () => service.api.ok('GET', url) };
}

describe('registering', () => {
  it('replays what is populated, cut to the section, and keeps to maxSections', async () => {
    for (const page of [0, 2, 4, 6, 8]) await convert(page * PAGE, PAGE, 'shared');
    const { device, get } = await register({ section: { offset: PAGE, size: 7 * PAGE }, maxSections: 2 });
    expect(device.received.map(({ sections }) => sections.length)).toEqual([2, 1]);
    expect(device.received.map(({ sequence, settledThrough }) => [sequence, settledThrough])).toEqual([
      [1, 0],
      [2, 1],
    ]);
    expect([...device.mapped]).toEqual([2 * PAGE, 4 * PAGE, 6 * PAGE]);
    expect(await get()).toMatchObject({
      state: 'active',
      mapped: { bytes: 3 * PAGE, runs: 3, mappings: 3 },
      position: { lastSequence: 2, acknowledgedSequence: 2, pending: 0 },
    });
  });

  it('shows the listener while its replay is under way', async () => {
    await convert(0, PAGE, 'shared');
    const answer = Promise.withResolvers<number>();
    const device = await startDevice(() => answer.promise);
    const registered = registration(device, { timeoutMs: 10_000 });
    await until('it is told', () => device.received.length === 1);
    const { items } = await service.api.ok('GET', `${path}/listeners`);
    expect(items).toMatchObject([{ state: 'registering', mapped: { bytes: 0 } }]);
    answer.resolve(200);
    expect((await registered).body).toMatchObject({ id: items[0].id, state: 'active', mapped: { bytes: PAGE } });
  });

  it('that is refused leaves no trace, once the discard is acknowledged', async () => {
    await convert(0, 2 * PAGE, 'shared');
    const device = await startDevice(({ type }) => (type === 'ram_block.populate' ? 422 : 204));
    const answer = await registration(device);
    expect(answer.body).toMatchObject({ code: 'listener-refused', listenerStatus: 422, unsettled: [] });
    expect(device.told).toMatchObject([
      { type: 'populate', reason: 'registration', sections: [[0, 2 * PAGE, 0]] },
      { type: 'discard', reason: 'rollback', sections: [[0, 2 * PAGE, 0]] },
    ]);
    expect((await service.api.ok('GET', `${path}/listeners`)).items).toEqual([]);
  });

  it('that gets no answer is removed once a discard of the whole section is acknowledged', async () => {
    await convert(0, 2 * PAGE, 'shared');
    const device = await startDevice(() => 'hang');
    const answer = await registration(device, { timeoutMs: 3000 });
    expect(answer.status).toBe(502);
    const { items } = await service.api.ok('GET', `${path}/listeners`);
    expect(items).toMatchObject([{ state: 'removing', unsettled: { unknownBytes: 256 * 1024 } }]);
    expect((await convert(0, PAGE, 'private')).body).toMatchObject({ code: 'listener-unsettled' });
    expect((await service.api.delete(`${path}/listeners/${items[0].id}`)).body.code).toBe('listener-unsettled');
    device.script = () => 200;
    await until('it is gone', async () => (await service.api.ok('GET', `${path}/listeners`)).items.length === 0);
    expect(device.told.at(-1)).toEqual({ type: 'discard', reason: 'recovery', sections: [[0, 256 * 1024, 0]] });
    expect((await convert(0, PAGE, 'private')).status).toBe(200);
  });

  it('keeps a secret that the service made out of every later answer', async () => {
    const device = await startDevice();
    const { body } = await service.api.post(`${path}/listeners`, { url: device.url });
    expect(body.secret).toMatch(/^whsec_/);
    expect(JSON.stringify(await service.api.ok('GET', `${path}/listeners`))).not.toContain('whsec_');
  });

  it('a listener that pins all memory is refused on a block that discards, and the other way round', async () => {
    const device = await startDevice();
    const refused = await registration(device, { coordinatedDiscard: false });
    expect(refused.body).toMatchObject({ code: 'coordinated-discard-required', errno: 'EBUSY' });
    const bare = await createBlock({ idstr: 'bare', guestMemfd: false });
    expect((await registration(device, { coordinatedDiscard: false }, bare)).status).toBe(201);
    const source = await service.api.post(`${bare}/sources`, { name: 'ram-block-attributes' });
    expect(source.body).toMatchObject({ code: 'coordinated-discard-required' });
  });
});

describe('unregistering', () => {
  it.each([
    [true, [[0, 256 * 1024, 0]]],
    [
      false,
      [
        [0, PAGE, 0],
        [2 * PAGE, PAGE, 2 * PAGE],
      ],
    ],
  ])(
    'discards the section at once where that is supported (%s), else each populated run',
    async (supported, sections) => {
      await convert(0, PAGE, 'shared');
      await convert(2 * PAGE, PAGE, 'shared');
      const { device, url } = await register({ doubleDiscardSupported: supported });
      device.takeTold();
      expect((await service.api.delete(url)).status).toBe(204);
      expect(device.told).toEqual([{ type: 'discard', reason: 'unregistration', sections }]);
      expect((await service.api.get(url)).status).toBe(404);
    },
  );

  it('that is not acknowledged leaves the listener there, and settles it', async () => {
    await convert(0, PAGE, 'shared');
    const listener = await register();
    const { device, url, get } = listener;
    await silence(listener);
    expect((await service.api.delete(url)).body).toMatchObject({ code: 'discard-unacknowledged' });
    expect((await get()).state).toBe('failing');
    device.script = () => 200;
    await until('it is settled', async () => (await get()).state === 'active');
    expect([...device.mapped]).toEqual([0]);
  });

  it('by force waits for nobody, and ends what is unsettled', async () => {
    await convert(0, PAGE, 'shared');
    const listener = await register();
    const { url } = listener;
    await silence(listener);
    expect((await convert(0, PAGE, 'private')).body.code).toBe('discard-unacknowledged');
    expect((await convert(0, PAGE, 'private')).body.code).toBe('listener-unsettled');
    expect((await service.api.delete(`${url}?force=true`)).status).toBe(204);
    expect((await convert(0, PAGE, 'private')).status).toBe(200);
  });

  it('a block by force waits for nobody, yet tells those who are alive', async () => {
    await convert(0, PAGE, 'shared');
    const dead = await register();
    const { device: alive } = await register();
    await silence(dead);
    expect((await service.api.delete(path)).body).toMatchObject({ code: 'has-listeners', errno: 'EBUSY' });
    expect((await service.api.delete(`${path}?force=true`)).status).toBe(204);
    expect((await service.api.get(path)).status).toBe(404);
    await until('the one that is alive has nothing mapped', () => alive.mapped.size === 0);
  });
});

describe('a replay', () => {
  it('discards the section and populates it again', async () => {
    await convert(0, PAGE, 'shared');
    const { device, url, id } = await register();
    device.takeTold();
    const answer = await service.api.post(`${url}/replay`);
    expect(answer.body).toMatchObject({ id, state: 'active', position: { lastSequence: 3 } });
    expect(device.told).toEqual([
      { type: 'discard', reason: 'replay', sections: [[0, 256 * 1024, 0]] },
      { type: 'populate', reason: 'replay', sections: [[0, PAGE, 0]] },
    ]);
  });

  it('that is refused leaves the listener unmapped, to be populated as soon as it accepts', async () => {
    await convert(0, PAGE, 'shared');
    const { device, url, get } = await register();
    device.script = ({ type }) => (type === 'ram_block.populate' ? 409 : 200);
    expect((await service.api.post(`${url}/replay`)).body).toMatchObject({ code: 'listener-refused' });
    expect(await get()).toMatchObject({
      state: 'failing',
      mapped: { bytes: 0 },
      unsettled: { bytes: PAGE, unknownBytes: 0 },
    });
    device.script = () => 200;
    await until('it is settled', async () => (await get()).state === 'active');
    expect([...device.mapped]).toEqual([0]);
  });
});

describe('the mapping budget', () => {
  it('refuses before anything is sent what would need more mappings than the listener may have', async () => {
    const { device, id, get } = await register({ dmaMaxMappings: 4, granularity: '16K' });
    for (const page of [0, 4, 8, 12]) expect((await convert(page * PAGE, PAGE, 'shared')).status).toBe(200);
    device.takeTold();
    const refused = await convert(16 * PAGE, PAGE, 'shared');
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({ code: 'mapping-limit', errno: 'ENOSPC', listenerId: id, needed: 5, limit: 4 });
    expect(device.told).toEqual([]);
    expect((await convert(PAGE, 3 * PAGE, 'shared')).status).toBe(200);
    expect((await get()).mapped).toEqual({ bytes: 7 * PAGE, runs: 3, mappings: 4 });
    await convert(0, 4 * PAGE, 'private');
    expect((await convert(16 * PAGE, PAGE, 'shared')).status).toBe(200);
  });

  it('counts at registration, too', async () => {
    for (const page of [0, 2, 4]) await convert(page * PAGE, PAGE, 'shared');
    const answer = await registration(await startDevice(), { dmaMaxMappings: 2 });
    expect(answer.body).toMatchObject({ code: 'mapping-limit', needed: 3, limit: 2 });
    expect((await service.api.ok('GET', `${path}/listeners`)).items).toEqual([]);
  });
});

describe('while a listener is waited for', () => {
  it('other blocks go on, reads show the state before, and writes wait their turn', async () => {
    const other = await createBlock({ idstr: 'other' });
    const { device } = await register({ timeoutMs: 20_000 });
    const answer = Promise.withResolvers<number>();
    device.script = () => answer.promise;
    const slow = convert(0, PAGE, 'shared');
    await until('it is told', () => device.received.length === 1);
    const next = convert(PAGE, PAGE, 'shared');
    expect((await convert(0, PAGE, 'shared', other)).status).toBe(200);
    expect(await service.api.ok('GET', `${path}/state`)).toMatchObject({ populatedBytes: 0, generation: 0 });
    answer.resolve(200);
    expect((await slow).body.generation).toBe(1);
    expect((await next).body.generation).toBe(2);
  });

  it('its own write to the same pages cannot hang anything longer than its deadline', async () => {
    const { device } = await register({ timeoutMs: 3000 });
    const own: Promise<{ status: number }>[] = [];
    device.script = async ({ reason }) => {
      if (reason !== 'conversion') return 200;
      const write = convert(0, 8 * PAGE, 'shared');
      own.push(write);
      await write;
      return 200;
    };
    expect((await convert(0, PAGE, 'shared')).body).toMatchObject({ code: 'listener-unreachable' });
    device.script = () => 200;
    expect((await Promise.all(own)).length).toBe(1);
    await until('the block is usable', async () => (await convert(0, PAGE, 'shared')).status === 200);
  });
});

describe('the deliveries', () => {
  it('of a listener are listed newest first, in pages, with what was answered', async () => {
    const { device, id, url } = await register();
    device.script = (_received, attempt) => (attempt === 1 ? { status: 500, body: 'boom' } : 200);
    await convert(0, PAGE, 'shared');
    const first = await service.api.ok('GET', `${url}/deliveries?limit=1`);
    expect(first.items).toMatchObject([
      { id: `msg_${id}_1`, sequence: 1, attempt: 2, status: 200, outcome: 'accepted' },
    ]);
    const second = await service.api.ok('GET', `${url}/deliveries?limit=1&cursor=${first.nextCursor}`);
    expect(second.items).toMatchObject([
      { id: `msg_${id}_1`, attempt: 1, status: 500, outcome: 'unanswered', responseExcerpt: 'HTTP 500: boom' },
    ]);
    expect(second.nextCursor).toBeNull();
  });

  it('have sequences without gaps, each settled through the one before', async () => {
    const { device } = await register();
    for (let n = 0; n < 10; n++) await convert(n * PAGE, PAGE, n % 3 ? 'shared' : 'private');
    const numbers = device.received.map(({ sequence, settledThrough }) => [sequence, settledThrough]);
    expect(numbers).toEqual(numbers.map((_, index) => [index + 1, index]));
  });
});
