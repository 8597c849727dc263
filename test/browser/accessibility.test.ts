// Everybody can use the page: axe finds nothing serious in any view, light or dark, wide or on a phone; nothing is wider
// than a phone; and the keyboard is enough.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ScriptedListener } from '../support/scripted-listener.ts';
import { startService, type TestService } from '../support/service.ts';
import { drawn, launch, open } from './dashboard.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const NUMA = new URL('../../examples/numa-two-nodes.qemu.log', import.meta.url).pathname;

let service: TestService;
let browser: Browser;
let device: ScriptedListener;
let block: { readonly id: string };

beforeAll(async () => {
  service = await startService();
  browser = await launch();
  device = await ScriptedListener.start();
  block = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '1G', gpa: 0 });
  const path = `/v1/ram-blocks/${block.id}`;
  const listener = { url: device.url, secret: device.secret, dmaMaxMappings: 1000 };
  await service.api.ok('POST', `${path}/listeners`, listener);
  await service.api.ok('POST', `${path}/listeners`, { ...listener, mode: 'async', dmaMaxMappings: undefined });
  await service.api.ok('POST', `${path}/conversions`, { offset: 0, size: '2M', to: 'shared' });
});
afterAll(async () => {
  await browser.close();
  await service.close();
  await device.close();
});

/** What axe finds that is serious or worse. The policy of the page lets no script in: it is run from outside. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } };
    interface Violation {
      readonly id: string;
      readonly impact: string;
      readonly nodes: readonly { readonly html: string }[];
    }
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
  });
}

const VIEWS: readonly (readonly [string, (page: Page) => Promise<unknown>])[] = [
  ['the memory', (page) => drawn(page, block.id, 1)],
  [
    'a trace',
    async (page) => {
      await page.getByRole('link', { name: 'Plans' }).click();
      await page.setInputFiles('input[type=file]', NUMA);
      await page.waitForSelector('.plans table');
    },
  ],
  ['the calls', (page) => page.getByRole('link', { name: 'Calls' }).click()],
  ['a form', (page) => page.getByRole('button', { name: 'New RAM block…' }).click()],
  ['the token', (page) => page.getByRole('button', { name: 'Token…' }).click()],
];

describe.each(['light', 'dark'] as const)('in the %s', (colorScheme) => {
  it.each(VIEWS)('axe finds nothing serious in %s', async (_name, go) => {
    const { page, close } = await open(browser, `${service.url}/ui/#/memory/default/${block.id}`, { colorScheme });
    await drawn(page, block.id, 1);
    await go(page);
    expect(await findings(page)).toEqual([]);
    await close();
  });
});

describe('on a phone', () => {
  const phone = { viewport: { width: 360, height: 740 } };

  it.each(VIEWS)('nothing of %s is wider than the screen', async (_name, go) => {
    const { page, close } = await open(browser, `${service.url}/ui/#/memory/default/${block.id}`, phone);
    await drawn(page, block.id, 1);
    await go(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    await close();
  });
});

it('with the keyboard alone a block is made, and pages of it are selected and converted', async () => {
  const { page, close } = await open(browser, `${service.url}/ui/#/memory/default/${block.id}`);
  await drawn(page, block.id, 1);
  await page.getByRole('button', { name: 'New RAM block…' }).focus();
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog[open] input:focus');
  await page.keyboard.press('Control+A');
  await page.keyboard.type('by-keyboard');
  await page.getByLabel('Guest physical address').fill('8G');
  await page.keyboard.press('Enter');
  await expect.poll(() => page.locator('.place-name').allInnerTexts()).toContain('by-keyboard');
  // The cell under the cursor is selected, and so is what the form asks for.
  await page.waitForSelector('dialog[open]', { state: 'detached' });
  await page.locator('canvas.map').focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await expect.poll(() => page.getByLabel('Size', { exact: true }).inputValue()).not.toBe('');
  await page.getByRole('radio', { name: 'private' }).focus();
  await page.keyboard.press('Space');
  await page.getByRole('button', { name: 'Convert', exact: true }).focus();
  await page.keyboard.press('Enter');
  const path = `/v1/ram-blocks/${block.id}`;
  await expect.poll(async () => (await service.api.ok('GET', path)).generation).toBe(2);
  await close();
});
