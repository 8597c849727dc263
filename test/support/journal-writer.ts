// A process that appends to a journal until it is killed, which is nearly always filing its log; it says what is durable.
import type { BlockRecord } from '../../src/core/records.ts';
import { SqliteJournal } from '../../src/journal/sqlite-journal.ts';
import { createdBlock, MACHINE, resizedTo } from './journal-records.ts';

const [, , folder = ''] = process.argv;
const journal = await SqliteJournal.open(folder, { logLimit: 4000 });
let last = (await journal.positions()).get(MACHINE) ?? 0;

async function append(record: BlockRecord): Promise<void> {
  const sequence = ++last;
  await journal.append(MACHINE, sequence - 1, [record]);
  process.stdout.write(`${sequence}\n`);
}

if (last === 0) await append(createdBlock);
for (;;) {
  // Some at once, so that groups are of several.
  await Promise.all(Array.from({ length: 1 + (last % 7) }, () => append(resizedTo(last + 1))));
  if (last % 50 === 0) await journal.saveSnapshot(createdBlock.ramBlockId, last - 20, Buffer.from(String(last - 20)));
}
