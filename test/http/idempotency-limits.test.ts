// Answers under Idempotency-Keys: a long one takes little of the disk and comes back byte for byte, and all together take
// no more than they may, before a restart and after it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SqliteJournal } from '../../src/journal/sqlite-journal.ts';
import { startService, type TestService } from '../support/service.ts';
import { lineOf, TokensFile, WRITER } from '../support/tokens-file.ts';

const OTHER = 'other-token-77aa10';
const PAGE = 4096;
const STEPS = 10_000;

let folder: string;
let tokens: TokensFile;
let service: TestService;
let withTokens: boolean;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rba-answers-'));
  tokens = await TokensFile.create(`${lineOf('writer', 'write', WRITER)}${lineOf('other', 'write', OTHER)}`);
  withTokens = false;
});
afterEach(async () => {
  await service.close();
  await tokens.remove();
  await rm(folder, { recursive: true });
});

async function start(settings: Record<string, string> = {}): Promise<void> {
  service = await startService({
    settings: { ...(withTokens ? tokens.settings : {}), ...settings },
    openJournal: () => SqliteJournal.open(folder),
    ...(withTokens ? { token: WRITER } : {}),
  });
}

const keyed = (key: string) => ({ headers: { 'idempotency-key': key } });
const answerBytes = async (): Promise<number> => {
  const headers = withTokens ? { authorization: `Bearer ${WRITER}` } : {};
  const response = await request(`${service.url}/metrics`, { headers });
  return Number(/^rba_answer_bytes (\d+)$/m.exec(await response.body.text())?.[1]);
};

async function newBlock(): Promise<string> {
  const { id } = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '64M' });
  return `/v1/ram-blocks/${id}`;
}

/** Makes a batch after which all is as it was: it turns pages to shared and back, or, without `changes`, does nothing. */
function batch(changes: boolean): string {
  const steps = Array.from({ length: STEPS }, (_, index) => {
    const to = changes && index % 2 === 0 ? 'shared' : 'private';
    return { offset: (index >> 1) * PAGE, size: PAGE, to };
  });
  return JSON.stringify({ conversions: steps });
}

/** Sends batches with new keys until one is not taken. @returns how many were, and the answer to that one */
async function fill(block: string, token: string) {
  const authorization = withTokens ? { authorization: `Bearer ${token}` } : {};
  for (let taken = 0; ; taken++) {
    const headers = { ...authorization, ...keyed(`fill ${token} ${taken}`.replaceAll(' ', '-')).headers };
    const answer = await service.api.post(`${block}/conversion-batches`, batch(true), { headers });
    if (answer.status !== 200) return { taken, answer };
    if (taken > 100) throw new Error('everything is taken');
  }
}

describe('long answers', () => {
  it('take a tenth of the disk or less, and are given again byte for byte, also after a restart', async () => {
    await start();
    const block = await newBlock();
    const send = async (key: string) => {
      const headers = { 'content-type': 'application/json', ...keyed(key).headers };
      const url = `${service.url}${block}/conversion-batches`;
      const response = await request(url, { method: 'POST', headers, body: batch(false) });
      return { replayed: response.headers['idempotent-replayed'], text: await response.body.text() };
    };
    const first = [];
    for (let index = 0; index < 10; index++) first.push(await send(`k${index}`));
    const length = first.reduce((sum, { text }) => sum + text.length, 0);
    expect(length).toBeGreaterThan(10 * 2 ** 20);
    const kept = await answerBytes();
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(length / 10);
    await service.close();
    await start();
    expect(await answerBytes()).toBe(kept);
    for (const [index, { text, replayed }] of first.entries()) {
      expect(replayed).toBeUndefined();
      const again = await send(`k${index}`);
      expect(again.replayed).toBe('true');
      expect(again.text === text).toBe(true);
    }
  });
});

describe('beyond a limit', () => {
  it.each([false, true])('a new key is refused before anything is done, others are served; tokens: %j', async (has) => {
    withTokens = has;
    await start({ RBA_ANSWERS_LIMIT: '1M' });
    const block = await newBlock();
    const { taken, answer } = await fill(block, WRITER);
    expect(taken).toBeGreaterThan(0);
    expect(answer.status).toBe(503);
    expect(answer.body).toMatchObject({
      code: 'overloaded',
      detail: expect.stringContaining('1048576 (RBA_ANSWERS_LIMIT)'),
    });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    const kept = await answerBytes();
    expect(kept).toBeGreaterThanOrEqual(2 ** 20);
    await service.close();
    await start({ RBA_ANSWERS_LIMIT: '1M' });
    expect(await answerBytes()).toBe(kept);
    const { generation } = await service.api.ok('GET', block);
    const body = { offset: 0, size: PAGE, to: 'shared' };
    expect((await service.api.post(`${block}/conversions`, body, keyed('new'))).body.code).toBe('overloaded');
    expect((await service.api.ok('GET', block)).generation).toBe(generation);
    expect((await service.api.post(`${block}/conversions`, body)).status).toBe(200);
    const old = await service.api.post(`${block}/conversion-batches`, batch(true), keyed(`fill-${WRITER}-0`));
    expect(old.headers['idempotent-replayed']).toBe('true');
  });

  it('of one token others are served, also after a restart', async () => {
    withTokens = true;
    const settings = { RBA_ANSWERS_PER_TOKEN_LIMIT: '1M' };
    await start(settings);
    const block = await newBlock();
    const { answer } = await fill(block, WRITER);
    expect(answer.body.detail).toContain('1048576 (RBA_ANSWERS_PER_TOKEN_LIMIT)');
    const body = { offset: 0, size: PAGE, to: 'shared' };
    const other = (key: string) => {
      const headers = { authorization: `Bearer ${OTHER}`, ...keyed(key).headers };
      return service.api.post(`${block}/conversions`, body, { headers });
    };
    expect((await other('one')).status).toBe(200);
    await service.close();
    await start(settings);
    expect((await service.api.post(`${block}/conversions`, body, keyed('new'))).body.code).toBe('overloaded');
    expect((await other('two')).status).toBe(200);
    expect((await other('one')).headers['idempotent-replayed']).toBe('true');
  });
});
