// The charts over time: their legends say the last values in words, and the limit of a listener is a line of its own.
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type DeviceSimulator, startDeviceSimulator } from '../../src/cli/simulator/server.ts';
import { SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService, until } from '../support/service.ts';
import { colourOf, type Dashboard, launch, look } from './dashboard.ts';

const PAGE = 4096;
const LIMIT = 1000;

let service: TestService;
let browser: Browser;
let device: DeviceSimulator;
let dashboard: Dashboard;
let path: string;

beforeAll(async () => {
  browser = await launch();
});
beforeEach(async () => {
  service = await startService();
  const block = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '16M', gpa: 0 });
  path = `/v1/ram-blocks/${block.id}`;
  device = await startDeviceSimulator({ secret: SECRET, latencyMs: 20 });
  const listener = { url: device.url, secret: SECRET, dmaMaxMappings: LIMIT };
  await service.api.ok('POST', `${path}/listeners`, listener);
  dashboard = await look(browser, service, block);
  await dashboard.page.waitForSelector('.listener');
});
afterEach(async () => {
  await dashboard.close();
  await service.close();
  await device.close();
});
afterAll(() => browser.close());

const convert = (page: number, pages: number, to = 'shared') =>
  service.api.post(`${path}/conversions`, { offset: page * PAGE, size: pages * PAGE, to });

const chart = (page: Page, title: string) => page.locator('.charts .chart', { hasText: title });

/** What the legend of a chart says, by the names of its lines. */
function legend(page: Page, title: string): Promise<Record<string, string>> {
  const items = chart(page, title).locator('.chart-legend li');
  return items.evaluateAll((all) => {
    const entries = all.map((item) => {
      const value = item.querySelector('b')?.textContent ?? '';
      return [item.textContent.slice(0, -value.length).trim(), value];
    });
    return Object.fromEntries(entries);
  });
}

/** Does something again and again until the page shows it: what counts a second lasts no longer than that. */
async function keepDoing(act: (turn: number) => Promise<unknown>, isShown: () => Promise<boolean>): Promise<void> {
  let turn = 0;
  await until('the page shows it', async () => {
    await act(turn++);
    return isShown();
  });
}

/** Rows of pixels of the chart of mappings that have a colour of the style sheet in them, from the top. */
async function rowsWith(page: Page, name: string): Promise<number[]> {
  const colour = await colourOf(page, name);
  const canvas = chart(page, 'DMA mappings').locator('canvas');
  return canvas.evaluate((element: HTMLCanvasElement, wanted) => {
    const { width, height } = element;
    const pixels = element.getContext('2d')?.getImageData(0, 0, width, height).data ?? new Uint8ClampedArray();
    const channels = wanted.match(/\d+/g)?.map(Number) ?? [];
    const rows = new Set<number>();
    for (let at = 0; at < pixels.length; at += 4) {
      const distance = channels.reduce((sum, value, channel) => sum + Math.abs((pixels[at + channel] ?? 0) - value), 0);
      if (distance < 60 && (pixels[at + 3] ?? 0) > 100) rows.add(Math.floor(at / 4 / width));
    }
    return [...rows];
  }, colour);
}

describe('the charts', () => {
  it('show how many changes a second are committed, and how many refused', async () => {
    const { page } = dashboard;
    const title = 'Changes a second';
    await expect.poll(() => legend(page, title)).toEqual({ committed: '0', refused: '0', 'failed otherwise': '0' });
    const shows = (name: string) => async () => Number((await legend(page, title))[name]) > 0;
    await keepDoing((turn) => convert(0, 1, turn % 2 === 0 ? 'shared' : 'private'), shows('committed'));
    expect(await shows('refused')()).toBe(false);
    await keepDoing(() => convert(0, LIMIT + 1), shows('refused'));
    await expect.poll(() => legend(page, title)).toEqual({ committed: '0', refused: '0', 'failed otherwise': '0' });
  });

  it('show how long callbacks take', async () => {
    const { page } = dashboard;
    const title = 'Callback latency';
    const milliseconds = async (name: string) => Number.parseFloat((await legend(page, title))[name] ?? '');
    await keepDoing(
      (turn) => convert(0, 1, turn % 2 === 0 ? 'shared' : 'private'),
      async () => (await milliseconds('p50')) > 0,
    );
    const { p50 = '', p99 = '' } = await legend(page, title);
    for (const text of [p50, p99]) expect(text).toMatch(/^[\d.]+ ms$/);
    // The device waits for 20 ms; the bounds of the histogram are wide.
    expect(Number.parseFloat(p50)).toBeGreaterThan(5);
    expect(Number.parseFloat(p99)).toBeGreaterThanOrEqual(Number.parseFloat(p50));
  });

  it('show what is populated, and the DMA mappings with a line at the limit of the listener', async () => {
    const { page } = dashboard;
    await convert(0, 256);
    await convert(512, 44);
    await expect.poll(() => legend(page, 'Populated')).toEqual({ populated: '1.17 MiB' });
    const mappings = { 'L1 per page': '300', 'L1 per run': '2', 'L1 limit': '1,000' };
    await expect.poll(() => legend(page, 'DMA mappings')).toEqual(mappings);
    await expect.poll(() => rowsWith(page, '--bad')).not.toEqual([]);
    await expect.poll(() => rowsWith(page, '--line-1')).not.toEqual([]);
    // It stays where it is, above the mappings, which come nearer to it.
    const limit = await rowsWith(page, '--bad');
    const highest = async () => Math.min(...(await rowsWith(page, '--line-1')));
    const before = await highest();
    expect(before).toBeGreaterThan(Math.max(...limit));
    await convert(1024, 690);
    await expect.poll(() => legend(page, 'DMA mappings')).toMatchObject({ 'L1 per page': '990', 'L1 per run': '3' });
    expect(await rowsWith(page, '--bad')).toEqual(limit);
    expect(await highest()).toBeLessThan(before);
    expect(await highest()).toBeGreaterThan(Math.max(...limit) - 3);
  });

  it('have no line for the limit of a listener without one', async () => {
    const { page } = dashboard;
    const free = await startDeviceSimulator({ secret: SECRET });
    await service.api.ok('POST', `${path}/listeners`, { url: free.url, secret: SECRET });
    await expect
      .poll(async () => Object.keys(await legend(page, 'DMA mappings')))
      .toEqual(['L1 per page', 'L1 per run', 'L1 limit', 'L2 per page', 'L2 per run']);
    await free.close();
  });
});
