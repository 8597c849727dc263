// A file system in memory that fills up, and then gets room.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fillDisk } from '../support/full-disk.ts';
import { ServiceProcess, startProcess } from '../support/service-process.ts';

const LITTLE = 'size=1m';
const ENOUGH = 'size=64m';

/** @returns what happened, in a line @throws Error where anything is not as it was answered, or nothing can be mounted */
export async function fillFileSystem(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rba-full-disk-'));
  const mount = (...args: string[]) => execFileSync('mount', [...args, folder], { stdio: 'inherit' });
  try {
    mount('-t', 'tmpfs', '-o', LITTLE, 'rba-full-disk');
  } catch (error) {
    await rmdir(folder);
    throw new Error('a file system cannot be mounted here: run it as root, where mount is allowed', { cause: error });
  }
  try {
    const { answered, refused, readiness } = await fillDisk({
      start: () => startProcess(folder),
      startWithRoom: () => {
        mount('-o', `remount,${ENOUGH}`);
        return startProcess(folder);
      },
    });
    const ready = [...readiness].sort().join(', ');
    return `no space left: ${answered} batches answered and kept, ${refused} refused, readyz ${ready}; all there with more room`;
  } finally {
    await ServiceProcess.endAll();
    execFileSync('umount', [folder], { stdio: 'inherit' });
    await rmdir(folder);
  }
}
