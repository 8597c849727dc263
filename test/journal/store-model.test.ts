// The store beside a naive model of it: whatever is appended, saved, deleted, asked, killed and opened again, and however
// much of what is done in slices was done by then.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { BlockRecord } from '../../src/core/records.ts';
import { bytesOfAnswer } from '../../src/journal/journal.ts';
import { decodeWithoutLists } from '../../src/journal/record-text.ts';
import { type NewAppend, SqliteStore } from '../../src/journal/sqlite-store.ts';
import { byDepth } from '../support/depth.ts';
import { answerOf, appendOf, blocksIn, recordOf, tagOf, whole } from './records.ts';

const MACHINES = 2;
const BLOCKS = 4;
const KEYS = 5;
const NEWEST = Number.MAX_SAFE_INTEGER;

interface ModelBlock {
  snapshot: number[] | null;
  after: number;
  readonly records: { readonly sequence: number; readonly conversions: number; readonly tag: string }[];
}

/** What a journal is to hold, as simply as it can be said. */
class Model {
  readonly positions = new Map<string, number>();
  readonly blocks = new Map<string, ModelBlock>();
  readonly answers = new Map<string, { readonly at: number; readonly content: string }>();

  positionOf(machine: string): number {
    return this.positions.get(machine) ?? 0;
  }

  /** The tags of the changes that the history is to find, up to `last`. */
  history(ramBlockId: string, last: number): string[] {
    const all = this.blocks.get(ramBlockId)?.records ?? [];
    const found = all.filter(({ sequence, conversions }) => conversions > 0 && sequence <= last);
    return found.map(({ tag }) => tag).reverse();
  }
}

