// The map shows what the bitmap says, from 64 TiB down to single pages, however one gets there.
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startDeviceSimulator } from '../../src/cli/simulator/server.ts';
import { startService, type TestService } from '../support/service.ts';
import { type Dashboard, launch, look, placeOf, readMap, zoomedTo } from './dashboard.ts';
import { expectDrawn, pageStates } from './page-truth.ts';

const GiB = 2 ** 30;

let service: TestService;
let browser: Browser;
let dashboard: Dashboard | null = null;
let machines = 0;

beforeAll(async () => {
  service = await startService();
  browser = await launch();
});
afterEach(async () => {
  const closing = dashboard;
  dashboard = null;
  await closing?.close();
});
afterAll(async () => {
  await browser.close();
  await service.close();
});

/** A block in a machine of its own. */
async function createBlock(members: object) {
  const machine = `m${++machines}`;
  return service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', machine, gpa: 0, ...members });
}

/** Random runs, the same in every run of the test. */
async function scatter(id: string, pages: number, count: number): Promise<void> {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  const conversions = Array.from({ length: count }, () => {
    const size = 1 + random(40);
    const to = random(4) === 0 ? 'private' : 'shared';
    return { offset: random(pages - size) * 4096, size: size * 4096, to };
  });
  await service.api.ok('POST', `/v1/ram-blocks/${id}/conversion-batches`, { conversions });
}

async function lookAt(block: { id: string; machine: string }, options = {}) {
  dashboard = await look(browser, service, block, options);
  return dashboard.page;
}

