// Reading the journal back: what of it may fail, and what is left behind then.
import { expect, it } from 'vitest';
import type { BlockRecord, NewRecord } from '../../src/core/records.ts';
import { MemoryJournal } from '../../src/journal/memory-journal.ts';
import type { Deliver } from '../../src/listeners/delivery.ts';
import { Machines } from '../../src/service/machines.ts';
import { dependenciesWith, NO_CONDITIONS } from '../support/dependencies.ts';
import { FaultyJournal } from '../support/faulty-journal.ts';
import { until } from '../support/service.ts';

const PAGE = 4096;
const { now } = Date;

const dependencies = (openJournal: () => Promise<FaultyJournal>, deliver: Deliver) =>
  dependenciesWith({ openJournal, deliver });

/** What a crash leaves of a block with one listener: a conversion that was under way. */
function crashed(ramBlockId: string, machine: string): BlockRecord[] {
  const at = new Date(now()).toISOString();
  const block = {
    id: ramBlockId,
    machine,
    idstr: ramBlockId,
    ramAddr: 0,
    gpa: null,
    usedLength: 4 * PAGE,
    maxLength: 4 * PAGE,
    pageSize: PAGE,
    resizeable: false,
    guestMemfd: true,
    createdAt: at,
  };
  const listener = {
    id: `lsn_${ramBlockId}`,
    url: 'http://127.0.0.1:9/',
    mode: 'sync' as const,
    section: { offset: 0, size: null, offsetWithinAddressSpace: 0 },
    granularity: PAGE,
    doubleDiscardSupported: true,
    coordinatedDiscard: true,
    dmaMaxMappings: null,
    maxSections: 512,
    timeoutMs: 1000,
    description: null,
    secret: '',
    createdAt: at,
  };
  const runs = [{ start: 0, end: 1 }];
  return [
    {
      ramBlockId,
      at,
      kind: 'block-created',
      block,
      sources: [{ id: 's', name: 'ram-block-attributes', granularity: PAGE }],
    },
    { ramBlockId, at, kind: 'listener-added', listener },
    { ramBlockId, at, kind: 'listener-phase', listenerId: listener.id, phase: 'active' },
    { ramBlockId, at, kind: 'intent', id: 'int', runs, calls: [{ listenerId: listener.id, reservedThrough: 3 }] },
  ];
}

it('sends nothing of blocks that were read back, when reading back fails as a whole', async () => {
  const memory = new MemoryJournal();
  await memory.append('m1', 0, crashed('b1', 'm1'));
  await memory.append('m2', 0, crashed('b2', 'm2'));
  const journal = new FaultyJournal(memory);
  // What ends the intent of the first block is written; of the second it is not, and the start fails.
  journal.fate = (appends) => (appends === 1 ? 'fails' : 'done');
  let sent = 0;
  const deliver: Deliver = async () => {
    sent++;
    return { outcome: 'accepted' };
  };
  await expect(Machines.open(dependencies(async () => journal, deliver))).rejects.toMatchObject({
    code: 'journal-unavailable',
  });
  const writtenThen = journal.appends;
  // Long enough for whatever was started to show: the same again, which succeeds and is settled in full.
  const machines = await Machines.open(dependencies(async () => new FaultyJournal(memory), deliver));
  await until('both are settled', () => {
    return [...machines.blocks.values()].every(({ block }) => {
      return [...block.manager.listeners.values()].every((listener) => !listener.isUnsettled);
    });
  });
  expect({ sent, appends: journal.appends }).toEqual({ sent: 2, appends: writtenThen });
  await machines.close();
});

it('closes the journal that was being opened again', async () => {
  const memory = new MemoryJournal();
  await memory.append('m1', 0, crashed('b1', 'm1').slice(0, 1));
  const opened: FaultyJournal[] = [];
  const closed = new Set<FaultyJournal>();
  const gate = Promise.withResolvers<void>();
  const open = async (): Promise<FaultyJournal> => {
    if (opened.length > 0) await gate.promise;
    const journal = new FaultyJournal(memory);
    journal.close = async () => void closed.add(journal);
    opened.push(journal);
    return journal;
  };
  const machines = await Machines.open(dependencies(open, async () => ({ outcome: 'accepted' })));
  const [first] = opened;
  if (first !== undefined) first.fate = () => 'fails';
  const live = machines.block('b1');
  const gone: NewRecord = { ramBlockId: 'b1', kind: 'block-deleted' };
  await expect(live.inTurn(() => live.commit([gone]), NO_CONDITIONS)).rejects.toMatchObject({
    code: 'journal-unavailable',
  });
  const closing = machines.close();
  // Not before closing has come as far as it can.
  setImmediate(() => gate.resolve());
  await closing;
  expect(opened).toHaveLength(2);
  expect(closed).toEqual(new Set(opened));
});

it('refuses blocks of a machine that the journal has lost: its sequences would be used again', async () => {
  const memory = new MemoryJournal();
  await memory.append('m1', 0, crashed('b1', 'm1').slice(0, 1));
  const journal = new FaultyJournal(memory);
  journal.positions = async () => new Map();
  const opening = Machines.open(
    dependencies(
      async () => journal,
      async () => ({ outcome: 'accepted' }),
    ),
  );
  await expect(opening).rejects.toThrow(/damaged: it has block b1, and no machine m1/);
});

it('lets others have a turn between records that it reads back, where these take long', async () => {
  const RECORDS = 50;
  const memory = new MemoryJournal();
  const at = new Date(now()).toISOString();
  const resized = { ramBlockId: 'b1', at, kind: 'block-resized', usedLength: 4 * PAGE } as const;
  await memory.append('m1', 0, [...crashed('b1', 'm1').slice(0, 1), ...Array(RECORDS).fill(resized)]);
  let clock = 0;
  let turns = 0;
  let isOver = false;
  const count = (): void => {
    turns++;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const journal = async () => new FaultyJournal(memory);
  const machines = await Machines.open({
    ...dependencies(journal, async () => ({ outcome: 'accepted' })),
    elapsed: () => {
      clock += 10;
      return clock;
    },
  });
  isOver = true;
  expect(turns).toBeGreaterThanOrEqual(RECORDS);
  await machines.close();
});
