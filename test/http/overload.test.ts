// Too much to do: changes are refused while the event loop is late, bodies while there are too many bytes of them,
// connections beyond the limit, and senders that are too slow. Whoever watches the service is answered all along.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { startService, type TestService, until } from '../support/service.ts';
import { exchange, head } from './raw-socket.ts';

const MIB = 2 ** 20;
const LIST = '/v1/ram-blocks';
const BITMAP = `${LIST}/none/bitmap`;
const NEW_BLOCK = { idstr: 'pc.ram', usedLength: 4096 };

const JSON_TYPE = { 'Content-Type': 'application/json' };

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(settings: Record<string, string>): Promise<TestService> {
  const service = await startService({ settings });
  closing.push(() => service.close());
  return service;
}

/** A connection that a test writes to as it likes. */
async function open(service: TestService): Promise<Socket> {
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
  closing.push(() => socket.destroy());
  // The service may end it while something is being sent.
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** What comes back until the service closes the connection. */
async function answerOf(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // Not by `once`, which an error would end: it may be reset while it sends.
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks).toString();
}

async function metric({ api }: TestService, name: string): Promise<number> {
  return Number(new RegExp(`^rba_${name} (.*)$`, 'm').exec((await api.get('/metrics')).body)?.[1]);
}

describe('while the event loop is late', () => {
  /** Keeps the loop busy, which the service shares with this test, while `use` runs. */
  async function whileLate(use: () => Promise<void>): Promise<void> {
    let isBusy = true;
    const turn = (): void => {
      const end = performance.now() + 40;
      while (performance.now() < end);
      if (isBusy) setImmediate(turn);
    };
    turn();
    try {
      await use();
    } finally {
      isBusy = false;
    }
  }

  it('changes get 503 and are not done; reads and those that watch are answered', async () => {
    const { api } = await start({ RBA_EVENT_LOOP_DELAY_LIMIT_MS: '10' });
    let id = '';
    await until('there is a block', async () => {
      id = (await api.post(LIST, NEW_BLOCK)).body.id ?? '';
      return id !== '';
    });
    await whileLate(async () => {
      await until('it is noticed', async () => (await api.post(`${LIST}/${id}/conversions`, {})).status === 503);
      const conversion = { offset: 0, size: 4096, to: 'shared' };
      expect(await api.post(`${LIST}/${id}/conversions`, conversion)).toMatchObject({
        status: 503,
        headers: { 'retry-after': '1' },
        body: { code: 'overloaded', detail: expect.stringMatching(/ms late.*RBA_EVENT_LOOP_DELAY_LIMIT_MS/) },
      });
      expect((await api.delete(`${LIST}/${id}`)).status).toBe(503);
      for (const path of ['/livez', '/readyz', '/metrics', `${LIST}/${id}`]) {
        expect(`${path} ${(await api.get(path)).status}`).toBe(`${path} 200`);
      }
      // What is not there is no change.
      expect((await api.post('/unknown')).status).toBe(404);
    });
    await until('changes are taken again', async () => (await api.delete(`${LIST}/${id}`)).status === 204);
  });

  it('nothing is refused where there is no limit', async () => {
    const { api } = await start({ RBA_EVENT_LOOP_DELAY_LIMIT_MS: '0' });
    // Each takes several turns of 40 ms.
    await whileLate(async () => {
      for (let count = 0; count < 25; count++) expect((await api.post(LIST, {})).status).toBe(400);
    });
  });
});

