// Which paths and methods there are: everything in the document, HEAD beside every GET, and nothing else.
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkAnswer, openapi } from '../support/contract.ts';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService } from '../support/service.ts';
import { answerTo, head } from './raw-socket.ts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY', 'LOCK'];

const CHANGES = '/v1/ram-blocks/{ramBlockId}/sources/{sourceId}/changes';

/** A GET of it does not end, so there is no HEAD beside it. */
const EVENTS = '/v1/events';

let service: TestService;
let device: ScriptedListener;
let ids: Record<string, string>;

beforeAll(async () => {
  service = await startService();
  device = await ScriptedListener.start();
  const { api } = service;
  const block = await api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '64K' });
  const path = `/v1/ram-blocks/${block.id}`;
  await api.ok('POST', `${path}/conversions`, { offset: 0, size: '16K', to: 'shared' });
  const { items } = await api.ok('GET', `${path}/sources`);
  const listener = await api.ok('POST', `${path}/listeners`, { url: device.url, secret: SECRET });
  ids = { '{ramBlockId}': block.id, '{sourceId}': items[0].id, '{listenerId}': listener.id, '{machine}': 'default' };
});
afterAll(async () => {
  await service.close();
  await device.close();
});

const filled = (template: string) => template.replace(/\{\w+\}/g, (name) => String(ids[name]));

/** Sends what no fetch would; held against the document as every other answer. */
async function send(method: string, path: string, headers: Record<string, string> = {}) {
  const answer = await answerTo(service.url, head(`${method} ${path} HTTP/1.1`, { Connection: 'close', ...headers }));
  const body = answer.body === '' ? '' : JSON.parse(answer.body);
  checkAnswer(method, path, { ...answer, body });
  return { ...answer, body };
}

const PATHS = Object.entries(openapi.paths).map(([template, operations]) => {
  const methods = Object.keys(operations).map((method) => method.toUpperCase());
  return { template, allowed: methods.includes('GET') && template !== EVENTS ? [...methods, 'HEAD'] : methods };
});

describe('405', () => {
  it.each(PATHS)('is answered to every other method of $template, with Allow', async ({ template, allowed }) => {
    for (const method of METHODS.filter((name) => !allowed.includes(name))) {
      const { status, headers, body } = await send(method, filled(template));
      expect(`${method} ${status} ${body.code}`).toBe(`${method} 405 method-not-allowed`);
      expect(String(headers.allow).split(', ').sort()).toEqual(allowed.toSorted());
    }
  });

  it('is answered whatever the body is, and before that is read', async () => {
    const headers = { 'Content-Type': 'text/plain', 'Content-Length': '99999999999' };
    expect((await send('PUT', '/v1/ram-blocks', headers)).status).toBe(405);
  });

  it('is answered for ids that are not there too: the path is known', async () => {
    expect((await send('PUT', '/v1/ram-blocks/none/listeners/none')).status).toBe(405);
  });
});

describe('HEAD', () => {
  it.each(PATHS.filter(({ allowed }) => allowed.includes('HEAD')))(
    'of $template is GET without the body',
    async ({ template }) => {
      const url = service.url + filled(template);
      const ask = async (method: 'GET' | 'HEAD') => {
        const answer = await request(url, { method });
        const bytes = Buffer.from(await answer.body.arrayBuffer());
        const { date: _date, connection: _connection, 'keep-alive': _keepAlive, ...headers } = answer.headers;
        return { status: answer.statusCode, headers, bytes };
      };
      const [got, heads] = [await ask('GET'), await ask('HEAD')];
      expect(heads.status).toBe(200);
      expect(heads.bytes).toHaveLength(0);
      // Metrics are of another moment.
      if (template === '/metrics') delete got.headers['content-length'];
      expect(heads.headers).toMatchObject(got.headers);
      if (template !== '/metrics') expect(got.headers['content-length']).toBe(String(got.bytes.length));
    },
  );

  it('of what is only posted to is 405', async () => {
    const { statusCode, headers } = await request(`${service.url}${filled(CHANGES)}`, { method: 'HEAD' });
    expect([statusCode, headers.allow]).toEqual([405, 'POST']);
  });

  it('of what does not end is 405', async () => {
    const { statusCode, headers } = await request(service.url + EVENTS, { method: 'HEAD' });
    expect([statusCode, headers.allow]).toEqual([405, 'GET']);
  });

  it('of what is not there is 404', async () => {
    const { statusCode, body } = await request(`${service.url}/v1/ram-blocks/none`, { method: 'HEAD' });
    expect(statusCode).toBe(404);
    expect(await body.text()).toBe('');
  });
});

