// A service that wants tokens: the page asks for one, shows all with one that may read, and acts with one that may write.
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { startService, type TestService, until } from '../support/service.ts';
import { lineOf, READER, TokensFile, WRITER } from '../support/tokens-file.ts';
import { type Dashboard, drawn, launch, open } from './dashboard.ts';
import { inShell } from './shell.ts';

let file: TokensFile;
let service: TestService;
let browser: Browser;
let block: { readonly id: string };
let dashboard: Dashboard;

beforeAll(async () => {
  browser = await launch();
});
beforeEach(async () => {
  file = await TokensFile.create();
  service = await startService({ settings: file.settings, token: WRITER });
  block = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '16M', gpa: 0 });
});
afterEach(async () => {
  await dashboard.close();
  await service.close();
  await file.remove();
});
afterAll(() => browser.close());

/** The page, which is meant to be told 401 and 403. */
async function openPage(...alsoExpected: string[]): Promise<Page> {
  dashboard = await open(browser, `${service.url}/ui/`, { expected: [401, 403, ...alsoExpected] });
  return dashboard.page;
}

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
const dialog = (page: Page) => page.getByRole('dialog', { name: 'Bearer token' });
const connection = (page: Page) => expect.poll(() => page.locator('.connection').innerText());
const generation = async () => (await service.api.ok('GET', `/v1/ram-blocks/${block.id}`)).generation;

async function give(page: Page, token: string): Promise<void> {
  await dialog(page).getByLabel('Token', { exact: true }).fill(token);
  await press(page, 'Use it');
}

it('the page asks for a token, says when it is not known, and shows nothing before', async () => {
  const page = await openPage();
  await dialog(page).waitFor();
  expect(await dialog(page).innerText()).toContain('The service asks who you are.');
  await connection(page).toBe('a token is needed');
  expect(await page.locator('body').innerText()).not.toContain('pc.ram');
  await give(page, 'nobody');
  await expect.poll(() => dialog(page).innerText()).toContain('The service does not know this token.');
  expect(await dialog(page).getByLabel('Token', { exact: true }).inputValue()).toBe('');
  await give(page, READER);
  await drawn(page, block.id, 0);
  await connection(page).toBe('live');
  expect(await dialog(page).isVisible()).toBe(false);
});

it('a token that may read sees everything; acting is refused, and the refusal says why', async () => {
  const page = await openPage();
  await give(page, READER);
  await drawn(page, block.id, 0);
  const path = `/v1/ram-blocks/${block.id}/conversions`;
  await service.api.ok('POST', path, { offset: 0, size: '64K', to: 'shared' });
  await drawn(page, block.id, 1);
  await expect.poll(() => page.locator('.activity li').count()).toBe(1);

  const convert = page.locator('.convert');
  await press(page, 'Convert');
  await expect.poll(() => convert.locator('.problem').innerText()).toMatch(/Code\s+forbidden \(403\)/);
  expect(await convert.locator('.problem').innerText()).toContain('write');
  await press(page, 'New RAM block…');
  await press(page, 'Create');
  await expect.poll(() => page.locator('dialog[open] .problem').innerText()).toMatch(/Code\s+forbidden \(403\)/);
  await press(page, 'Cancel');
  expect(await generation()).toBe(1);
  // It is still who it was, and still told what happens.
  await connection(page).toBe('live');
  await service.api.ok('POST', path, { offset: 0, size: '64K', to: 'private' });
  await drawn(page, block.id, 2);
});

it('a token that may write acts, also after the page is loaded again, until it is forgotten', async () => {
  const page = await openPage();
  await give(page, READER);
  await drawn(page, block.id, 0);
  await press(page, 'Token…');
  await give(page, WRITER);
  await connection(page).toBe('live');
  await press(page, 'Convert');
  await drawn(page, block.id, 1);
  expect(await generation()).toBe(1);
  await page.reload();
  await drawn(page, block.id, 1);
  await page.getByRole('radio', { name: 'private' }).check();
  await press(page, 'Convert');
  await drawn(page, block.id, 2);
  await press(page, 'Token…');
  await press(page, 'Forget it');
  await connection(page).toBe('a token is needed');
  await dialog(page).waitFor();
  expect(await page.evaluate(() => sessionStorage.length + localStorage.length)).toBe(0);
});

it('commands take the token from a variable, and are allowed what it is allowed', async () => {
  const page = await openPage();
  await give(page, READER);
  await drawn(page, block.id, 0);
  const run = (command: string, token: string) => inShell(command, { env: { RBA_TOKEN: token } });
  const convert = await page.locator('.convert form .curl code').innerText();
  expect(JSON.parse(await run(convert, READER)).code).toBe('forbidden');
  expect(JSON.parse(await run(convert, WRITER))).toMatchObject({ generation: 1, to: 'shared' });
  await drawn(page, block.id, 1);
  await page.getByRole('link', { name: 'Calls' }).click();
  await page.waitForSelector('.call-list .curl');
  const commands = await page.locator('.calls .curl code').allInnerTexts();
  const shown = await page.locator('body').innerHTML();
  for (const token of [READER, WRITER]) expect(shown).not.toContain(token);

  // The first command is the one that follows what happens.
  const [follow = '', ...calls] = commands;
  for (const command of calls) expect(await run(`${command} -w '%{http_code}'`, READER)).toMatch(/200$/);
  let told = '';
  // It ends with the first event that it has no reader for any more.
  const ended = run(`${follow} 2>/dev/null | grep -m 1 changedBytes`, READER).then((line) => {
    told = line;
  });
  const happening = until('it is told', async () => {
    const body = { offset: 0, size: '2M', to: (await generation()) % 2 === 0 ? 'shared' : 'private' };
    await service.api.ok('POST', `/v1/ram-blocks/${block.id}/conversions`, body);
    return told !== '';
  });
  await Promise.all([ended, happening]);
  expect(told).toContain(block.id);
});

it('a token that is taken back while the page is open is asked for anew', async () => {
  // Its stream of events is cut off.
  const page = await openPage('ERR_INCOMPLETE_CHUNKED_ENCODING');
  await give(page, WRITER);
  await drawn(page, block.id, 0);
  await file.write(lineOf('reader', 'read', READER));
  service.reloadTokens();
  await dialog(page).waitFor();
  await connection(page).toBe('a token is needed');
  await give(page, READER);
  await connection(page).toBe('live');
});