describe('bodies in memory', () => {
  const BYTES = { 'Content-Type': 'application/octet-stream', Connection: 'close' };

  /** The answer to a POST with so many bytes of white space around it. */
  async function post(service: TestService, bytes: number) {
    const conversions = [{ offset: 0, size: 4096, to: 'shared' }];
    // There is no such block: one that is taken is answered 404, once it is read.
    return service.api.post(`${LIST}/none/conversion-batches`, JSON.stringify({ conversions }).padEnd(bytes));
  }

  /** Waits until bodies of so many bytes are there. */
  const held = (service: TestService, bytes: number) =>
    until(`bodies of ${bytes} bytes are there`, async () => (await metric(service, 'body_bytes')) === bytes);

  it('are no more than the limit: one that would be is refused, a small one is taken', async () => {
    const service = await start({ RBA_BODY_MEMORY_LIMIT: '64M' });
    const slow = await open(service);
    const answer = answerOf(slow);
    slow.write(head(`PUT ${BITMAP} HTTP/1.1`, { ...BYTES, 'Content-Length': String(62 * MIB) }));
    slow.write(Buffer.alloc(62 * MIB - 1));
    await held(service, 62 * MIB - 1);
    const refused = await post(service, 3 * MIB);
    expect(refused).toMatchObject({
      headers: { 'retry-after': '1' },
      body: { code: 'overloaded', detail: expect.stringContaining('RBA_BODY_MEMORY_LIMIT') },
    });
    expect((await post(service, 0)).status).toBe(404);
    expect((await post(service, MIB)).status).toBe(404);
    slow.write('x');
    expect(await answer).toContain('404 Not Found');
    await held(service, 0);
    expect((await post(service, 3 * MIB)).status).toBe(404);
  });

  it('count as they come: what is only announced takes no room from others', async () => {
    const service = await start({ RBA_BODY_MEMORY_LIMIT: '64M' });
    for (let count = 0; count < 10; count++) {
      const announcing = await open(service);
      announcing.write(head(`PUT ${BITMAP} HTTP/1.1`, { ...BYTES, 'Content-Length': String(62 * MIB) }));
    }
    expect((await post(service, 4 * MIB)).status).toBe(404);
  });

  it('of unknown length end when there is no more room; whoever was first goes on', async () => {
    const service = await start({ RBA_BODY_MEMORY_LIMIT: '64M' });
    const chunk = `${MIB.toString(16)}\r\n${'a'.repeat(MIB)}\r\n`;
    const chunked = head(`PUT ${BITMAP} HTTP/1.1`, { ...BYTES, 'Transfer-Encoding': 'chunked' });
    const first = await open(service);
    const answer = answerOf(first);
    first.write(chunked + chunk.repeat(61));
    await held(service, 61 * MIB);
    // Only now: a connection must not be without a head for long.
    const second = await open(service);
    const refused = answerOf(second);
    second.write(chunked + chunk.repeat(4));
    expect(await refused).toMatch(/^(HTTP\/1.1 503 |$)/);
    first.write('0\r\n\r\n');
    expect(await answer).toContain('404 Not Found');
    await held(service, 0);
    expect((await post(service, 4 * MIB)).status).toBe(404);
  });

  it('are forgotten when their sender goes away', async () => {
    const service = await start({ RBA_BODY_MEMORY_LIMIT: '64M' });
    const leaving = await open(service);
    leaving.write(head(`PUT ${BITMAP} HTTP/1.1`, { ...BYTES, 'Content-Length': String(63 * MIB) }));
    leaving.write(Buffer.alloc(62 * MIB));
    await held(service, 62 * MIB);
    leaving.destroy();
    await held(service, 0);
    expect((await post(service, 4 * MIB)).status).toBe(404);
  });

  it('that are read as they come take no room: a trace may be longer than the limit', async () => {
    const service = await start({ RBA_BODY_MEMORY_LIMIT: '64M' });
    const line = `${'a line of something else '.repeat(40)}\n`;
    const trace = line.repeat(Math.ceil((65 * MIB) / line.length));
    const planning = await open(service);
    const answer = answerOf(planning);
    const type = { 'Content-Type': 'text/plain', Connection: 'close' };
    planning.write(head('POST /v1/plans HTTP/1.1', { ...type, 'Content-Length': String(trace.length) }));
    planning.write(trace.slice(0, -1));
    await until('most of it is read', () => planning.bytesWritten >= trace.length && planning.writableLength === 0);
    expect(await metric(service, 'body_bytes')).toBe(0);
    expect((await post(service, 4 * MIB)).status).toBe(404);
    planning.write('\n');
    expect(await answer).toMatch(/^HTTP\/1\.1 (200|4\d\d) /);
  });

  it('of a whole limit do not stop who has none', async () => {
    const service = await start({ RBA_BODY_MEMORY_LIMIT: '64M' });
    const full = await open(service);
    full.write(head(`PUT ${BITMAP} HTTP/1.1`, { ...BYTES, 'Content-Length': String(64 * MIB) }));
    full.write(Buffer.alloc(64 * MIB - 1));
    await held(service, 64 * MIB - 1);
    expect((await post(service, 0)).status).toBe(503);
    expect((await service.api.get('/livez')).status).toBe(200);
    expect((await service.api.get(LIST)).status).toBe(200);
    expect((await service.api.delete(`${LIST}/none`)).status).toBe(404);
    const refused = await exchange(
      service.url,
      head(`POST ${LIST} HTTP/1.1`, { ...JSON_TYPE, Connection: 'close', 'Content-Length': '9' }),
    );
    expect(refused.map(({ status }) => status)).toEqual([503]);
  });
});

