// A process that is killed while it appends, files its log and saves snapshots: what it said was durable is there, in order,
// and nothing else but what was under way.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SqliteJournal } from '../../src/journal/sqlite-journal.ts';

const WRITER = fileURLToPath(new URL('./kill-writer.ts', import.meta.url));
const ROUNDS = 20;
/** The most that may be under way at once. */
const MOST_AT_ONCE = 7;
/** Characters of records of which two are a group that waits for no other, so that several are under way. */
const LONG = 50_000;

let folder: string;
let writer: ChildProcess | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rba-kill-'));
});

afterEach(async () => {
  writer?.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

/** Lets a writer make `appends` durable and kills it. @returns the last sequence that it said was */
async function writeAndKill(appends: number, characters: number): Promise<number> {
  const child = spawn(process.execPath, [WRITER, folder, String(characters)], { stdio: ['ignore', 'pipe', 'inherit'] });
  writer = child;
  const exit = once(child, 'exit');
  let said = 0;
  let count = 0;
  // Also what it said while it was being killed.
  for await (const line of createInterface({ input: child.stdout })) {
    said = Number(line);
    if (++count === appends) child.kill('SIGKILL');
  }
  await exit;
  return said;
}

it('what was durable is there after each of many kills', async () => {
  let snapshots = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    const said = await writeAndKill(40 + round, round % 2 === 0 ? LONG : 0);
    const journal = await SqliteJournal.open(folder, { logLimit: 300 });
    const [last = 0] = (await journal.positions()).values();
    const [block] = await Array.fromAsync(journal.blocks());
    await journal.close();

    expect(last).toBeGreaterThanOrEqual(said);
    expect(last).toBeLessThanOrEqual(said + MOST_AT_ONCE);
    const after = block?.snapshot == null ? 0 : Number(Buffer.from(block.snapshot).toString());
    if (after > 0) snapshots++;
    const expected = Array.from({ length: last - after }, (_, index) => after + index + 1);
    expect(block?.records.map((record) => Number(Object(record).tag))).toEqual(expected);
  }
  expect(snapshots).toBeGreaterThan(0);
});
