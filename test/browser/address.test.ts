// What is behind the # of an address comes from anybody who makes a link: it is a name in a path, never a path.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startService, type TestService } from '../support/service.ts';
import { launch } from './dashboard.ts';

let browser: Browser;
let service: TestService;

beforeAll(async () => {
  browser = await launch();
  service = await startService();
  await service.api.ok('POST', '/v1/ram-blocks', { machine: 'vm-1', idstr: 'pc.ram', usedLength: '1M' });
});
afterAll(async () => {
  await browser.close();
  await service.close();
});

it.each(['../../metrics?x=', '../ram-blocks?limit=1&', 'a/b', '%2e%2e/x', 'x#y'])(
  'the machine %s in an address is asked for by that name, and nothing else is',
  async (name) => {
    const page = await browser.newPage();
    const asked: string[] = [];
    page.on('request', (request) => {
      const { pathname, search } = new URL(request.url());
      if (!pathname.startsWith('/ui/')) asked.push(pathname + search);
    });
    await page.goto(`${service.url}/ui/#/memory/${encodeURIComponent(name)}/blk_1`);
    // There is no such machine: it goes on to one that there is.
    await page.waitForSelector('canvas.map[data-ram-block-id]');
    const others = asked.filter(
      (path) => !/^\/v1\/(machines\?limit=1000|machines\/vm-1|events|ram-blocks\/blk_\w+)/.test(path),
    );
    expect(new Set(others.filter((path) => path !== '/metrics'))).toEqual(
      new Set([`/v1/machines/${encodeURIComponent(name)}`].filter((path) => others.includes(path))),
    );
    expect(asked).toContain(`/v1/machines/${encodeURIComponent(name)}`);
    await page.close();
  },
);
