// The files of the data folder: a backup that others may read is mended, anything but a file of one's own is refused.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SqliteJournal } from '../../src/journal/sqlite-journal.ts';

let folder: string;
const at = (name: string) => join(folder, name);

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rba-access-'));
  await (await SqliteJournal.open(folder)).close();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const FILES = ['journal.sqlite', 'journal.made'];

describe('files that others may read or write', () => {
  it('are taken from them, and the log says so', async () => {
    for (const file of FILES) chmodSync(at(file), 0o664);
    const journal = await SqliteJournal.open(folder);
    for (const file of FILES) {
      expect(statSync(at(file)).mode & 0o777, file).toBe(0o600);
      expect(journal.remark).toContain(`${at(file)} (0664)`);
    }
    await journal.close();
    const again = await SqliteJournal.open(folder);
    expect(again.remark).toBe(null);
    await again.close();
  });

  it("in a folder that others may look into stay nobody else's", async () => {
    chmodSync(folder, 0o755);
    const journal = await SqliteJournal.open(folder);
    expect(statSync(at('journal.sqlite')).mode & 0o077).toBe(0);
    await journal.close();
  });
});

describe.each([...FILES, 'journal.sqlite-wal', 'journal.sqlite-shm'])('in the place of %s', (file) => {
  beforeEach(() => rmSync(at(file), { force: true }));

  it('a link is refused, and what it leads to is not touched', async () => {
    const elsewhere = at('elsewhere');
    for (const target of [elsewhere, at('nowhere')]) {
      writeFileSync(elsewhere, 'of somebody');
      symlinkSync(target, at(file));
      await expect(SqliteJournal.open(folder)).rejects.toThrow(`${at(file)} is a symbolic link`);
      expect(statSync(elsewhere).size).toBe(11);
      expect(existsSync(at('nowhere'))).toBe(false);
      rmSync(at(file));
    }
  });

  it('a FIFO is refused, and not waited for', async () => {
    execFileSync('mkfifo', [at(file)]);
    await expect(SqliteJournal.open(folder)).rejects.toThrow(`${at(file)} is a FIFO`);
  });

  it('a folder is refused', async () => {
    mkdirSync(at(file));
    await expect(SqliteJournal.open(folder)).rejects.toThrow(`${at(file)} is a directory`);
  });
});

// Only root can give a file away.
it.runIf(process.getuid?.() === 0)('a file of another user is refused', async () => {
  chownSync(at('journal.sqlite'), 12_345, 12_345);
  await expect(SqliteJournal.open(folder)).rejects.toThrow('journal.sqlite belongs to user 12345');
});
