// HTTP as bytes: what is malformed, too large, too slow or pipelined is answered as the contract says, or not at all.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answerParserErrors } from '../../src/http/plugins/problems.ts';
import { checkAnswer } from '../support/contract.ts';
import { FaultyJournal } from '../support/faulty-journal.ts';
import { startService, type TestService, until } from '../support/service.ts';
import { answerTo, exchange, head, type RawAnswer } from './raw-socket.ts';

const CONVERSION = '{"offset":0,"size":4096,"to":"shared"}';

let journal: FaultyJournal;
let service: TestService;
let block: string;

beforeAll(async () => {
  journal = new FaultyJournal();
  service = await startService({ openJournal: journal.open });
});
beforeEach(async () => {
  const body = { machine: crypto.randomUUID(), idstr: 'pc.ram', usedLength: '64K' };
  block = `/v1/ram-blocks/${(await service.api.ok('POST', '/v1/ram-blocks', body)).id}`;
});
afterAll(() => service.close());

const send = (bytes: string) => exchange(service.url, bytes);
const post = (headers: Record<string, string>, version = '1.1') => {
  return head(`POST ${block}/conversions HTTP/${version}`, { 'Content-Type': 'application/json', ...headers });
};
const generation = async () => (await service.api.ok('GET', block)).generation;

/** The one answer is this problem, complete with its headers. */
function expectProblem(answer: RawAnswer | undefined, status: number, code: string): void {
  const body = JSON.parse(answer?.body ?? '{}');
  expect(`${answer?.status} ${body.code}`).toBe(`${status} ${code}`);
  checkAnswer('-', '-', { headers: {}, ...answer, status, body });
}

describe('a chunked body', () => {
  const CHUNKED = { 'Transfer-Encoding': 'chunked', Connection: 'close' };

  it('is put together', async () => {
    const pieces = [CONVERSION.slice(0, 1), CONVERSION.slice(1, 20), CONVERSION.slice(20)];
    const chunks = pieces.map((piece) => `${piece.length.toString(16)};x=y\r\n${piece}\r\n`).join('');
    const [answer] = await send(`${post(CHUNKED)}${chunks}0\r\nTrailer: x\r\n\r\n`);
    expect(answer?.status).toBe(200);
    expect(await generation()).toBe(1);
  });

  it.each(['zz\r\n', '-1\r\n', '5\r\nabcdefgh\r\n', 'fffffffffffffffff\r\n'])(
    'with a wrong size is 400: %j',
    async (chunk) => {
      const [answer] = await send(`${post(CHUNKED)}${chunk}`);
      expectProblem(answer, 400, 'invalid-request');
      expect(await generation()).toBe(0);
    },
  );

  it('of more than 64 KiB is 413 before its end', async () => {
    const chunk = `4000\r\n${' '.repeat(2 ** 14)}\r\n`;
    const [answer] = await send(`${post(CHUNKED)}${chunk.repeat(5)}`);
    expectProblem(answer, 413, 'payload-too-large');
  });
});

describe('Content-Length', () => {
  it('that is too small leaves a rest that is no request: the answer comes first, then 400', async () => {
    const [first, second, ...more] = await send(
      `${post({ 'Content-Length': `${CONVERSION.length}` })}${CONVERSION}rest\r\n\r\n`,
    );
    expect(first?.status).toBe(200);
    expectProblem(second, 400, 'invalid-request');
    expect(more).toEqual([]);
  });

  it('that is too large, from a client that goes away, changes nothing', async () => {
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
    socket.end(`${post({ 'Content-Length': '100' })}${CONVERSION}`);
    socket.resume();
    await once(socket, 'close');
    expect(await generation()).toBe(0);
  });

  it.each(['-1', 'x', '1, 2', '1 2', '0x10', '99999999999999999999'])('%s is 400', async (length) => {
    expectProblem(
      await answerTo(service.url, `${post({ 'Content-Length': length })}${CONVERSION}`),
      400,
      'invalid-request',
    );
  });

  it('beyond 64 KiB is 413 before a byte of the body', async () => {
    const answer = await answerTo(service.url, post({ 'Content-Length': '65537', Connection: 'close' }));
    expectProblem(answer, 413, 'payload-too-large');
  });

  it('beside Transfer-Encoding is 400: two readers could cut the body in two ways', async () => {
    const headers = { 'Content-Length': '38', 'Transfer-Encoding': 'chunked' };
    expectProblem(
      await answerTo(service.url, `${post(headers)}26\r\n${CONVERSION}\r\n0\r\n\r\n`),
      400,
      'invalid-request',
    );
  });
});

