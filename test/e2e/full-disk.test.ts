// No space left, as a real process meets it: files that may not grow. (`npm run test:full-disk` does it on a real one.)
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fillDisk } from '../support/full-disk.ts';
import { ServiceProcess } from '../support/service-process.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rba-full-disk-'));
});
afterEach(async () => {
  await ServiceProcess.endAll();
  await rm(folder, { recursive: true });
});

it('what was answered stays, readiness tells, and changes are taken again when there is room', async () => {
  const { answered, readiness } = await fillDisk({
    start: () => new ServiceProcess(folder, {}, undefined, 512 * 1024),
    startWithRoom: () => new ServiceProcess(folder),
  });
  expect(answered).toBeGreaterThan(5);
  expect(readiness).toContain(503);
});
