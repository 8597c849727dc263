// The process that a start is: writes a journal, then (another one, each time) reads it back as the service does, or only
// iterates and parses its rows.

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pino } from 'pino';
import { encodeSnapshot } from '../../src/core/ram-block-snapshot.ts';
import type { BlockRecord, NewRecord } from '../../src/core/records.ts';
import type { PageRange } from '../../src/core/section.ts';
import { createIds } from '../../src/ids.ts';
import { SqliteJournal } from '../../src/journal/sqlite-journal.ts';
import { EventLog } from '../../src/service/event-log.ts';
import { Events } from '../../src/service/events.ts';
import { Machines } from '../../src/service/machines.ts';
import { deliveriesToReserve } from '../../src/service/notifications.ts';
import { PAGE, TIB } from '../core/blocks.ts';
import { answer } from '../processes/child.ts';
import { createRandom } from '../random.ts';

const MACHINE = 'bench';
const GROUP = 5000;
const MAX_PAGES = 512;
const { now } = Date;

function open(folder: string): Promise<Machines> {
  const unused = () => Promise.reject(new Error('nothing is sent here'));
  return Machines.open({
    openJournal: () => SqliteJournal.open(folder),
    deliver: unused,
    attemptOnce: unused,
    asyncSettings: { retrySchedule: [1000], backlogLimit: 10_000, backlogRuns: 1000, disableAfter: 1e9 },
    events: new Events(new EventLog(10_000, randomUUID()), now),
    checkTarget: unused,
    newSecret: () => '',
    now,
    elapsed: () => performance.now(),
    random: Math.random,
    newId: createIds(now),
    log: pino({ level: 'error' }),
    queueLimits: { length: 10_000, waitMs: 30_000 },
    journalWaitMs: 10_000,
    changeRunsLimit: 2 ** 20,
    deliveriesToReserve,
    snapshotEvery: 1000,
  });
}

/** The creation of the blocks, then one conversion after the other of a block by chance, as the service records them. */
function* recordsOf(count: number, blocks: number): Generator<BlockRecord> {
  const newId = createIds(now);
  const random = createRandom(1);
  const at = new Date(now()).toISOString();
  const made = Array.from({ length: blocks }, (_, index) => ({ id: newId('blk'), sourceId: newId('src'), index }));
  for (const { id, sourceId, index } of made) {
    const common = { id, machine: MACHINE, idstr: `ram${index}`, ramAddr: index * TIB, gpa: null, createdAt: at };
    const block = { ...common, usedLength: TIB, maxLength: TIB, pageSize: PAGE, resizeable: false, guestMemfd: true };
    const sources = [{ id: sourceId, name: 'ram-block-attributes', granularity: PAGE }];
    yield { ramBlockId: id, kind: 'block-created', block, sources, at };
  }
  for (let n = blocks; n < count; n++) {
    const { id, sourceId } = made[n % blocks] ?? { id: '', sourceId: '' };
    const pages = 1 + random(MAX_PAGES);
    const start = Math.floor(n / blocks) * 2 * MAX_PAGES + random(MAX_PAGES);
    const range = { start, end: start + pages };
    yield { ...change(id, sourceId, newId('cnv'), range, Math.floor(n / blocks)), at };
  }
}

function change(ramBlockId: string, sourceId: string, id: string, range: PageRange, generation: number): NewRecord {
  const changed = { changed: [range], changedPages: range.end - range.start };
  const step = { id, range, populate: true, from: 'discarded' as const, ...changed, notified: [] };
  return { ramBlockId, kind: 'source-changed', sourceId, isConversion: true, generation, steps: [step] };
}

export type Starter = typeof handlers;

const handlers = {
  write: async (folder: string, count: number, blocks: number): Promise<void> => {
    const journal = await SqliteJournal.open(folder);
    let sequence = 0;
    let group: BlockRecord[] = [];
    const flush = async (): Promise<void> => {
      await journal.append(MACHINE, sequence, group);
      sequence += group.length;
      group = [];
    };
    for (const record of recordsOf(count, blocks)) {
      group.push(record);
      if (group.length === GROUP) await flush();
    }
    await flush();
    await journal.close();
  },

  saveSnapshots: async (folder: string): Promise<void> => {
    const machines = await open(folder);
    const sequence = (await machines.journal.positions()).get(MACHINE) ?? 0;
    for (const { block } of machines.blocks.values()) {
      await machines.journal.saveSnapshot(block.id, sequence, encodeSnapshot(block));
    }
    await machines.close();
  },

  /** @returns milliseconds */
  readBack: async (folder: string): Promise<number> => {
    const start = performance.now();
    const machines = await open(folder);
    const took = performance.now() - start;
    if (machines.blocks.size === 0) throw new Error('nothing was read back');
    await machines.close();
    return took;
  },

  /** @returns milliseconds */
  parseRows: (folder: string): number => {
    const start = performance.now();
    const database = new DatabaseSync(join(folder, 'journal.sqlite'));
    let kinds = 0;
    for (const { text } of database.prepare('SELECT text FROM records ORDER BY number').iterate()) {
      kinds += JSON.parse(String(text)).kind === '' ? 0 : 1;
    }
    database.close();
    const took = performance.now() - start;
    if (kinds === 0) throw new Error('there are no rows');
    return took;
  },
};

answer(handlers);
