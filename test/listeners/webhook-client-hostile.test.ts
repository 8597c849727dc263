// Answers that nobody should give: too long, endless, slow, or no HTTP at all. What is read is bounded in bytes and time,
// and nothing of it is taken for an acceptance that is none.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../support/service.ts';
import { drip, flood, type Handler, http, Receiver, type ReceiverOptions } from './receiver.ts';
import { Sender } from './sender.ts';

const MiB = 2 ** 20;
/** Bytes that all buffers between the two ends of a connection can hold, and then some. */
const BUFFERS = 32 * MiB;
const OK = 'HTTP/1.1 200 OK\r\n';

let sender: Sender;
const receivers: Receiver[] = [];

beforeEach(() => {
  sender = new Sender();
});

afterEach(async () => {
  await sender.close();
  await Promise.all(receivers.splice(0).map((receiver) => receiver.close()));
});

async function receiver(handler: Handler, options?: ReceiverOptions): Promise<Receiver> {
  const started = await Receiver.start(handler, options);
  receivers.push(started);
  return started;
}

/** Delivers to a receiver that does `handler`; resolves when every connection is closed. */
async function deliverTo(handler: Handler, timeoutMs?: number, options?: ReceiverOptions) {
  let written = 0;
  const { url, arrived, sockets } = await receiver((socket, ...rest) => {
    socket.on('close', () => {
      written += socket.bytesWritten;
    });
    handler(socket, ...rest);
  }, options);
  const started = performance.now();
  const answer = await sender.deliver(url, timeoutMs === undefined ? {} : { timeoutMs });
  const ms = performance.now() - started;
  await until('every connection is closed', () => sockets.size === 0);
  return { answer, ms, attempts: arrived.length, written };
}

describe('an answer that is too long', () => {
  const endless: [string, string, string][] = [
    ['a content length of 1 TiB', `content-length: ${2 ** 40}\r\n\r\n`, 'x'.repeat(MiB)],
    ['chunks without end', 'transfer-encoding: chunked\r\n\r\n', `10000\r\n${'x'.repeat(0x10000)}\r\n`],
    ['chunks of one byte without end', 'transfer-encoding: chunked\r\n\r\n', '1\r\nx\r\n'.repeat(10_000)],
    ['a body that ends with the connection, which never ends', 'connection: close\r\n\r\n', 'x'.repeat(MiB)],
  ];

  it.each(endless)('by %s is read to 16 KiB, and its status decides', async (_, headers, chunk) => {
    const statuses = [200, 409, 404].map((status) => {
      return deliverTo((socket) => {
        socket.write(`HTTP/1.1 ${status} Status\r\n${headers}`);
        flood(socket, chunk);
      });
    });
    const [accepted, refused, unanswered] = await Promise.all(statuses);
    expect(accepted).toMatchObject({ answer: { outcome: 'accepted' }, attempts: 1 });
    expect(refused).toMatchObject({ answer: { outcome: 'refused', status: 409 }, attempts: 1 });
    expect(unanswered).toMatchObject({ answer: { outcome: 'unanswered', status: 404 }, attempts: 1 });
    for (const { written, ms } of [accepted, refused, unanswered].filter((each) => each !== undefined)) {
      expect(written).toBeGreaterThanOrEqual(16_384);
      expect(written).toBeLessThan(BUFFERS);
      expect(ms).toBeLessThan(20_000);
    }
  });

  it('and comes all at once, on a connection that ends with it, is accepted like any other', async () => {
    const length = 60_000;
    const head = `${OK}connection: close\r\ncontent-length: ${length}\r\n\r\n`;
    const { answer } = await deliverTo((socket) => socket.end(head + 'x'.repeat(length)));
    expect(answer).toEqual({ outcome: 'accepted' });
  });

  it.each([0, 1, 16_383, 16_384, 16_385, 65_536])(
    'by nothing, with a body of %i bytes, is accepted',
    async (length) => {
      const { url, arrived } = await receiver((socket) => socket.write(http(200, 'x'.repeat(length))));
      expect(await sender.deliver(url)).toEqual({ outcome: 'accepted' });
      expect(await sender.deliver(url, { sequence: 2 })).toEqual({ outcome: 'accepted' });
      expect(arrived).toHaveLength(2);
    },
  );

  it.each([
    ['one header', `${OK}x-large: ${'x'.repeat(100_000)}\r\n\r\n`],
    ['many headers', `${OK}${'x-small: 1\r\n'.repeat(20_000)}\r\n`],
    ['trailers', `${OK}transfer-encoding: chunked\r\n\r\n0\r\n${'x-small: 1\r\n'.repeat(20_000)}\r\n`],
  ])('by %s is not read on, nor asked for again', async (_, text) => {
    const { answer, attempts } = await deliverTo((socket) => socket.write(text));
    expect(answer).toMatchObject({ outcome: 'unanswered', detail: expect.stringContaining('Headers Overflow') });
    expect(attempts).toBe(1);
  });

  it('by a header without end is not read on', async () => {
    const { answer, attempts, written } = await deliverTo((socket) => {
      socket.write(`${OK}x-endless: `);
      flood(socket, 'x'.repeat(10_000));
    });
    expect(answer).toMatchObject({ outcome: 'unanswered', status: null });
    expect(attempts).toBe(1);
    expect(written).toBeLessThan(BUFFERS);
  });

  it.each([
    ['a reason phrase', 'HTTP/1.1 200 '],
    ['the extension of a chunk', `${OK}transfer-encoding: chunked\r\n\r\n1;`],
  ])('by %s without end is read until the deadline and no longer', async (_, head) => {
    const { answer, attempts, ms } = await deliverTo((socket) => {
      socket.write(head);
      flood(socket, 'x'.repeat(10_000));
    }, 2000);
    expect(answer).toMatchObject({ outcome: 'unanswered' });
    expect(attempts).toBe(1);
    expect(ms).toBeLessThan(20_000);
  });
});

