// /ui/: the dashboard's files as a browser takes them. What it does is tested in a browser, in test/browser.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UiFiles } from '../../src/http/ui-files.ts';
import { startService, type TestService } from '../support/service.ts';

let service: TestService;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

const fetched = async (path: string, init: RequestInit = {}) => {
  const answer = await fetch(service.url + path, { redirect: 'manual', ...init });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
};

const IMPORTS = /\b(?:import|from)\s*["']([^"'\n]+)["']/g;

describe('/ui/', () => {
  it('is where /ui leads', async () => {
    const { status, headers } = await fetched('/ui');
    expect([status, headers.get('location')]).toEqual([302, 'ui/']);
  });

  it('is a page of files that are served here, from its scripts down to the last import', async () => {
    const seen = new Set<string>();
    const visit = async (path: string): Promise<void> => {
      if (seen.has(path)) return;
      seen.add(path);
      const { status, text } = await fetched(path);
      expect(`${path} ${status}`).toBe(`${path} 200`);
      const linked = path.endsWith('.js')
        ? [...text.matchAll(IMPORTS)].map(([, to]) => String(to))
        : [...text.matchAll(/<(?:script|link)[^>]* (?:src|href)="([^"]+)"/g)].map(([, to]) => String(to));
      for (const to of linked) {
        const { origin, pathname } = new URL(to, service.url + path);
        expect(origin).toBe(service.url);
        await visit(pathname);
      }
    };
    await visit('/ui/');
    const paths = [...seen];
    expect(paths).toContain('/ui/vendor/lit-html/lit-html.js');
    expect(paths).toContain('/ui/vendor/uplot/uPlot.esm.js');
    expect(paths).toContain('/ui/model/bytes.js');
    expect(paths.length).toBeGreaterThan(30);
  });

  it.each([
    ['/ui/', 'text/html; charset=utf-8'],
    ['/ui/index.html', 'text/html; charset=utf-8'],
    ['/ui/main.js?x=1', 'text/javascript; charset=utf-8'],
    ['/ui/style.css', 'text/css; charset=utf-8'],
    ['/ui/memory.css', 'text/css; charset=utf-8'],
    ['/ui/icon.svg', 'image/svg+xml'],
    ['/ui/vendor/uplot/uPlot.min.css', 'text/css; charset=utf-8'],
  ])('%s is %s, and may load and run nothing else', async (path, type) => {
    const { status, headers } = await fetched(path, { headers: { accept: 'text/x-nothing' } });
    expect([status, headers.get('content-type')]).toEqual([200, type]);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("style-src 'self';");
    expect(policy).not.toMatch(/unsafe|https?:|data:|\*/);
  });

  it('has no types left in its scripts, and no pointers to what is not served', () => {
    const files = new UiFiles();
    for (const path of files.paths.filter((one) => one.endsWith('.js'))) {
      const text = files.get(path)?.text ?? '';
      expect(text).not.toContain('sourceMappingURL');
      expect(text).not.toMatch(/^\s*(interface|import type) /m);
    }
    expect(files.paths.filter((path) => /tsconfig|\.d\.|\.ts$|\.map$/.test(path))).toEqual([]);
  });

  it('is open to anybody: it shows nothing by itself', async () => {
    const { status } = await fetched('/ui/', {
      headers: { host: 'elsewhere.example', origin: 'http://other.example' },
    });
    expect(status).toBe(200);
  });

  it('has HEAD beside GET, and no other method', async () => {
    const { status, headers, text } = await fetched('/ui/main.js', { method: 'HEAD' });
    expect([status, text]).toEqual([200, '']);
    expect(Number(headers.get('content-length'))).toBeGreaterThan(100);
    const posted = await fetched('/ui/main.js', { method: 'POST' });
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it.each([
    '/ui/none',
    '/ui/main.ts',
    '/ui/model',
    '/ui/model/',
    '/ui/tsconfig.json',
    '/ui/vendor/lit-html/package.json',
    '/ui/vendor/lit-html/lit-html.d.ts',
    '/ui//main.js',
    '/ui/%2e%2e/app.js',
    '/ui/..%2fapp.js',
    '/ui/main.js%00',
    '/ui/constructor',
  ])('has no %s, and says so with a problem document', async (path) => {
    const { status, headers, text } = await fetched(path);
    expect([status, headers.get('content-type')]).toEqual([404, 'application/problem+json']);
    expect(JSON.parse(text).code).toBe('not-found');
  });
});
