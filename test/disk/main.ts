// npm run test:disk: a disk that fills up, one on which fsync fails, one on which it hangs, and records longer than a
// string. Needs root, for mount, and strace.
import { failSyncs } from './failing-sync.ts';
import { fillFileSystem } from './full.ts';
import { hangSync } from './hanging-sync.ts';
import { keepLongRecords } from './long-records.ts';

try {
  for (const course of [fillFileSystem, failSyncs, hangSync, keepLongRecords])
    process.stdout.write(`${await course()}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