describe('the map', () => {
  it('has the states of the bitmaps of all sources, at every zoom', async () => {
    const block = await createBlock({ usedLength: '128M' });
    await scatter(block.id, 32_768, 400);
    const source = { name: 'virtio-mem0', granularity: '2M', populated: [{ offset: 0, size: '90M' }] };
    await service.api.ok('POST', `/v1/ram-blocks/${block.id}/sources`, source);
    const states = await pageStates(service.url, block);
    expect(new Set(states)).toEqual(new Set(['shared', 'private', 'discarded']));
    const page = await lookAt(block);
    for (const pagesPerCell of [8, 4, 2, 1]) {
      await zoomedTo(page, pagesPerCell);
      expectDrawn(await readMap(page), states);
      if (pagesPerCell > 1) await page.getByRole('button', { name: 'Zoom in' }).click();
    }
    await page.getByRole('button', { name: 'Towards higher addresses' }).click();
    await page.waitForFunction(() => document.querySelector('canvas.map')?.getAttribute('data-first-page') === '16384');
    expectDrawn(await readMap(page), states);
    await page.getByRole('button', { name: 'Whole block' }).click();
    await zoomedTo(page, 8);
    expectDrawn(await readMap(page), states);
  });

  it('of a block of an odd size has a last cell of what is left', async () => {
    const block = await createBlock({ usedLength: 4096 * 9001 });
    await service.api.ok('POST', `/v1/ram-blocks/${block.id}/conversions`, {
      offset: 4096 * 8992,
      size: 4096 * 9,
      to: 'shared',
    });
    const page = await lookAt(block);
    expectDrawn(await readMap(page), await pageStates(service.url, block));
  });

  it('without RamBlockAttributes is all populated', async () => {
    const block = await createBlock({ usedLength: '64K', guestMemfd: false });
    const page = await lookAt(block);
    expectDrawn(await readMap(page), await pageStates(service.url, block));
  });

  it('goes from 64 TiB to one page by the wheel, and back', async () => {
    const block = await createBlock({ usedLength: '64T' });
    const target = 12_345_678_901;
    const path = `/v1/ram-blocks/${block.id}/conversions`;
    await service.api.ok('POST', path, { offset: target * 4096, size: 4096, to: 'shared' });
    const page = await lookAt(block);
    const whole = await readMap(page);
    const cell = whole.cells.findIndex(({ shared }) => shared > 0);
    expect(whole.firstPage).toBe(0);
    expect(Math.floor(target / whole.pagesPerCell)).toBe(cell);
    for (let at = whole; at.pagesPerCell > 1; at = await readMap(page)) {
      const place = await placeOf(
        page,
        at.cells.findIndex(({ shared }) => shared > 0),
      );
      await page.mouse.move(place.x, place.y);
      await page.mouse.wheel(0, -100);
      await zoomedTo(page, at.pagesPerCell / 2);
    }
    // Away from the cells, so that none is marked as pointed at.
    await page.mouse.move(0, 0);
    await expect.poll(() => page.locator('.tip').isHidden()).toBe(true);
    const close = await readMap(page);
    const shown = close.cells.findIndex(({ shared }) => shared > 0);
    expect(close.firstPage + shown).toBe(target);
    expectDrawn(close, await pageStates(service.url, block, close.firstPage, close.cells.length), close.firstPage);
    const { x, y } = await placeOf(page, 0);
    await page.mouse.move(x, y);
    await page.mouse.wheel(0, 100 * 40);
    await zoomedTo(page, whole.pagesPerCell);
    await page.mouse.move(0, 0);
    await expect.poll(() => page.locator('.tip').isHidden()).toBe(true);
    expect(await readMap(page)).toEqual(whole);
  });

  it('keeps its aim while the wheel turns and the pointer rests', async () => {
    const block = await createBlock({ usedLength: '1T' });
    const page = await lookAt(block);
    const { pagesPerCell } = await readMap(page);
    const aimed = 1000 * pagesPerCell;
    const place = await placeOf(page, 1000);
    await page.mouse.move(place.x, place.y);
    for (let k = pagesPerCell; k > 1; k /= 2) {
      await page.mouse.wheel(0, -100);
      await zoomedTo(page, k / 2);
    }
    const close = await readMap(page);
    expect(aimed).toBeGreaterThanOrEqual(close.firstPage);
    expect(aimed).toBeLessThan(close.firstPage + close.cells.length);
  });

  it('goes to an address that is typed, also in another block', async () => {
    const low = await createBlock({ usedLength: '3G' });
    const high = await service.api.ok('POST', '/v1/ram-blocks', {
      idstr: 'high',
      usedLength: '2G',
      machine: low.machine,
      gpa: '4G',
    });
    const conversion = { offset: '512M', size: 4096, to: 'shared' };
    await service.api.ok('POST', `/v1/ram-blocks/${high.id}/conversions`, conversion);
    const page = await lookAt(low);
    const type = async (text: string) => {
      await page.getByLabel('Address', { exact: true }).fill(text);
      await page.getByRole('button', { name: 'Go', exact: true }).click();
    };
    await type('0x120000000');
    await page.waitForFunction(
      (id) => document.querySelector('canvas.map')?.getAttribute('data-ram-block-id') === id,
      high.id,
    );
    await zoomedTo(page, 1);
    const there = await readMap(page);
    expect(there.cells.findIndex(({ shared }) => shared > 0)).toBe((0.5 * GiB) / 4096 - there.firstPage);
    await expect
      .poll(() => page.getByRole('status').allTextContents())
      .toContainEqual(expect.stringContaining('guest physical address 0x120000000'));
    await type('+1G');
    await expect.poll(async () => (await readMap(page)).firstPage).toBe(GiB / 4096 - 15 * 128);
    await type('0xd0000000');
    const complaint = () => expect.poll(() => page.getByRole('alert').textContent());
    await complaint().toContain('There is no block at 0xd0000000');
    await type('nonsense');
    await complaint().toContain('Write it as 0x200000');
    await type('+64T');
    await complaint().toContain('beyond the end');
  });

  it('zooms when two fingers part, and chooses a cell when one taps', async () => {
    const block = await createBlock({ usedLength: '16G' });
    const page = await lookAt(block, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    const { pagesPerCell } = await readMap(page);
    const { x, y } = await placeOf(page, 500);
    const client = await page.context().newCDPSession(page);
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', ...xs: number[]) =>
      client.send('Input.dispatchTouchEvent', { type, touchPoints: xs.map((at, id) => ({ x: at, y, id })) });
    await touch('touchStart', x - 20);
    await touch('touchStart', x - 20, x + 20);
    // One step exactly: each finger is a movement of its own, 40 to 60 to 80 pixels apart.
    await touch('touchMove', x - 40, x + 40);
    await touch('touchEnd');
    await zoomedTo(page, pagesPerCell / 2);
    const closer = await readMap(page);
    const tapped = await placeOf(page, 70);
    await page.touchscreen.tap(tapped.x, tapped.y);
    const offset = (closer.firstPage + 70 * closer.pagesPerCell) * 4096;
    await expect.poll(() => page.locator('#convert-start').inputValue()).toBe(`0x${offset.toString(16)}`);
  });

  it('names what the pointer is over: offset, address, state, and who has it mapped', async () => {
    const block = await createBlock({ usedLength: '16M', gpa: '4G' });
    const device = await startDeviceSimulator({ service: service.url, block: block.id });
    await device.register();
    const half = { offset: '8M', size: '8M' };
    const second = await startDeviceSimulator({
      service: service.url,
      block: block.id,
      section: { offset: 2 ** 23, size: 2 ** 23 },
    });
    await second.register();
    await service.api.ok('POST', `/v1/ram-blocks/${block.id}/conversions`, { ...half, to: 'shared' });
    const page = await lookAt(block);
    await expect.poll(() => page.locator('.listener').count()).toBe(2);
    const tip = async (cell: number) => {
      const place = await placeOf(page, cell);
      await page.mouse.move(place.x, place.y);
      return expect.poll(() => page.locator('.tip').innerText());
    };
    await (await tip(5)).toMatch(/State private\s+Offset 0x5000 – 0x5fff\s+GPA 0x100005000 – 0x100005fff/);
    await (await tip(5)).toMatch(/L1 not mapped$/);
    await (await tip(2048)).toMatch(/State shared\s+Offset 0x800000 – 0x800fff/);
    await (await tip(2048)).toMatch(/L1 mapped\s+L2 mapped$/);
    await page.mouse.move(0, 0);
    await expect.poll(() => page.locator('.tip').isHidden()).toBe(true);
    await device.close();
    await second.close();
  });
});
