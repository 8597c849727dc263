// What every journal must keep to, run against each of them.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BlockRecord, SourceStep } from '../../src/core/records.ts';
import type { Journal, KeptAnswer, StoredBlock } from '../../src/journal/journal.ts';
import { bytesOfAnswer, HISTORY_LIMIT } from '../../src/journal/journal.ts';
import { MemoryJournal } from '../../src/journal/memory-journal.ts';
import { SqliteJournal } from '../../src/journal/sqlite-journal.ts';
import { turned } from '../support/source-steps.ts';

const AT = '2026-01-01T00:00:00.000Z';
const NEWEST = Number.MAX_SAFE_INTEGER;

function created(ramBlockId: string, machine = 'default'): BlockRecord {
  const block = {
    id: ramBlockId,
    machine,
    idstr: ramBlockId,
    ramAddr: 0,
    gpa: null,
    usedLength: 65_536,
    maxLength: 65_536,
    pageSize: 4096,
    resizeable: false,
    guestMemfd: true,
    createdAt: AT,
  };
  return { ramBlockId, at: AT, kind: 'block-created', block, sources: [] };
}

function stepOf(generation: number): SourceStep {
  return turned({ start: 0, end: 1 }, true, `cnv_${generation}`);
}

/** One change of so many steps. */
function changed(ramBlockId: string, generation: number, steps = 1): BlockRecord {
  const all = Array.from({ length: steps }, () => stepOf(generation));
  const sourceId = 'src_1';
  return { ramBlockId, at: AT, kind: 'source-changed', sourceId, isConversion: true, generation, steps: all };
}

function answerTo(key: string, owner = '', at = 0): KeptAnswer {
  return { key, owner, fingerprint: 'f', at, content: new Uint8Array([0, 255, key.length]) };
}

/** The content as an array: how bytes are kept is no matter. */
function shown(answer: KeptAnswer | null) {
  return answer === null ? null : { ...answer, content: [...answer.content] };
}

/** All blocks, or those of a machine, each with all of its pieces. */
async function allBlocks(journal: Journal, machine?: string): Promise<StoredBlock[]> {
  const blocks = new Map<string, StoredBlock>();
  for await (const piece of journal.blocks(machine)) {
    const { records = [], snapshot = piece.snapshot } = blocks.get(piece.ramBlockId) ?? {};
    blocks.set(piece.ramBlockId, { ...piece, snapshot, records: [...records, ...piece.records] });
  }
  return [...blocks.values()].sort((a, b) => (a.ramBlockId < b.ramBlockId ? -1 : 1));
}

interface Kind {
  readonly name: string;
  readonly open: () => Promise<Journal>;
  /** What a restart of the process leaves. */
  readonly reopen: (journal: Journal) => Promise<Journal>;
}

let folder: string;
const kinds: Kind[] = [
  { name: 'MemoryJournal', open: async () => new MemoryJournal(), reopen: async (journal) => journal },
  {
    name: 'SqliteJournal',
    open: () => SqliteJournal.open(folder),
    reopen: async (journal) => {
      await journal.close();
      return SqliteJournal.open(folder);
    },
  },
];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rba-journal-'));
});

afterEach(() => rm(folder, { recursive: true }));

