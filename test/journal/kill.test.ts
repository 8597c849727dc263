// A process that is killed while it appends, saves snapshots in parts and forgets: what it said was durable is there, in order,
// and nothing else but what was under way. While it lives, nobody else gets at its files.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SqliteJournal } from '../../src/journal/sqlite-journal.ts';
import { byDepth } from '../support/depth.ts';
import { turnBit } from '../support/turn-bit.ts';
import { tagOf } from './records.ts';

const WRITER = fileURLToPath(new URL('./kill-writer.ts', import.meta.url));
const ROUNDS = byDepth(4, 40);
/** The most that may be under way at once. */
const MOST_AT_ONCE = 7;
/** Behind it there may be what is left of the log before it was begun anew. */
const IN_FIRST_FRAME = 1000;
/** Characters of records that are long. */
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

/** Lets a writer make `appends` durable, then does `end` to it, which kills it. @returns the last sequence that it said was */
async function write(
  appends: number,
  characters: number,
  end: (child: ChildProcess) => void | Promise<void>,
): Promise<number> {
  const child = spawn(process.execPath, [WRITER, folder, String(characters)], { stdio: ['ignore', 'pipe', 'inherit'] });
  writer = child;
  const exit = once(child, 'exit');
  let said = 0;
  let count = 0;
  // Also what it said while it was being killed.
  for await (const line of createInterface({ input: child.stdout })) {
    said = Number(line);
    if (++count === appends) await end(child);
  }
  await exit;
  return said;
}

/** Of every file in the folder. */
async function contents(): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, (await readFile(join(folder, name))).toString('base64')])),
  );
}

/** Milliseconds that a busy machine may take for all these processes. */
const PATIENCE = byDepth(300_000, 1_800_000);

it('what was durable is there after each of many kills', { timeout: PATIENCE }, async () => {
  let snapshots = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    const said = await write(40 + round, round % 2 === 0 ? LONG : 0, (child) => void child.kill('SIGKILL'));
    const journal = await SqliteJournal.open(folder);
    const [last = 0] = (await journal.positions()).values();
    // A block with many records comes in several pieces, the first of them with its snapshot.
    const pieces = await Array.fromAsync(journal.blocks());
    await journal.close();

    expect(last).toBeGreaterThanOrEqual(said);
    expect(last).toBeLessThanOrEqual(said + MOST_AT_ONCE);
    const snapshot = pieces[0]?.snapshot ?? null;
    const after = snapshot === null ? 0 : Number(Buffer.from(snapshot).toString());
    if (after > 0) snapshots++;
    const expected = Array.from({ length: last - after }, (_, index) => after + index + 1);
    const records = pieces.flatMap((piece) => piece.records);
    expect(records.map((record) => Number(tagOf(record)))).toEqual(expected);
  }
  expect(snapshots).toBeGreaterThan(0);
});

it('whoever meets it in the middle of its writing hears that it is there, and damages nothing', {
  timeout: PATIENCE,
}, async () => {
  const log = join(folder, 'journal.sqlite-wal');
  await write(100, 0, async (child) => {
    // What is half written looks like what is damaged; it is made so here, and stays so.
    child.kill('SIGSTOP');
    await turnBit(log, IN_FIRST_FRAME);
    await expect(SqliteJournal.open(folder)).rejects.toThrow(/in use by another process/);
    child.kill('SIGKILL');
  });
  const left = await contents();
  await expect(SqliteJournal.open(folder)).rejects.toThrow(/damaged: frame \d+ of .*does not match its checksum/);
  expect(await contents()).toEqual(left);
});
