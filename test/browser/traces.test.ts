// The sample traces, replayed into the service with a device on each block: the map follows, and in the end its pixels are
// what the bitmaps say, in whole blocks and page by page.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { replayTrace } from '../../src/cli/replay/replay.ts';
import { type DeviceSimulator, startDeviceSimulator } from '../../src/cli/simulator/server.ts';
import { startService, type TestService } from '../support/service.ts';
import { type Dashboard, drawn, launch, look, readMap, zoomedTo } from './dashboard.ts';
import { expectDrawn, type PageState, pageStates } from './page-truth.ts';

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
let folder: string;
let dashboard: Dashboard | null = null;
const devices = new Map<string, DeviceSimulator>();

beforeAll(async () => {
  browser = await launch();
  folder = await mkdtemp(join(tmpdir(), 'rba-traces-'));
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
afterAll(async () => {
  await browser.close();
  await rm(folder, { recursive: true });
});

/** The path of an example, or of so many of its first lines. */
async function traceOf(file: string, lines: number): Promise<string> {
  const text = await readFile(new URL(`../../examples/${file}`, import.meta.url), 'utf8');
  const path = join(folder, file);
  await writeFile(path, text.split('\n').slice(0, lines).join('\n'));
  return path;
}

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
function someSharedPages(states: readonly PageState[]): number[] {
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
  for (const at of someSharedPages(states)) {
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
    // It cleans up behind itself: in the end all is private, after 50 lines all but one page of a range is shared.
    ['kvm-selftest-private-mem.qemu.log', 66, 300_000, 0],
    ['kvm-selftest-private-mem.qemu.log', 50, 300_000, 512],
    ['kvm-selftest-private-mem.qemu.log', 50, 256, 1],
    ['numa-two-nodes.qemu.log', 48, 300_000, 5659],
    ['synthetic-boot-16g.ftrace', 7615, 300_000, 258_246],
  ])('%s, %d lines, with devices of %i mappings, is what the bitmaps say', async (file, lines, limit, sharedPages) => {
    const summary = await replayTrace({
      trace: await traceOf(file, lines),
      service: new URL(service.url),
      machine: 'replayed',
      onBlocks: prepare(limit),
    });
    expect(summary.conversions.refused > 0).toBe(limit === 256);
    expect(summary.end.populatedBytes).toBe(sharedPages * 4096);
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
