// npm run pictures: the pictures of the dashboard in docs/, made anew: a real service with conversions as at a boot, and
// a real simulated device; and the plan of the example trace.
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { seededRandom } from '../src/cli/simulator/random.ts';
import { startDeviceSimulator } from '../src/cli/simulator/server.ts';
import { findBrowser } from '../test/browser/find-browser.ts';
import { SECRET } from '../test/support/scripted-listener.ts';
import { startService, until } from '../test/support/service.ts';

const ROOT = new URL('../', import.meta.url);
const TRACE = fileURLToPath(new URL('examples/synthetic-boot-16g.ftrace', ROOT));
const GIB = 2 ** 30;

async function take(page: Page, name: string, isWhole = false): Promise<void> {
  const path = fileURLToPath(new URL(`docs/dashboard-${name}.png`, ROOT));
  await page.screenshot({ path, fullPage: isWhole });
  process.stdout.write(`docs/dashboard-${name}.png\n`);
}

async function open(
  browser: Browser,
  url: string,
  scheme: 'light' | 'dark',
  width = 1360,
  height = 900,
): Promise<Page> {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

const service = await startService();
const browser = await chromium.launch({ executablePath: findBrowser(), chromiumSandbox: process.getuid?.() !== 0 });
const devices = [await startDeviceSimulator({ secret: SECRET }), await startDeviceSimulator({ secret: SECRET })];
try {
  const low = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'ram-low', usedLength: 2 * GIB, gpa: 0 });
  const high = await service.api.ok('POST', '/v1/ram-blocks', {
    idstr: 'ram-high',
    usedLength: 14 * GIB,
    gpa: 4 * GIB,
  });
  for (const [index, { id }] of [low, high].entries()) {
    const body = { url: devices[index]?.url, secret: SECRET, description: 'vfio0', dmaMaxMappings: 65_535 };
    await service.api.ok('POST', `/v1/ram-blocks/${id}/listeners`, body);
  }
  const memory = await open(browser, `${service.url}/ui/#/memory/default/${low.id}`, 'light');
  const dark = await open(browser, `${service.url}/ui/#/memory/default/${high.id}`, 'dark');
  // Pages turn shared as at a boot: some large pieces, many single pages, and some of them private again.
  const chance = seededRandom(7);
  const random = (below: number) => Math.floor(chance() * below);
  for (let step = 0; step < 160; step++) {
    const { id, usedLength } = random(2) === 0 ? low : high;
    const pages = step % 5 === 0 ? 512 * (1 + random(64)) : 1 + random(16);
    const offset = random(usedLength / 4096 - pages) * 4096;
    const to = step % 7 === 6 ? 'private' : 'shared';
    await service.api.post(`/v1/ram-blocks/${id}/conversions`, { offset, size: pages * 4096, to });
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  await until('the page is up to date', async () => (await memory.locator('.activity li').count()) > 10);
  await memory.waitForTimeout(2500);
  await take(memory, 'memory');
  await take(dark, 'memory-dark');
  const phone = await open(browser, `${service.url}/ui/#/memory/default/${low.id}`, 'light', 390, 844);
  await phone.waitForSelector('canvas.map');
  await phone.waitForTimeout(1500);
  await take(phone, 'phone');

  const plans = await open(browser, `${service.url}/ui/#/plans`, 'light', 1360, 1200);
  await plans.setInputFiles('input[type=file]', TRACE);
  await plans.waitForSelector('.plans table');
  await plans.waitForTimeout(300);
  await take(plans, 'plan', true);
} finally {
  await browser.close();
  await Promise.all(devices.map((device) => device.close()));
  await service.close();
}
