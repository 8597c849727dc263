// One delivery, several attempts: what follows a failed one, what stays the same, and the one deadline over them all.
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkWebhook } from '../support/contract.ts';
import { until } from '../support/service.ts';
import { type Arrived, answering, type Handler, http, Receiver } from './receiver.ts';
import { SECRET, Sender } from './sender.ts';

let sender: Sender;
const receivers: Receiver[] = [];

beforeEach(() => {
  sender = new Sender();
});

afterEach(async () => {
  await sender.close();
  await Promise.all(receivers.splice(0).map((receiver) => receiver.close()));
});

async function receiver(handler: Handler, port = 0): Promise<Receiver> {
  const started = await Receiver.start(handler, { port });
  receivers.push(started);
  return started;
}

/** A port that nothing listens on, from below those that systems give to connections on their own. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const taken = await Receiver.start(answering(200), { port }).catch(() => null);
    await taken?.close();
    if (taken !== null) return port;
  }
}

const HANG: Handler = () => undefined;
const RESET: Handler = (socket) => socket.resetAndDestroy();

describe('an attempt that failed', () => {
  it('is followed by others after 50 ms, doubling', async () => {
    const { url, arrived } = await receiver((socket, _, number) => socket.write(http(number < 5 ? 500 : 200)));
    expect(await sender.deliver(url)).toEqual({ outcome: 'accepted' });
    const gaps = arrived.slice(1).map(({ at }, index) => at - (arrived[index]?.at ?? 0));
    expect(gaps).toHaveLength(4);
    // Timers may be a millisecond early.
    for (const [index, gap] of gaps.entries()) expect(gap).toBeGreaterThanOrEqual(50 * 2 ** index - 2);
  });

  it.each<[string, Handler]>([
    ['a reset before the answer', RESET],
    ['an end before the answer', (socket) => socket.end()],
    ['an end in the status line', (socket) => socket.end('HTTP/1.1 20')],
    ['an end in the headers', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n')],
    ['an end in the body', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhal')],
    ['an end in a chunk', (socket) => socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhal')],
    [
      'an end before the last chunk',
      (socket) => socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n'),
    ],
    [
      'an end in a chunk of a connection that is to be closed',
      (socket) => socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n'),
    ],
    [
      'an end in the body of a connection that is to be closed',
      (socket) => socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhal'),
    ],
    [
      'a reset in the body',
      (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhal', () => socket.resetAndDestroy()),
    ],
  ])('with %s is one', async (_, failing) => {
    const { url, arrived } = await receiver((socket, request, number) => {
      if (number === 1) failing(socket, request, number);
      else socket.write(http(200));
    });
    expect(await sender.deliver(url)).toEqual({ outcome: 'accepted' });
    expect(arrived).toHaveLength(2);
    expect(sender.attempts.map(({ outcome }) => outcome)).toEqual(['unanswered', 'accepted']);
  });

  it('with the beginning of an answer says so', async () => {
    const { url } = await receiver((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhal'));
    const answer = await sender.deliver(url, { once: true });
    expect(answer).toMatchObject({ outcome: 'unanswered', status: 200 });
    expect(answer).toMatchObject({ detail: expect.stringMatching(/^HTTP 200, but the answer did not end: /) });
  });

  it('for want of a connection is followed by one that finds the listener', async () => {
    const port = await freePort();
    const delivered = sender.deliver(`http://127.0.0.1:${port}/`);
    await until('two attempts failed', () => sender.attempts.length >= 2);
    const { arrived } = await receiver(answering(204), port);
    expect(await delivered).toEqual({ outcome: 'accepted' });
    expect(arrived).toHaveLength(1);
    expect(sender.attempts[0]).toMatchObject({
      status: null,
      outcome: 'unanswered',
      responseExcerpt: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('on a connection that the listener closed while it was idle costs one more attempt at most', async () => {
    const { url, arrived, sockets } = await receiver(answering(200));
    await sender.deliver(url, { sequence: 1 });
    for (const socket of sockets) socket.destroy();
    expect(await sender.deliver(url, { sequence: 2 })).toEqual({ outcome: 'accepted' });
    expect(arrived).toHaveLength(2);
    expect(sender.attempts.length).toBeLessThanOrEqual(3);
  });
});

describe('every attempt', () => {
  it('keeps the id and the body, and is signed anew at its own time', async () => {
    let seconds = 1_772_366_400;
    sender = new Sender({ now: () => seconds * 1000 });
    const { url, arrived } = await receiver((socket, _, number) => {
      seconds += 10;
      socket.write(http(number < 3 ? 503 : 200));
    });
    expect(await sender.deliver(url, { sequence: 12 })).toEqual({ outcome: 'accepted' });
    expect(arrived.map(({ headers }) => headers['webhook-id'])).toEqual(Array(3).fill('msg_lsn_1_12'));
    expect(new Set(arrived.map(({ body }) => body)).size).toBe(1);
    expect(arrived.map(({ headers }) => Number(headers['webhook-timestamp']))).toEqual([
      1_772_366_400, 1_772_366_410, 1_772_366_420,
    ]);
    expect(new Set(arrived.map(({ headers }) => headers['webhook-signature'])).size).toBe(3);
  });

  it.each(['populate', 'discard'] as const)('is verified by the standardwebhooks package: %s', async (type) => {
    const { url, arrived } = await receiver((socket, _, number) => socket.write(http(number === 1 ? 500 : 200)));
    await sender.deliver(url, { type, sequence: 3 });
    expect(arrived).toHaveLength(2);
    for (const { headers, body, requestLine } of arrived) {
      const verified = new Webhook(SECRET).verify(body, { ...headers }) as { type: string };
      checkWebhook(verified);
      expect(requestLine).toBe('POST /hook?of=test HTTP/1.1');
      expect(headers['content-type']).toBe('application/json');
      expect(verified).toEqual({
        type: `ram_block.${type}`,
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        data: {
          ramBlockId: 'rb_1',
          listenerId: 'lsn_1',
          machine: 'default',
          idstr: 'pc.ram',
          sequence: 3,
          settledThrough: 2,
          generation: 7,
          granularity: 4096,
          reason: 'conversion',
          conversionId: 'cnv_1',
          sections: [{ offsetWithinRegion: 0, size: 4096, offsetWithinAddressSpace: 2 ** 32 }],
        },
      });
    }
  });

  it('fails verification with one byte changed', async () => {
    const { url, arrived } = await receiver(answering(200));
    await sender.deliver(url);
    const [{ headers, body }] = arrived as [Arrived];
    expect(() => new Webhook(SECRET).verify(`${body} `, { ...headers })).toThrow();
    expect(() => new Webhook(SECRET).verify(body, { ...headers, 'webhook-id': 'msg_lsn_1_2' })).toThrow();
  });

  it('is told to onAttempt once, when it is over', async () => {
    const { url } = await receiver((socket, _, number) => socket.write(http(number < 3 ? 503 : 200, `no ${number}`)));
    const before = Date.now();
    await sender.deliver(url, { type: 'discard', sequence: 5 });
    const common = { id: 'msg_lsn_1_5', sequence: 5, type: 'ram_block.discard', reason: 'conversion' };
    const each = { ...common, durationMs: expect.any(Number), startedAt: expect.any(Number) };
    expect(sender.attempts).toEqual([
      { ...each, attempt: 1, status: 503, outcome: 'unanswered', responseExcerpt: 'HTTP 503: no 1' },
      { ...each, attempt: 2, status: 503, outcome: 'unanswered', responseExcerpt: 'HTTP 503: no 2' },
      { ...each, attempt: 3, status: 200, outcome: 'accepted', responseExcerpt: 'no 3' },
    ]);
    const starts = sender.attempts.map(({ startedAt }) => startedAt);
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));
    expect(starts[0]).toBeGreaterThanOrEqual(before);
    for (const { durationMs } of sender.attempts) {
      expect(Number.isInteger(durationMs)).toBe(true);
      expect(durationMs).toBeGreaterThanOrEqual(0);
    }
  });
});

describe('the deadline', () => {
  /** How long a delivery took, in milliseconds. */
  async function took(url: string, timeoutMs: number) {
    const started = performance.now();
    const answer = await sender.deliver(url, { timeoutMs });
    return { answer, ms: performance.now() - started };
  }

  it('ends an attempt that is not answered, and none follows', async () => {
    const { url, arrived, sockets } = await receiver(HANG);
    const { answer, ms } = await took(url, 2000);
    expect(answer).toEqual({ outcome: 'unanswered', status: null, detail: 'no answer within 2000 ms (timeoutMs)' });
    expect(ms).toBeGreaterThanOrEqual(1998);
    expect(arrived).toHaveLength(1);
    await until('the connection is closed', () => sockets.size === 0);
  });

  it('is one for all attempts together', async () => {
    // Each attempt alone is far within it; counted per attempt, it would never come.
    const { url, arrived } = await receiver((socket) => {
      setTimeout(() => socket.write(http(500)), 100);
    });
    const { answer } = await took(url, 3000);
    expect(answer).toMatchObject({ outcome: 'unanswered' });
    // The waits between them double, from 50 ms on.
    expect(arrived.length).toBeGreaterThanOrEqual(2);
    expect(arrived.length).toBeLessThanOrEqual(7);
  });

  it('does not let an attempt begin that could only begin after it', async () => {
    const port = await freePort();
    const { answer } = await took(`http://127.0.0.1:${port}/`, 3000);
    expect(answer).toMatchObject({ outcome: 'unanswered', status: null });
    expect(sender.attempts.length).toBeGreaterThanOrEqual(2);
    expect(sender.attempts.length).toBeLessThanOrEqual(6);
  });

  it('holds while a connection is being made', async () => {
    // Accepts, and never says a word of TLS.
    const { port } = await receiver(HANG);
    const { answer } = await took(`https://127.0.0.1:${port}/`, 300);
    const detail = 'no answer within 300 ms (timeoutMs)';
    expect(answer).toEqual({ outcome: 'unanswered', status: null, detail, unsent: true });
  });

  it('grows with timeoutMs', async () => {
    const { url } = await receiver(HANG);
    const ended: number[] = [];
    const deadlines = [2000, 100];
    await Promise.all(
      deadlines.map(async (timeoutMs) => {
        expect((await took(url, timeoutMs)).ms).toBeGreaterThanOrEqual(timeoutMs - 2);
        ended.push(timeoutMs);
      }),
    );
    expect(ended).toEqual([100, 2000]);
  });
});

