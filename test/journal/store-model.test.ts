// The store beside a naive model of it: whatever is appended, saved, deleted, asked, killed and opened again, and however
// often the log is filed in between.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { GroupText } from '../../src/journal/group-text.ts';
import type { JournalRecord } from '../../src/journal/journal.ts';
import type { LoggedRecord } from '../../src/journal/log-text.ts';
import { parseSegment } from '../../src/journal/segment-text.ts';
import { SqliteStore } from '../../src/journal/sqlite-store.ts';
import { byDepth } from '../support/depth.ts';
import { answerOf, recordOf } from './records.ts';

const MACHINES = 2;
const BLOCKS = 4;
const KEYS = 5;
const NEWEST = Number.MAX_SAFE_INTEGER;

interface ModelBlock {
  snapshot: number[] | null;
  after: number;
  records: (Omit<LoggedRecord, 'json'> & { readonly tag: string })[];
}

/** What a journal is to hold, as simply as it can be said. */
class Model {
  readonly positions = new Map<string, number>();
  readonly blocks = new Map<string, ModelBlock>();
  readonly answers = new Map<string, { readonly at: number; readonly body: string }>();

  positionOf(machine: string): number {
    return this.positions.get(machine) ?? 0;
  }

  /** The tags of what the history is to find. */
  history(ramBlockId: string, last: number, limit: number): string[] {
    const all = this.blocks.get(ramBlockId)?.records ?? [];
    const found: string[] = [];
    let older = 0;
    for (const { sequence, conversions, tag } of all.toReversed()) {
      if (older >= limit) break;
      if (conversions === 0 || sequence > last) continue;
      found.push(tag);
      older += sequence === last ? 0 : conversions;
    }
    return found;
  }
}

