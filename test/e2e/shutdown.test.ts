// SIGTERM under load: what has begun is finished and answered, what waits is turned away, what comes is told; exit 0.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SqliteJournal } from '../../src/journal/sqlite-journal.ts';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { until } from '../support/service.ts';
import { ServiceProcess } from '../support/service-process.ts';

const PAGE = 4096;

let folder: string;
let device: ScriptedListener;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rba-shutdown-'));
  device = await ScriptedListener.start();
});

afterEach(async () => {
  await ServiceProcess.endAll();
  await device.close();
  await rm(folder, { recursive: true });
});

it('finishes what has begun, turns away what waits, and exits with 0', async () => {
  const service = new ServiceProcess(folder);
  const api = await service.ready;
  const { id } = await api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '64K' });
  const path = `/v1/ram-blocks/${id}`;
  await api.ok('POST', `${path}/listeners`, { url: device.url, secret: SECRET, timeoutMs: 30_000 });
  const answer = Promise.withResolvers<number>();
  device.script = () => answer.promise;
  const begun = api.post(`${path}/conversions`, { offset: 0, size: PAGE, to: 'shared' });
  await until('the device is told', () => device.received.length === 1);
  const waiting = api.post(`${path}/conversions`, { offset: 0, size: 2 * PAGE, to: 'shared' });
  await until('the other one waits', async () => {
    return /rba_queue_length 1/.test(String((await api.get('/metrics')).body));
  });

  const ended = service.end('SIGTERM');
  expect((await waiting).body).toMatchObject({ code: 'overloaded', detail: expect.stringContaining('shutting down') });
  expect(await api.get('/readyz')).toMatchObject({ status: 503, body: { code: 'overloaded' } });
  const late = await api.post(`${path}/conversions`, { offset: 0, size: PAGE, to: 'shared' });
  expect(late).toMatchObject({ status: 503, headers: { 'retry-after': '1' }, body: { code: 'overloaded' } });
  answer.resolve(200);
  expect(await begun).toMatchObject({ status: 200, body: { generation: 1 } });
  expect(await ended).toBe(0);
  await api.close();

  const again = new ServiceProcess(folder);
  const restarted = await again.ready;
  expect(await restarted.ok('GET', path)).toMatchObject({ generation: 1, populated: { bytes: PAGE } });
  await restarted.close();
  expect(await again.end('SIGTERM')).toBe(0);
});

it('under load loses nothing that was answered and cuts nothing that it began, whoever listens', async () => {
  const BLOCKS = 4;
  const service = new ServiceProcess(folder);
  const api = await service.ready;
  const paths: string[] = [];
  for (let index = 0; index < BLOCKS; index++) {
    const { id } = await api.ok('POST', '/v1/ram-blocks', { idstr: `ram ${index}`, usedLength: '16M' });
    paths.push(`/v1/ram-blocks/${id}`);
    // One is waited for, one is not, and of one nobody hears.
    const mode = ['sync', 'async'][index];
    if (mode) await api.ok('POST', `${paths[index]}/listeners`, { url: device.url, secret: SECRET, mode });
  }
  // Readers that would never leave, and connections that nobody uses.
  const readers = paths.map((path) => fetch(`${api.url}/v1/events?ramBlockId=${path.split('/').at(-1)}`));
  await Promise.all([...readers, ...paths.map((path) => api.get(path))]);

  const answered = new Map(paths.map((path) => [path, 0]));
  const unlike: unknown[] = [];
  let total = 0;
  let isRefused = false;
  const client = async (path: string, number: number): Promise<void> => {
    for (let step = 0; !isRefused; step++) {
      const body = {
        offset: (number * 128 + (step % 128)) * PAGE,
        size: PAGE,
        to: step % 256 < 128 ? 'shared' : 'private',
      };
      // A connection for each: one that is kept may be closed by the other side at any time.
      const sent = request(`${api.url}${path}/conversions`, {
        ...{ method: 'POST', reset: true, headers: { 'content-type': 'application/json' } },
        body: JSON.stringify(body),
      });
      const outcome = await sent.then(
        async (answer) => ({ status: answer.statusCode, body: Object(await answer.body.json()) }),
        (error: NodeJS.ErrnoException) => error,
      );
      if (outcome instanceof Error) {
        // Only before it was let in: what was begun is answered, as the generations show.
        isRefused = true;
        if (!['ECONNREFUSED', 'ECONNRESET', 'UND_ERR_SOCKET'].includes(String(outcome.code))) unlike.push(outcome);
      } else if (outcome.status === 200) {
        answered.set(path, (answered.get(path) ?? 0) + 1);
        total++;
      } else if (outcome.body.code !== 'overloaded') unlike.push(outcome);
    }
  };
  const clients = paths.flatMap((path) => Array.from({ length: 8 }, (_, number) => client(path, number)));
  await until('many are answered', () => total > 200);
  expect(await service.end('SIGTERM')).toBe(0);
  await Promise.all(clients);
  expect(unlike).toEqual([]);
  for (const reader of readers) await (await reader).text();
  await api.close();

  const again = new ServiceProcess(folder);
  const restarted = await again.ready;
  for (const [path, changes] of answered) {
    expect((await restarted.ok('GET', path)).generation).toBe(changes);
    const [listener] = (await restarted.ok('GET', `${path}/listeners`)).items;
    if (listener?.mode === 'sync') expect(listener).toMatchObject({ state: 'active', unsettled: { bytes: 0 } });
  }
  await restarted.close();
  expect(await again.end('SIGTERM')).toBe(0);
});

it('a second process on the same data refuses to start, and says which setting would help', async () => {
  const first = await SqliteJournal.open(folder);
  await expect(new ServiceProcess(folder).ready).rejects.toThrow(/in use by another process; set RBA_DATA_DIR/);
  await first.close();
});

it('a setting that is wrong is an error at the start, which names it', async () => {
  const service = new ServiceProcess(folder, { RBA_QUEUE_WAIT: '1' });
  await expect(service.ready).rejects.toThrow(/unknown setting RBA_QUEUE_WAIT; known are .*RBA_QUEUE_WAIT_MS/);
});
