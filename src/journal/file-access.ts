// Whose the files of the data folder are: they hold the secrets of listeners, so nobody else may read them, nor have put
// something else in their place.
import { chmodSync, lstatSync, type Stats } from 'node:fs';
import { join } from 'node:path';

/** All that there can be in a data folder. */
const FILES = ['journal.sqlite', 'journal.sqlite-wal', 'journal.sqlite-shm', 'journal.sqlite-journal', 'journal.made'];

/**
 * Takes from others what they may do with the files in `folder`, such as those of a backup that was restored. Before
 * anything is opened: to open a FIFO waits for ever, and through a link another file would be written.
 * @returns what people should know, null where all was well
 * @throws Error that names a file that is none, or is another user's
 */
export function secureFiles(folder: string): string | null {
  const mended: string[] = [];
  for (const file of FILES.map((name) => join(folder, name))) {
    const stats = lstatSync(file, { throwIfNoEntry: false });
    if (stats === undefined) continue;
    if (!stats.isFile()) throw new Error(`${file} is ${kindOf(stats)}, and no regular file; take it away`);
    const user = process.getuid?.();
    if (user !== undefined && stats.uid !== user) {
      throw new Error(`${file} belongs to user ${stats.uid}, and this process is user ${user}; chown it`);
    }
    const mode = stats.mode & 0o777;
    if ((mode & 0o077) === 0) continue;
    chmodSync(file, mode & 0o700);
    mended.push(`${file} (${mode.toString(8).padStart(4, '0')})`);
  }
  if (mended.length === 0) return null;
  return `others had access to ${mended.join(', ')}, and have none any more; what is secret in there may be known`;
}

function kindOf(stats: Stats): string {
  if (stats.isSymbolicLink()) return 'a symbolic link';
  if (stats.isFIFO()) return 'a FIFO';
  if (stats.isDirectory()) return 'a directory';
  return stats.isSocket() ? 'a socket' : 'a device';
}