describe('connections', () => {
  it('beyond the limit are closed at once and counted; who is connected is served', async () => {
    const service = await start({ RBA_MAX_CONNECTIONS: '2' });
    const dropped = () => metric(service, 'connections_dropped_total');
    expect(await dropped()).toBe(0);
    const idle = await open(service);
    const [third, fourth] = [await open(service), await open(service)];
    expect(await Promise.all([answerOf(third), answerOf(fourth)])).toEqual(['', '']);
    expect(await dropped()).toBe(2);
    idle.destroy();
    await until('there is room again', async () => {
      const [answer] = await exchange(service.url, head('GET /livez HTTP/1.1', { Connection: 'close' }));
      return answer?.status === 200;
    });
  });
});

describe('a slow sender', () => {
  it.each([
    ['says nothing more in its head', `POST ${LIST} HTTP/1.1\r\nHost: 127.0.0.1\r\n`],
    ['says nothing more in its body', head(`POST ${LIST} HTTP/1.1`, { ...JSON_TYPE, 'Content-Length': '10' })],
  ])('that %s is ended with 408', async (_what, bytes) => {
    const service = await start({ RBA_REQUEST_TIMEOUT_MS: '200' });
    const socket = await open(service);
    const answer = answerOf(socket);
    socket.write(bytes);
    expect(await answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n.*"code":"request-timeout"/s);
  });

  it('that sends byte by byte is ended as well, and so are hundreds of them; /livez answers all along', async () => {
    const service = await start({ RBA_REQUEST_TIMEOUT_MS: '1000' });
    const sockets = await Promise.all(Array.from({ length: 300 }, () => open(service)));
    const answers = Promise.all(sockets.map(answerOf));
    for (const [index, socket] of sockets.entries()) {
      socket.write(
        index % 2 === 0
          ? 'GET /livez HTTP/1.1\r\n'
          : head(`POST ${LIST} HTTP/1.1`, { ...JSON_TYPE, 'Content-Length': '9999' }),
      );
      const trickle = setInterval(() => socket.write('a'), 50);
      socket.on('close', () => clearInterval(trickle));
    }
    let isOver = false;
    void answers.then(() => {
      isOver = true;
    });
    await until('all of them are ended', async () => {
      expect((await service.api.get('/livez')).status).toBe(200);
      return isOver;
    });
    // Who sends while it is being ended may be reset before it has read why.
    const told = (await answers).filter((answer) => answer !== '');
    expect(told.length).toBeGreaterThan(sockets.length / 2);
    for (const answer of told) expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('whose request is answered already is ended without another answer', async () => {
    const service = await start({ RBA_REQUEST_TIMEOUT_MS: '200' });
    const socket = await open(service);
    const answer = answerOf(socket);
    socket.write(head('POST /unknown HTTP/1.1', { ...JSON_TYPE, 'Content-Length': '10' }));
    expect((await answer).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 404']);
  });
});
