// A process that appends to a journal, saves snapshots and forgets until it is killed; it says what is durable.
// The record at each sequence says which it is, and has as many characters beside as it is told.
import { SqliteJournal } from '../../src/journal/sqlite-journal.ts';
import { recordOf } from './records.ts';

const MACHINE = 'm';
const RAM_BLOCK_ID = 'blk_1';
/** Bytes of a snapshot. */
const BYTES = 2.5 * 2 ** 20;

const [, , folder = '', characters = '0'] = process.argv;
const text = 'x'.repeat(Number(characters));
const journal = await SqliteJournal.open(folder);
let isSaving = false;
let last = (await journal.positions()).get(MACHINE) ?? 0;

async function append(): Promise<void> {
  const sequence = ++last;
  const kind = sequence === 1 ? 'block-created' : 'block-resized';
  await journal.append(MACHINE, sequence - 1, [
    recordOf({ ramBlockId: RAM_BLOCK_ID, kind, tag: String(sequence), text }),
  ]);
  process.stdout.write(`${sequence}\n`);
}

if (last === 0) await append();
for (;;) {
  // Some at once, so that groups are of several.
  await Promise.all(Array.from({ length: 1 + (last % 7) }, append));
  if (isSaving || last < 20) continue;
  isSaving = true;
  const sequence = last - 10;
  // In several parts, which are written between appends.
  const snapshot = Buffer.from(String(sequence).padEnd(BYTES));
  void journal.saveSnapshot(RAM_BLOCK_ID, sequence, snapshot).then(() => {
    isSaving = false;
  });
}
