// The listeners of a block on the page: what their buttons do, what was sent to them last, and in red what a device may
// have mapped that it should not have.
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DeviceSimulatorOptions } from '../../src/cli/simulator/options.ts';
import { type DeviceSimulator, startDeviceSimulator } from '../../src/cli/simulator/server.ts';
import type { Delivery } from '../../src/ui/model/resources.ts';
import { SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService, until } from '../support/service.ts';
import { colourOf, type Dashboard, launch, look, placeOf, readMap } from './dashboard.ts';

const PAGE = 4096;

let service: TestService;
let browser: Browser;
let block: { readonly id: string; readonly machine: string };
let path: string;
let device: DeviceSimulator;
let dashboard: Dashboard | null = null;
let blocks = 0;

beforeAll(async () => {
  // Whatever fails is sent again when a test says so.
  service = await startService({ settings: { RBA_ASYNC_RETRY_SCHEDULE: '1h' } });
  browser = await launch();
});
beforeEach(async () => {
  const machine = `m${++blocks}`;
  block = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '16M', machine, gpa: 0 });
  path = `/v1/ram-blocks/${block.id}`;
});
afterEach(async () => {
  const closing = dashboard;
  dashboard = null;
  await closing?.close();
  await device.close();
  await service.api.ok('DELETE', `${path}?force=true`);
});
afterAll(async () => {
  await browser.close();
  await service.close();
});

const convert = (page: number, pages: number, to = 'shared') =>
  service.api.post(`${path}/conversions`, { offset: page * PAGE, size: pages * PAGE, to });

/** A device that is registered; the path of its listener. */
async function plugIn(options: Partial<DeviceSimulatorOptions> = {}): Promise<string> {
  const registration = { service: service.url, block: block.id, secret: SECRET, keep: true };
  device = await startDeviceSimulator({ ...registration, ...options });
  return `${path}/listeners/${(await device.register()).listenerId}`;
}

/** The same device at the same address, which remembers nothing. */
async function switchOn(options: Partial<DeviceSimulatorOptions> = {}): Promise<void> {
  device = await startDeviceSimulator({ secret: SECRET, port: Number(new URL(device.url).port), ...options });
}

const shown = (listener: string) => service.api.ok('GET', listener);

async function openPage(expected: number[] = []): Promise<Page> {
  dashboard = await look(browser, service, block, { expected });
  await dashboard.page.waitForSelector('.listener');
  return dashboard.page;
}

const press = (page: Page, name: string) => page.getByRole('button', { name: `${name} L1` }).click();
const verdict = (page: Page) => expect.poll(() => page.locator('.difference').innerText());
const state = (page: Page) => expect.poll(() => page.locator('.listener .state').innerText());
const backlog = (page: Page) => expect.poll(() => page.locator('.listener .facts', { hasText: 'Backlog' }).innerText());
const EQUAL = 'mapped = populated';

/** Rows of the last deliveries, without the times. */
async function deliveries(page: Page): Promise<string[]> {
  const rows = await page.locator('.listener tbody tr').allInnerTexts();
  return rows.map((row) => row.split('\t').slice(1).join(' '));
}

/** The same rows as the service has them. */
async function recorded(listener: string): Promise<string[]> {
  const items: Delivery[] = (await service.api.ok('GET', `${listener}/deliveries?limit=25`)).items;
  return items.flatMap(({ sequence, attempt, type, reason, status, durationMs, outcome, responseExcerpt }) => [
    `${sequence}${attempt > 1 ? `, try ${attempt}` : ''} ${type.slice(10)} ${reason} ${status ?? 'none'} ${durationMs} ms ${outcome}`,
    ...(responseExcerpt === '' ? [] : [responseExcerpt]),
  ]);
}