describe('an answer that does not end before the deadline', () => {
  /** Milliseconds. */
  const DEADLINE = 3000;
  const cases: [string, number | null, Handler][] = [
    ['nothing after the connection', null, () => undefined],
    ['half a status line', null, (socket) => socket.write('HTTP/1.1 2')],
    ['a status line and no more', null, (socket) => socket.write(OK)],
    ['headers and no body', 200, (socket) => socket.write(`${OK}content-length: 5\r\n\r\n`)],
    ['half a body', 200, (socket) => socket.write(`${OK}content-length: 5\r\n\r\nhal`)],
    ['chunks and no last one', 200, (socket) => socket.write(`${OK}transfer-encoding: chunked\r\n\r\n1\r\nx\r\n`)],
    ['a body that ends with the connection, which stays', 200, (socket) => socket.write(`${OK}\r\nx`)],
    ['one byte after the other', null, drip(`${OK}x-slow: ${'x'.repeat(1000)}`, 20)],
    [
      'one byte of the body after the other',
      200,
      (socket, ...rest) => {
        socket.write(`${OK}content-length: 10000\r\n\r\n`);
        drip('', 20)(socket, ...rest);
      },
    ],
  ];

  // Together: each takes as long as the deadline, which leaves a busy machine the time to connect.
  it('is unanswered, even with status 200', async () => {
    const results = await Promise.all(cases.map(([, , handler]) => deliverTo(handler, DEADLINE)));
    for (const [index, [name, status]] of cases.entries()) {
      const { answer, attempts, ms } = results[index] as (typeof results)[number];
      const detail = expect.stringMatching(/no answer within 3000 ms/);
      expect(answer, name).toEqual({ outcome: 'unanswered', status, detail });
      expect(attempts, name).toBe(1);
      expect(ms, name).toBeGreaterThanOrEqual(DEADLINE - 2);
    }
    const told = sender.attempts.map(({ status, outcome }) => `${status} ${outcome}`);
    expect(told.sort()).toEqual(cases.map(([, status]) => `${status} unanswered`).sort());
  });
});

describe('answers with a status below 200', () => {
  it.each([
    ['102 Processing', 'HTTP/1.1 102 Processing\r\n\r\n'],
    ['103 Early Hints', 'HTTP/1.1 103 Early Hints\r\nlink: </>\r\n\r\n'],
    ['one of no meaning', 'HTTP/1.1 199 Odd\r\n\r\n'],
  ])('are passed over: %s', async (_, interim) => {
    const { url, arrived } = await receiver((socket) => socket.write(interim.repeat(20) + http(204)));
    expect(await sender.deliver(url)).toEqual({ outcome: 'accepted' });
    expect(arrived).toHaveLength(1);
  });

  it('are read to a limit, however many there are, and are no answer', async () => {
    const { answer, attempts, written, ms } = await deliverTo((socket) => {
      flood(socket, 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(1000));
    });
    expect(answer).toMatchObject({ outcome: 'unanswered', status: null, detail: expect.stringContaining('below 200') });
    expect(attempts).toBe(1);
    expect(written).toBeLessThan(BUFFERS);
    expect(ms).toBeLessThan(20_000);
  });

  it('alone are no answer', async () => {
    const { answer } = await deliverTo((socket) => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), 300);
    expect(answer).toMatchObject({ outcome: 'unanswered', status: null });
  });

  it.each([
    [
      'a change of protocol that nobody asked for',
      'HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
    ],
    ['100 Continue, which nobody waits for', `HTTP/1.1 100 Continue\r\n\r\n${http(200)}`],
  ])('break the attempt: %s', async (_, text) => {
    const { answer } = await deliverTo((socket) => socket.write(text), 300);
    expect(answer).toMatchObject({ outcome: 'unanswered', status: null });
  });
});

