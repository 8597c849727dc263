// A service that is started on a data folder that is not as it was left: it says what is wrong and does not start, or it says
// what it did without.
import { cpSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { SqliteJournal } from '../../src/journal/sqlite-journal.ts';
import { createLog } from '../../src/log.ts';
import { startService, type TestService } from '../support/service.ts';
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
  const { api, close } = await startOn(folderOf.ended);
  const { id } = await api.ok('POST', '/v1/ram-blocks', BLOCK);
  path = `/v1/ram-blocks/${id}`;
  for (let index = 0; index < CHANGES; index++) {
    await api.ok('POST', `${path}/conversions`, { offset: index * 4096, size: 4096, to: 'shared' });
  }
  cpSync(folderOf.ended, folderOf.killed, { recursive: true });
  await close();
});

afterEach(async () => {
  await ServiceProcess.endAll();
  for (const journal of journals.splice(0)) await journal.close();
});
afterAll(() => rm(root, { recursive: true }));

const journals: SqliteJournal[] = [];

/** @param lines to which the log goes */
function startOn(folder: string, lines: string[] = []): Promise<TestService> {
  return startService({
    openJournal: async () => {
      const journal = await SqliteJournal.open(folder);
      journals.push(journal);
      return journal;
    },
    log: createLog('info', { write: (line) => void lines.push(line) }),
  });
}

/** A copy of the folder, with the damage. */
async function damaged(left: 'killed' | 'ended', damage: (folder: string) => Promise<void>): Promise<string> {
  const folder = await mkdtemp(join(root, 'copy-'));
  cpSync(folderOf[left], folder, { recursive: true });
  await damage(folder);
  return folder;
}

async function turnRecord(folder: string): Promise<void> {
  const file = join(folder, 'journal.sqlite');
  await turnBit(file, (await readFile(file)).lastIndexOf('"states":"'));
}

it.each([
  ['a record is another', 'ended', turnRecord],
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
  await expect(startOn(await damaged(left, damage))).rejects.toThrow(/damaged/);
});

it('ends with 1 as a process, and says why', async () => {
  const service = new ServiceProcess(await damaged('ended', turnRecord));
  await expect(service.ready).rejects.toThrow(/the service ended \(1\)/);
  expect(service.output.join('\n')).toMatch(/cannot start: .*damaged/);
});

it('starts without a commit that was cut off, and says so', async () => {
  const folder = await damaged('killed', async (folder) => {
    const file = join(folder, 'journal.sqlite-wal');
    await truncate(file, (await stat(file)).size - 100);
  });
  const lines: string[] = [];
  const { api, close } = await startOn(folder, lines);
  expect((await api.get('/readyz')).status).toBe(200);
  // The last answer is lost with the bytes; everything before it is there, and nothing in part.
  const { generation, populated } = await api.ok('GET', path);
  expect([generation, populated.pages]).toEqual([CHANGES - 1, CHANGES - 1]);
  expect(lines.join('\n')).toMatch(/frames behind its last whole commit are dropped/);
  await close();
});
