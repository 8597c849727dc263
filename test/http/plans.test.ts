// POST /v1/plans on the wire: a trace of any length as it comes, its parameters, and what is wrong with either.
import { spawn } from 'node:child_process';
import { createReadStream, readFileSync } from 'node:fs';
import { PassThrough, Readable } from 'node:stream';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_TRACE, PLANS_AT_ONCE } from '../../src/service/plans.ts';
import { checkAnswer } from '../support/contract.ts';
import { startService, type TestService, until } from '../support/service.ts';
import { answerTo, head } from './raw-socket.ts';

const BOOT = fileURLToPath(new URL('../../examples/synthetic-boot-16g.ftrace', import.meta.url));
const LINE = 'kvm_convert_memory start 0x1000 size 0x1000 private_to_shared\n';
const STATE_CHANGE = "ram_block_attributes_state_change offset 0x0 size 0x1000 from 'private' to 'shared'\n";
const TEXT = { 'content-type': 'text/plain' };

let service: TestService;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

const post = (query = '', body: string | Uint8Array = LINE, headers: Record<string, string> = TEXT) =>
  service.api.call('POST', `/v1/plans${query}`, body, { headers });

/** Posts a body that comes in pieces, held against the document as every other answer. */
async function stream(body: Readable, query = '') {
  const path = `/v1/plans${query}`;
  const answer = await request(service.url + path, { method: 'POST', headers: TEXT, body });
  const result = { status: answer.statusCode, headers: answer.headers, body: Object(await answer.body.json()) };
  checkAnswer('POST', path, result);
  return result;
}

describe('a trace', () => {
  it('that is streamed is answered as the command answers it', async () => {
    const args = ['plan', BOOT, '--json', '--points', '20', '--limit', '1000'];
    const command = spawn(process.execPath, [fileURLToPath(new URL('../../src/cli/rba.ts', import.meta.url)), ...args]);
    const [{ status, body }, expected] = await Promise.all([
      stream(createReadStream(BOOT, { highWaterMark: 1000 }), '?points=20&limit=1000'),
      json(command.stdout),
    ]);
    expect(status).toBe(200);
    expect(body).toEqual(expected);
  });

  it('may be larger than a body of JSON', async () => {
    const pieces = Array.from({ length: 8 }, () => LINE.repeat(10_000));
    expect(pieces.join('').length).toBeGreaterThan(4 * 2 ** 20);
    const { status, body } = await stream(Readable.from(pieces));
    expect(status).toBe(200);
    expect(body.conversions).toMatchObject({ total: 80_000, changed: 1, unchanged: 79_999 });
  });

  it('is no more than 256 MiB, whether it says so or not', async () => {
    const headers = { ...TEXT, 'Content-Length': String(MAX_TRACE + 1) };
    const told = await answerTo(service.url, head('POST /v1/plans HTTP/1.1', headers));
    expect(told.status).toBe(413);
    expect(JSON.parse(told.body)).toMatchObject({
      code: 'payload-too-large',
      detail: expect.stringContaining('256 MiB'),
    });
    // Zeros: one line that is too long to be kept.
    const zeros = Buffer.alloc(2 ** 20);
    const { status } = await stream(Readable.from(Array.from({ length: 257 }, () => zeros)));
    expect(status).toBe(413);
  });

  it('changes nothing, and needs no block', async () => {
    await post();
    expect((await service.api.ok('GET', '/v1/machines')).items).toEqual([]);
  });

  it('that a client leaves half way takes no place for ever', async () => {
    for (let times = 0; times < 2 * PLANS_AT_ONCE; times++) {
      const gone = new AbortController();
      const body = new PassThrough();
      body.write(LINE);
      const sent = request(`${service.url}/v1/plans`, { method: 'POST', headers: TEXT, body, signal: gone.signal });
      gone.abort();
      await expect(sent).rejects.toThrow();
    }
    await until('there is a place again', async () => (await post()).status === 200);
  });

  it('that comes slowly does not keep others from being answered', async () => {
    const body = new PassThrough();
    const slow = stream(body);
    body.write(LINE.slice(0, 20));
    expect((await post()).status).toBe(200);
    expect((await service.api.get('/livez')).status).toBe(200);
    body.end(LINE.slice(20));
    expect((await slow).body.conversions.total).toBe(1);
  });
});

