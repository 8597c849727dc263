// Content negotiation both ways: which types a body may have, and which a client may ask for.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openapi } from '../support/contract.ts';
import { startService, type TestService } from '../support/service.ts';
import { answerTo, head } from './raw-socket.ts';

const CONVERSION = '{"offset":0,"size":4096,"to":"shared"}';

let service: TestService;
let block: string;

beforeAll(async () => {
  service = await startService();
  const { id } = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '64K' });
  block = `/v1/ram-blocks/${id}`;
});
afterAll(() => service.close());

describe('Content-Type', () => {
  const convert = (headers: Record<string, string>) =>
    service.api.post(`${block}/conversions`, CONVERSION, { headers });

  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
    'Application/JSON',
    'application/json; charset="utf-8"',
    'application/json ; charset=utf-8',
  ])('%s is taken', async (type) => {
    expect((await convert({ 'content-type': type })).status).toBe(200);
  });

  it.each([
    'text/plain',
    'text/json',
    'application/octet-stream',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/problem+json',
    'application/jsonx',
    'application/json-patch+json',
    'application/*',
    'json',
    '',
    '/',
    ';',
    'application/json, text/plain',
  ])('%j is 415', async (type) => {
    const before = await service.api.ok('GET', block);
    const { status, body } = await convert({ 'content-type': type });
    expect(status).toBe(415);
    expect(body.code).toBe('unsupported-media-type');
    expect(await service.api.ok('GET', block)).toEqual(before);
  });

  it('left out is what the route takes', async () => {
    const url = `${service.url}${block}/conversions`;
    // A body of bytes gets no type from fetch.
    expect((await fetch(url, { method: 'POST', body: Buffer.from(CONVERSION) })).status).toBe(200);
    const answer = await fetch(url, { method: 'POST', body: Buffer.from('offset=0') });
    expect(await answer.json()).toMatchObject({ code: 'invalid-request' });
  });

  it.each(['gzip', 'br', 'identity, gzip'])('of a body with Content-Encoding %s is 415', async (encoding) => {
    const { status } = await convert({ 'content-encoding': encoding });
    expect(status).toBe(415);
  });

  it('of a body with Content-Encoding identity is taken', async () => {
    expect((await convert({ 'content-encoding': 'identity' })).status).toBe(200);
  });
});