describe('a sync listener', () => {
  it('is replayed to: the device maps its section anew, and its last deliveries say so', async () => {
    await convert(0, 4);
    const listener = await plugIn({ latencyMs: 20 });
    const page = await openPage();
    await page.getByText('Last deliveries').click();
    await expect.poll(() => deliveries(page)).toEqual(await recorded(listener));
    await press(page, 'Replay');
    await expect.poll(async () => (await deliveries(page)).length).toBe(3);
    const { deliveries: counts, mappedBytes } = device.state();
    expect({ ...counts, mappedBytes }).toMatchObject({ populate: 2, discard: 1, mappedBytes: 4 * PAGE });
    const rows = await deliveries(page);
    expect(rows).toEqual(await recorded(listener));
    expect(rows[0]).toMatch(/^3 populate replay 204 \d+ ms accepted$/);
    for (const row of rows) expect(Number(/(\d+) ms/.exec(row)?.[1])).toBeGreaterThanOrEqual(19);
    await verdict(page).toContain(EQUAL);
  });

  it('that refuses is shown with its status and the text of its answer', async () => {
    const listener = await plugIn({ refuseAfter: 1 });
    await convert(0, 4);
    const page = await openPage();
    await page.getByText('Last deliveries').click();
    expect((await convert(8, 1)).body.code).toBe('listener-refused');
    await expect.poll(() => deliveries(page)).toEqual(await recorded(listener));
    const [rollback, refusal, text] = await deliveries(page);
    expect(rollback).toMatch(/^3 discard rollback 204 /);
    expect(refusal).toMatch(/^2 populate conversion 409 \d+ ms refused$/);
    expect(text).toContain('told to refuse after 1 accepted populates');
    const outcome = page.locator('.outcome-refused .outcome');
    expect(await outcome.evaluate((cell) => getComputedStyle(cell).color)).toBe(await colourOf(page, '--bad'));
  });

  it('that did not acknowledge a discard may have a stale mapping, in red until it has', async () => {
    const listener = await plugIn({ timeoutMs: 2000 });
    await convert(0, 64);
    const page = await openPage();
    await verdict(page).toContain(EQUAL);
    await device.close();
    expect((await convert(8, 4, 'private')).body.code).toBe('discard-unacknowledged');
    await verdict(page).toContain('16 KiB may still be mapped: the discard is not acknowledged');
    await state(page).toBe('failing');
    const red = (selector: string, property: 'color' | 'borderLeftColor') =>
      page.locator(selector).evaluate((element, name) => getComputedStyle(element)[name], property);
    expect(await red('.difference .verdict', 'color')).toBe(await colourOf(page, '--bad'));
    expect(await red('.difference', 'borderLeftColor')).toBe(await colourOf(page, '--stale'));
    const staleCells = async () => {
      return (await readMap(page)).cells.flatMap(({ stale }, cell) => (stale > 0 ? [cell] : []));
    };
    await expect.poll(staleCells).toEqual([8, 9, 10, 11]);
    const { x, y } = await placeOf(page, 9);
    await page.mouse.move(x, y);
    await expect.poll(() => page.locator('.tip .bad').allInnerTexts()).toEqual(['L1 unknown']);
    await page.mouse.move(0, 0);

    await switchOn();
    await verdict(page).toContain(EQUAL);
    await state(page).toBe('active');
    await expect.poll(staleCells).toEqual([]);
    expect((await shown(listener)).unsettled.bytes).toBe(0);
    expect(device.mappings()).toEqual([{ offsetWithinRegion: 8 * PAGE, size: 4 * PAGE }]);
  });
});

describe('an async listener', () => {
  const mirror = { mode: 'async' } as const;

  it('is paused: it is told nothing, and less is mapped; resumed, it is replayed to', async () => {
    const listener = await plugIn(mirror);
    await convert(0, 4);
    const page = await openPage();
    await verdict(page).toContain(EQUAL);
    await press(page, 'Pause');
    await state(page).toBe('disabled');
    expect((await shown(listener)).state).toBe('disabled');
    await convert(8, 2);
    await verdict(page).toContain('8 KiB less mapped than populated, and told nothing');
    expect(device.state().mappedBytes).toBe(4 * PAGE);
    await press(page, 'Resume');
    await state(page).toBe('active');
    await verdict(page).toContain(EQUAL);
    expect((await shown(listener)).mapped.bytes).toBe(6 * PAGE);
    expect(device.state().mappedBytes).toBe(6 * PAGE);
    expect(await page.getByRole('button', { name: 'Pause L1' }).isVisible()).toBe(true);
  });

  it('that was away is behind, and is told at once when one says retry', async () => {
    const listener = await plugIn(mirror);
    await convert(0, 4);
    const page = await openPage();
    await device.close();
    await convert(8, 2);
    await convert(16, 1);
    await verdict(page).toContain('12 KiB less mapped than populated, 2 deliveries behind');
    await state(page).toBe('failing');
    await backlog(page).toMatch(/Backlog\s+2, the oldest for/);
    await switchOn(mirror);
    await press(page, 'Retry');
    await verdict(page).toContain(EQUAL);
    await backlog(page).toMatch(/Backlog\s+0$/);
    expect((await shown(listener)).position).toMatchObject({ pending: 0, lastSequence: 3, acknowledgedSequence: 3 });
    expect(device.mappings().map(({ offsetWithinRegion }) => offsetWithinRegion / PAGE)).toEqual([8, 16]);
  });

  it('has its oldest delivery skipped: that is given up, and its pages follow anew', async () => {
    const listener = await plugIn(mirror);
    const page = await openPage();
    await page.getByText('Last deliveries').click();
    await device.close();
    await convert(8, 2);
    await until('it is failing', async () => (await shown(listener)).state === 'failing');
    await verdict(page).toContain('1 delivery behind');
    await switchOn(mirror);
    await press(page, 'Skip');
    await verdict(page).toContain(EQUAL);
    await expect.poll(async () => (await deliveries(page))[0]).toMatch(/populate recovery 204/);
    await expect.poll(() => deliveries(page)).toEqual(await recorded(listener));
    expect(device.state()).toMatchObject({ mappedBytes: 2 * PAGE, deliveries: { refused: 0, fenced: 0 } });
    // What the button did is shown as a command.
    expect(await page.locator('.listener .curl code').innerText()).toContain(`-X POST ${service.url}${listener}/skip`);
  });
});