describe('a body', () => {
  it.each(['text/plain', 'text/plain; charset=utf-8', 'application/x-ndjson', 'application/octet-stream'])(
    'of type %s is taken',
    async (type) => {
      expect((await post('', LINE, { 'content-type': type })).status).toBe(200);
    },
  );

  it.each(['application/json', 'text/html', 'application/x-www-form-urlencoded', 'image/png'])(
    'of type %s is not, and the problem says what is',
    async (type) => {
      const { status, body } = await post('', LINE, { 'content-type': type });
      expect(`${status} ${body.code}`).toBe('415 unsupported-media-type');
      expect(body.detail).toContain('text/plain');
    },
  );

  it('that is compressed is not taken', async () => {
    expect((await post('', LINE, { ...TEXT, 'content-encoding': 'gzip' })).body.code).toBe('unsupported-media-type');
  });

  it.each([
    ['', 'the trace is empty: it has no line'],
    ['{"offset":0}\n', /from line 1 to line 1 there is none of kvm_convert_memory/],
    [`x\n${LINE.slice(0, 30)}`, 'no line of the trace is a conversion: the last one, line 2, is cut off'],
    [
      `x\n${LINE.slice(0, 30)}\u009b2J\n${LINE}`,
      `line 2 names kvm_convert_memory, but cannot be read: "${LINE.slice(0, 30)}\\u{9b}2J"`,
    ],
  ])('%j is no trace', async (text, detail) => {
    const { status, body } = await post('', text);
    expect(`${status} ${body.code}`).toBe('400 invalid-request');
    expect(body.detail).toEqual(typeof detail === 'string' ? detail : expect.stringMatching(detail));
  });

  it('that is not there is no trace', async () => {
    expect((await service.api.post('/v1/plans')).body.code).toBe('invalid-request');
  });

  it('that needs too much names the line', async () => {
    const huge = 'kvm_convert_memory start 0x0 size 0x400000000000 private_to_shared\n';
    const { status, body } = await post('', huge.repeat(33));
    expect(`${status} ${body.code}`).toBe('413 payload-too-large');
    expect(body.detail).toMatch(/^at line 33 /);
  });
});

describe('a parameter', () => {
  it('map is given once or several times', async () => {
    const { body: one } = await post('?map=0:1G');
    expect(one.blocks).toEqual([{ idstr: 'ram-0x0', gpa: 0, size: 2 ** 30, guessed: false }]);
    const { body: two } = await post('?map=0:1G:low&map=4G:1G@0:a%26b:c');
    expect(two.blocks.map(({ idstr }: { idstr: string }) => idstr)).toEqual(['low', 'a&b:c']);
    const many = Array.from({ length: 64 }, (_, index) => `map=${index}G:1G`);
    expect((await post(`?${many.join('&')}`)).body.blocks).toHaveLength(64);
  });

  it('block names where state changes are', async () => {
    const { body } = await post('?map=0:1G:a&map=4G:1G:b&block=b', STATE_CHANGE);
    expect(body.hottest.pieces).toMatchObject([{ idstr: 'b', gpa: 4 * 2 ** 30 }]);
  });

  it('limit and points have defaults', async () => {
    const { body } = await post('', readFileSync(BOOT));
    expect(body.limit).toBe(65_535);
    const { length } = body.trackings[0].mappings.series;
    expect(length).toBeGreaterThan(100);
    expect(length).toBeLessThanOrEqual(200);
  });

  it.each([
    ['map=4G', 'invalid-request', '#/map'],
    ['map=', 'invalid-request', '#/map/0'],
    ['map=0:4X', 'invalid-request', '#/map'],
    [`map=${'0'.repeat(400)}:1`, 'invalid-request', '#/map/0'],
    [Array.from({ length: 65 }, (_, index) => `map=${index}G:1G`).join('&'), 'invalid-request', '#/map'],
    ['map=0:0', 'invalid-range', undefined],
    ['map=1:4K', 'invalid-range', undefined],
    ['map=0:65T', 'invalid-range', undefined],
    ['map=0:2G&map=1G:2G', 'invalid-range', undefined],
    ['block=', 'invalid-request', '#/block'],
    [`block=${encodeURIComponent('ä'.repeat(200))}`, 'invalid-request', '#/block'],
    ['block=a&block=b', 'invalid-request', '#/block'],
    ['limit=0', 'invalid-request', '#/limit'],
    ['limit=64K', 'invalid-request', '#/limit'],
    ['limit=9007199254740992', 'invalid-request', '#/limit'],
    ['points=0', 'invalid-request', '#/points'],
    ['points=2001', 'invalid-request', '#/points'],
    ['points=1&points=2', 'invalid-request', '#/points'],
  ])('%s is %s', async (query, code, pointer) => {
    const { body } = await post(`?${query}`);
    expect(body).toMatchObject({ code, ...(pointer === undefined ? {} : { errors: [{ pointer }] }) });
  });
});
