// Without tokens a page of another site must not reach the service through a browser: not with a Host that is a name
// (DNS rebinding), not with a foreign Origin.
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startService, type TestService } from '../support/service.ts';
import { READER, TokensFile } from '../support/tokens-file.ts';
import { answerTo, head } from './raw-socket.ts';

const LIST = '/v1/ram-blocks';
const OPEN = ['/livez', '/readyz', '/openapi.json', '/docs', '/docs/static/swagger-ui.css'];

let plain: TestService;
let named: TestService;
let port: string;

beforeAll(async () => {
  plain = await startService();
  named = await startService({ settings: { RBA_ALLOWED_HOSTS: 'rba.example, Other.Example' } });
  port = new URL(plain.url).port;
});
afterAll(async () => {
  await plain.close();
  await named.close();
});

const get = async (service: TestService, headers: Record<string, string>, path = LIST) => {
  return (await service.api.get(path, { headers })).status;
};

describe('a Host', () => {
  it.each([
    '127.0.0.1',
    '127.0.0.1:8080',
    '10.1.2.3',
    '10.1.2.3:80',
    '[::1]',
    '[::1]:8080',
    '[2001:db8::1]:443',
    '[::ffff:127.0.0.1]',
    'localhost',
    'localhost:8080',
    'LocalHost:1',
  ])('%s is served', async (host) => {
    expect(await get(plain, { host })).toBe(200);
    expect(await get(named, { host })).toBe(200);
  });

  it.each([
    'rebound.example',
    'rebound.example:8080',
    'localhost.rebound.example',
    'rebound.example:80@127.0.0.1',
    'me@localhost',
    'localhost/../x',
    'localhost?x',
    '127.0.0.1.rebound.example',
    '127.0.0.1:99999',
    '127.0.0.1:x',
    '::1',
    '[::1%25eth0]',
    'localhost,rebound.example',
    'a b',
    'localhost.',
    '-',
  ])('%s is refused', async (host) => {
    const { status, body } = await plain.api.get(LIST, { headers: { host } });
    expect(status).toBe(403);
    expect(body.code).toBe('forbidden');
    expect(await get(named, { host })).toBe(403);
  });

  it.each(['rba.example', 'rba.example:8443', 'RBA.Example', 'other.example'])(
    '%s is served once it is allowed',
    async (host) => {
      expect(await get(named, { host })).toBe(200);
      expect(await get(plain, { host })).toBe(403);
    },
  );

  it.each(['x.rba.example', 'rba.example.rebound.example', 'example', 'rba.example.'])(
    '%s is not allowed by its like',
    async (host) => {
      expect(await get(named, { host })).toBe(403);
    },
  );

  it.each(['', '[::1', '[', 'localhost#x', 'rebound.example#localhost', '\\\\localhost', 'localhost\\x'])(
    '%j is refused',
    async (Host) => {
      const answer = await answerTo(plain.url, head(`GET ${LIST} HTTP/1.1`, { Host, Connection: 'close' }));
      expect(answer.status).toBe(403);
    },
  );

  it('that is missing in HTTP/1.0 is refused, but for what is open', async () => {
    const ask = async (path: string) => (await answerTo(plain.url, `GET ${path} HTTP/1.0\r\n\r\n`)).status;
    expect(await ask(LIST)).toBe(403);
    expect(await ask('/livez')).toBe(200);
  });

  // The option requireHostHeader of the server, which is on, makes Node answer this itself: without a problem document.
  it('that is missing in HTTP/1.1 is 400', async () => {
    const { status, body } = await answerTo(plain.url, `GET ${LIST} HTTP/1.1\r\nConnection: close\r\n\r\n`);
    expect(status).toBe(400);
    expect(JSON.parse(body)).toMatchObject({ code: 'invalid-request' });
  });
});

