// kill -9 at any moment under load: nothing answered is lost, nothing is half applied, nothing is applied twice, and every
// device has mapped what is populated within seconds.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type DeviceSimulator, startDeviceSimulator } from '../../src/cli/simulator/server.ts';
import type { Api } from '../support/api.ts';
import { SECRET } from '../support/scripted-listener.ts';
import { until } from '../support/service.ts';
import { ServiceProcess } from '../support/service-process.ts';

const PAGE = 4096;
const CLIENTS = 4;
const PAGES_PER_CLIENT = 64;
const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 8);

let folder: string;
let devices: DeviceSimulator[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rba-crash-'));
  devices = await Promise.all([0, 0.05].map((failRate) => startDeviceSimulator({ secret: SECRET, failRate })));
});

afterEach(async () => {
  await ServiceProcess.endAll();
  await Promise.all(devices.map((device) => device.close()));
  await rm(folder, { recursive: true });
});

/** A request of which no answer came: the old state or the new one holds, nothing between. */
interface Open {
  readonly key: string;
  readonly body: { readonly offset: number; readonly size: number; readonly to: string };
}

/** One client: converts ranges of its own pages, one after the other, and remembers what was answered. */
class Client {
  readonly #first: number;
  readonly #path: string;
  /** What was answered last, for each of its pages. */
  readonly expected = new Array<boolean>(PAGES_PER_CLIENT).fill(false);
  open: Open | null = null;
  answered = 0;
  /** Conversions that were answered as a change. */
  changes = 0;

  constructor(index: number, path: string) {
    this.#first = index * PAGES_PER_CLIENT;
    this.#path = path;
  }

  /** Goes on until the service is gone. */
  async run(api: Api, round: number, onAnswer: () => void): Promise<void> {
    for (let n = 0; ; n++) {
      const at = Math.floor(Math.random() * PAGES_PER_CLIENT);
      const pages = 1 + Math.floor(Math.random() * Math.min(8, PAGES_PER_CLIENT - at));
      const to = Math.random() < 0.5 ? 'shared' : 'private';
      const body = { offset: (this.#first + at) * PAGE, size: pages * PAGE, to };
      this.open = { key: `${this.#first}-${round}-${n}`, body };
      if (!(await this.send(api))) return;
      onAnswer();
    }
  }

  /** Sends the open request, again where it was sent before. @returns whether an answer came */
  async send(api: Api): Promise<boolean> {
    if (this.open === null) return true;
    const { key, body } = this.open;
    const answer = await api
      .post(`${this.#path}/conversions`, body, { headers: { 'idempotency-key': key } })
      .catch(() => null);
    if (answer === null) return false;
    // A device may be of unknown state for a moment after a restart.
    if (answer.status === 503) return this.send(api);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    const start = body.offset / PAGE - this.#first;
    this.expected.fill(body.to === 'shared', start, start + body.size / PAGE);
    this.open = null;
    this.answered++;
    if (answer.body.id !== null) this.changes++;
    return true;
  }

  /** Compares its pages with the bitmap: what was answered holds; an open request is applied as a whole or not at all. */
  check(bitmap: boolean[]): void {
    const mine = bitmap.slice(this.#first, this.#first + PAGES_PER_CLIENT);
    const possible = [this.expected];
    if (this.open !== null) {
      const start = this.open.body.offset / PAGE - this.#first;
      const applied = [...this.expected].fill(
        this.open.body.to === 'shared',
        start,
        start + this.open.body.size / PAGE,
      );
      possible.push(applied);
    }
    expect(possible).toContainEqual(mine);
  }
}

async function readBitmap(api: Api, path: string): Promise<boolean[]> {
  const bytes = Buffer.from(await api.ok('GET', `${path}/bitmap`), 'latin1');
  return Array.from({ length: bytes.length * 8 }, (_, page) => ((bytes[page >> 3] ?? 0) >> (page & 7)) % 2 === 1);
}

async function everyDeviceIsRight(api: Api, path: string): Promise<void> {
  await until('every listener is settled and has mapped what is populated', async () => {
    const { items: listeners } = await api.ok('GET', `${path}/listeners`);
    const { items: populated } = await api.ok('GET', `${path}/sections?limit=1000`);
    const wanted = populated.map(({ offset, size }: { offset: number; size: number }) => ({
      offsetWithinRegion: offset,
      size,
    }));
    const settled = listeners.every(({ state }: { state: string }) => state === 'active');
    return settled && devices.every((device) => JSON.stringify(device.mappings()) === JSON.stringify(wanted));
  });
}

it('loses nothing that was answered, applies nothing twice, and leaves every device with what is populated', async () => {
  const settings = { RBA_SNAPSHOT_EVERY: '25', LOG_LEVEL: 'info' };
  let service = new ServiceProcess(folder, settings);
  let api = await service.ready;
  const made = await api.ok('POST', '/v1/ram-blocks', {
    idstr: 'pc.ram',
    usedLength: CLIENTS * PAGES_PER_CLIENT * PAGE,
  });
  const path = `/v1/ram-blocks/${made.id}`;
  const clients = Array.from({ length: CLIENTS }, (_, index) => new Client(index, path));
  for (const device of devices) {
    await api.ok('POST', `${path}/listeners`, { url: device.url, secret: SECRET });
  }

  for (let round = 0; round < ROUNDS; round++) {
    let answers = 0;
    const enough = 5 + Math.floor(Math.random() * 60);
    const current = service;
    await Promise.all(
      clients.map((client) =>
        client.run(api, round, () => {
          // Anywhere in the course of a conversion, not only where an answer has just come.
          if (++answers === enough) setTimeout(() => void current.end('SIGKILL'), Math.random() * 12);
        }),
      ),
    );
    await api.close();
    // Killed while it starts, too: every second time the first start does not live long.
    if (round % 2 === 1) {
      const short = new ServiceProcess(folder, settings);
      await until('it has begun to start', () => short.output.length > 0);
      await short.end('SIGKILL');
    }
    service = new ServiceProcess(folder, settings);
    api = await service.ready;
    const bitmap = await readBitmap(api, path);
    for (const client of clients) client.check(bitmap);
    for (const client of clients) expect(await client.send(api)).toBe(true);
    const settled = await readBitmap(api, path);
    for (const client of clients) client.check(settled);
    await everyDeviceIsRight(api, path);
    const changes = clients.reduce((sum, client) => sum + client.changes, 0);
    expect((await api.ok('GET', path)).generation).toBe(changes);
    for (const device of devices) expect(device.state()).toMatchObject({ pendingGaps: [], violations: { count: 0 } });
  }

  const history = await api.ok('GET', `${path}/conversions?limit=1000`);
  const { generation } = await api.ok('GET', path);
  expect(history.items[0].generation).toBe(generation);
  expect(await service.end('SIGTERM')).toBe(0);
  await api.close();
}, 120_000);
