// Records of one block that are longer together than any string of V8: the journal that took them can be opened again.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BlockRecord } from '../../src/core/records.ts';
import { SqliteJournal } from '../../src/journal/sqlite-journal.ts';

const RECORDS = 33;
const CHARACTERS = 16 * 2 ** 20;

/** @returns what happened, in a line @throws Error where a record is not read back as it was written */
export async function keepLongRecords(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rba-long-records-'));
  try {
    const written = await SqliteJournal.open(folder);
    // The journal looks at no more of them than what is here.
    await written.append('m', 0, [{ ramBlockId: 'b', at: '', kind: 'block-created' } as BlockRecord]);
    for (let sequence = 1; sequence <= RECORDS; sequence++) {
      const sourceId = String(sequence % 10).repeat(CHARACTERS);
      await written.append('m', sequence, [{ ramBlockId: 'b', at: '', kind: 'source-removed', sourceId }]);
    }
    await written.close();
    const read = await SqliteJournal.open(folder);
    let found = 0;
    for await (const { records } of read.blocks()) {
      for (const record of records) {
        if (record.kind !== 'source-removed') continue;
        found++;
        const { length, 0: first } = record.sourceId;
        if (length !== CHARACTERS || first !== String(found % 10))
          throw new Error(`record ${found} is not what was written`);
      }
    }
    await read.close();
    if (found !== RECORDS) throw new Error(`${found} of ${RECORDS} long records were read back`);
    return `long records: ${RECORDS} of ${CHARACTERS / 2 ** 20} Mi characters in one block are kept and read back`;
  } finally {
    await rm(folder, { recursive: true });
  }
}
