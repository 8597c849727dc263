// The client over one kept connection, on real sockets.
import { afterEach, describe, expect, it } from 'vitest';
import { NoAnswerError, toProblem } from '../../src/client/service-client.ts';
import { ServiceConnection } from '../../src/client/service-connection.ts';
import { problem, type Script, ScriptedService } from '../cli/replay/scripted-service.ts';

const open: AsyncDisposable[] = [];

afterEach(async () => {
  for (const resource of open.splice(0).reverse()) await resource[Symbol.asyncDispose]();
});

async function connect(script: Script, path = '', token: string | null = null) {
  const service = await ScriptedService.start(script);
  const connection = new ServiceConnection(new URL(path, service.url), token);
  open.push(service, connection);
  return { service, connection };
}

describe('ServiceConnection', () => {
  it('sends JSON below the path of the service, with the token and headers of its own', async () => {
    const { service, connection } = await connect(() => ({ status: 201, body: { id: 'b1' } }), '/rba/', 't0k');
    const headers = { 'idempotency-key': 'k' };
    const answer = await connection.send({ method: 'POST', path: '/v1/ram-blocks?x=1', body: { a: 1 }, headers });
    expect(answer).toMatchObject({ status: 201, json: { id: 'b1' }, text: '{"id":"b1"}', retryAfterMs: null });
    expect(service.requests).toMatchObject([
      {
        method: 'POST',
        path: '/rba/v1/ram-blocks?x=1',
        body: { a: 1 },
        headers: {
          authorization: 'Bearer t0k',
          'content-type': 'application/json',
          accept: 'application/json, application/problem+json',
          'idempotency-key': 'k',
        },
      },
    ]);
    expect(connection.url).toBe(`${service.url.origin}/rba`);
  });

  it('sends no token and no body where there is none', async () => {
    const { service, connection } = await connect(() => ({ status: 200, body: 'no JSON' }));
    expect((await connection.send({ method: 'GET', path: '/v1/machines' })).json).toBeUndefined();
    expect(service.requests[0]?.headers).not.toHaveProperty('authorization');
    expect(service.requests[0]?.headers).not.toHaveProperty('content-type');
  });

  it.each([
    ['7', 7000, 7000],
    ['0', 0, 0],
    ['soon', 0, 0],
    ['-1', 0, 0],
    [new Date(0).toUTCString(), 0, 0],
    [new Date(Date.now() + 3_600_000).toUTCString(), 3_500_000, 3_600_000],
  ])('reads the Retry-After "%s"', async (retryAfter, least, most) => {
    const { connection } = await connect(() => problem(503, 'overloaded', { 'retry-after': retryAfter }));
    const { retryAfterMs } = await connection.send({ method: 'GET', path: '/' });
    expect(retryAfterMs).toBeGreaterThanOrEqual(least);
    expect(retryAfterMs).toBeLessThanOrEqual(most);
  });

  it('says that nobody answers', async () => {
    const { service, connection } = await connect(() => null);
    const sent = connection.send({ method: 'GET', path: '/' });
    await expect(sent).rejects.toThrow(NoAnswerError);
    const text = `no answer from ${service.url.origin} (UND_ERR_SOCKET)`;
    await expect(sent).rejects.toMatchObject({ message: text, reason: 'UND_ERR_SOCKET' });
  });

  it('gives up when it is told to', async () => {
    const { connection } = await connect(() => ({ status: 200 }));
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(connection.send({ method: 'GET', path: '/', signal })).rejects.toThrow('enough');
  });
});

describe('a problem', () => {
  const answer = (status: number, text: string, json?: unknown) => ({ status, text, json });

  it('is read field by field', () => {
    const listener = { ramBlockId: 'b', listenerId: 'l', listenerDetail: 'full' };
    const body = { code: 'listener-refused', detail: 'no', errno: 'ENOSPC', ...listener };
    expect(toProblem(answer(409, '', body))).toEqual({ status: 409, ...body });
  });

  it('is made of what there is, when another program answers', () => {
    const nothing = { errno: null, ramBlockId: null, listenerId: null, listenerDetail: null };
    expect(toProblem(answer(502, '<html>\n  Bad\tGateway'))).toEqual({
      status: 502,
      code: 'http-502',
      detail: '<html> Bad Gateway',
      ...nothing,
    });
    const wrong = { code: 1, detail: ['a'], title: 'Title', errno: {}, listenerId: 7 };
    expect(toProblem(answer(500, '', wrong))).toEqual({ status: 500, code: 'http-500', detail: 'Title', ...nothing });
  });
});