const append = fc.record({
  do: fc.constant('append' as const),
  block: fc.nat({ max: BLOCKS - 1 }),
  /** Conversions of each of its records. */
  conversions: fc.array(fc.nat({ max: 3 }), { maxLength: 4 }),
  length: fc.oneof({ weight: 8, arbitrary: fc.nat({ max: 300 }) }, fc.constantFrom(700, 800, 20_000, 600_000)),
  runs: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.constantFrom(5, 40, 70_000)),
  ends: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, fc.constant(true)),
  key: fc.option(fc.nat({ max: KEYS - 1 })),
});
const step = fc.oneof(
  { weight: 10, arbitrary: fc.array(append, { minLength: 1, maxLength: 4 }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('snapshot' as const), block: fc.nat({ max: BLOCKS - 1 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('work' as const), slices: fc.nat({ max: 5 }) }) },
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
  readonly #model = new Model();
  #store = new SqliteStore(this.#folder);
  #chore: Generator<void, void> | undefined;
  /** Of answers and of what tells records apart. */
  #moment = 0;

  commit(appends: readonly Append[]): void {
    this.#store.commit(appends.map((each) => this.#append(each)));
  }

  work(slices: number): void {
    for (let slice = 0; slice < slices; slice++) {
      this.#chore ??= this.#store.nextChore();
      if (this.#chore?.next().done) this.#chore = undefined;
    }
  }

  saveSnapshot(block: number): void {
    const ramBlockId = `blk_${block}`;
    const sequence = this.#model.positionOf(machineOf(block));
    const snapshot = [sequence % 256, block];
    whole(this.#store.saveSnapshot(ramBlockId, sequence, new Uint8Array(snapshot)));
    const known = this.#model.blocks.get(ramBlockId);
    if (known !== undefined) Object.assign(known, { snapshot, after: sequence });
  }

  ask(block: number, last: number, limit: number, key: number): void {
    const found: string[] = [];
    let conversions = 0;
    for (let from: number | null = null; from !== 0 && conversions < limit; ) {
      const piece = this.#store.history(`blk_${block}`, from, last, limit - conversions);
      found.push(...piece.records.map(({ text, hasLists }) => tagOf(decodeWithoutLists(text, hasLists))));
      conversions += piece.records.length;
      from = piece.next;
    }
    const expected = this.#model.history(`blk_${block}`, last);
    expect(found).toEqual(expected.slice(0, found.length));
    if (found.length < expected.length) expect(3 * found.length).toBeGreaterThanOrEqual(limit);
    const answer = this.#store.findAnswer(`key ${key}`);
    const content = answer === null ? null : new TextDecoder().decode(answer.content);
    expect(content).toBe(this.#model.answers.get(`key ${key}`)?.content ?? null);
  }

  forget(share: number): void {
    const before = Math.floor(share * this.#moment);
    whole(this.#store.forgetAnswers(before));
    for (const [key, { at }] of this.#model.answers) if (at < before) this.#model.answers.delete(key);
  }

  reopen(): void {
    this.#store.close();
    this.#chore = undefined;
    this.#store = new SqliteStore(this.#folder);
  }

  /** Goes on with what is in the folder at this moment. */
  kill(): void {
    const copy = mkdtempSync(join(root, 'store-'));
    cpSync(this.#folder, copy, { recursive: true });
    this.end();
    this.#folder = copy;
    this.#chore = undefined;
    this.#store = new SqliteStore(copy);
  }

  end(): void {
    this.#store.close();
    rmSync(this.#folder, { recursive: true });
  }

  expectAsModelled(): void {
    expect(new Map(this.#store.positions())).toEqual(this.#model.positions);
    const expected = [...this.#model.blocks].map(([ramBlockId, { snapshot, after, records }]) => {
      const tags = records.flatMap(({ sequence, tag }) => (sequence > after ? [tag] : []));
      return { ramBlockId, snapshot, tags };
    });
    expect(blocksIn(this.#store)).toEqual(expected.sort((a, b) => (a.ramBlockId < b.ramBlockId ? -1 : 1)));
    for (let block = 0; block < BLOCKS; block++) this.ask(block, NEWEST, 10_000, 0);
    for (let key = 0; key < KEYS; key++) this.ask(0, NEWEST, 1, key);
    let bytes = 0;
    for (const [key, { at, content }] of this.#model.answers) bytes += bytesOfAnswer(answerOf(key, content, at));
    expect(this.#store.answerBytes()).toEqual(bytes === 0 ? [] : [{ owner: '', bytes }]);
  }

  #append({ block, conversions, length, runs, ends, key }: Append): NewAppend {
    const machine = machineOf(block);
    const ramBlockId = `blk_${block}`;
    const { blocks, positions, answers } = this.#model;
    const before = this.#model.positionOf(machine);
    const records: BlockRecord[] = [];
    const keep = (kind: string, count: number): void => {
      const tag = `${++this.#moment}`;
      records.push(recordOf({ ramBlockId, kind, conversions: count, tag, text: 'x'.repeat(length), runs }));
      blocks.get(ramBlockId)?.records.push({ sequence: before + records.length, conversions: count, tag });
    };
    if (!blocks.has(ramBlockId)) {
      blocks.set(ramBlockId, { snapshot: null, after: 0, records: [] });
      keep('block-created', 0);
    }
    for (const count of conversions) keep(count === 0 ? 'block-resized' : 'source-changed', count);
    if (ends) {
      keep('block-deleted', 0);
      blocks.delete(ramBlockId);
    }
    const at = ++this.#moment;
    const answer = key === null ? null : answerOf(`key ${key}`, `${at}`, at);
    if (key !== null) answers.set(`key ${key}`, { at, content: `${at}` });
    positions.set(machine, before + records.length);
    return appendOf(machine, before, records, answer);
  }
}

function machineOf(block: number): string {
  return `m${block % MACHINES}`;
}

it('holds what the model holds', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const course = new Course();
      for (const each of steps) {
        if (Array.isArray(each)) course.commit(each);
        else if (each.do === 'snapshot') course.saveSnapshot(each.block);
        else if (each.do === 'work') course.work(each.slices);
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
    { numRuns: byDepth(30, 200) },
  );
});
