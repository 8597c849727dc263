// Connections: used again where that is right, and none of them, nor anything else, stays behind when listeners come and
// go by the thousand.
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Resolve } from '../../src/listeners/target-policy.ts';
import { until } from '../support/service.ts';
import { answering, type Handler, http, Receiver, type ReceiverOptions } from './receiver.ts';
import { Sender } from './sender.ts';

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

/** Every name is this machine. */
const HERE: Resolve = (_name, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]);

describe('a connection', () => {
  it.each([200, 204, 409, 404])('serves one delivery after the other: status %i', async (status) => {
    const server = await receiver(answering(status));
    for (let sequence = 1; sequence <= 10; sequence++) await sender.deliver(server.url, { sequence });
    expect(server.arrived).toHaveLength(10);
    // undici lets a connection rest for a turn of the event loop, so that two may take turns.
    expect(server.connections).toBeLessThanOrEqual(2);
  });

  it('is kept while deliveries come, and dropped when none has come for a while', async () => {
    // So long that a busy machine makes no pause of it.
    sender = new Sender({ idleMs: 2000 });
    const server = await receiver(answering(200));
    const started = performance.now();
    for (let sequence = 1; performance.now() - started < 4500; sequence++) {
      expect(await sender.deliver(server.url, { sequence })).toEqual({ outcome: 'accepted' });
      // A pause, so that nothing is under way when the pools are looked through.
      await delay(20);
    }
    expect(sender.pools.size).toBe(1);
    expect(server.connections).toBeLessThanOrEqual(2);
    await until('it is dropped', () => sender.pools.size === 0 && server.sockets.size === 0);
    expect(await sender.deliver(server.url)).toEqual({ outcome: 'accepted' });
  });

  it('that waits for an answer is kept for as long as that takes', async () => {
    sender = new Sender({ idleMs: 50 });
    const { url, arrived } = await receiver((socket) => setTimeout(() => socket.write(http(200)), 500));
    expect(await sender.deliver(url)).toEqual({ outcome: 'accepted' });
    expect(arrived).toHaveLength(1);
  });

  it('serves the retries of a delivery', async () => {
    const { url, arrived } = await receiver((socket, _, number) => socket.write(http(number < 3 ? 503 : 200)));
    await sender.deliver(url);
    expect(arrived.map(({ connection }) => connection)).toEqual([1, 1, 1]);
  });

  it('that the listener wants closed is not used again', async () => {
    const { url, arrived } = await receiver((socket) => socket.end(http(200, '', { connection: 'close' })));
    for (let sequence = 1; sequence <= 3; sequence++) {
      expect(await sender.deliver(url, { sequence })).toEqual({ outcome: 'accepted' });
    }
    expect(arrived.map(({ connection }) => connection)).toEqual([1, 2, 3]);
  });

  it('with an answer that was not read to its end is not used again', async () => {
    const { url, arrived, sockets } = await receiver((socket) => socket.write(http(200, 'x'.repeat(1_000_000))));
    for (let sequence = 1; sequence <= 3; sequence++) {
      expect(await sender.deliver(url, { sequence })).toEqual({ outcome: 'accepted' });
    }
    expect(arrived.map(({ connection }) => connection)).toEqual([1, 2, 3]);
    await until('all are closed', () => sockets.size === 0);
  });

  it('that is busy makes no other delivery to the same origin wait', async () => {
    const { url, arrived } = await receiver((socket, _, number) => {
      if (number > 1) socket.write(http(200));
    });
    const off = new AbortController();
    const slow = sender.deliver(url, { sequence: 1, signal: off.signal });
    await until('the first has arrived', () => arrived.length === 1);
    const others = Array.from({ length: 20 }, (_, index) => sender.deliver(url, { sequence: index + 2 }));
    expect(await Promise.all(others)).toEqual(Array(20).fill({ outcome: 'accepted' }));
    off.abort();
    expect(await slow).toMatchObject({ outcome: 'unanswered' });
  });

  it('that cannot be made secure makes no other delivery to the same origin wait', async () => {
    // Never says a word of TLS.
    const { port, sockets } = await receiver(() => undefined);
    const off = new AbortController();
    const all = Array.from({ length: 3 }, (_, index) => {
      return sender.deliver(`https://127.0.0.1:${port}/`, { sequence: index + 1, signal: off.signal });
    });
    await until('each has its own', () => sockets.size === 3);
    off.abort();
    expect(await Promise.all(all)).toMatchObject(Array(3).fill({ outcome: 'unanswered', detail: 'called off' }));
  });
});

