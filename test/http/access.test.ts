// Bearer tokens: without one nothing but what is open, with one that may read nothing is changed.
import Fastify from 'fastify';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerHeaders } from '../../src/http/plugins/answer-headers.ts';
import { authentication } from '../../src/http/plugins/authentication.ts';
import { authorization } from '../../src/http/plugins/authorization.ts';
import { problems } from '../../src/http/plugins/problems.ts';
import { Tokens } from '../../src/tokens.ts';
import { CLOSED, WRITES } from '../contract/statuses/rows.ts';
import { openapi } from '../support/contract.ts';
import { startService, type TestService } from '../support/service.ts';
import { lineOf, READER, TokensFile, WRITER } from '../support/tokens-file.ts';
import { answerTo, head } from './raw-socket.ts';

const LIST = '/v1/ram-blocks';
const NEW_BLOCK = { idstr: 'pc.ram', usedLength: 4096 };

let file: TokensFile;
let service: TestService;

beforeAll(async () => {
  file = await TokensFile.create();
  service = await startService({ settings: file.settings });
});
afterAll(async () => {
  await service.close();
  await file.remove();
});

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

/** Method and path of every operation that is not open; ids are of nothing. */
const operations = Object.entries(openapi.paths).flatMap(([template, methods]) => {
  const path = template.replace(/\{\w+\}/g, 'none');
  return Object.entries(methods).map(([method, { operationId }]) => ({
    operationId,
    method: method.toUpperCase(),
    path,
  }));
});
const closed = operations.filter(({ operationId }) => CLOSED.includes(operationId));
const writes = operations.filter(({ operationId }) => WRITES.includes(operationId));

describe('an operation', () => {
  it.each(closed)('$operationId needs a token', async ({ method, path }) => {
    const none = await service.api.call(method, path);
    expect(`${none.status} ${none.body.code} ${none.headers['www-authenticate']}`).toBe('401 unauthorized Bearer');
    const unknown = await service.api.call(method, path, undefined, bearer('unknown'));
    expect(`${unknown.status} ${unknown.body.code}`).toBe('401 unauthorized');
    expect(unknown.body.detail).not.toContain('unknown ');
  });

  it.each(closed)('$operationId is served to a token that may write', async ({ method, path }) => {
    const { status } = await service.api.call(method, path, undefined, bearer(WRITER));
    expect([200, 400, 404]).toContain(status);
  });

  it.each(writes)('$operationId is not for a token that may only read', async ({ method, path }) => {
    const { status, body } = await service.api.call(method, path, undefined, bearer(READER));
    expect(`${status} ${body.code}`).toBe('403 forbidden');
    expect(body.detail).toContain('the token of reader may read');
  });

  it.each(closed.filter(({ method }) => method === 'GET'))(
    '$operationId is served to a token that may only read, and so is HEAD',
    async ({ path }) => {
      expect([200, 400, 404]).toContain((await service.api.get(path, bearer(READER))).status);
      if (path === '/v1/events') return;
      const { statusCode } = await request(service.url + path, { method: 'HEAD', ...bearer(READER) });
      expect([200, 400, 404]).toContain(statusCode);
      expect((await request(service.url + path, { method: 'HEAD' })).statusCode).toBe(401);
    },
  );
});

describe('what is open', () => {
  it.each(['/livez', '/readyz', '/openapi.json', '/docs', '/docs/static/swagger-ui.css', '/docs/json'])(
    '%s needs no token, and takes any',
    async (path) => {
      for (const headers of [{}, { authorization: 'Bearer unknown' }, { authorization: 'nonsense' }]) {
        const answer = await fetch(service.url + path, { headers });
        await answer.arrayBuffer();
        expect(answer.status).toBe(200);
      }
    },
  );
});

describe('an Authorization', () => {
  const status = async (authorization: string) => (await service.api.get(LIST, { headers: { authorization } })).status;

  it.each([`Bearer ${READER}`, `bearer ${READER}`, `BEARER   ${READER}`, `Bearer ${READER}  `])(
    '%j is a token',
    async (authorization) => {
      expect(await status(authorization)).toBe(200);
    },
  );

  it.each([
    '',
    READER,
    'Bearer',
    'Bearer ',
    `Bearer${READER}`,
    `Basic ${READER}`,
    `Basic ${Buffer.from(`reader:${READER}`).toString('base64')}`,
    `Bearer "${READER}"`,
    `Bearer ${READER} ${READER}`,
    `Bearer ${READER},`,
    `Bearer token=${READER}`,
    `Token ${READER}`,
    `Bearer ${READER.toUpperCase()}`,
    `Bearer ${'x'.repeat(10_000)}`,
  ])('%j is none', async (authorization) => {
    expect(await status(authorization)).toBe(401);
  });

  it('that is there twice is the first', async () => {
    const ask = (first: string, second: string) =>
      answerTo(
        service.url,
        `GET ${LIST} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${first}\r\nAuthorization: Bearer ${second}\r\n\r\n`,
      );
    expect((await ask(READER, 'x')).status).toBe(200);
    expect((await ask('x', READER)).status).toBe(401);
  });

  it('in the query is no token, and is not repeated', async () => {
    const { status: code, body } = await service.api.get(`${LIST}?access_token=${READER}`);
    expect(code).toBe(401);
    expect(JSON.stringify(body)).not.toContain(READER);
  });
});

