// A temporary folder on a real disk, removed afterwards: what is said to be on disk must wait for one.
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** File systems in memory, by the numbers that statfs gives them: tmpfs, ramfs. */
const IN_MEMORY = [0x0102_1994, 0x8584_58f6];

const made = new Set<string>();

/** @throws Error when the folder for temporary files is in memory */
export function makeDataFolder(): string {
  const parent = tmpdir();
  if (IN_MEMORY.includes(statfsSync(parent).type)) {
    throw new Error(
      `${parent} is in memory, and what is measured on disk would not be; set TMPDIR to a folder on a disk`,
    );
  }
  const folder = mkdtempSync(join(parent, 'rba-bench-'));
  made.add(folder);
  return folder;
}

export function removeDataFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  made.delete(folder);
}

export function removeDataFolders(): void {
  for (const folder of made) removeDataFolder(folder);
}
