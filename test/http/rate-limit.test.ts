// RBA_RATE_LIMIT: so many requests a second of a token, or of an address, whatever they come to. The clock is the real
// one, so nothing here counts on where a second ends.
import { afterEach, describe, expect, it } from 'vitest';
import { checkAnswer } from '../support/contract.ts';
import { startService, type TestService, until } from '../support/service.ts';
import { READER, TokensFile, WRITER } from '../support/tokens-file.ts';
import { answerTo, head } from './raw-socket.ts';

const LIST = '/v1/ram-blocks';
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(settings: Record<string, string>, token?: string): Promise<TestService> {
  const service = await startService({ settings, ...(token === undefined ? {} : { token }) });
  closing.push(() => service.close());
  return service;
}

async function tokensFile(): Promise<TokensFile> {
  const file = await TokensFile.create();
  closing.push(() => file.remove());
  return file;
}

/** Asks until it is one too many. @returns that answer */
async function exhaust<T extends { status: number }>(ask: () => Promise<T>): Promise<T> {
  let answer = await ask();
  await until('it is one too many', async () => {
    if (answer.status !== 429) answer = await ask();
    return answer.status === 429;
  });
  return answer;
}

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

describe('within the limit', () => {
  it('every answer says what the limit is and what is left', async () => {
    const { api } = await start({ RBA_RATE_LIMIT: '1000' });
    for (const path of [LIST, '/unknown', '/v1/ram-blocks/none', '/metrics', '/openapi.json']) {
      const { headers } = await api.get(path);
      expect(headers['ratelimit-policy']).toBe('"default";q=1000;w=1');
      expect(headers.ratelimit).toMatch(/^"default";r=99\d;t=1$/);
      expect(headers).not.toHaveProperty('retry-after');
    }
  });

  it('nothing is said where there is none', async () => {
    const { api } = await start({});
    const { headers } = await api.get(LIST);
    expect(Object.keys(headers).filter((name) => name.includes('ratelimit'))).toEqual([]);
  });
});

describe('one too many', () => {
  it('is a problem with the time to wait, and nothing is done', async () => {
    const { api } = await start({ RBA_RATE_LIMIT: '2' });
    let made = 0;
    const answer = await exhaust(async () => {
      const sent = await api.post(LIST, { idstr: `block ${made}`, usedLength: 4096 });
      if (sent.status === 201) made++;
      return sent;
    });
    expect(answer).toMatchObject({
      status: 429,
      headers: {
        'content-type': 'application/problem+json',
        'retry-after': '1',
        'ratelimit-policy': '"default";q=2;w=1',
        ratelimit: '"default";r=0;t=1',
      },
      body: { code: 'rate-limited', errno: 'EAGAIN', detail: expect.stringContaining('RBA_RATE_LIMIT') },
    });
    await until('one is served again', async () => {
      const { status, body } = await api.get(LIST);
      if (status !== 200) return false;
      expect(body.items).toHaveLength(made);
      return true;
    });
  });

  it('may be of any kind: not found, wrong method, not readable, refused', async () => {
    const { api } = await start({ RBA_RATE_LIMIT: '1' });
    const asks = {
      'not found': () => api.get('/unknown'),
      'wrong method': () => api.call('PUT', LIST),
      'not JSON': () => api.post(LIST, '{'),
      'foreign host': () => api.get(LIST, { headers: { host: 'rebound.example' } }),
      'a page': () => api.get('/docs/static/none'),
    };
    for (const [what, ask] of Object.entries(asks)) {
      expect(`${what}: ${(await exhaust(ask)).status}`).toBe(`${what}: 429`);
    }
  });

  it('is not one of those that watch the service', async () => {
    const { api } = await start({ RBA_RATE_LIMIT: '1' });
    await exhaust(() => api.get(LIST));
    for (let count = 0; count < 20; count++) {
      for (const path of ['/livez', '/readyz']) expect((await api.get(path)).status).toBe(200);
    }
  });
});

describe('who is counted', () => {
  it('is the token: another has its own count', async () => {
    const file = await tokensFile();
    const { api } = await start({ ...file.settings, RBA_RATE_LIMIT: '5' });
    const answers = await Promise.all(Array.from({ length: 200 }, () => api.get(LIST, bearer(READER))));
    expect(answers.map(({ status }) => status)).toContain(429);
    expect((await api.get(LIST, bearer(WRITER))).status).toBe(200);
  });

  it('is the address where there is no token, or an unknown one: guessing is slow', async () => {
    const file = await tokensFile();
    const { api } = await start({ ...file.settings, RBA_RATE_LIMIT: '5' });
    const guesses = Array.from({ length: 200 }, (_, index) => api.get(LIST, bearer(`guess ${index}`)));
    const statuses = (await Promise.all(guesses)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    // Whoever has a token does not suffer from who guesses at the same address.
    expect((await api.get(LIST, bearer(READER))).status).toBe(200);
  });

  it('is an address that cannot be chosen by a header', async () => {
    const { url } = await start({ RBA_RATE_LIMIT: '1' });
    let count = 0;
    const answer = await exhaust(() => {
      const headers = { 'X-Forwarded-For': `10.0.0.${++count}`, Forwarded: `for=10.0.0.${count}`, Connection: 'close' };
      return answerTo(url, head(`GET ${LIST} HTTP/1.1`, headers));
    });
    expect(answer.status).toBe(429);
    checkAnswer('GET', LIST, { ...answer, body: JSON.parse(answer.body) });
  });
});
