// What a person does on the page: a block is made, a listener registered, a range selected, asked about and converted; and
// where a device says no, who said it and why.
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DeviceSimulatorOptions } from '../../src/cli/simulator/options.ts';
import { type DeviceSimulator, startDeviceSimulator } from '../../src/cli/simulator/server.ts';
import { SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService } from '../support/service.ts';
import { type Dashboard, drawn, launch, look, open, painted, placeOf, readMap } from './dashboard.ts';
import { expectDrawn, pageStates } from './page-truth.ts';

const PAGE = 4096;

let service: TestService;
let browser: Browser;
let dashboard: Dashboard;
const devices: DeviceSimulator[] = [];

beforeAll(async () => {
  browser = await launch();
});
beforeEach(async () => {
  service = await startService();
});
afterEach(async () => {
  await dashboard.close();
  await service.close();
  await Promise.all(devices.splice(0).map((device) => device.close()));
});
afterAll(() => browser.close());

async function startDevice(options: Partial<DeviceSimulatorOptions> = {}): Promise<DeviceSimulator> {
  const device = await startDeviceSimulator({ service: service.url, secret: SECRET, keep: true, ...options });
  devices.push(device);
  return device;
}

/** A block with one listener for each of these devices, oldest first. */
async function blockWith(...each: Partial<DeviceSimulatorOptions>[]) {
  const members = { idstr: 'pc.ram', usedLength: '16M', machine: 'm', gpa: '4G' };
  const block = await service.api.ok('POST', '/v1/ram-blocks', members);
  const listenerIds: string[] = [];
  for (const options of each) {
    const device = await startDevice({ block: block.id, ...options });
    listenerIds.push((await device.register()).listenerId);
  }
  return { block, listenerIds };
}

/** Selects cells on the map with the mouse. */
async function drag(page: Page, from: number, to: number): Promise<void> {
  const [start, end] = [await placeOf(page, from), await placeOf(page, to)];
  await page.mouse.move(start.x, start.y);
  await page.mouse.down();
  await page.mouse.move(end.x, end.y, { steps: 3 });
  await page.mouse.up();
  await page.mouse.move(0, 0);
}

async function selectNothing(page: Page): Promise<void> {
  await page.locator('canvas.map').press('Escape');
  await page.locator('canvas.map').blur();
  await painted(page);
}

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
const outcome = (page: Page) => expect.poll(() => page.locator('.outcome').innerText());
const fact = (page: Page, name: string) =>
  page
    .locator('.problem .facts div', { has: page.getByText(name, { exact: true }) })
    .locator('dd')
    .innerText();

it('a block is made, a device registered, a range selected, asked about and converted', async () => {
  dashboard = await open(browser, `${service.url}/ui/`);
  const { page } = dashboard;
  await press(page, 'New RAM block…');
  await page.getByLabel('Name (idstr)').fill('pc.ram');
  await page.getByLabel('Used length').fill('16M');
  await page.getByLabel('Guest physical address').fill('4G');
  await press(page, 'Create');
  await page.waitForSelector('canvas.map[data-generation="0"]');
  const { items } = await service.api.ok('GET', '/v1/ram-blocks');
  expect(items).toMatchObject([{ idstr: 'pc.ram', usedLength: 2 ** 24, machine: 'default', gpa: 2 ** 32 }]);
  const [block] = items;

  const device = await startDevice();
  await press(page, 'Register a listener…');
  await page.getByLabel('URL', { exact: true }).fill(device.url);
  await page.getByLabel('Description').fill('vfio0');
  await page.getByLabel('DMA mappings at most').fill('100');
  await page.getByLabel('Secret').fill(SECRET);
  await press(page, 'Register');
  const path = `/v1/ram-blocks/${block.id}`;
  const said = page.getByRole('dialog').getByRole('status');
  await said.waitFor();
  const [listener] = (await service.api.ok('GET', `${path}/listeners`)).items;
  expect(listener).toMatchObject({ url: device.url, description: 'vfio0', dmaMaxMappings: 100, mode: 'sync' });
  // The secret was given: there is none to be shown.
  expect(await said.innerText()).toBe(`Registered as ${listener.id}.`);
  await press(page, 'Close');
  await expect.poll(() => page.locator('.listener h3').allInnerTexts()).toEqual(['L1 vfio0']);

  await drag(page, 16, 31);
  await expect.poll(() => page.getByLabel('Size', { exact: true }).inputValue()).toBe('64K');
  expect(await page.getByLabel('Offset', { exact: true }).inputValue()).toBe('0x10000');
  await press(page, 'Preview');
  await outcome(page).toContain('This would happen:');
  const change = 'pc.ram 0x10000+0x10000 (private): 64 KiB in 1 run';
  await outcome(page).toContain(`${change} would turn shared. Told would be L1 (${listener.id}).`);
  expect(device.state()).toMatchObject({ mappedBytes: 0, deliveries: { populate: 0 } });
  expect((await service.api.ok('GET', path)).generation).toBe(0);

  await press(page, 'Convert');
  await outcome(page).toContain(`Done.\n\n${change} turned shared. Told was L1 (${listener.id}).`);
  expect(device.mappings()).toEqual([{ offsetWithinRegion: 16 * PAGE, size: 16 * PAGE }]);
  await drawn(page, block.id, 1);
  await selectNothing(page);
  const states = await pageStates(service.url, block);
  expect(states.filter((state) => state === 'shared').length).toBe(16);
  expectDrawn(await readMap(page), states);
  await drag(page, 16, 31);
  await press(page, 'Preview');
  await outcome(page).toContain('is shared already: nobody would be told.');
});

