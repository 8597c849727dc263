// npm run test:full-disk: a file system in memory that fills up, and then gets room. It is mounted for that, so it needs root.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fillDisk } from '../support/full-disk.ts';
import { ServiceProcess } from '../support/service-process.ts';

const LITTLE = 'size=1m';
const ENOUGH = 'size=64m';

const folder = mkdtempSync(join(tmpdir(), 'rba-full-disk-'));
try {
  execFileSync('mount', ['-t', 'tmpfs', '-o', LITTLE, 'rba-full-disk', folder], { stdio: 'inherit' });
} catch {
  rmdirSync(folder);
  process.stderr.write('a file system cannot be mounted here: run it as root, where mount is allowed\n');
  process.exit(1);
}
try {
  const { answered, refused, readiness } = await fillDisk({
    start: () => new ServiceProcess(folder),
    startWithRoom: () => {
      execFileSync('mount', ['-o', `remount,${ENOUGH}`, folder], { stdio: 'inherit' });
      return new ServiceProcess(folder);
    },
  });
  const ready = [...readiness].sort().join(', ');
  process.stdout.write(
    `no space left: ${answered} batches answered and kept, ${refused} refused, readyz ${ready}; all there with more room\n`,
  );
} finally {
  await ServiceProcess.endAll();
  execFileSync('umount', [folder], { stdio: 'inherit' });
  rmdirSync(folder);
}