const append = fc.record({
  do: fc.constant('append' as const),
  block: fc.nat({ max: BLOCKS - 1 }),
  /** Conversions of each of its records. */
  conversions: fc.array(fc.nat({ max: 3 }), { maxLength: 4 }),
  length: fc.oneof({ weight: 8, arbitrary: fc.nat({ max: 300 }) }, fc.constantFrom(20_000, 150_000)),
  ends: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, fc.constant(true)),
  key: fc.option(fc.nat({ max: KEYS - 1 })),
});
const step = fc.oneof(
  { weight: 10, arbitrary: fc.array(append, { minLength: 1, maxLength: 4 }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('snapshot' as const), block: fc.nat({ max: BLOCKS - 1 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      block: fc.nat({ max: BLOCKS - 1 }),
      last: fc.option(fc.nat({ max: 60 })),
      limit: fc.integer({ min: 1, max: 20 }),
      key: fc.nat({ max: KEYS - 1 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('forget' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
  { weight: 1, arbitrary: fc.constantFrom({ do: 'reopen' as const }, { do: 'kill' as const }) },
);

type Append = typeof append extends fc.Arbitrary<infer Value> ? Value : never;

let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rba-model-'));
});

afterAll(() => rmSync(root, { recursive: true }));

class Course {
  #folder = mkdtempSync(join(root, 'store-'));
  readonly #logLimit: number;
  readonly #model = new Model();
  #store: SqliteStore;
  /** Of answers and of what tells records apart. */
  #moment = 0;

  constructor(logLimit: number) {
    this.#logLimit = logLimit;
    this.#store = new SqliteStore(this.#folder, { logLimit });
  }

  commit(appends: readonly Append[]): void {
    const group = new GroupText();
    for (const each of appends) this.#append(each, group);
    this.#store.commit(group.take());
    this.#store.fileWhenDue();
  }

  saveSnapshot(block: number): void {
    const ramBlockId = `blk_${block}`;
    const snapshot = [this.#moment % 256, block];
    const sequence = this.#model.positionOf(machineOf(block));
    this.#store.saveSnapshot(ramBlockId, sequence, new Uint8Array(snapshot));
    const known = this.#model.blocks.get(ramBlockId);
    if (known !== undefined) Object.assign(known, { snapshot, after: sequence });
  }

  ask(block: number, last: number, limit: number, key: number): void {
    const found = this.#store.history(`blk_${block}`, last, limit).records.map(({ json }) => JSON.parse(json).tag);
    expect(found).toEqual(this.#model.history(`blk_${block}`, last, limit));
    const answer = this.#store.findAnswer(`key ${key}`);
    expect(answer === null ? null : JSON.parse(answer).body).toBe(this.#model.answers.get(`key ${key}`)?.body ?? null);
  }

  forget(share: number): void {
    const before = Math.floor(share * this.#moment);
    this.#store.forgetAnswers(before);
    for (const [key, { at }] of this.#model.answers) if (at < before) this.#model.answers.delete(key);
  }

  reopen(): void {
    this.#store.close();
    this.#store = new SqliteStore(this.#folder, { logLimit: this.#logLimit });
  }

  /** Goes on with what is in the folder at this moment. */
  kill(): void {
    const copy = mkdtempSync(join(root, 'store-'));
    cpSync(this.#folder, copy, { recursive: true });
    this.end();
    this.#folder = copy;
    this.#store = new SqliteStore(copy, { logLimit: this.#logLimit });
  }

  end(): void {
    this.#store.close();
    rmSync(this.#folder, { recursive: true });
  }

  expectAsModelled(): void {
    expect(new Map(this.#store.positions())).toEqual(this.#model.positions);
    expect(this.#store.blockIds().sort()).toEqual([...this.#model.blocks.keys()].sort());
    for (const [ramBlockId, { snapshot, after, records }] of this.#model.blocks) {
      const loaded = this.#store.load(ramBlockId);
      expect(loaded.snapshot === null ? null : [...loaded.snapshot]).toEqual(snapshot);
      // What is parsed was made by recordOf.
      const parsedAll = [...loaded.texts].flatMap((text) => parseSegment(text, loaded.after));
      const tags = parsedAll.map((parsed) => (parsed as { tag: string }).tag);
      expect(tags).toEqual(records.flatMap(({ sequence, tag }) => (sequence > after ? [tag] : [])));
      this.ask(Number(ramBlockId.slice(4)), NEWEST, 10_000, 0);
    }
    for (let key = 0; key < KEYS; key++) this.ask(0, NEWEST, 1, key);
    let bytes = 0;
    for (const [key, { at, body }] of this.#model.answers) {
      bytes += key.length + JSON.stringify(answerOf(key, body, at)).length;
    }
    expect(this.#store.answerBytes()).toEqual(bytes === 0 ? [] : [['', bytes]]);
  }

  #append({ block, conversions, length, ends, key }: Append, group: GroupText): void {
    const machine = machineOf(block);
    const ramBlockId = `blk_${block}`;
    const { blocks, positions, answers } = this.#model;
    const before = this.#model.positionOf(machine);
    const records: JournalRecord[] = [];
    const keep = (kind: string, count: number): void => {
      const tag = `${++this.#moment}`;
      records.push(recordOf({ ramBlockId, kind, conversions: count, tag, text: 'x'.repeat(length) }));
      blocks.get(ramBlockId)?.records.push({ sequence: before + records.length, conversions: count, tag });
    };
    if (!blocks.has(ramBlockId)) {
      blocks.set(ramBlockId, { snapshot: null, after: -1, records: [] });
      keep('block-created', 0);
    }
    for (const count of conversions) keep(count === 0 ? 'block-resized' : 'source-changed', count);
    if (ends) {
      keep('block-deleted', 0);
      blocks.delete(ramBlockId);
    }
    if (key !== null) {
      const at = ++this.#moment;
      records.push(answerOf(`key ${key}`, `${at}`, at));
      answers.set(`key ${key}`, { at, body: `${at}` });
    }
    group.add(machine, before, records);
    positions.set(machine, before + records.length);
  }
}

function machineOf(block: number): string {
  return `m${block % MACHINES}`;
}

it('holds what the model holds', () => {
  fc.assert(
    fc.property(fc.constantFrom(1, 500, 5000, 10_000_000), fc.array(step, { maxLength: 25 }), (logLimit, steps) => {
      const course = new Course(logLimit);
      for (const each of steps) {
        if (Array.isArray(each)) course.commit(each);
        else if (each.do === 'snapshot') course.saveSnapshot(each.block);
        else if (each.do === 'ask') course.ask(each.block, each.last ?? NEWEST, each.limit, each.key);
        else if (each.do === 'forget') course.forget(each.share);
        else if (each.do === 'reopen') course.reopen();
        else course.kill();
      }
      course.expectAsModelled();
      course.kill();
      course.expectAsModelled();
      course.reopen();
      course.expectAsModelled();
      course.end();
    }),
    { numRuns: byDepth(30, 500) },
  );
});