describe('an old answer', () => {
  it.each([
    ['of HTTP/1.0 that ends with the connection', 'HTTP/1.0 200 OK\r\n\r\nmapped'],
    ['of HTTP/1.0 with a length', 'HTTP/1.0 200 OK\r\ncontent-length: 6\r\n\r\nmapped'],
    ['of HTTP/1.1 that ends with the connection', `${OK}\r\nmapped`],
    ['without a reason phrase', 'HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n'],
  ])('%s is accepted', async (_, text) => {
    expect(await deliverTo((socket) => socket.end(text))).toMatchObject({
      answer: { outcome: 'accepted' },
      attempts: 1,
    });
  });

  it('without a length, broken off by a reset, cannot be told from a complete one: its status decides', async () => {
    const { answer } = await deliverTo((socket) => {
      socket.write(`${OK}connection: close\r\n\r\nmap`, () => setTimeout(() => socket.resetAndDestroy(), 50));
    });
    expect(answer).toEqual({ outcome: 'accepted' });
  });

  it('of HTTP/1.0 passes on a refusal', async () => {
    const { answer } = await deliverTo((socket) => socket.end('HTTP/1.0 409 Conflict\r\n\r\n{"detail":"full"}'));
    expect(answer).toEqual({ outcome: 'refused', status: 409, detail: 'full' });
  });
});

describe('what is no HTTP', () => {
  it.each([
    ['SSH', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['SMTP', '220 mail.example ESMTP\r\n'],
    ['a page without a head', '<!doctype html><title>200 OK</title>'],
    ['a TLS alert', '\x15\x03\x01\x00\x02\x02\x46'],
    ['HTTP/2', '\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64'],
    ['a version that is none', 'HTTP/9.9 200 OK\r\n\r\n'],
    ['a status that is none', 'HTTP/1.1 2000 OK\r\n\r\n'],
    ['a status of words', 'HTTP/1.1 two hundred\r\n\r\n'],
    ['a length below zero', `${OK}content-length: -1\r\n\r\n`],
    ['a chunk of no length', `${OK}transfer-encoding: chunked\r\n\r\nzz\r\nx\r\n`],
    ['a header without a name', `${OK}: x\r\n\r\n`],
  ])('is unanswered and not asked for again: %s', async (_, text) => {
    const { answer, attempts } = await deliverTo((socket) => socket.write(text, 'latin1'));
    expect(answer).toMatchObject({ outcome: 'unanswered' });
    expect(attempts).toBe(1);
  });

  it.each([
    ['two lengths', 'content-length: 1\r\ncontent-length: 2\r\n\r\nxx'],
    ['a length and chunks', 'content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n'],
  ])('is unanswered where it contradicts itself: %s', async (_, text) => {
    const { answer } = await deliverTo((socket) => socket.write(OK + text), 300);
    expect(answer).toMatchObject({ outcome: 'unanswered' });
  });

  it('is unanswered also when it comes before anything was asked', async () => {
    const { url } = await receiver(() => undefined, { greeting: 'SSH-2.0-OpenSSH_9.6\r\n' });
    expect(await sender.deliver(url, { timeoutMs: 500 })).toMatchObject({ outcome: 'unanswered', status: null });
  });
});

describe('an answer that nobody asked for', () => {
  it.each<[string, Handler]>([
    ['right behind another one', (socket) => socket.write(http(200) + http(200))],
    [
      'a while after another one',
      (socket) => {
        socket.write(http(200));
        setTimeout(() => socket.write(http(200)), 50);
      },
    ],
  ])('is not taken for the answer to the next delivery: %s', async (_, handler) => {
    const twice = await receiver((socket, request, number) => {
      if (number === 1) handler(socket, request, number);
    });
    expect(await sender.deliver(twice.url, { sequence: 1 })).toEqual({ outcome: 'accepted' });
    await until('the connection is given up', () => twice.sockets.size === 0);
    const next = await sender.deliver(twice.url, { sequence: 2, timeoutMs: 3000 });
    expect(next).toMatchObject({ outcome: 'unanswered', status: null });
    expect(twice.arrived.map(({ connection }) => connection)).toEqual([1, 2]);
  });
});