describe('Content-Type of a bitmap', () => {
  /** Of 16 pages. */
  const put = (headers: Record<string, string>) =>
    service.api.call('PUT', `${block}/bitmap`, Buffer.of(0x0f, 0xf0), { headers });

  it.each(['application/octet-stream', 'Application/Octet-Stream', 'application/octet-stream; x=y'])(
    '%s is taken',
    async (type) => {
      expect((await put({ 'content-type': type })).status).toBe(200);
    },
  );

  it.each([
    ...['application/json', 'application/json; charset=utf-8', 'text/plain', 'application/octet', 'image/png'],
    ...[
      'application/octet-stream-x',
      'application/*',
      '*/*',
      'octet-stream',
      '',
      'application/octet-stream, text/plain',
    ],
  ])('%j is 415, and the problem says what is taken', async (type) => {
    const before = await service.api.ok('GET', block);
    const { status, body } = await put({ 'content-type': type });
    expect(`${status} ${body.code}`).toBe('415 unsupported-media-type');
    expect(body.detail).toContain('application/octet-stream');
    expect(await service.api.ok('GET', block)).toEqual(before);
  });

  it('left out is what the route takes, of a known length and in chunks (as curl -T sends it)', async () => {
    const length = head(`PUT ${block}/bitmap HTTP/1.1`, { 'Content-Length': '2', Connection: 'close' });
    const chunked = head(`PUT ${block}/bitmap HTTP/1.1`, { 'Transfer-Encoding': 'chunked', Connection: 'close' });
    for (const [sent, page] of [
      [`${length}\x01\x00`, 0],
      [`${chunked}2\r\n\x02\x00\r\n0\r\n\r\n`, 1],
    ] as const) {
      const { status } = await answerTo(service.url, sent);
      expect(status).toBe(200);
      const { items } = await service.api.ok('GET', `${block}/sections`);
      expect(items).toEqual([{ offset: page * 4096, size: 4096 }]);
    }
  });

  it('of JSON changes nothing, and says why', async () => {
    const { id } = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'of-64-pages', usedLength: '256K' });
    const path = `/v1/ram-blocks/${id}`;
    const send = async (headers: Record<string, string>) => {
      const answer = await fetch(`${service.url}${path}/bitmap`, { method: 'PUT', body: Buffer.from('{}'), headers });
      return Object(await answer.json());
    };
    const detail = 'the body must be application/octet-stream, and its type say so';
    expect(await send({ 'content-type': 'application/json' })).toMatchObject({ status: 415, detail });
    const tooShort = expect.stringContaining('has 2 bytes; 64 pages from offset 0 to the end of the block (size,');
    expect(await send({})).toMatchObject({ status: 422, detail: tooShort });
    expect(await send({ 'content-type': 'application/octet-stream' })).toMatchObject({ status: 422, detail: tooShort });
    expect((await service.api.ok('GET', path)).generation).toBe(0);
  });

  it.each(['gzip', 'br', 'identity, gzip'])('with Content-Encoding %s is 415: it is no bitmap', async (encoding) => {
    const before = await service.api.ok('GET', block);
    const headers = { 'content-type': 'application/octet-stream', 'content-encoding': encoding };
    expect((await put(headers)).status).toBe(415);
    expect(await service.api.ok('GET', block)).toEqual(before);
  });

  it('with Content-Encoding identity is taken', async () => {
    const headers = { 'content-type': 'application/octet-stream', 'content-encoding': 'identity' };
    expect((await put(headers)).status).toBe(200);
  });
});

describe('Content-Type of a trace', () => {
  it('left out is what the route takes', async () => {
    const body = Buffer.from('kvm_convert_memory start 0x0 size 0x1000 shared_to_private\n');
    const answer = await fetch(`${service.url}/v1/plans`, { method: 'POST', body });
    expect(answer.status).toBe(200);
  });
});

describe('Content-Type of JSON', () => {
  it.each([
    ['POST', 'conversions', CONVERSION],
    ['POST', 'conversion-batches', `{"conversions":[${CONVERSION}]}`],
    ['PATCH', '', '{"usedLength":"64K"}'],
    ['POST', 'listeners', '{"url":"http://127.0.0.1:9/"}'],
  ])('of %s %s is not application/octet-stream', async (method, what, json) => {
    const headers = { 'content-type': 'application/octet-stream' };
    const path = what === '' ? block : `${block}/${what}`;
    const { status, body } = await service.api.call(method, path, json, { headers });
    expect(`${status} ${body.code}`).toBe('415 unsupported-media-type');
    expect(body.detail).toContain('application/json');
  });
});