describe('a delivery that is called off', () => {
  it('ends at once while it waits for an answer, and closes the connection', async () => {
    const { url, arrived, sockets } = await receiver(HANG);
    const off = new AbortController();
    const delivered = sender.deliver(url, { signal: off.signal });
    await until('it has arrived', () => arrived.length === 1);
    off.abort();
    expect(await delivered).toEqual({ outcome: 'unanswered', status: null, detail: 'called off' });
    await until('the connection is closed', () => sockets.size === 0);
    expect(sender.attempts).toMatchObject([{ attempt: 1, status: null, outcome: 'unanswered' }]);
  });

  it('ends at once between two attempts, with what the last one said', async () => {
    const { url, arrived } = await receiver(answering(429, 'later', { 'retry-after': '20' }));
    const off = new AbortController();
    const delivered = sender.deliver(url, { signal: off.signal });
    await until('the first attempt is over', () => sender.attempts.length === 1);
    off.abort();
    expect(await delivered).toEqual({ outcome: 'unanswered', status: 429, detail: 'HTTP 429: later' });
    expect(arrived).toHaveLength(1);
  });

  it('ends at once in the middle of an answer', async () => {
    const { url, sockets } = await receiver((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf', () => off.abort());
    });
    const off = new AbortController();
    expect(await sender.deliver(url, { signal: off.signal })).toMatchObject({ outcome: 'unanswered' });
    await until('the connection is closed', () => sockets.size === 0);
  });

  it('before it begins is never sent, and is no attempt', async () => {
    const target = await receiver(answering(200));
    expect(await sender.deliver(target.url, { signal: AbortSignal.abort() })).toMatchObject({ outcome: 'unanswered' });
    expect(target.connections).toBe(0);
    expect(sender.attempts).toEqual([]);
  });

  it('while its connection is being made is not sent once the connection stands', async () => {
    const found = Promise.withResolvers<() => void>();
    const { arrived, port } = await receiver(answering(200));
    sender = new Sender({
      idleMs: 50,
      resolve: (_name, _options, callback) =>
        found.resolve(() => callback(null, [{ address: '127.0.0.1', family: 4 }])),
    });
    const off = new AbortController();
    const delivered = sender.deliver(`http://listener.test:${port}/`, { signal: off.signal });
    const goOn = await found.promise;
    off.abort();
    expect(await delivered).toMatchObject({ outcome: 'unanswered', detail: 'called off' });
    goOn();
    await until('its connection was made and dropped', () => sender.pools.size === 0);
    expect(arrived).toEqual([]);
  });
});
