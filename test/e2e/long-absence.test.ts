// A device that is away for an hour: it is asked again and again, ever more seldom but never more than some minutes apart,
// and is right soon after it is back. The waits are taken from the service and added up, so that the hour takes seconds.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService, until } from '../support/service.ts';

const PAGE = 4096;
const HOUR = 3_600_000;
/** The longest wait, and what chance adds to it. */
const LONGEST = 300_000 * 1.2;

const clock = vi.hoisted(() => ({ waits: [] as number[], now: 0 }));
vi.mock('node:timers/promises', async (importOriginal) => ({
  ...(await importOriginal<typeof import('node:timers/promises')>()),
  setTimeout: async (milliseconds: number) => {
    clock.waits.push(milliseconds);
    clock.now += milliseconds;
    await new Promise(setImmediate);
  },
}));

let service: TestService;
let device: ScriptedListener;

beforeEach(async () => {
  service = await startService();
  device = await ScriptedListener.start();
});
afterEach(async () => {
  await service.close();
  await device.close();
});

it.each([
  ['acknowledges no discard', 'ram_block.discard'],
  ['accepts no populate', 'ram_block.populate'],
])('one that %s for an hour is settled when it does', async (_, refused) => {
  const { api } = service;
  const { id } = await api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '64K' });
  const path = `/v1/ram-blocks/${id}`;
  const body = { url: device.url, secret: SECRET, timeoutMs: 5000 };
  const listener = `${path}/listeners/${(await api.ok('POST', `${path}/listeners`, body)).id}`;
  await api.ok('POST', `${path}/conversions`, { offset: 0, size: 4 * PAGE, to: 'shared' });
  clock.waits.length = 0;
  const end = clock.now + HOUR;
  device.script = ({ type }) => (clock.now < end && type === refused ? 500 : 200);
  const change = { offset: 0, size: PAGE, to: 'private' };
  const failing =
    refused === 'ram_block.discard' ? api.post(`${path}/conversions`, change) : api.post(`${listener}/replay`);
  expect((await failing).status).toBeGreaterThan(500);
  await until('it is back, and settled', async () => (await api.ok('GET', listener)).state === 'active', 50_000);

  expect(clock.now).toBeGreaterThanOrEqual(end);
  expect(clock.now).toBeLessThan(end + 2 * LONGEST);
  expect(Math.max(...clock.waits)).toBeLessThanOrEqual(LONGEST);
  // Had the waits not grown to minutes, there were many more.
  expect(device.received.length).toBeLessThan(HOUR / 10_000);
  const { mapped, unsettled } = await api.ok('GET', listener);
  expect([mapped.bytes, unsettled.bytes]).toEqual([4 * PAGE, 0]);
  expect(device.mapped.size).toBe(4);
  expect((await api.post(`${path}/conversions`, change)).status).toBe(200);
});