it('a listener that brings no secret is given one, which is shown once and signs what is sent', async () => {
  const { block } = await blockWith();
  dashboard = await look(browser, service, block);
  const { page } = dashboard;
  const idle = await startDevice();
  await press(page, 'Register a listener…');
  await page.getByLabel('URL', { exact: true }).fill(idle.url);
  await press(page, 'Register');
  const secret = await page.locator('dialog .secret').innerText();
  await press(page, 'Close');
  await idle.close();
  const device = await startDevice({ secret, port: Number(new URL(idle.url).port) });
  await service.api.ok('POST', `/v1/ram-blocks/${block.id}/conversions`, { offset: 0, size: PAGE, to: 'shared' });
  expect(device.state()).toMatchObject({ mappedBytes: PAGE, deliveries: { badSignature: 0 } });
  await press(page, 'Register a listener…');
  expect(await page.locator('dialog').first().innerText()).not.toContain(secret);
});

describe('a conversion', () => {
  it('is previewed with everybody who would be told, newest first, and by guest physical address', async () => {
    const { block, listenerIds } = await blockWith({}, {}, { section: { offset: 0, size: 2 ** 20 } });
    dashboard = await look(browser, service, block);
    const { page } = dashboard;
    await expect.poll(() => page.locator('.listener').count()).toBe(3);
    await drag(page, 2048, 2063);
    await press(page, 'Preview');
    const [first, second] = listenerIds;
    await outcome(page).toContain(`Told would be L2 (${second}), then L1 (${first}).`);
    await page.getByLabel('From', { exact: true }).selectOption('gpa');
    await expect.poll(() => page.getByLabel('Address').last().inputValue()).toBe('0x100800000');
    await press(page, 'Convert');
    await outcome(page).toContain(`64 KiB in 1 run turned shared. Told was L2 (${second}), then L1 (${first}).`);
    expect(devices.map((device) => device.state().mappedBytes)).toEqual([64 * 1024, 64 * 1024, 0]);
    const state = await service.api.ok('GET', `/v1/ram-blocks/${block.id}/state?offset=8M&size=64K`);
    expect(state.populatedBytes).toBe(64 * 1024);
  });

  it.each([
    ['out of mappings', { dmaMaxMappings: 8 }, 'ENOSPC', /\b8\b/],
    ['over the limit of locked memory', { memlock: 8 * PAGE }, 'ENOSPC', /memlock/i],
    ['told to refuse', { refuseAfter: 0 }, 'EPERM', /told to refuse/],
  ])(
    'that a device refuses (%s) says who, with what status, why, and who was rolled back',
    async (_, limits, errno, why) => {
      const { block, listenerIds } = await blockWith({ description: 'strict', ...limits }, { description: 'easy' });
      dashboard = await look(browser, service, block, { expected: [409] });
      const { page } = dashboard;
      await expect.poll(() => page.locator('.listener').count()).toBe(2);
      await drag(page, 0, 15);
      await press(page, 'Convert');
      await expect.poll(() => page.locator('.problem-title').innerText()).not.toBe('');
      const { body } = await service.api.post(`/v1/ram-blocks/${block.id}/conversions`, {
        offset: 0,
        size: '64K',
        to: 'shared',
      });
      expect(body.listenerDetail).toMatch(why);
      expect(await fact(page, 'Code')).toBe('listener-refused (409)');
      expect(await fact(page, 'errno')).toBe(errno);
      expect(await fact(page, 'Listener')).toBe(`L1 (${listenerIds[0]})`);
      expect(await fact(page, 'It answered')).toBe('409');
      expect(await fact(page, 'It said')).toBe(body.listenerDetail);
      expect((await fact(page, 'Rolled back')).split(', ').sort()).toEqual(['L1', 'L2']);
      // Nothing is left of it, in the devices or on the map; and it is told among the events.
      for (const device of devices) expect(device.state()).toMatchObject({ mappedBytes: 0, violations: { count: 0 } });
      await selectNothing(page);
      expectDrawn(await readMap(page), await pageStates(service.url, block));
      await expect.poll(() => page.locator('.activity .bad').first().innerText()).toContain('conversion.failed');
    },
  );

  it('that the service refuses before it is sent says what is needed and what is allowed', async () => {
    const { block } = await blockWith();
    const device = await startDevice();
    const limited = { url: device.url, secret: SECRET, dmaMaxMappings: 8 };
    await service.api.ok('POST', `/v1/ram-blocks/${block.id}/listeners`, limited);
    dashboard = await look(browser, service, block, { expected: [409] });
    const { page } = dashboard;
    await page.waitForSelector('.listener');
    await drag(page, 0, 15);
    await press(page, 'Convert');
    await expect.poll(() => page.locator('.problem').count()).toBe(1);
    expect(await fact(page, 'Code')).toBe('mapping-limit (409)');
    expect(await fact(page, 'errno')).toBe('ENOSPC');
    expect(await page.locator('.problem').innerText()).toMatch(/\b16\b.*\b8\b/);
    expect(device.state().deliveries.populate).toBe(0);
  });
});