describe('Accept', () => {
  const get = (path: string, accept: string) => service.api.get(path, { headers: { accept } });
  const BITMAP = 'application/octet-stream';
  const METRICS = 'text/plain; version=0.0.4; charset=utf-8';

  it.each([
    ['application/json'],
    ['application/json; charset=utf-8'],
    ['application/json;charset=UTF-8'],
    ['application/*'],
    ['*/*'],
    ['text/html, application/json;q=0.1'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
    ['application/problem+json, application/json'],
    ['application/problem+json'],
    [''],
  ])('%s takes JSON', async (accept) => {
    const { status, headers } = await get(block, accept);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
  });

  it.each([
    'text/html',
    'application/xml',
    'application/json;q=0',
    '*/*;q=0',
    'application/json;q=0, application/*',
    'application/octet-stream',
    'nonsense',
  ])('%s does not take JSON: 406', async (accept) => {
    const { status, body } = await get(block, accept);
    expect(status).toBe(406);
    expect(body.code).toBe('not-acceptable');
  });

  it.each([
    [BITMAP, BITMAP],
    ['application/*', BITMAP],
    ['*/*', BITMAP],
    // As clients ask that are made from the document: for a problem, if not for the bitmap.
    ['application/json', BITMAP],
    ['application/problem+json', BITMAP],
  ])('%s takes a bitmap', async (accept, type) => {
    const { status, headers } = await get(`${block}/bitmap`, accept);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe(type);
  });

  it.each(['text/html', 'text/*', 'application/octet-stream;q=0'])('%s takes no bitmap: 406', async (accept) => {
    expect((await get(`${block}/bitmap`, accept)).status).toBe(406);
  });

  it.each(['application/json', 'application/*', '*/*'])(
    '%s takes what a bitmap that is put comes to',
    async (accept) => {
      const headers = { 'content-type': BITMAP, accept };
      const answer = await service.api.call('PUT', `${block}/bitmap`, Buffer.of(0, 0), { headers });
      expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    },
  );

  it('application/octet-stream does not take what a bitmap that is put comes to: 406', async () => {
    const headers = { 'content-type': BITMAP, accept: BITMAP };
    expect((await service.api.call('PUT', `${block}/bitmap`, Buffer.of(0, 0), { headers })).status).toBe(406);
  });

  it.each(['text/event-stream', 'text/*', '*/*', 'text/event-stream, application/json;q=0.5'])(
    '%s takes events',
    async (accept) => {
      const { status, headers } = await get('/v1/events', accept);
      expect([status, headers['content-type']]).toEqual([200, 'text/event-stream']);
    },
  );

  it.each(['application/json', 'text/html', 'text/event-stream;q=0'])('%s takes no events: 406', async (accept) => {
    expect((await get('/v1/events', accept)).body.code).toBe('not-acceptable');
  });

  it.each([
    'text/plain',
    'text/plain;version=0.0.4',
    'text/plain; version=0.0.4; charset=utf-8',
    // As Prometheus asks.
    'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1',
  ])('%s takes metrics', async (accept) => {
    const { status, headers } = await get('/metrics', accept);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe(METRICS);
  });

  it.each(['application/json', 'application/openmetrics-text;version=1.0.0'])(
    '%s takes no metrics: 406',
    async (accept) => {
      expect((await get('/metrics', accept)).status).toBe(406);
    },
  );

  it('that a route cannot meet keeps a change from being made', async () => {
    const before = await service.api.ok('GET', '/v1/ram-blocks');
    const headers = { accept: 'text/html' };
    expect((await service.api.delete(block, { headers })).status).toBe(406);
    const created = await service.api.post('/v1/ram-blocks', { idstr: 'x', usedLength: 4096 }, { headers });
    expect(created.status).toBe(406);
    expect(await service.api.ok('GET', '/v1/ram-blocks')).toEqual(before);
  });

  it('is answered with the type that the document names, on every route that is read', async () => {
    const { items } = await service.api.ok('GET', `${block}/sources`);
    // Nothing of its section is populated, so nobody is called.
    const body = { url: 'http://127.0.0.1:9/', section: { offset: '32K' } };
    const listener = await service.api.ok('POST', `${block}/listeners`, body);
    for (const [template, { get: operation }] of Object.entries(openapi.paths)) {
      if (operation === undefined) continue;
      const path = template
        .replace('/v1/ram-blocks/{ramBlockId}', block)
        .replace('{machine}', 'default')
        .replace('{sourceId}', items[0].id)
        .replace('{listenerId}', listener.id);
      const [type = ''] = Object.keys(operation.responses['200']?.content ?? {});
      const { status, headers } = await get(path, type);
      expect(`${path} ${status} ${headers['content-type']}`).toContain(`${path} 200 ${type}`);
    }
  });
});
