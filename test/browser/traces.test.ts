// The sample traces, replayed into the service with a device on each block: the map follows, and in the end its pixels are
// what the bitmaps say, in whole blocks and page by page.
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { replayTrace } from '../../src/cli/replay/replay.ts';
import { type DeviceSimulator, startDeviceSimulator } from '../../src/cli/simulator/server.ts';
import { startService, type TestService } from '../support/service.ts';
import { type Dashboard, drawn, launch, look, readMap, zoomedTo } from './dashboard.ts';
import { expectDrawn, type PageState, pageStates } from './page-truth.ts';

const example = (file: string) => fileURLToPath(new URL(`../../examples/${file}`, import.meta.url));

// Thousands of conversions, one after the other, while the machine may be busy with something else.
vi.setConfig({ testTimeout: 300_000 });

interface Block {
  readonly id: string;
  readonly machine: string;
  readonly usedLength: number;
  readonly pageSize: number;
  readonly generation: number;
}

let service: TestService;
let browser: Browser;
let dashboard: Dashboard | null = null;
const devices = new Map<string, DeviceSimulator>();

beforeAll(async () => {
  browser = await launch();
});
beforeEach(async () => {
  service = await startService();
});
afterEach(async () => {
  const closing = dashboard;
  dashboard = null;
  await closing?.close();
  await service.close();
  await Promise.all([...devices.values()].map((device) => device.close()));
  devices.clear();
});
afterAll(() => browser.close());

/** One strict device on each block, and the page of the first one open, before the first conversion. */
const prepare = (dmaMaxMappings: number) => async (blocks: readonly { readonly id: string }[]) => {
  for (const { id } of blocks) {
    const device = await startDeviceSimulator({ service: service.url, block: id, dmaMaxMappings, keep: true });
    await device.register();
    devices.set(id, device);
  }
  const block = await service.api.ok('GET', `/v1/ram-blocks/${blocks[0]?.id}`);
  dashboard = await look(browser, service, block);
};

/** The first, the last and a shared page between them; the first page of a block where there is none. */
function sharedPages(states: readonly PageState[]): number[] {
  const first = states.indexOf('shared');
  const last = states.lastIndexOf('shared');
  const middle = states.indexOf('shared', Math.floor((first + last) / 2));
  return first === -1 ? [0] : [...new Set([first, middle, last])];
}

/** The map of a block, whole and then around some of its shared pages, each a cell, against the bitmaps. */
async function expectMapOf(page: Page, block: Block): Promise<void> {
  await drawn(page, block.id, block.generation);
  const states = await pageStates(service.url, block);
  expectDrawn(await readMap(page), states);
  const mapped = devices.get(block.id)?.state().mappedBytes;
  expect(mapped).toBe(states.filter((state) => state === 'shared').length * block.pageSize);
  for (const at of sharedPages(states)) {
    await page.getByLabel('Address', { exact: true }).fill(`+0x${(at * block.pageSize).toString(16)}`);
    await page.getByRole('button', { name: 'Go', exact: true }).click();
    await zoomedTo(page, 1);
    const isInView = async () => {
      const { firstPage, cells } = await readMap(page);
      return firstPage <= at && at < firstPage + cells.length;
    };
    await expect.poll(isInView).toBe(true);
    expectDrawn(await readMap(page), states);
  }
}

describe('the map of a replayed trace', () => {
  it.each([
    ['kvm-selftest-private-mem.qemu.log', 300_000, false],
    ['kvm-selftest-private-mem.qemu.log', 256, true],
    ['numa-two-nodes.qemu.log', 300_000, false],
    ['synthetic-boot-16g.ftrace', 300_000, false],
  ])('%s, with devices of %i mappings, is what the bitmaps say', async (file, dmaMaxMappings, hasRefusals) => {
    const summary = await replayTrace({
      trace: example(file),
      service: new URL(service.url),
      machine: 'replayed',
      onBlocks: prepare(dmaMaxMappings),
    });
    expect(summary.conversions.refused > 0).toBe(hasRefusals);
    expect(summary.lines.applied).toBeGreaterThan(0);
    const page = dashboard?.page;
    if (page === undefined) throw new Error('the page was not opened');
    const blocks: Block[] = (await service.api.ok('GET', '/v1/ram-blocks?machine=replayed')).items;
    expect(blocks.length).toBe(devices.size);
    for (const block of blocks) {
      await page.goto(`${service.url}/ui/#/memory/${block.machine}/${block.id}`);
      await expectMapOf(page, block);
      expect(devices.get(block.id)?.state().violations.count).toBe(0);
      await expect.poll(() => page.locator('.difference .verdict').innerText()).toBe('mapped = populated');
    }
  });
});
