// A page of another site, open in the same browser: it learns nothing of a service without tokens, and keeps nothing of it
// busy. It cannot send an Origin that is refused, for browsers add none to what elements load.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startService, type TestService } from '../support/service.ts';
import { launch } from './dashboard.ts';

/** How elements and scripts of a page can ask for something elsewhere. */
const WAYS = ['object', 'iframe', 'img', 'script', 'link', 'fetch', 'events'] as const;

let browser: Browser;
let service: TestService;
let server: Server;
let page: Page;
/** The answers of the service: path and status. */
let answers: string[];

beforeAll(async () => {
  browser = await launch();
  service = await startService();
  for (const machine of ['prod-vm-7', 'other']) {
    await service.api.ok('POST', '/v1/ram-blocks', { machine, idstr: 'pc.ram', usedLength: '1M' });
  }
  server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Another site</title>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
beforeEach(async () => {
  page = await browser.newPage();
  answers = [];
  page.on('response', (response) => {
    const { origin, pathname } = new URL(response.url());
    if (origin === new URL(service.url).origin) answers.push(`${pathname} ${response.status()}`);
  });
});
afterEach(() => page.close());
afterAll(async () => {
  await browser.close();
  await service.close();
  server.close();
  server.closeAllConnections();
});

/** What the page is told: that it loaded, or an error. */
function ask(url: string, way: (typeof WAYS)[number]): Promise<string> {
  return page.evaluate(
    ([target, how]) => {
      return new Promise<string>((resolve) => {
        if (how === 'fetch') {
          fetch(target, { mode: 'no-cors' }).then(
            () => resolve('load'),
            () => resolve('error'),
          );
          return;
        }
        if (how === 'events') {
          const source = new EventSource(target);
          source.onopen = () => resolve('load');
          source.onerror = () => {
            source.close();
            resolve('error');
          };
          return;
        }
        const element = document.createElement(how);
        element.addEventListener('load', () => resolve('load'));
        element.addEventListener('error', () => resolve('error'));
        if (how === 'link') element.setAttribute('rel', 'stylesheet');
        element.setAttribute(how === 'object' ? 'data' : how === 'link' ? 'href' : 'src', target);
        document.body.append(element);
      });
    },
    [url, way] as const,
  );
}

describe.each([
  ['another site', 'localhost'],
  ['the same host at another port', '127.0.0.1'],
])('a page of %s', (_name, host) => {
  beforeEach(async () => {
    await page.goto(`http://${host}:${(server.address() as AddressInfo).port}/`);
  });

  it.each(WAYS)('cannot tell by <%s> whether there is a machine', async (way) => {
    const known = await ask(`${service.url}/v1/machines/prod-vm-7`, way);
    const guessed = await ask(`${service.url}/v1/machines/prod-vm-8`, way);
    expect(known).toBe(guessed);
    for (const answer of answers) expect(answer).toMatch(/ 403$/);
  });

  it('holds no stream of events open', async () => {
    expect(await ask(`${service.url}/v1/events`, 'fetch')).toBe('error');
    expect(await ask(`${service.url}/v1/events`, 'events')).toBe('error');
    expect(answers.filter((answer) => answer.endsWith(' 200'))).toEqual([]);
  });

  it('cannot load what is open either', async () => {
    for (const way of ['img', 'script', 'fetch'] as const) {
      expect(await ask(`${service.url}/livez`, way)).toBe('error');
    }
  });
});

it('the service itself and the user may ask: its own page, and an address that is typed', async () => {
  await page.goto(`${service.url}/v1/machines/prod-vm-7`);
  expect(await page.locator('body').innerText()).toContain('"name":"prod-vm-7"');
  await page.goto(`${service.url}/ui/`);
  await page.locator('option[value="prod-vm-7"]').waitFor({ state: 'attached' });
  expect(answers.filter((answer) => / (4|5)/.test(answer))).toEqual([]);
});
