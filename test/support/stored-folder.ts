// A data folder of a format, and what the service shows of it: made once by the version that wrote that format, kept in
// test/fixtures, and opened by every version after it. `node test/support/stored-folder.ts FOLDER` makes one.
import { cpSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Api } from './api.ts';
import { until } from './service.ts';
import { ServiceProcess } from './service-process.ts';
import { lineOf, TokensFile, WRITER } from './tokens-file.ts';

const PAGE = 4096;
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const SETTINGS = { RBA_SNAPSHOT_EVERY: '12', RBA_ASYNC_RETRY_SCHEDULE: '1h' };

/** A request with an Idempotency-Key whose answer is kept. */
export interface KeyedCall {
  readonly path: string;
  readonly key: string;
  readonly body: unknown;
  /** Whether it was made with the token of {@link storedTokens}. */
  readonly withToken: boolean;
  readonly answer: unknown;
}

export interface Expected {
  readonly calls: readonly KeyedCall[];
  readonly state: unknown;
}

export function storedTokens(): Promise<TokensFile> {
  return TokensFile.create(lineOf('writer', 'write', WRITER));
}

/** Returns everything that the service shows of blocks, but for what depends on when it is asked. */
export async function stateOf(api: Api): Promise<unknown> {
  const { items } = await api.ok('GET', '/v1/ram-blocks');
  const blocks = await Promise.all(
    items.map(async (block: { readonly id: string }) => {
      const path = `/v1/ram-blocks/${block.id}`;
      const listeners = (await api.ok('GET', `${path}/listeners`)).items;
      const bitmap: Uint8Array | string = (await api.get(`${path}/bitmap`)).body;
      return {
        block: await api.ok('GET', path),
        bitmap: Buffer.from(bitmap).toString('base64'),
        sources: (await api.ok('GET', `${path}/sources`)).items,
        history: (await api.ok('GET', `${path}/conversions?limit=1000`)).items,
        listeners: listeners.map(lasting),
      };
    }),
  );
  return JSON.parse(JSON.stringify(blocks));
}

/** What of a listener stays as it is while nobody answers. */
function lasting(listener: Record<string, unknown>): object {
  const { id, url, mode, section, granularity, timeoutMs, maxSections, phase, description } = listener;
  const { doubleDiscardSupported, coordinatedDiscard, dmaMaxMappings, unsettled, mappedBytes } = listener;
  const own = { id, url, mode, section, granularity, timeoutMs, maxSections, phase, description };
  return { ...own, doubleDiscardSupported, coordinatedDiscard, dmaMaxMappings, unsettled, mappedBytes };
}

/** Makes a folder and `expected.json` beside its files. */
async function make(folder: string): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'rba-stored-'));
  const tokens = await storedTokens();
  const calls: KeyedCall[] = [];
  let silent = false;
  let heldBack = 0;
  const device = createServer((request, response) => {
    request.resume();
    if (!silent) response.end('{}');
    else if (request.url === '/sync') heldBack++;
  });
  device.listen(0, '127.0.0.1');
  await until('the device listens', () => device.listening);
  const url = `http://127.0.0.1:${(device.address() as AddressInfo).port}`;
  const keyed = async (api: Api, withToken: boolean, path: string, body: unknown): Promise<void> => {
    const key = `key-${calls.length}`;
    const answer = await api.ok('POST', path, body, { headers: { 'idempotency-key': key } });
    calls.push({ path, key, body, withToken, answer });
  };
  const convert = (api: Api, path: string, page: number, to: string) => {
    return api.ok('POST', `${path}/conversions`, { offset: page * PAGE, size: PAGE, to });
  };
  const batch = (count: number) => {
    const conversions = Array.from({ length: count }, (_, n) => ({ offset: 3 * n * PAGE, size: PAGE, to: 'shared' }));
    return { conversions };
  };

  const first = new ServiceProcess(data, SETTINGS);
  const api = await first.ready;
  const block = async (fields: object): Promise<string> => {
    return `/v1/ram-blocks/${(await api.ok('POST', '/v1/ram-blocks', { usedLength: '1M', ...fields })).id}`;
  };
  const main = await block({ idstr: 'pc.ram', gpa: 0 });
  const other = await block({ idstr: 'pc.ram', machine: 'vm-2', guestMemfd: false });
  const growing = await block({ idstr: 'hotplug', usedLength: '256K', maxLength: '2M' });
  const gone = await block({ idstr: 'gone' });
  await api.ok('POST', `${main}/listeners`, { url: `${url}/sync`, secret: SECRET, timeoutMs: 30_000 });
  await api.ok('POST', `${growing}/listeners`, { url: `${url}/async`, secret: SECRET, mode: 'async', maxSections: 4 });
  await api.ok('POST', `${other}/sources`, {
    name: 'virtio-mem',
    granularity: 65_536,
    populated: [{ offset: 0, size: 131_072 }],
  });
  for (let page = 0; page < 20; page++) await convert(api, main, page, page % 3 === 0 ? 'private' : 'shared');
  for (let page = 0; page < 5; page++) await convert(api, gone, page, 'shared');
  await keyed(api, false, `${growing}/conversions`, { offset: 0, size: 2 * PAGE, to: 'shared' });
  await keyed(api, false, `${main}/conversion-batches`, batch(60));
  await api.ok('DELETE', gone);
  await api.close();
  if ((await first.end('SIGTERM')) !== 0) throw new Error('it did not end in order');

  const second = new ServiceProcess(data, { ...SETTINGS, ...tokens.settings }, WRITER);
  const later = await second.ready;
  await keyed(later, true, `${main}/conversion-batches`, batch(80));
  await later.ok('PATCH', growing, { usedLength: '1M' });
  await later.ok('PUT', `${growing}/bitmap`, new Uint8Array(32).fill(0x55), {
    headers: { 'content-type': 'application/octet-stream' },
  });
  const created = { idstr: 'late', usedLength: '64K', machine: 'vm-3' };
  await keyed(later, true, '/v1/ram-blocks', created);
  silent = true;
  // In the middle of a conversion, with an intent that is open.
  const unanswered = convert(later, main, 200, 'shared').catch(() => undefined);
  await until('a delivery is held back', () => heldBack > 0);
  await second.end('SIGKILL');
  await unanswered;
  await later.close();
  device.closeAllConnections();
  device.close();

  await mkdir(folder, { recursive: true });
  cpSync(data, folder, { recursive: true });
  const reader = new ServiceProcess(data, SETTINGS);
  const reading = await reader.ready;
  const expected: Expected = { calls, state: await stateOf(reading) };
  await writeFile(join(folder, 'expected.json'), `${JSON.stringify(expected, null, 1)}\n`);
  await reading.close();
  await reader.end('SIGKILL');
  await tokens.remove();
  await rm(data, { recursive: true });
}

const [, script = '', folder] = process.argv;
if (folder !== undefined && script === import.meta.filename) {
  await make(folder);
  process.exit(0);
}