describe.each(kinds)('$name', ({ open, reopen }) => {
  let journal: Journal;

  beforeEach(async () => {
    journal = await open();
  });

  afterEach(() => journal.close());

  it('gives back what was appended, in order, after it is opened again', async () => {
    await journal.append('m1', 0, [created('b1', 'm1'), changed('b1', 1)]);
    await journal.append('m2', 0, [created('b2', 'm2')]);
    await journal.append('m1', 2, [changed('b1', 2)]);
    journal = await reopen(journal);
    expect(await journal.positions()).toEqual(
      new Map([
        ['m1', 3],
        ['m2', 1],
      ]),
    );
    expect(await allBlocks(journal)).toEqual([
      { ramBlockId: 'b1', snapshot: null, records: [created('b1', 'm1'), changed('b1', 1), changed('b1', 2)] },
      { ramBlockId: 'b2', snapshot: null, records: [created('b2', 'm2')] },
    ]);
  });

  it('takes nothing of an append with another expected sequence', async () => {
    await journal.append('m1', 0, [created('b1', 'm1')]);
    const wrong = journal.append('m1', 0, [changed('b1', 1)], answerTo('k'));
    await expect(wrong).rejects.toMatchObject({ code: 'not-owner', machine: 'm1', outcome: 'not-written' });
    expect((await allBlocks(journal))[0]?.records).toHaveLength(1);
    expect(await journal.findAnswer('k')).toBeNull();
    await journal.append('m1', 1, [changed('b1', 1)]);
  });

  it('reads the blocks of one machine without those of others', async () => {
    await journal.append('m1', 0, [created('b1', 'm1'), created('b2', 'm1')]);
    await journal.append('m2', 0, [created('b3', 'm2')]);
    await journal.append('m1', 2, [changed('b2', 1)]);
    journal = await reopen(journal);
    const ids = async (machine: string) => (await allBlocks(journal, machine)).map(({ ramBlockId }) => ramBlockId);
    expect(await Promise.all([ids('m1'), ids('m2'), ids('m3')])).toEqual([['b1', 'b2'], ['b3'], []]);
    expect((await allBlocks(journal, 'm1'))[1]?.records).toEqual([created('b2', 'm1'), changed('b2', 1)]);
  });

  it('keeps an answer that comes with no record, and the position of its machine', async () => {
    await journal.append('m1', 0, [created('b1', 'm1')]);
    await journal.append('m1', 1, [], answerTo('k'));
    await journal.append('m1', 1, [changed('b1', 1)]);
    journal = await reopen(journal);
    expect((await journal.positions()).get('m1')).toBe(2);
    expect(shown(await journal.findAnswer('k'))).toEqual(shown(answerTo('k')));
  });

  it('takes appends that do not wait for each other in the order in which they were made', async () => {
    const records: BlockRecord[] = [created('b1'), ...Array.from({ length: 500 }, (_, i) => changed('b1', i + 1))];
    await Promise.all(records.map((record, index) => journal.append('default', index, [record])));
    journal = await reopen(journal);
    expect((await allBlocks(journal))[0]?.records).toEqual(records);
  });

  it('starts from the newest snapshot, and keeps the history behind it', async () => {
    await journal.append('default', 0, [created('b1'), changed('b1', 1), changed('b1', 2)]);
    await journal.saveSnapshot('b1', 3, new Uint8Array([1, 2, 3]));
    await journal.append('default', 3, [changed('b1', 3)]);
    journal = await reopen(journal);
    const [block] = await allBlocks(journal);
    expect(Buffer.from(block?.snapshot ?? [])).toEqual(Buffer.from([1, 2, 3]));
    expect(block?.records).toEqual([changed('b1', 3)]);
    const history = await journal.history('b1', NEWEST, 10);
    expect(history.map(({ change }) => change.generation)).toEqual([3, 2, 1]);
    const next = await journal.history('b1', history[0]?.position ?? 0, 1);
    expect(next.map(({ step }) => step)).toEqual([stepOf(2)]);
  });

  it('keeps the last conversions of a block, at least as many as the history has', async () => {
    await journal.append('default', 0, [created('b1')]);
    const total = 2 * HISTORY_LIMIT + 5;
    const all = Array.from({ length: total }, (_, index) => changed('b1', index + 1));
    await journal.append('default', 1, all);
    await journal.saveSnapshot('b1', total + 1, new Uint8Array([1]));
    const history = await journal.history('b1', NEWEST, 2 * HISTORY_LIMIT);
    expect(history.length).toBeGreaterThanOrEqual(HISTORY_LIMIT);
    expect(history.length).toBeLessThanOrEqual(2 * HISTORY_LIMIT);
    expect(history.every(({ change }, index) => change.generation === total - index)).toBe(true);
  });

  it('finds every conversion of a batch, in pages of any size', async () => {
    const records = [created('b1'), changed('b1', 1), changed('b1', 2, 7), changed('b1', 3, 3)];
    await journal.append('default', 0, records);
    const newestFirst = [3, 3, 3, ...Array.from({ length: 7 }, () => 2), 1];
    for (let limit = 1; limit <= 12; limit++) {
      const found: number[] = [];
      for (let before = NEWEST; ; ) {
        const page = await journal.history('b1', before, limit);
        found.push(...page.map(({ change }) => change.generation));
        if (page.length < limit) break;
        before = page.at(-1)?.position ?? 0;
      }
      expect(found).toEqual(newestFirst);
    }
  });

  it('counts the conversions of batches to know which are the last', async () => {
    const records = [created('b1'), changed('b1', 1), changed('b1', 2, HISTORY_LIMIT - 1), changed('b1', 3)];
    await journal.append('default', 0, records);
    await journal.saveSnapshot('b1', 4, new Uint8Array([1]));
    const history = await journal.history('b1', NEWEST, 2 * HISTORY_LIMIT);
    expect(history.slice(0, HISTORY_LIMIT).map(({ change }) => change.generation)).toEqual([
      3,
      ...Array.from({ length: HISTORY_LIMIT - 1 }, () => 2),
    ]);
  });

  it('keeps nothing of a deleted block, but the position of its machine', async () => {
    await journal.append('default', 0, [created('b1'), changed('b1', 1)]);
    await journal.saveSnapshot('b1', 2, new Uint8Array([1]));
    await journal.append('default', 2, [{ ramBlockId: 'b1', at: AT, kind: 'block-deleted' }]);
    await journal.saveSnapshot('b1', 3, new Uint8Array([2]));
    journal = await reopen(journal);
    expect(await allBlocks(journal)).toEqual([]);
    expect(await journal.history('b1', NEWEST, 10)).toEqual([]);
    expect(await journal.positions()).toEqual(new Map([['default', 3]]));
  });

  it('keeps answers until they are forgotten', async () => {
    // Clocks are set back now and then.
    for (const [key, at] of [['new', 2000] as const, ['old', 1000] as const]) {
      await journal.append('default', 0, [], answerTo(key, '', at));
    }
    journal = await reopen(journal);
    expect(shown(await journal.findAnswer('old'))).toEqual(shown(answerTo('old', '', 1000)));
    await journal.forgetAnswers(2000);
    expect(await journal.findAnswer('old')).toBeNull();
    expect(shown(await journal.findAnswer('new'))).toEqual(shown(answerTo('new', '', 2000)));
    expect(await journal.findAnswer('other')).toBeNull();
  });

  it('counts the bytes of the answers that it keeps, in all and by owner, until they are forgotten', async () => {
    const all = [
      answerTo('a', 'o1', 1000),
      answerTo('b', 'o1', 2000),
      answerTo('ccc', 'o2', 1000),
      answerTo('none', '', 2000),
    ];
    const bytes = (kept: KeptAnswer[]) => kept.reduce((sum, one) => sum + bytesOfAnswer(one), 0);
    const expectCounted = (...kept: KeptAnswer[]) => {
      expect(journal.answerBytes()).toBe(bytes(kept));
      for (const of of ['o1', 'o2', '']) {
        expect(journal.answerBytes(of)).toBe(bytes(kept.filter(({ owner }) => owner === of)));
      }
    };
    expectCounted();
    await Promise.all(all.map((each) => journal.append('default', 0, [], each)));
    expectCounted(...all);
    journal = await reopen(journal);
    expectCounted(...all);
    await journal.forgetAnswers(2000);
    expectCounted(...all.filter(({ at }) => at === 2000));
    journal = await reopen(journal);
    await journal.forgetAnswers(2001);
    expectCounted();
  });

  it('holds what a naive model holds, whatever is appended, saved and reopened', async () => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ do: fc.constant('append'), block: fc.nat(2), count: fc.integer({ min: 1, max: 4 }) }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('snapshot'), block: fc.nat(2), count: fc.constant(0) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen'), block: fc.constant(0), count: fc.constant(0) }) },
    );
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        // A machine and blocks of its own for every run: one journal is enough.
        const machine = `machine-${run++}`;
        const model = new Map<string, { snapshot: number[] | null; records: BlockRecord[]; generation: number }>();
        let sequence = 0;
        for (const { do: what, block: index, count } of steps) {
          const id = `${machine}-${index}`;
          const block = model.get(id) ?? { snapshot: null, records: [], generation: 0 };
          if (what === 'reopen') journal = await reopen(journal);
          if (what === 'snapshot' && model.has(id)) {
            block.snapshot = [sequence % 256];
            block.records = [];
            await journal.saveSnapshot(id, sequence, new Uint8Array(block.snapshot));
          }
          if (what !== 'append') continue;
          const records = model.has(id) ? [] : [created(id, machine)];
          for (let i = 0; i < count; i++) records.push(changed(id, ++block.generation));
          await journal.append(machine, sequence, records);
          sequence += records.length;
          block.records.push(...records);
          model.set(id, block);
        }
        const stored = (await allBlocks(journal)).filter(({ ramBlockId }) => ramBlockId.startsWith(`${machine}-`));
        const expected = [...model].sort(([a], [b]) => (a < b ? -1 : 1));
        expect(stored.map((s) => ({ ...s, snapshot: s.snapshot === null ? null : [...s.snapshot] }))).toEqual(
          expected.map(([ramBlockId, { snapshot, records }]) => ({ ramBlockId, snapshot, records })),
        );
        expect((await journal.positions()).get(machine) ?? 0).toBe(sequence);
      }),
      { numRuns: 25 },
    );
  });
});
