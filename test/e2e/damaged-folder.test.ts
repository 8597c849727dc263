// A process that is started on a data folder that is not as it was left: it says what is wrong and ends, or it says what
// it did without.
import { cpSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { ServiceProcess } from '../support/service-process.ts';
import { turnBit } from '../support/turn-bit.ts';

const CHANGES = 50;
const BLOCK = { idstr: 'pc.ram', usedLength: '16M' };

let root: string;
let path: string;

/** As a kill leaves it, with everything in the write-ahead log; and as it is closed in order. */
const folderOf = { killed: '', ended: '' };

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'rba-damaged-'));
  folderOf.ended = join(root, 'ended');
  folderOf.killed = join(root, 'killed');
  const service = new ServiceProcess(folderOf.ended);
  const api = await service.ready;
  const { id } = await api.ok('POST', '/v1/ram-blocks', BLOCK);
  path = `/v1/ram-blocks/${id}`;
  for (let index = 0; index < CHANGES; index++) {
    await api.ok('POST', `${path}/conversions`, { offset: index * 4096, size: 4096, to: 'shared' });
  }
  cpSync(folderOf.ended, folderOf.killed, { recursive: true });
  await api.close();
  expect(await service.end('SIGTERM')).toBe(0);
});

afterEach(() => ServiceProcess.endAll());
afterAll(() => rm(root, { recursive: true }));

async function started(left: 'killed' | 'ended', damage: (folder: string) => Promise<void>) {
  const folder = await mkdtemp(join(root, 'copy-'));
  cpSync(folderOf[left], folder, { recursive: true });
  await damage(folder);
  return new ServiceProcess(folder);
}

it.each([
  [
    'a record is another',
    'ended',
    async (folder: string) => {
      const file = join(folder, 'journal.sqlite');
      await turnBit(file, (await readFile(file)).lastIndexOf('"states":"'));
    },
  ],
  [
    'the write-ahead log has a fault in its middle',
    'killed',
    async (folder: string) => {
      const file = join(folder, 'journal.sqlite-wal');
      await turnBit(file, (await stat(file)).size >> 1);
    },
  ],
  ['the file is cut short', 'ended', (folder: string) => truncate(join(folder, 'journal.sqlite'), 8192)],
  ['the file is gone', 'ended', (folder: string) => rm(join(folder, 'journal.sqlite'))],
] as const)('does not start where %s, and says so', async (_, left, damage) => {
  const service = await started(left, damage);
  await expect(service.ready).rejects.toThrow(/the service ended \(1\)/);
  expect(service.output.join('\n')).toMatch(/cannot start: .*damaged/);
});

it('starts without a commit that was cut off, and says so', async () => {
  const service = await started('killed', async (folder) => {
    const file = join(folder, 'journal.sqlite-wal');
    await truncate(file, (await stat(file)).size - 100);
  });
  const api = await service.ready;
  expect((await api.get('/readyz')).status).toBe(200);
  // The last answer is lost with the bytes; everything before it is there, and nothing in part.
  const { generation, populated } = await api.ok('GET', path);
  expect([generation, populated.pages]).toEqual([CHANGES - 1, CHANGES - 1]);
  expect(service.output.join('\n')).toMatch(/frames behind its last whole commit are dropped/);
  await api.close();
});
