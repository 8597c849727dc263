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

it('waits longer after every refusal, and discards in between', async () => {
  const times: number[] = [];
  await unmap();
  device.received.length = 0;
  device.script = ({ type }) => {
    if (type === 'ram_block.discard') return 200;
    times.push(performance.now());
    return 403;
  };
  await until('it was tried five times', () => times.length === 5);
  const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  // Doubled three times, give or take 20 %: eight times as long, and far from equal however noisy the machine.
  expect((waits[3] ?? 0) / (waits[0] ?? 1)).toBeGreaterThan(2);
  expect(told().slice(0, 3)).toEqual(['populate recovery', 'discard recovery', 'populate recovery']);
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
