// What is special to the journal on disk: one process per folder, damage that is noticed, one fsync for many.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BlockRecord } from '../../src/core/records.ts';
import type { PageRange } from '../../src/core/section.ts';
import { SqliteJournal } from '../../src/journal/sqlite-journal.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rba-sqlite-'));
});

afterEach(() => rm(folder, { recursive: true }));

const added: BlockRecord = { ramBlockId: 'b1', at: '', kind: 'source-removed', sourceId: 'a source' };

/** A journal with one block, its creation and one more record; closed. */
async function written(): Promise<void> {
  const journal = await SqliteJournal.open(folder);
  // The journal looks at no more of it than what is here.
  const created = { ramBlockId: 'b1', at: '', kind: 'block-created' } as BlockRecord;
  await journal.append('default', 0, [created, added]);
  await journal.saveSnapshot('b1', 1, new Uint8Array([1, 2, 3]));
  await journal.close();
}

async function readAll(): Promise<unknown[]> {
  const journal = await SqliteJournal.open(folder);
  try {
    return await Array.fromAsync(journal.blocks());
  } finally {
    await journal.close();
  }
}

function alter(sql: string): void {
  const db = new DatabaseSync(join(folder, 'journal.sqlite'));
  db.exec(sql);
  db.close();
}

describe('a data folder', () => {
  it('is made where it is missing', async () => {
    const journal = await SqliteJournal.open(join(folder, 'deep', 'er'));
    await journal.close();
  });

  it('belongs to one journal at a time, and the message names the setting', async () => {
    const journal = await SqliteJournal.open(folder);
    await expect(SqliteJournal.open(folder)).rejects.toThrow(/in use by another process.*RBA_DATA_DIR/);
    await journal.close();
    const next = await SqliteJournal.open(folder);
    await next.close();
  });

  it('of another format is refused', async () => {
    await written();
    alter('PRAGMA user_version = 99');
    await expect(SqliteJournal.open(folder)).rejects.toThrow(/format 99/);
  });

  it('whose file cannot be read is refused, and the message says which', async () => {
    const file = join(folder, 'journal.sqlite');
    await mkdir(file);
    await expect(SqliteJournal.open(folder)).rejects.toThrow(`${file} is a directory`);
  });

  it('that holds something else is refused', async () => {
    await writeFile(
      join(folder, 'journal.sqlite'),
      'this is not a database, and long enough to be looked at'.repeat(100),
    );
    await expect(SqliteJournal.open(folder)).rejects.toThrow(/not a database/);
  });
});

describe('damage', () => {
  it('of a record is noticed', async () => {
    await written();
    alter(`UPDATE records SET text = replace(text, 'a source', 'b source')`);
    await expect(readAll()).rejects.toThrow(/damaged: record 2 of b1/);
  });

  it('of a snapshot is noticed', async () => {
    await written();
    alter(`UPDATE snapshots SET data = x'010204'`);
    await expect(readAll()).rejects.toThrow(/damaged: part 0 of the snapshot of b1/);
  });
});

describe('many appends at once', () => {
  /** Appends records of so many KiB each, without waiting, to what {@link written} left. @returns the outcomes */
  function appendAll(journal: SqliteJournal, kibibytes: readonly number[]): Promise<void>[] {
    return kibibytes.map((size, index) => {
      const record = { ...added, sourceId: 'x'.repeat(size * 1024) } as BlockRecord;
      return journal.append('default', 2 + index, [record]);
    });
  }

  /** KiB of the records that are there now behind it. */
  async function readSizes(): Promise<number[]> {
    const pieces = (await readAll()) as { records: { sourceId: string }[] }[];
    const records = pieces.flatMap((piece) => piece.records);
    return records.slice(1).map(({ sourceId }) => sourceId.length / 1024);
  }

  it('are committed in groups: the first at once, then what came meanwhile, as much as a group takes', async () => {
    await written();
    const journal = await SqliteJournal.open(folder);
    const sizes = [1, 3000, 3000, 1, 1000, 1];
    let answered = 0;
    const appends = appendAll(journal, sizes).map((append) => append.then(() => ++answered));
    // How many are answered once the first of each group is.
    expect(await appends[0]).toBe(1);
    await appends[1];
    expect(answered).toBe(3);
    await appends[3];
    expect(answered).toBe(sizes.length);
    await Promise.all(appends);
    await journal.close();
    expect(await readSizes()).toEqual(sizes);
  });

  it('are kept as far as there is room, and nothing of what follows', async () => {
    await written();
    const journal = await SqliteJournal.open(folder, { maxPages: 800 });
    const appends = appendAll(journal, [1000, 5000, 1, 1000, 1]);
    const known = await Promise.all(
      appends.map((append) =>
        append.then(
          () => 'written',
          ({ outcome }) => outcome,
        ),
      ),
    );
    expect(known).toEqual(['written', 'unknown', 'not-written', 'not-written', 'not-written']);
    await journal.close();
    expect(await readSizes()).toEqual([1000]);
  });
});

describe('an append that is longer than one may be', () => {
  it('is refused where there is no string that is long enough, and what is appended next goes on', async () => {
    await written();
    const journal = await SqliteJournal.open(folder);
    const tooLong = {
      toJSON: () => {
        throw new RangeError('Invalid string length');
      },
    };
    const runs = [tooLong] as unknown as readonly PageRange[];
    const intent: BlockRecord = { ramBlockId: 'b1', at: '', kind: 'intent', id: 'int', runs, calls: [] };
    const refusal = { code: 'payload-too-large', machine: 'default', outcome: 'not-written' };
    expect(() => journal.append('default', 2, [added, intent])).toThrow(expect.objectContaining(refusal));
    await journal.append('default', 2, [added]);
    await journal.close();
  });
});

describe('durability', () => {
  it('after a failed write is promised to nobody: every later call fails until the journal is opened again', async () => {
    const journal = await SqliteJournal.open(folder);
    // A record of a block that was never created cannot be stored.
    await expect(journal.append('default', 0, [added])).rejects.toMatchObject({ code: 'journal-unavailable' });
    await expect(journal.append('default', 0, [])).rejects.toMatchObject({ code: 'journal-unavailable' });
    await expect(journal.findAnswer('k')).rejects.toMatchObject({ code: 'journal-unavailable' });
    await journal.close();
    expect(await readAll()).toEqual([]);
  });
});