describe('what stays behind', () => {
  /** Delivers to `count` origins that are all the same receiver. */
  const deliverToMany = (port: number, count: number, timeoutMs: number, protocol = 'http') => {
    const urls = Array.from({ length: count }, (_, index) => `${protocol}://listener-${index}.test:${port}/`);
    return Promise.all(urls.map((url) => sender.deliver(url, { timeoutMs })));
  };
  const IDLE = 300;
  const nothingIsLeft = async (sockets: ReadonlySet<unknown> = new Set()) => {
    await until('no origin is known', () => sender.pools.size === 0);
    await until('all are closed', () => sockets.size === 0);
  };

  it.each<[string, Handler]>([
    ['whose connections end', (socket) => socket.end(http(200, '', { connection: 'close' }))],
    ['whose connections stay open', answering(200)],
    ['that want them kept for an hour', answering(200, '', { 'keep-alive': 'timeout=3600' })],
    ['that answer too much', (socket) => socket.write(http(200, 'x'.repeat(100_000)))],
  ])('is nothing of origins %s', async (_, handler) => {
    sender = new Sender({ idleMs: IDLE, resolve: HERE });
    const { port, sockets } = await receiver(handler);
    const answers = await deliverToMany(port, 200, 30_000);
    expect(answers).toEqual(Array(200).fill({ outcome: 'accepted' }));
    await nothingIsLeft(sockets);
  });

  it.each<[string, Handler]>([
    ['that reset', (socket) => socket.resetAndDestroy()],
    ['that never answer', () => undefined],
    ['that speak something else', (socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n')],
  ])('is nothing of origins %s', async (_, handler) => {
    sender = new Sender({ idleMs: IDLE, resolve: HERE });
    const { port, sockets } = await receiver(handler);
    const answers = await deliverToMany(port, 100, 300);
    expect(answers).toMatchObject(Array(100).fill({ outcome: 'unanswered' }));
    await nothingIsLeft(sockets);
  });

  it('is nothing of origins that do not listen', async () => {
    sender = new Sender({ idleMs: IDLE, resolve: HERE });
    const { port } = await receiver(answering(200));
    await receivers.pop()?.close();
    const answers = await deliverToMany(port, 100, 300);
    expect(answers).toMatchObject(Array(100).fill({ outcome: 'unanswered' }));
    await nothingIsLeft();
  });

  it('is nothing of origins that no name leads to', async () => {
    sender = new Sender({
      idleMs: IDLE,
      resolve: (name, _options, callback) => {
        setImmediate(callback, Object.assign(new Error(`queryA ${name}`), { code: 'ENOTFOUND' }), []);
      },
    });
    const answers = await deliverToMany(80, 100, 300);
    expect(answers).toMatchObject(Array(100).fill({ outcome: 'unanswered' }));
    await nothingIsLeft();
  });

  it('is nothing of connections that were never made, once they had their time', async () => {
    sender = new Sender({ idleMs: IDLE, resolve: HERE, connectTimeoutMs: 500 });
    // Never says a word of TLS.
    const { port, sockets } = await receiver(() => undefined);
    const answers = await deliverToMany(port, 50, 200, 'https');
    expect(answers).toMatchObject(Array(50).fill({ outcome: 'unanswered', status: null }));
    await nothingIsLeft(sockets);
  });

  it('is nothing of TLS handshakes that go on byte by byte, and each delivery ends in its time', async () => {
    sender = new Sender({ idleMs: IDLE, resolve: HERE, connectTimeoutMs: 500 });
    // The head of a handshake record of 16 KiB, and then its bytes, so that something moves all the time.
    const { port, sockets } = await receiver(() => undefined, { greeting: '\x16\x03\x03\x40\x00' });
    const trickle = setInterval(() => {
      for (const socket of sockets) socket.write('\0');
    }, 20);
    try {
      const answers = await deliverToMany(port, 50, 200, 'https');
      expect(answers).toMatchObject(Array(50).fill({ outcome: 'unanswered', status: null }));
      await nothingIsLeft(sockets);
    } finally {
      clearInterval(trickle);
    }
  });

  it('is nothing on a signal that outlives many deliveries', async () => {
    // Objected to before a connection is made: what is left is what a delivery itself leaves behind.
    sender = new Sender({ allowed: [] });
    const service = new AbortController();
    const deliverMany = async (count: number) => {
      for (let sequence = 1; sequence <= count; sequence++) {
        await sender.deliver('http://127.0.0.1:9/', { sequence, signal: service.signal });
        if (sequence % 500 === 0) await new Promise(setImmediate);
      }
      sender.attempts.length = 0;
    };
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const heap = () => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    await deliverMany(2000);
    const before = heap();
    await deliverMany(20_000);
    // 100 bytes of each delivery would be 2 MB. What is finalized later is given its time.
    await until('the heap is as it was', () => heap() < before + 1_000_000);
  });
});

it('many deliveries at once on one signal are no reason for a warning', async () => {
  const warnings: Error[] = [];
  const listen = (warning: Error) => warnings.push(warning);
  process.on('warning', listen);
  const { url, arrived } = await receiver(() => undefined);
  const service = new AbortController();
  const all = Array.from({ length: 50 }, (_, index) => {
    return sender.deliver(url, { sequence: index + 1, signal: service.signal });
  });
  await until('all have arrived', () => arrived.length === 50);
  service.abort();
  expect(await Promise.all(all)).toMatchObject(Array(50).fill({ outcome: 'unanswered', detail: 'called off' }));
  await new Promise(setImmediate);
  process.off('warning', listen);
  expect(warnings).toEqual([]);
});

it('closing ends what is under way, and nothing is sent after it', async () => {
  const server = await receiver(() => undefined);
  const delivered = sender.deliver(server.url, { sequence: 1 });
  await until('it has arrived', () => server.arrived.length === 1);
  await sender.close();
  expect(await delivered).toMatchObject({ outcome: 'unanswered', status: null });
  expect(await sender.deliver(server.url, { sequence: 2 })).toMatchObject({ outcome: 'unanswered', status: null });
  expect(server.arrived).toHaveLength(1);
  expect([server.connections, sender.pools.size]).toEqual([1, 0]);
});
