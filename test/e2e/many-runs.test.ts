// More runs of pages in one change than a function call can have arguments: every second page of 2 GiB.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService } from '../support/service.ts';

const RUNS = 2 ** 18;
const EVEN = new Uint8Array(RUNS / 4).fill(0b0101_0101);
const ODD = new Uint8Array(RUNS / 4).fill(0b1010_1010);

let service: TestService;

beforeAll(async () => {
  service = await startService({ settings: { RBA_CHANGE_RUNS_LIMIT: String(2 ** 21) } });
});

afterAll(() => service.close());

const setBitmap = (path: string, bytes: Uint8Array) => {
  return service.api.call('PUT', `${path}/bitmap?offset=0`, bytes, {
    headers: { 'content-type': 'application/octet-stream' },
  });
};

/** @returns the path of a block whose even pages are shared */
async function evenBlock(idstr: string): Promise<string> {
  const { id } = await service.api.ok('POST', '/v1/ram-blocks', { idstr, usedLength: '2G' });
  const path = `/v1/ram-blocks/${id}`;
  expect((await setBitmap(path, EVEN)).status).toBe(200);
  return path;
}

it('are taken away by one source', async () => {
  const { api } = service;
  const path = await evenBlock('taken');
  const answer = await api.post(`${path}/sources`, { name: 'virtio-mem0', granularity: 4096 });
  expect(answer).toMatchObject({ status: 201, body: { populatedBytes: 0 } });
  expect((await api.ok('GET', path)).populated).toMatchObject({ pages: 0, runs: 0 });
});

it('are undone when a listener refuses', async () => {
  const { api } = service;
  const path = await evenBlock('undone');
  const device = await ScriptedListener.start();
  await api.ok('POST', `${path}/listeners`, { url: device.url, secret: SECRET, maxSections: 8192, timeoutMs: 30_000 });
  device.script = ({ type, reason }) => (type === 'ram_block.populate' && reason === 'conversion' ? 409 : 200);
  expect(await setBitmap(path, ODD)).toMatchObject({ status: 409, body: { code: 'listener-refused' } });
  expect((await api.ok('GET', `${path}/listeners`)).items).toMatchObject([
    { state: 'active', unsettled: { bytes: 0 } },
  ]);
  expect(device.mapped.size).toBe(RUNS);
  expect(device.mapped.has(0)).toBe(true);
  await device.close();
});