describe('what is not there', () => {
  it('is not told without a token', async () => {
    for (const path of ['/unknown', '/v1', '/docs-x']) expect((await service.api.get(path)).status).toBe(401);
    expect((await service.api.call('PUT', LIST)).status).toBe(401);
    expect((await service.api.call('OPTIONS', LIST)).status).toBe(401);
  });

  it('is told to any token: a scope would say less', async () => {
    for (const token of [READER, WRITER]) {
      expect((await service.api.call('POST', '/unknown', undefined, bearer(token))).status).toBe(404);
      const { status, headers } = await service.api.call('PUT', LIST, undefined, bearer(token));
      expect([status, headers.allow]).toEqual([405, 'POST, GET, HEAD']);
    }
  });
});

describe('with tokens', () => {
  it('any Host and Origin is served: a page of another site has no token', async () => {
    for (const headers of [{ host: 'rebound.example' }, { origin: 'http://evil.example' }]) {
      expect((await service.api.get(LIST, { headers: { ...headers, ...bearer(READER).headers } })).status).toBe(200);
      expect((await service.api.get(LIST, { headers })).status).toBe(401);
    }
  });

  it('HTTP/1.1 still needs a Host, HTTP/1.0 none', async () => {
    const lines = `Authorization: Bearer ${READER}\r\nConnection: close\r\n\r\n`;
    expect((await answerTo(service.url, `GET ${LIST} HTTP/1.1\r\n${lines}`)).status).toBe(400);
    expect((await answerTo(service.url, `GET ${LIST} HTTP/1.0\r\n${lines}`)).status).toBe(200);
  });

  it('a body is not read before the token is known', async () => {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': '4000000', Connection: 'close' };
    const answer = await answerTo(service.url, head(`POST ${LIST} HTTP/1.1`, headers));
    expect(answer.status).toBe(401);
    const tooLarge = { ...headers, 'Content-Length': '99999999999', Authorization: `Bearer ${READER}` };
    expect((await answerTo(service.url, head(`POST ${LIST} HTTP/1.1`, tooLarge))).status).toBe(403);
  });

  it('a refused change changes nothing', async () => {
    for (const options of [{}, bearer(READER)]) await service.api.post(LIST, NEW_BLOCK, options);
    expect((await service.api.get(LIST, bearer(READER))).body.items).toEqual([]);
  });
});

describe('an Idempotency-Key', () => {
  it('belongs to the name of the token', async () => {
    const tokens = ['ci-old', 'ci-new', 'other'];
    const names = ['ci', 'ci', 'other'];
    const own = await TokensFile.create(
      tokens.map((token, index) => lineOf(String(names[index]), 'write', token)).join(''),
    );
    const keyed = await startService({ settings: own.settings });
    const send = async (token: string, idstr: string) => {
      const headers = { 'idempotency-key': 'the-same', ...bearer(token).headers };
      return keyed.api.post(LIST, { ...NEW_BLOCK, idstr }, { headers });
    };
    const first = await send('ci-old', 'one');
    expect(first.status).toBe(201);
    const other = await send('other', 'two');
    expect([other.status, other.headers['idempotent-replayed']]).toEqual([201, undefined]);
    const again = await send('ci-new', 'one');
    expect([again.body, again.headers['idempotent-replayed']]).toEqual([first.body, 'true']);
    expect((await send('other', 'one')).body.code).toBe('idempotency-key-reused');
    await keyed.close();
    await own.remove();
  });

  it('is looked up after the token: who may not, is not answered from it', async () => {
    const keyed = (token: string) => ({ headers: { 'idempotency-key': 'kept', ...bearer(token).headers } });
    const { headers } = await service.api.post(LIST, NEW_BLOCK, keyed(WRITER));
    expect((await service.api.post(LIST, NEW_BLOCK, keyed(WRITER))).headers['idempotent-replayed']).toBe('true');
    expect((await service.api.post(LIST, NEW_BLOCK, keyed(READER))).status).toBe(403);
    expect((await service.api.post(LIST, NEW_BLOCK, keyed('unknown'))).status).toBe(401);
    await service.api.delete(String(headers.location), bearer(WRITER));
  });
});

describe('a route that says its scope', () => {
  it('is served by that: a POST that only reads', async () => {
    const app = Fastify();
    const tokens = new Tokens(file.path);
    await app.register(answerHeaders);
    await app.register(problems, { log: app.log });
    await app.register(authentication, { tokens });
    await app.register(authorization, { tokens, log: app.log });
    app.post('/plans', { config: { scope: 'read' } }, async () => 'planned');
    app.post('/changes', async () => 'changed');
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    const post = async (path: string, token: string) =>
      (await request(url + path, { method: 'POST', ...bearer(token) })).statusCode;
    expect([await post('/plans', READER), await post('/changes', READER)]).toEqual([200, 403]);
    expect([await post('/plans', WRITER), await post('/changes', WRITER)]).toEqual([200, 200]);
    expect(await post('/plans', 'unknown')).toBe(401);
    await app.close();
  });
});
