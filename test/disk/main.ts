// npm run test:disk: a disk that fills up, and one on which fsync fails. Needs root, for mount, and strace.
import { failSyncs } from './failing-sync.ts';
import { fillFileSystem } from './full.ts';

try {
  for (const course of [fillFileSystem, failSyncs]) process.stdout.write(`${await course()}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
