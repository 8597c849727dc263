// Settling beside the queue: how it waits, and how it keeps out of the way of changes to the same listener.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService, until } from '../support/service.ts';

const PAGE = 4096;

let service: TestService;
let device: ScriptedListener;
let path: string;
let listener: string;

beforeEach(async () => {
  service = await startService();
  device = await ScriptedListener.start();
  const { id } = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '64K' });
  path = `/v1/ram-blocks/${id}`;
  const body = { url: device.url, secret: SECRET, timeoutMs: 5000 };
  listener = `${path}/listeners/${(await service.api.ok('POST', `${path}/listeners`, body)).id}`;
  await convert(0, 4 * PAGE, 'shared');
});

afterEach(async () => {
  await service.close();
  await device.close();
});

const convert = (offset: number, size: number, to: string) =>
  service.api.post(`${path}/conversions`, { offset, size, to });
const state = async () => (await service.api.ok('GET', listener)).state;
const told = () => device.told.map(({ type, reason }) => `${type} ${reason}`);

/** Leaves the first four pages populated and the listener known to have none of them mapped. */
async function unmap(): Promise<void> {
  device.script = ({ type }) => (type === 'ram_block.populate' ? 409 : 200);
  expect((await service.api.post(`${listener}/replay`)).status).toBe(409);
}

it('tries again after every refusal, and discards in between', async () => {
  await unmap();
  device.received.length = 0;
  device.script = ({ type }) => (type === 'ram_block.discard' ? 200 : 403);
  await until('it was tried three times', () => told().length >= 5);
  const round = ['populate recovery', 'discard recovery'];
  expect(told().slice(0, 5)).toEqual([...round, ...round, 'populate recovery']);
});

it('lets a change to the same listener wait for the populate that is under way, and then go on', async () => {
  await unmap();
  device.received.length = 0;
  const answer = Promise.withResolvers<number>();
  device.script = ({ reason }) => (reason === 'recovery' ? answer.promise : 200);
  await until('it is asked to populate again', () => device.received.length > 0);
  const change = convert(0, PAGE, 'private');
  // Reads and other writes show that the service is alive; nothing is sent to the listener meanwhile.
  await service.api.ok('GET', `${path}/state`);
  expect(told()).toEqual(['populate recovery']);
  answer.resolve(200);
  expect((await change).status).toBe(200);
  expect(told()).toEqual(['populate recovery', 'discard conversion']);
  expect([...device.mapped]).toEqual([PAGE, 2 * PAGE, 3 * PAGE]);
  expect(await state()).toBe('active');
});

it('that gets no answer to the populate makes the ranges unknown, and a waiting change is told so', async () => {
  await unmap();
  device.received.length = 0;
  device.script = ({ reason }) => (reason === 'recovery' ? 404 : 200);
  await until('the ranges are unknown', async () => {
    return (await service.api.ok('GET', listener)).unsettled.unknownBytes === 4 * PAGE;
  });
  expect((await convert(0, PAGE, 'private')).body.code).toBe('listener-unsettled');
  device.script = () => 200;
  await until('it is settled', async () => (await state()) === 'active');
  expect(told().slice(-2)).toEqual(['discard recovery', 'populate recovery']);
});

it('ends when the listener is removed by force, whatever is under way', async () => {
  await unmap();
  device.received.length = 0;
  device.script = ({ reason }) => (reason === 'recovery' ? 'hang' : 200);
  await until('it is asked to populate again', () => device.received.length > 0);
  expect((await service.api.delete(`${listener}?force=true`)).status).toBe(204);
  expect((await convert(0, PAGE, 'private')).status).toBe(200);
  expect((await service.api.ok('GET', path)).listenerCount).toBe(0);
  expect(told()).toEqual(['populate recovery']);
});

it('a change that it stops shows the first runs of unknown state, and says how many there are', async () => {
  const SHOWN = 1000;
  const { id } = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'many runs', usedLength: 4000 * PAGE });
  path = `/v1/ram-blocks/${id}`;
  // Every other page.
  const bitmap = new Uint8Array(500).fill(0b0101_0101);
  const headers = { 'content-type': 'application/octet-stream' };
  await service.api.ok('PUT', `${path}/bitmap`, bitmap, { headers });
  const body = { url: device.url, secret: SECRET, timeoutMs: 30_000, maxSections: 8192 };
  await service.api.ok('POST', `${path}/listeners`, body);
  device.script = () => 404;
  for (const [pages, runs] of [
    [12, 6],
    [4000, 2000],
  ] as const) {
    const { body: lost } = await convert(0, pages * PAGE, 'private');
    expect(lost.code).toBe('discard-unacknowledged');
    const { status, body: problem } = await convert(0, PAGE, 'private');
    expect({ status, code: problem.code }).toEqual({ status: 503, code: 'listener-unsettled' });
    const shown = Math.min(runs, SHOWN);
    expect(problem.sections).toHaveLength(shown);
    expect(problem.sections.at(-1)).toEqual({ offset: 2 * (shown - 1) * PAGE, size: PAGE });
    expect(problem.detail).toContain(`has ${runs * PAGE} bytes of unknown state (sections: ${shown} of ${runs})`);
    device.script = () => 200;
    await until('it is settled', async () => {
      const { items } = await service.api.ok('GET', `${path}/listeners`);
      return items[0].state === 'active';
    });
    device.script = () => 404;
  }
});