describe('the head of a request', () => {
  it.each([
    'hello\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    'BREW /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
    'GET /livez HTTP/3.0\r\nHost: 127.0.0.1\r\n\r\n',
    'GET /livez HTTP/1.1\r\nHost 127.0.0.1\r\n\r\n',
    'GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX Y: z\r\n\r\n',
    'GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\0b\r\n\r\n',
    'GET /a b HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  ])('that is malformed is 400: %j', async (bytes) => {
    expectProblem(await answerTo(service.url, bytes), 400, 'invalid-request');
  });

  it('of more than 16 KiB is 431, also where that is the path', async () => {
    const large = 'a'.repeat(16 * 1024);
    for (const bytes of [head('GET /livez HTTP/1.1', { X: large }), head(`GET /${large} HTTP/1.1`)]) {
      expectProblem(await answerTo(service.url, bytes), 431, 'headers-too-large');
    }
  });

  it('of nearly 16 KiB is read', async () => {
    const answer = await answerTo(
      service.url,
      head('GET /livez HTTP/1.1', { X: 'a'.repeat(15_000), Connection: 'close' }),
    );
    expect(answer.status).toBe(200);
  });

  it('that expects 100-continue gets it, then the answer', async () => {
    const headers = { 'Content-Length': `${CONVERSION.length}`, Connection: 'close' };
    const [first, second] = await send(post({ ...headers, Expect: '100-continue' }) + CONVERSION);
    expect([first?.status, second?.status]).toEqual([100, 200]);
  });

  it('that expects something else is answered as if it did not', async () => {
    const headers = { 'Content-Length': `${CONVERSION.length}`, Connection: 'close' };
    const answer = await answerTo(service.url, post({ ...headers, Expect: 'a-miracle' }) + CONVERSION);
    expect(answer.status).toBe(200);
  });

  it('that is refused before the parser sees that it cannot be read is answered once', async () => {
    const answers = await send(head('POST /v1/ram-blocks HTTP/1.1', { Accept: 'a/b', 'Transfer-Encoding': 'x' }));
    expect(answers).toHaveLength(1);
    expectProblem(answers[0], 400, 'invalid-request');
  });

  it('that asks for another protocol is answered in this one', async () => {
    const answer = await answerTo(
      service.url,
      head('GET /livez HTTP/1.1', { Upgrade: 'h2c', Connection: 'close, Upgrade' }),
    );
    expect(answer.status).toBe(200);
  });

  it('with the whole URL is answered as its path', async () => {
    const { host } = new URL(service.url);
    for (const Host of [host, host.toUpperCase()]) {
      const bytes = head(`GET ${service.url}/livez HTTP/1.1`, { Host, Connection: 'close' });
      expect((await answerTo(service.url, bytes)).status).toBe(200);
    }
  });

  it.each([
    ['http://127.0.0.1:1/livez', '127.0.0.1'],
    ['http://other.example/livez', '127.0.0.1'],
    ['http://127.0.0.1@other.example/livez', '127.0.0.1'],
    ['https://127.0.0.1:80/livez', '127.0.0.1'],
    ['ftp://127.0.0.1/livez', '127.0.0.1'],
    ['http:///livez', '127.0.0.1'],
  ])('with the URL of another authority is 400: %s at %s', async (target, Host) => {
    const answer = await answerTo(service.url, head(`GET ${target} HTTP/1.1`, { Host, Connection: 'close' }));
    expectProblem(answer, 400, 'invalid-request');
  });

  it.each([
    ['127.0.0.1', 'other.example'],
    ['127.0.0.1', '127.0.0.1'],
    ['', '127.0.0.1'],
  ])('with two Hosts is 400: %j and %j', async (first, second) => {
    for (const path of ['/livez', block, '/nothing']) {
      const bytes = head(`GET ${path} HTTP/1.1`, { Host: first, hOST: second, Connection: 'close' });
      expectProblem(await answerTo(service.url, bytes), 400, 'invalid-request');
    }
  });

  it.each(['gzip, chunked', 'chunked, chunked', 'identity, chunked', 'deflate'])(
    'whose body is encoded for its transfer as %s is 400',
    async (coding) => {
      const headers = { 'Transfer-Encoding': coding, Connection: 'close' };
      const answer = await answerTo(service.url, `${post(headers)}26\r\n${CONVERSION}\r\n0\r\n\r\n`);
      expectProblem(answer, 400, 'invalid-request');
      expect(await generation()).toBe(0);
    },
  );
});

