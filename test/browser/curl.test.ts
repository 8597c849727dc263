// Whatever the page does is shown as a curl command, and a shell that runs it makes the same call.
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type DeviceSimulator, startDeviceSimulator } from '../../src/cli/simulator/server.ts';
import { SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService } from '../support/service.ts';
import { type Dashboard, drawn, launch, look, open } from './dashboard.ts';
import { inShell } from './shell.ts';

const NUMA = new URL('../../examples/numa-two-nodes.qemu.log', import.meta.url);
/** What shells, curl and JSON all have a meaning for. */
const AWKWARD = `it's $HOME "\`ram\`" \\ {a,b} [1-3]`;

let service: TestService;
let browser: Browser;
let device: DeviceSimulator;
let dashboard: Dashboard;
let folder: string;

beforeAll(async () => {
  browser = await launch();
  folder = await mkdtemp(join(tmpdir(), 'rba-curl-'));
});
beforeEach(async () => {
  service = await startService();
  device = await startDeviceSimulator({ secret: SECRET });
});
afterEach(async () => {
  await dashboard.close();
  await service.close();
  await device.close();
});
afterAll(async () => {
  await browser.close();
  await rm(folder, { recursive: true });
});

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
const commandIn = (page: Page, place: string) => page.locator(`${place} .curl code`).last().innerText();
const createBlock = (idstr: string) =>
  service.api.ok('POST', '/v1/ram-blocks', { idstr, usedLength: '16M', machine: 'm', gpa: 0 });

it('the command of a form, run instead of its button, makes the block and the listener', async () => {
  dashboard = await open(browser, `${service.url}/ui/`);
  const { page } = dashboard;
  await press(page, 'New RAM block…');
  await page.getByLabel('Name (idstr)').fill(AWKWARD);
  await page.getByLabel('Used length').fill('16M');
  await page.getByLabel('Machine', { exact: true }).last().fill('m');
  const create = await commandIn(page, 'dialog[open]');
  await press(page, 'Cancel');
  const block = JSON.parse(await inShell(create));
  expect(block).toMatchObject({ idstr: AWKWARD, usedLength: 2 ** 24, machine: 'm', gpa: 0 });
  await drawn(page, block.id, 0);
  expect(await page.locator('#map-title').innerText()).toBe(AWKWARD);

  await press(page, 'Register a listener…');
  await page.getByLabel('URL', { exact: true }).fill(device.url);
  await page.getByLabel('Description').fill(AWKWARD);
  await page.getByLabel('Secret').fill(SECRET);
  const register = await commandIn(page, 'dialog[open]');
  await press(page, 'Cancel');
  expect(JSON.parse(await inShell(register))).toMatchObject({ url: device.url, description: AWKWARD });
  await expect.poll(() => page.locator('.listener h3').allInnerTexts()).toEqual([`L1 ${AWKWARD}`]);

  await press(page, 'Unregister L1');
  await page.getByLabel('The device is gone').check();
  const unregister = await commandIn(page, 'dialog[open]');
  await press(page, 'Cancel');
  expect(await inShell(unregister)).toBe('');
  await expect.poll(() => page.locator('.listener').count()).toBe(0);
});

it('the command of a conversion, a preview and a replay do what the buttons do', async () => {
  const block = await createBlock('pc.ram');
  const listener = { url: device.url, secret: SECRET };
  await service.api.ok('POST', `/v1/ram-blocks/${block.id}/listeners`, listener);
  dashboard = await look(browser, service, block);
  const { page } = dashboard;
  await page.waitForSelector('.listener');
  await page.locator('#convert-start').fill('1M');
  await page.locator('#convert-size').fill('64K');
  await press(page, 'Preview');
  await page.waitForSelector('.preview');
  const convert = await commandIn(page, '.convert form');
  const preview = JSON.parse(await inShell(await commandIn(page, '.preview')));
  expect(preview).toMatchObject({ id: null, changedBytes: 65_536, to: 'shared' });
  expect(device.state().mappedBytes).toBe(0);
  const done = JSON.parse(await inShell(convert));
  expect(done).toMatchObject({ offset: 2 ** 20, changedBytes: 65_536, notified: preview.notified, generation: 1 });
  expect(device.state().mappedBytes).toBe(65_536);
  await drawn(page, block.id, 1);
  await press(page, 'Replay L1');
  await page.waitForSelector('.listener .curl');
  expect(device.state().deliveries).toMatchObject({ populate: 2, discard: 1 });
  await inShell(await commandIn(page, '.listener'));
  expect(device.state().deliveries).toMatchObject({ populate: 3, discard: 2 });
});

interface Heard {
  readonly call: string;
  readonly type: string | undefined;
  readonly body: string;
}

/** Writes down what it is sent, and answers nothing. */
async function startRecorder(heard: Heard[]): Promise<Server> {
  const server = createServer(async (request, response) => {
    const { method, url, headers } = request;
    heard.push({ call: `${method} ${url}`, type: headers['content-type'], body: await text(request) });
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

it('every command of the calls page sends what the page has sent', async () => {
  const block = await createBlock(AWKWARD);
  dashboard = await open(browser, `${service.url}/ui/#/memory/m/${block.id}`);
  const { page } = dashboard;
  const sent = new Map<string, Heard>();
  page.on('request', (request) => {
    const { pathname, search } = new URL(request.url());
    const call = `${request.method()} ${pathname}${search}`;
    sent.set(call, { call, type: request.headers()['content-type'], body: request.postData() ?? '' });
  });
  await page.reload();
  await drawn(page, block.id, 0);
  const source = { name: AWKWARD, granularity: '2M', populated: [{ offset: 0, size: '2M' }] };
  await service.api.ok('POST', `/v1/ram-blocks/${block.id}/sources`, source);
  await drawn(page, block.id, 1);
  await press(page, 'Convert');
  await drawn(page, block.id, 2);
  const trace = "boot [1] it's {2}.log";
  await writeFile(join(folder, trace), await readFile(NUMA));
  await page.getByRole('link', { name: 'Plans' }).click();
  await page.getByLabel('DMA mappings at most').fill('100');
  await page.setInputFiles('input[type=file]', join(folder, trace));
  await page.waitForSelector('.plans table');
  await page.getByRole('link', { name: 'Calls' }).click();
  await page.waitForSelector('.call-list .curl');
  const commands = await page.locator('.call-list .curl code').allInnerTexts();
  expect(commands.length).toBeGreaterThan(6);

  const heard: Heard[] = [];
  const recorder = await startRecorder(heard);
  const { port } = recorder.address() as AddressInfo;
  for (const command of commands) {
    await inShell(command.replaceAll(service.url, `http://127.0.0.1:${port}`), { cwd: folder });
  }
  expect(heard.map(({ call }) => call)).toContain(`POST /v1/ram-blocks/${block.id}/conversions`);
  expect(heard.some(({ call }) => call.includes('source='))).toBe(true);
  const plan = { call: 'POST /v1/plans?limit=100', type: 'text/plain', body: await readFile(NUMA, 'utf8') };
  expect(heard).toContainEqual(plan);
  // A browser tells nobody what is in a file.
  for (const one of heard.filter(({ call }) => call !== plan.call)) expect(one).toEqual(sent.get(one.call));
  recorder.closeAllConnections();
  recorder.close();
  await once(recorder, 'close');
});
