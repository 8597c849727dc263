// No space left: files that may not grow, and SQLite that may not use more pages. (`npm run test:disk` fills a real disk.)
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SqliteJournal } from '../../src/journal/sqlite-journal.ts';
import { fillDisk } from '../support/full-disk.ts';
import { startService } from '../support/service.ts';
import { ServiceProcess, type StartedService, startProcess } from '../support/service-process.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rba-full-disk-'));
});
afterEach(async () => {
  await ServiceProcess.endAll();
  await rm(folder, { recursive: true });
});

/** Bytes that no file may be longer than, and pages of SQLite that are as much. */
const LIMIT = 512 * 1024;
const MAX_PAGES = LIMIT / 4096;

async function startLimited(maxPages?: number): Promise<StartedService> {
  let isOver = false;
  let opening: Promise<SqliteJournal> = Promise.reject(new Error('no journal was opened yet'));
  opening.catch(() => undefined);
  const service = await startService({
    openJournal: () => {
      // A process that is no more opens nothing, though its journal fails.
      if (isOver) return new Promise(() => undefined);
      opening = SqliteJournal.open(folder, maxPages === undefined ? {} : { maxPages });
      return opening;
    },
  });
  return {
    api: service.api,
    end: async (signal) => {
      if (signal === 'SIGTERM') return await service.close().then(() => 0);
      isOver = true;
      await service.abandon();
      await opening.then((journal) => journal.close()).catch(() => undefined);
      return null;
    },
  };
}

const limited = ['/bin/sh', '-c', `ulimit -f ${LIMIT / 512}; exec "$0" "$@"`];

it.each([
  ['files may not grow', { start: () => startProcess(folder, limited), startWithRoom: () => startProcess(folder) }],
  ['SQLite may not use more pages', { start: () => startLimited(MAX_PAGES), startWithRoom: () => startLimited() }],
])('where %s: what was answered stays, readiness tells, and changes are taken again with room', async (_, disk) => {
  const { answered, readiness } = await fillDisk(disk);
  expect(answered).toBeGreaterThan(5);
  expect(readiness).toContain(503);
});