describe('404', () => {
  it.each([
    '/',
    '/v1',
    '/v1/',
    '/v1/ram-block',
    '/V1/ram-blocks',
    '/v1/RAM-blocks',
    '/v2/ram-blocks',
    '//v1/ram-blocks',
    '/v1//ram-blocks',
    '/v1/ram-blocks/none/unknown',
    '/v1/ram-blocks/none/state/',
    '/v1/ram-blocks;x/none',
    '/livez/',
    '/openapi.yaml',
    '/favicon.ico',
    '/..',
    '/../../etc/passwd',
    '/%2e%2e/etc/passwd',
    '/v1/%72am-blocks%00',
  ])('is answered for %s, whatever the method', async (path) => {
    for (const method of ['GET', 'POST', 'DELETE', 'PUT', 'OPTIONS']) {
      const { status, body } = await send(method, path, { 'Content-Type': 'text/plain', 'Content-Length': '0' });
      expect(`${method} ${status} ${body.code} ${body.errno}`).toBe(`${method} 404 not-found ENOENT`);
    }
  });

  it.each([
    'none',
    '..',
    '%2e%2e',
    '%2F',
    '%00',
    'a%20b',
    "a'b",
    '%F0%9F%98%80',
    '{ramBlockId}',
    '-',
    '*',
    'a'.repeat(100),
  ])('is answered for a block, source or listener called %s', async (id) => {
    const block = filled('/v1/ram-blocks/{ramBlockId}');
    for (const path of [`/v1/ram-blocks/${id}`, `${block}/sources/${id}`, `${block}/listeners/${id}`]) {
      for (const method of ['GET', 'DELETE']) {
        const { status, body } = await send(method, path);
        expect(`${method} ${path} ${status} ${body.code}`).toBe(`${method} ${path} 404 not-found`);
      }
    }
  });

  it('does not send a long path back', async () => {
    const { status, body } = await send('GET', `/${'a/'.repeat(7000)}`);
    expect(status).toBe(404);
    expect(body.detail.length).toBeLessThan(1100);
  });
});

describe('400', () => {
  it.each(['%', '%z', '%zz', '%f', '%ff', '%c3%28', '%ed%a0%80', '%E0%A4%A'])(
    'is answered for an id %s',
    async (id) => {
      const { status, body } = await send('GET', `/v1/ram-blocks/${id}`);
      expect(`${status} ${body.code}`).toBe('400 invalid-request');
    },
  );

  it('is answered for an id of no characters', async () => {
    const { status, body } = await send('GET', '/v1/ram-blocks/');
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'invalid-request', errors: [{ pointer: '#/ramBlockId' }] });
  });

  it.each([101, 1000, 10_000])('is answered for an id of %i characters', async (length) => {
    for (const method of ['GET', 'DELETE']) {
      const { status, body } = await send(method, `/v1/ram-blocks/${'a'.repeat(length)}`);
      expect(`${status} ${body.code}`).toBe('400 invalid-request');
      expect(body.detail).toBe('an id in the path is longer than 100 characters');
    }
  });
});

describe('an escaped path', () => {
  it('is the same as the path', async () => {
    const id = String(ids['{ramBlockId}']).replace('_', '%5F');
    const { statusCode, body } = await request(`${service.url}/v1/%72am-blocks/${id}`);
    expect(statusCode).toBe(200);
    expect(await body.json()).toMatchObject({ idstr: 'pc.ram' });
  });
});
