// What those who run the service ask: is it alive and ready, what does it count, what is its API, and a page that shows it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openapi } from '../support/contract.ts';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService } from '../support/service.ts';

let service: TestService;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

/** As a browser asks: without the document, for it does not have the page. */
const fetched = async (path: string) => {
  const answer = await fetch(new URL(path, service.url));
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
};

describe('health', () => {
  it('is alive and ready', async () => {
    expect(await service.api.ok('GET', '/livez')).toEqual({ status: 'alive' });
    expect(await service.api.ok('GET', '/readyz')).toEqual({ status: 'ready' });
  });
});

describe('/metrics', () => {
  const metrics = async () => {
    const { body } = await service.api.get('/metrics');
    return (name: string) => Number(new RegExp(`^${name.replace(/[{}"]/g, '\\$&')} (.*)$`, 'm').exec(body)?.[1]);
  };

  it('is in the format of Prometheus, every name with the prefix', async () => {
    const { body, headers } = await service.api.get('/metrics');
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    const lines: string[] = body.split('\n').filter((line: string) => line !== '');
    for (const line of lines) expect(line).toMatch(/^(# (HELP|TYPE) rba_\w+ .+|rba_\w+(\{.*\})? (-?[\d.e+-]+|NaN))$/);
  });

  it('counts what there is, and what was done', async () => {
    const device = await ScriptedListener.start();
    const earlier = await metrics();
    const { id } = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '64K' });
    const path = `/v1/ram-blocks/${id}`;
    await service.api.ok('POST', `${path}/listeners`, { url: device.url, secret: SECRET });
    await service.api.ok('POST', `${path}/conversions`, { offset: 0, size: '8K', to: 'shared' });
    await service.api.post(`${path}/conversions`, { offset: 1, size: '8K', to: 'shared' });
    const now = await metrics();
    expect(now('rba_ram_blocks') - earlier('rba_ram_blocks')).toBe(1);
    expect(now('rba_listeners')).toBe(1);
    expect(now('rba_listeners_unsettled')).toBe(0);
    expect(now('rba_populated_bytes')).toBe(8192);
    expect(now('rba_queue_length')).toBe(0);
    const requests = (status: number) =>
      `rba_http_request_duration_seconds_count{operation="convert",status="${status}"}`;
    expect([now(requests(200)), now(requests(422))]).toEqual([1, 1]);
    const attempts = 'rba_delivery_attempts_total{type="ram_block.populate",reason="conversion",outcome="accepted"}';
    expect(now(attempts)).toBe(1);
    await service.api.ok('DELETE', `${path}?force=true`);
    expect((await metrics())('rba_ram_blocks')).toBe(earlier('rba_ram_blocks'));
    await device.close();
  });

  it('has no path, id or other text of a client as a label', async () => {
    await service.api.get('/v1/ram-blocks/a-secret-id?idstr=x');
    await service.api.get('/a-secret-path');
    const { body } = await service.api.get('/metrics');
    expect(body).not.toContain('a-secret');
  });
});

describe('/openapi.json', () => {
  it('is the document that is committed', async () => {
    expect(await service.api.ok('GET', '/openapi.json')).toEqual(openapi);
  });
});

describe('/docs', () => {
  it.each(['/docs', '/docs/'])('%s is a page, and all that it loads is served here', async (path) => {
    const page = await fetched(path);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const loaded = [...page.text.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, url]) => String(url));
    expect(loaded.length).toBeGreaterThan(4);
    for (const url of loaded) {
      const absolute = new URL(url, service.url + path);
      expect(absolute.origin).toBe(new URL(service.url).origin);
      const file = await fetched(absolute.href);
      expect(`${url} ${file.status}`).toBe(`${url} 200`);
      expect(file.text.length).toBeGreaterThan(0);
    }
  });

  it('may load nothing from elsewhere, and is not upgraded to https, which is not there', async () => {
    for (const path of ['/docs', '/docs/static/swagger-ui.css', '/docs/static/swagger-initializer.js']) {
      const policy = (await fetched(path)).headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      const sources = policy.split(';').flatMap((directive) => directive.split(' ').slice(1));
      expect(new Set(sources)).toEqual(new Set(["'none'", "'self'", 'data:']));
      expect(policy).not.toMatch(/https?:|validator|upgrade-insecure-requests|unsafe-eval/);
    }
  });

  it('is told not to be framed, sniffed, or named to others; answers of the API load and run nothing', async () => {
    for (const path of ['/docs', '/docs/static/index.css', '/docs/static/none']) {
      const { headers } = await fetched(path);
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
      expect(headers.get('strict-transport-security')).toBeNull();
    }
    for (const path of ['/livez', '/openapi.json', '/v1/ram-blocks']) {
      const { headers } = await fetched(path);
      expect(headers.get('content-security-policy')).toMatch(/default-src 'none'/);
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    }
  });

  it('shows this API, and asks no validator elsewhere', async () => {
    const script = await fetched('/docs/static/swagger-initializer.js');
    expect(script.text).toContain("url: resolveUrl('./json')");
    expect(script.text).toContain('validatorUrl: null');
    expect(JSON.parse((await fetched('/docs/json')).text)).toEqual(openapi);
  });

  it.each(['/docs', '/docs/static/swagger-ui-bundle.js', '/docs/json', '/docs/yaml', '/docs/static/none'])(
    '%s carries the headers of every answer',
    async (path) => {
      const { headers } = await fetched(path);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    },
  );

  it('is given to a client that takes nothing else than pages', async () => {
    const answer = await fetch(`${service.url}/docs`, { headers: { accept: 'text/html' } });
    expect(answer.status).toBe(200);
  });

  it.each(['none', '../package.json', '%2e%2e/package.json', '..%2f..%2fpackage.json', 'index.html%00'])(
    'has no file static/%s, and says so with a problem document',
    async (file) => {
      const { status, headers, text } = await fetched(`/docs/static/${file}`);
      expect([400, 404]).toContain(status);
      expect(headers.get('content-type')).toBe('application/problem+json');
      expect(JSON.parse(text).code).toMatch(/^(not-found|invalid-request)$/);
    },
  );
});
