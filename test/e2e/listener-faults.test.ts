// Many devices that all go wrong at once, in every way, beside some that do not: these are served as before, memory
// and connections stay bounded, and everything is settled when the devices are well again.

import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { answering, drip, flood, type Handler, http, Receiver, type ReceiverOptions } from '../listeners/receiver.ts';
import type { Api } from '../support/api.ts';
import { byDepth } from '../support/depth.ts';
import { until } from '../support/service.ts';
import { ServiceProcess } from '../support/service-process.ts';

const PAGE = 4096;
const MIB = 2 ** 20;
const FAULTY = byDepth(64, 200);
const HEALTHY = 10;
/** The deadline of those that go wrong; the others share this process with them, and have time. */
const TIMEOUT_MS = 400;
const LONG_TIMEOUT_MS = 30_000;
const OK = 'HTTP/1.1 200 OK\r\n';

/** What a device does while it is ill. */
const FAULTS: readonly (readonly [string, Handler])[] = [
  ['answers nothing', () => undefined],
  ['one byte a second', drip(`${OK}content-length: 0\r\n\r\n`, 1000)],
  ['hangs up in the middle', (socket) => socket.end(`${OK}content-length: 100\r\n\r\nhal`)],
  ['resets in the middle', (socket) => void (socket.write(OK) && socket.resetAndDestroy())],
  ['10 MB', (socket) => socket.write(http(200, 'x'.repeat(10 * MIB)))],
  [
    'chunks without end',
    (socket) => {
      socket.write(`${OK}transfer-encoding: chunked\r\n\r\n`);
      flood(socket, `10000\r\n${'x'.repeat(0x10000)}\r\n`);
    },
  ],
  ['a redirect to an internal address', answering(302, '', { location: 'http://169.254.169.254/latest/meta-data' })],
  ['a redirect to itself', answering(307, '', { location: '/hook' })],
  ['the wrong thing', answering(202, '<html>')],
  ['1xx without end', (socket) => flood(socket, 'HTTP/1.1 102 Processing\r\n\r\n')],
  ['no HTTP', (socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n')],
  ['an error', answering(500)],
  [
    'dies between populate and discard',
    (socket, { body }) => (body.includes('ram_block.populate') ? socket.write(http(204)) : socket.resetAndDestroy()),
  ],
  [
    'changes its own pages before it answers',
    (socket, { body }) => {
      const { ramBlockId, sections } = JSON.parse(body).data;
      const change = api.post(`/v1/ram-blocks/${ramBlockId}/conversions`, { ...sections[0], to: 'private' });
      // Once it is given up it is not told of its own change any more.
      change.then(
        () => socket.write(http(204)),
        () => socket.destroy(),
      );
    },
  ],
];

/** The head of a handshake record of 16 KiB, of which a byte comes now and then. */
const SLOW_TLS = { greeting: '\x16\x03\x03\x40\x00' };
const certificate = new URL('../fixtures/tls/listener-certificate.pem', import.meta.url);
const tls = {
  cert: readFileSync(certificate),
  key: readFileSync(new URL('../fixtures/tls/listener-key.pem', import.meta.url)),
};

interface Device {
  receiver: Receiver;
  fallIll(): Promise<void>;
  recover(): Promise<void>;
}

const accept = answering(204);

interface Attached {
  readonly path: string;
  readonly listener: string;
}

let folder: string;
let service: ServiceProcess;
let api: Api;
const devices: Device[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rba-faults-'));
  service = new ServiceProcess(folder, { RBA_CA_FILE: fileURLToPath(certificate) });
  api = await service.ready;
});
afterEach(async () => {
  await api.close();
  await ServiceProcess.endAll();
  await Promise.all(devices.splice(0).map(({ receiver }) => receiver.close()));
  await rm(folder, { recursive: true });
});

/** A device that does something else while it is ill. */
async function makeDevice(fault: Handler): Promise<Device> {
  let current = accept;
  const device: Device = {
    receiver: await Receiver.start((...request) => current(...request)),
    fallIll: async () => {
      current = fault;
    },
    recover: async () => {
      current = accept;
    },
  };
  devices.push(device);
  return device;
}

/** A device that leaves its port, to nobody or to what never ends a handshake. */
async function makeLeavingDevice(options: ReceiverOptions, other?: ReceiverOptions): Promise<Device> {
  const trickling = new AbortController();
  const device: Device = {
    receiver: await Receiver.start(accept, options),
    fallIll: async () => {
      const { port } = device.receiver;
      await device.receiver.close();
      if (other === undefined) return;
      device.receiver = await Receiver.start(() => undefined, { ...other, port });
      const { sockets } = device.receiver;
      const timer = setInterval(() => sockets.forEach((socket) => void socket.write('\0')), 100);
      trickling.signal.addEventListener('abort', () => clearInterval(timer));
    },
    recover: async () => {
      trickling.abort();
      if (other !== undefined) await device.receiver.close();
      device.receiver = await Receiver.start(accept, { ...options, port });
    },
  };
  const { port } = device.receiver;
  devices.push(device);
  return device;
}

async function attach({ receiver }: Device, idstr: string, timeoutMs: number): Promise<Attached> {
  const { id } = await api.ok('POST', '/v1/ram-blocks', { idstr, machine: idstr, usedLength: '1M' });
  const path = `/v1/ram-blocks/${id}`;
  const listener = await api.ok('POST', `${path}/listeners`, { url: receiver.url, timeoutMs });
  return { path, listener: `${path}/listeners/${listener.id}` };
}

const convert = ({ path }: Attached, page: number, to: string) =>
  api.post(`${path}/conversions`, { offset: page * PAGE, size: PAGE, to });

const openFiles = async () => (await readdir(`/proc/${service.pid}/fd`)).length;
const resident = async () => {
  return Number(/^rba_process_resident_memory_bytes (.*)$/m.exec((await api.get('/metrics')).body)?.[1]);
};

it('many devices that go wrong harm nobody else, and are settled when they are well again', async () => {
  const ill = await Promise.all([
    ...FAULTS.map(([, fault]) => makeDevice(fault)),
    makeLeavingDevice({}),
    makeLeavingDevice({ tls }, SLOW_TLS),
  ]);
  const healthy = await makeDevice(accept);
  const attached = await Promise.all(
    Array.from({ length: FAULTY }, (_, index) => attach(ill[index % ill.length] as Device, `ill-${index}`, TIMEOUT_MS)),
  );
  const well = await Promise.all(
    Array.from({ length: HEALTHY }, (_, index) => attach(healthy, `well-${index}`, LONG_TIMEOUT_MS)),
  );
  const before = { files: await openFiles(), memory: await resident() };

  for (const device of ill) await device.fallIll();
  let isOver = false;
  const changes = Promise.all(attached.map((one) => convert(one, 0, 'shared'))).finally(() => {
    isOver = true;
  });
  let peak = 0;
  let rounds = 0;
  // And then while those that went wrong are being settled, again and again.
  while (!isOver || rounds < 20) {
    const to = rounds % 2 === 0 ? 'shared' : 'private';
    const answers = await Promise.all(well.map((one) => convert(one, 0, to)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    peak = Math.max(peak, await resident());
    rounds++;
  }
  const failed = (await changes).filter(({ status }) => status !== 200);
  // Whoever answers 200, and then too much, has accepted.
  expect(failed.length).toBeGreaterThan(FAULTY / 2);
  for (const { status, body } of failed) expect(`${status} ${body.code}`).toBe('502 listener-unreachable');
  // While they are ill, nothing else is sent to them but what settles them.
  const again = await Promise.all(attached.map((one) => convert(one, 1, 'shared')));
  for (const { status } of again) expect([200, 502, 503]).toContain(status);
  expect(peak - before.memory).toBeLessThan(250 * MIB);
  expect((await openFiles()) - before.files).toBeLessThan(4 * FAULTY);

  for (const device of ill) await device.recover();
  for (const { listener, path } of attached) {
    await until('it is settled', async () => (await api.ok('GET', listener)).state === 'active', 30_000);
    const { mapped } = await api.ok('GET', listener);
    const { populated } = await api.ok('GET', path);
    expect(mapped.bytes).toBe(populated.bytes);
  }
  for (const one of attached) expect((await convert(one, 2, 'shared')).status).toBe(200);
  await until('their connections are closed', async () => (await openFiles()) <= before.files + 50, 30_000);
  expect(await service.end('SIGTERM')).toBe(0);
}, 180_000);
