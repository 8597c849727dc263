// A process under more than it can do: it turns away with 503 and Retry-After what is too much, does the rest, stays within
// its memory, and answers whoever watches it.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { head } from '../http/raw-socket.ts';
import { Api } from '../support/api.ts';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { until } from '../support/service.ts';
import { ServiceProcess } from '../support/service-process.ts';

const PAGE = 4096;
const MIB = 2 ** 20;

let folder: string;
let device: ScriptedListener;
/** Asks all along, on connections of its own. */
let watcher: Api;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rba-overload-'));
  device = await ScriptedListener.start();
});
afterEach(async () => {
  await watcher.close();
  await ServiceProcess.endAll();
  await device.close();
  await rm(folder, { recursive: true });
});

async function start(settings: Record<string, string>): Promise<Api> {
  const api = await new ServiceProcess(folder, settings).ready;
  watcher = new Api(api.url);
  return api;
}

async function metric(name: string): Promise<number> {
  return Number(new RegExp(`^rba_${name} (.*)$`, 'm').exec((await watcher.get('/metrics')).body)?.[1]);
}

/** MiB that docs/operations.md says are enough. @param bodies MiB of RBA_BODY_MEMORY_LIMIT */
const boundOf = (bodies: number, connections: number) => 220 + 2 * bodies + (connections * 25) / 1024;

/**
 * Asks whether the service lives until `work` is done, and sees to it that nearly all of these are answered soon.
 * @returns the work, and the most resident memory of it, in MiB
 */
async function watching<T>(work: Promise<T>): Promise<{ done: T; rss: number }> {
  let isOver = false;
  const end = work.finally(() => {
    isOver = true;
  });
  let rss = 0;
  const took: number[] = [];
  await until(
    'it is done',
    async () => {
      const asked = performance.now();
      expect((await watcher.get('/livez')).status).toBe(200);
      took.push(performance.now() - asked);
      rss = Math.max(rss, (await metric('process_resident_memory_bytes')) / MIB);
      return isOver;
    },
    50_000,
  );
  const done = await end;
  // Later than RBA_EVENT_LOOP_DELAY_LIMIT_MS at most one of them, or one in a hundred.
  const late = took.filter((milliseconds) => milliseconds > 1000);
  expect(late.length, `of ${took.length}`).toBeLessThanOrEqual(Math.max(1, took.length / 100));
  return { done, rss };
}

it('takes a thousand connections at once', async () => {
  const api = await start({ RBA_BLOCK_QUEUE_LIMIT: '200' });
  const { id } = await api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '16M' });
  const path = `/v1/ram-blocks/${id}`;
  // A connection each, for none is free while it is waited for.
  const { done, rss } = await watching(
    Promise.all(
      Array.from({ length: 1000 }, (_, index) =>
        api.post(`${path}/conversions`, { offset: index * PAGE, size: PAGE, to: 'shared' }),
      ),
    ),
  );
  const accepted = done.filter(({ status }) => status === 200);
  expect(accepted.length).toBeGreaterThanOrEqual(200);
  for (const { status, headers, body } of done) {
    if (status === 200) continue;
    expect(`${status} ${body.code} ${headers['retry-after']}`).toBe('503 overloaded 1');
  }
  expect(await api.ok('GET', path)).toMatchObject({
    generation: accepted.length,
    populated: { pages: accepted.length },
  });
  // The limit of bodies is the default, and theirs are small.
  expect(rss).toBeLessThan(boundOf(32, 1000));
  await api.close();
});

it('turns away what does not fit into the queue of a block, and does what is in it', async () => {
  const api = await start({ RBA_BLOCK_QUEUE_LIMIT: '100' });
  const { id } = await api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '16M' });
  const path = `/v1/ram-blocks/${id}`;
  await api.ok('POST', `${path}/listeners`, { url: device.url, secret: SECRET, timeoutMs: 30_000 });
  const answer = Promise.withResolvers<number>();
  device.script = () => answer.promise;
  // All of the same page: they come one after the other.
  const convert = () => api.post(`${path}/conversions`, { offset: 0, size: PAGE, to: 'shared' });
  const running = convert();
  await until('the device is told', () => device.received.length === 1);
  const waiting = Array.from({ length: 100 }, convert);
  await until('the queue is full', async () => (await metric('queue_length')) === 100);

  for (const refused of await Promise.all(Array.from({ length: 50 }, convert))) {
    expect(refused).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      body: { code: 'overloaded', detail: expect.stringContaining('RBA_BLOCK_QUEUE_LIMIT') },
    });
  }
  for (const open of ['/livez', '/readyz', path, `${path}/sections`]) {
    expect((await watcher.get(open)).status).toBe(200);
  }
  answer.resolve(200);
  const answers = await Promise.all([running, ...waiting]);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(await api.ok('GET', path)).toMatchObject({ generation: 1 });
  await api.close();
});

it('holds no more of bodies than it may, however many are sent', async () => {
  const api = await start({ RBA_BODY_MEMORY_LIMIT: '64M' });
  const body = Buffer.alloc(4 * MIB, ' ');
  const headers = { 'Content-Type': 'application/json', 'Content-Length': String(body.length), Connection: 'close' };
  const bytes = Buffer.concat([
    Buffer.from(head('POST /v1/ram-blocks/none/conversion-batches HTTP/1.1', headers)),
    body,
  ]);
  // All but the last byte, of 800 MiB in all.
  const senders = await Promise.all(Array.from({ length: 200 }, () => sender(api.url)));
  for (const { socket } of senders) socket.write(bytes.subarray(0, -1));
  const isTurnedAway = ({ answer, isOver }: Sender) => isOver || answer !== '';
  const { rss } = await watching(
    until('most are turned away', () => senders.filter(isTurnedAway).length >= 200 - 64 / 4, 40_000),
  );
  for (const { answer } of senders.filter(isTurnedAway)) expect(answer).toMatch(/^$|^HTTP\/1\.1 503 /);
  expect(senders.filter(({ answer }) => answer.includes('retry-after: 1')).length).toBeGreaterThan(0);
  expect(rss).toBeLessThan(boundOf(64, 200));
  // Who was let in is answered.
  const letIn = senders.filter((one) => !isTurnedAway(one));
  for (const { socket } of letIn) socket.write(' ');
  await until('they are answered', () => letIn.every(isTurnedAway));
  expect(new Set(letIn.map(({ answer }) => answer.split('\r\n')[0]))).toEqual(new Set(['HTTP/1.1 400 Bad Request']));
  await api.close();
});

interface Sender {
  readonly socket: Socket;
  answer: string;
  isOver: boolean;
}

/** A connection that reads what it is answered. */
async function sender(url: string): Promise<Sender> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const made: Sender = { socket, answer: '', isOver: false };
  socket.on('data', (chunk: Buffer) => {
    made.answer += chunk;
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    made.isOver = true;
  });
  await once(socket, 'connect');
  return made;
}
