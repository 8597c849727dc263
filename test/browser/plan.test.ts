// The page for traces: what is dropped there is planned by one call, and what the service answers is what is shown.
import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startService, type TestService } from '../support/service.ts';
import { type Dashboard, launch, open } from './dashboard.ts';

const BOOT = new URL('../../examples/synthetic-boot-16g.ftrace', import.meta.url);
const NUMA = new URL('../../examples/numa-two-nodes.qemu.log', import.meta.url);

let service: TestService;
let browser: Browser;
let dashboard: Dashboard;

beforeAll(async () => {
  service = await startService();
  browser = await launch();
});
afterEach(() => dashboard.close());
afterAll(async () => {
  await browser.close();
  await service.close();
});

async function openPlans(expected: number[] = []) {
  dashboard = await open(browser, `${service.url}/ui/#/plans`, { expected });
  await dashboard.page.waitForSelector('.drop');
  return dashboard.page;
}

async function planOf(trace: URL, query = '') {
  const headers = { 'content-type': 'text/plain' };
  return service.api.ok('POST', `/v1/plans${query}`, readFileSync(trace, 'utf8'), { headers });
}

describe('a trace', () => {
  it('that is chosen is planned at once, and each way to track is a row of what the service answers', async () => {
    const page = await openPlans();
    await page.setInputFiles('input[type=file]', BOOT.pathname);
    await page.waitForSelector('.plans table');
    const plan = await planOf(BOOT);
    const rows = await page.locator('.plans tbody tr').all();
    expect(rows.length).toBe(plan.trackings.length + 1);
    for (const [index, { mappings }] of plan.trackings.entries()) {
      const [first] = (await rows[index]?.locator('td').allInnerTexts()) ?? [];
      expect(first).toBe(mappings.peak.toLocaleString('en'));
    }
    const figures = await page.locator('.figures li b').allInnerTexts();
    expect(figures[0]).toBe(plan.trackings[0].mappings.peak.toLocaleString('en'));
    expect(await page.locator('.facts').last().innerText()).toContain(
      `dma_entry_limit=${plan.trackings[0].mappings.peak}`,
    );
    expect(await page.locator('.facts').last().innerText()).toContain('guessed from the trace');
    // Both charts are there, and say their last values.
    expect(await page.locator('.chart canvas').count()).toBe(2);
    const legend = await page.locator('.chart-legend').first().innerText();
    expect(legend).toContain('per page');
    expect(legend).toContain('limit 65,535');
  });

  it('that is dropped is planned with the options, and the call is shown as a command that can be run', async () => {
    const page = await openPlans();
    await page.getByLabel('Memory layout').fill('0:2G:node0 4G:2G:node1');
    await page.getByLabel('DMA mappings at most').fill('100');
    await page.getByLabel('Steps of the charts').fill('7');
    const text = readFileSync(NUMA, 'utf8');
    const transfer = await page.evaluateHandle((content) => {
      const data = new DataTransfer();
      data.items.add(new File([content], "numa's.log"));
      return data;
    }, text);
    await page.dispatchEvent('.drop', 'drop', { dataTransfer: transfer });
    await page.waitForSelector('.plans table');
    const command = await page.locator('.curl code').innerText();
    expect(command).toContain(`-X POST -H 'content-type: text/plain' -T 'numa'\\''s.log'`);
    expect(command).toContain('map=0%3A2G%3Anode0&map=4G%3A2G%3Anode1&limit=100&points=7');
    const plan = await planOf(NUMA, '?map=0:2G:node0&map=4G:2G:node1&limit=100&points=7');
    expect(await page.locator('.plans thead').innerText()).toContain('Over 100');
    const facts = await page.locator('.facts').last().innerText();
    expect(facts).toContain(`${plan.conversions.acrossBlocks} across blocks`);
    expect(facts).toContain('node1');
    // The calls page has it, too.
    await page.getByRole('link', { name: 'Calls' }).click();
    expect(await page.locator('.call-list').innerText()).toContain("-T 'numa'");
  });

  it('with options that are wrong shows what is wrong, and is planned when they are right', async () => {
    const page = await openPlans([400]);
    await page.getByLabel('Memory layout').fill('everywhere');
    await page.setInputFiles('input[type=file]', NUMA.pathname);
    await page.waitForSelector('.problem');
    expect(await page.locator('.problem').innerText()).toContain('invalid-request');
    expect(await page.locator('.plans table').count()).toBe(0);
    await page.getByLabel('Memory layout').fill('');
    await page.getByRole('button', { name: 'Plan', exact: true }).click();
    await page.waitForSelector('.plans table');
    expect(await page.locator('.problem').count()).toBe(0);
  });
});