describe('HTTP/1.0', () => {
  it('is answered, and the connection closed', async () => {
    const answer = await answerTo(service.url, head(`GET ${block} HTTP/1.0`));
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body).idstr).toBe('pc.ram');
  });

  it('changes things as well', async () => {
    const answer = await answerTo(
      service.url,
      `${post({ 'Content-Length': `${CONVERSION.length}` }, '1.0')}${CONVERSION}`,
    );
    expect(answer.status).toBe(200);
  });
});

describe('pipelined requests', () => {
  it('are answered in their order', async () => {
    const converts = [0, 4096, 8192].map((offset) => {
      const body = CONVERSION.replace('0', `${offset}`);
      return post({ 'Content-Length': `${body.length}` }) + body;
    });
    const answers = await send(converts.join('') + head(`GET ${block} HTTP/1.1`, { Connection: 'close' }));
    expect(answers.map(({ status, body }) => [status, JSON.parse(body).generation])).toEqual([
      [200, 1],
      [200, 2],
      [200, 3],
      // A read never waits: it may see less, but not more.
      [200, expect.any(Number)],
    ]);
  });

  const CHUNK = `ffff\r\n${'x'.repeat(0xffff)}\r\n`;

  it.each([
    ['300 kB', { 'Content-Length': '300000' }, 'x'.repeat(300_000)],
    ['600 kB in chunks', { 'Transfer-Encoding': 'chunked' }, `${CHUNK.repeat(9)}0\r\n\r\n`],
  ])('are answered behind a body that was refused unread: %s', async (_what, headers, body) => {
    const refused = head('POST /v1/ram-blocks HTTP/1.1', { ...headers, 'Content-Type': 'text/plain' }) + body;
    const answers = await send(refused + head('GET /livez HTTP/1.1', { Connection: 'close' }));
    expect(answers.map(({ status }) => status)).toEqual([415, 200]);
  });

  it('that expect 100-continue are answered without it where another answer comes first, and end the connection', async () => {
    const bitmap = head(`GET ${block}/bitmap HTTP/1.1`, { Expect: '100-continue' });
    const answers = await send(head('GET /livez HTTP/1.1') + bitmap + head('GET /livez HTTP/1.1'));
    expect(answers.map(({ status, headers, body }) => [status, headers.connection, body])).toEqual([
      [200, 'keep-alive', '{"status":"alive"}'],
      [200, 'close', '\0\0'],
    ]);
  });

  it('behind which nonsense follows keep their own answers', async () => {
    journal.hold();
    const answers = send(`${post({ 'Content-Length': `${CONVERSION.length}` })}${CONVERSION}nonsense\r\n\r\n`);
    await until('the change is being written', () => journal.held > 0);
    journal.release();
    const [first, second] = await answers;
    expect(first?.status).toBe(200);
    expectProblem(second, 400, 'invalid-request');
  });
});

describe('a request that never completes', () => {
  it.each([
    ['head', 'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n'],
    ['body', 'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\n12345'],
  ])('in its %s is 408', async (_part, bytes) => {
    // The service waits 30 s for a request; this server has its parser's answers, but not its patience.
    const settings = { requestTimeout: 50, headersTimeout: 50, connectionsCheckingInterval: 10 };
    const impatient = createServer(settings, (request) => request.resume());
    impatient.on('clientError', answerParserErrors);
    impatient.listen(0, '127.0.0.1');
    await once(impatient, 'listening');
    const { port } = impatient.address() as AddressInfo;
    expectProblem(await answerTo(`http://127.0.0.1:${port}`, bytes), 408, 'request-timeout');
    impatient.close();
    await once(impatient, 'close');
  });
});