describe('an Origin', () => {
  it.each(['http', 'https'])('that is the service itself (%s) is served', async (scheme) => {
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, '127.0.0.1']) {
      expect(await get(plain, { host, origin: `${scheme}://${host}` })).toBe(200);
    }
    expect(await get(named, { host: 'rba.example', origin: `${scheme}://rba.example` })).toBe(200);
  });

  it.each([
    'http://evil.example',
    'https://127.0.0.1',
    'http://127.0.0.1:1',
    'http://localhost',
    'null',
    '',
    '*',
    'file://',
    'chrome-extension://abcdef',
    'http://127.0.0.1.evil.example',
  ])('%j is foreign and refused', async (origin) => {
    for (const [method, path] of [
      ['GET', LIST],
      ['POST', LIST],
      ['GET', '/metrics'],
      ['OPTIONS', LIST],
    ]) {
      const { status, body } = await plain.api.call(String(method), String(path), undefined, { headers: { origin } });
      expect(`${method} ${status} ${body.code}`).toBe(`${method} 403 forbidden`);
    }
  });

  it('that is foreign changes nothing', async () => {
    const body = { idstr: 'pc.ram', usedLength: 4096 };
    const refused = await plain.api.post(LIST, body, { headers: { origin: 'http://evil.example' } });
    expect(refused.status).toBe(403);
    expect((await plain.api.ok('GET', LIST)).items).toEqual([]);
  });

  it('gets no leave to read: there are no CORS headers', async () => {
    const origin = 'http://evil.example';
    for (const method of ['GET', 'OPTIONS'] as const) {
      const headers = { origin, 'access-control-request-method': 'POST' };
      const answer = await request(plain.url + LIST, { method, headers });
      await answer.body.dump();
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
    }
  });
});

describe('Sec-Fetch-Site', () => {
  it.each(['same-origin', 'none'])('%s is the service itself, or the user', async (site) => {
    for (const service of [plain, named]) {
      expect(await get(service, { 'sec-fetch-site': site })).toBe(200);
    }
  });

  it.each(['cross-site', 'same-site', '', 'Same-Origin', 'same-origin, cross-site', 'whatever'])(
    '%j is refused, whatever is asked for',
    async (site) => {
      for (const path of [LIST, '/metrics', '/v1/events', '/v1/machines/guessed', '/unknown']) {
        for (const method of ['GET', 'POST']) {
          const { status, body } = await plain.api.call(method, path, undefined, {
            headers: { 'sec-fetch-site': site },
          });
          expect(`${method} ${path} ${status} ${body.code}`).toBe(`${method} ${path} 403 forbidden`);
        }
      }
    },
  );

  it('is looked at with a token, too', async () => {
    const file = await TokensFile.create();
    const guarded = await startService({ settings: file.settings, token: READER });
    try {
      expect(await get(guarded, { 'sec-fetch-site': 'cross-site' })).toBe(403);
      expect(await get(guarded, { 'sec-fetch-site': 'same-origin' })).toBe(200);
    } finally {
      await guarded.close();
      await file.remove();
    }
  });
});

describe('what every answer says to browsers', () => {
  it.each(['/v1/ram-blocks', '/v1/nothing', '/livez', '/openapi.json', '/metrics', '/v1/events'])(
    'at %s: no page of another site may load it, and it loads nothing',
    async (path) => {
      const { headers } = await plain.api.get(path);
      expect(headers['cross-origin-resource-policy']).toBe('same-origin');
      expect(headers['content-security-policy']).toBe("default-src 'none'; frame-ancestors 'none'");
    },
  );

  it('where nothing can be read of the request: the same', async () => {
    const { headers } = await answerTo(plain.url, 'nonsense\r\n\r\n');
    expect(headers['cross-origin-resource-policy']).toBe('same-origin');
    expect(headers['content-security-policy']).toBe("default-src 'none'; frame-ancestors 'none'");
  });

  it.each(['/ui/', '/docs/static/index.html'])('of the page %s is the policy of pages', async (path) => {
    const { headers, body } = await request(plain.url + path);
    await body.dump();
    expect(headers['cross-origin-resource-policy']).toBe('same-origin');
    expect(headers['content-security-policy']).toContain("script-src 'self'");
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
  });
});

describe('what is open', () => {
  it.each(OPEN)('%s is served to any Host, Origin and site', async (path) => {
    const headers = { host: 'rebound.example', origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' };
    const answer = await request(plain.url + path, { headers });
    await answer.body.dump();
    expect(answer.statusCode).toBe(200);
  });

  it('is not what is unknown: 403 comes before 404 and 405', async () => {
    const headers = { host: 'rebound.example' };
    expect(await get(plain, headers, '/unknown')).toBe(403);
    expect((await plain.api.call('PUT', LIST, undefined, { headers })).status).toBe(403);
  });
});
