// A process that appends to a journal until it is killed, which is often while it files its log; it says what is durable.
// The record at each sequence says which it is, and has as many characters beside as it is told.
import { SqliteJournal } from '../../src/journal/sqlite-journal.ts';
import { recordOf } from './records.ts';

const MACHINE = 'm';
const RAM_BLOCK_ID = 'blk_1';

const [, , folder = '', characters = '0'] = process.argv;
const text = 'x'.repeat(Number(characters));
// So small that half of the time it is filing, and most kills fall into that.
const journal = await SqliteJournal.open(folder, { logLimit: 300 });
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
  if (last % 50 === 0) await journal.saveSnapshot(RAM_BLOCK_ID, last - 20, Buffer.from(String(last - 20)));
}
