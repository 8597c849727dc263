// Intents, outcomes, snapshots and crashes in any order, over the real block: no sequence is given twice, and what follows a
// crash fences all that was given before it.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RamBlock } from '../../src/core/ram-block.ts';
import { decodeSnapshot, encodeSnapshot } from '../../src/core/ram-block-snapshot.ts';
import type { BlockRecord, Intent, ListenerDefinition, RamBlockDefinition } from '../../src/core/records.ts';

const PAGE = 4096;
const at = '2026-01-01T00:00:00.000Z';
const ramBlockId = 'b1';
const listenerId = 'l1';

const block: RamBlockDefinition = {
  ...{ id: ramBlockId, machine: 'default', idstr: 'pc.ram', ramAddr: 0, gpa: null, createdAt: at },
  ...{ usedLength: 8 * PAGE, maxLength: 8 * PAGE, pageSize: PAGE, resizeable: false, guestMemfd: true },
};
const listener: ListenerDefinition = {
  ...{ id: listenerId, url: 'http://127.0.0.1:1/', mode: 'sync', granularity: PAGE, dmaMaxMappings: null },
  ...{ doubleDiscardSupported: true, coordinatedDiscard: true, maxSections: 1, timeoutMs: 5000, secret: '' },
  ...{ section: { offset: 0, size: null, offsetWithinAddressSpace: 0 }, description: null, createdAt: at },
};

/** A change that is under way: what it may still send, and what its outcome will say. */
interface Change {
  readonly intent: Intent;
  left: number;
  last: number;
}

/** The block as a process has it, and what is durable of it. */
class Course {
  /** Every sequence that was ever given. */
  readonly given = new Set<number>();
  #snapshot: Uint8Array | null = null;
  #log: BlockRecord[] = [];
  #live = new RamBlock(block);
  /** Those whose intent is not durable yet, and those that may send. */
  #written: Change[] = [];
  #open: Change[] = [];
  #count = 0;

  constructor() {
    this.#append({ ramBlockId, at, kind: 'block-created', block, sources: [] });
    this.#append({ ramBlockId, at, kind: 'listener-added', listener });
    this.#append({ ramBlockId, at, kind: 'listener-phase', listenerId, phase: 'active' });
  }

  begin(deliveries: number): void {
    const reservedThrough = this.#listener.reserve(deliveries);
    const runs = [{ start: 0, end: 1 }];
    const intent = {
      kind: 'intent',
      id: `int_${this.#count++}`,
      runs,
      calls: [{ listenerId, reservedThrough }],
    } as const;
    this.#written.push({ intent, left: deliveries, last: 0 });
  }

  write(): void {
    const change = this.#written.shift();
    if (change === undefined) return;
    this.#append({ ...change.intent, ramBlockId, at });
    this.#open.push(change);
  }

  send(which: number): void {
    const change = this.#open[which % this.#open.length];
    if (change === undefined || change.left === 0) return;
    change.left--;
    change.last = this.#give();
  }

  end(which: number): void {
    const [change] = this.#open.splice(which % Math.max(1, this.#open.length), 1);
    if (change === undefined) return;
    const listeners = change.last === 0 ? [] : [{ listenerId, lastSequence: change.last }];
    this.#append({ ramBlockId, at, kind: 'outcome', intentId: change.intent.id, listeners });
  }

  snapshot(): void {
    this.#snapshot = encodeSnapshot(this.#live);
    this.#log = [];
  }

  crash(): void {
    this.#live = this.#snapshot === null ? new RamBlock(block) : decodeSnapshot(this.#snapshot);
    for (const record of this.#log) this.#live.apply(record);
    [this.#written, this.#open] = [[], []];
    for (const record of this.#live.recover()) this.#append({ ...record, at });
    // The discard that settles what is unknown now.
    const before = Math.max(0, ...this.given);
    this.begin(1);
    this.write();
    this.send(0);
    expect(Math.max(...this.given)).toBeGreaterThan(before);
    expect(this.#settledThrough).toBeGreaterThanOrEqual(before);
    this.end(0);
  }

  #settledThrough = 0;

  #give(): number {
    const { sequence, settledThrough } = this.#listener.beginDelivery();
    expect(this.given.has(sequence)).toBe(false);
    this.given.add(sequence);
    this.#settledThrough = settledThrough;
    return sequence;
  }

  #append(record: BlockRecord): void {
    this.#log.push(record);
    this.#live.apply(record);
  }

  get #listener() {
    const found = this.#live.manager.listeners.get(listenerId);
    if (found === undefined) throw new Error('the listener is gone');
    return found;
  }
}

it('no sequence is given twice, whatever is under way when the process dies', () => {
  const number = fc.integer({ min: 1, max: 3 });
  const action = fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('begin' as const), number }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('write' as const), number }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('send' as const), number: fc.nat(7) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('end' as const), number: fc.nat(7) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('snapshot' as const, 'crash' as const), number }) },
  );
  fc.assert(
    fc.property(fc.array(action, { minLength: 10, maxLength: 60 }), (actions) => {
      const course = new Course();
      for (const one of actions) course[one.do](one.number);
      course.crash();
    }),
    { numRuns: 2000 },
  );
});

it('a snapshot without what was reserved takes it from its other numbers', () => {
  const live = new RamBlock(block);
  live.apply({ ramBlockId, at, kind: 'listener-added', listener });
  const runs = [{ start: 0, end: 1 }];
  live.apply({ ramBlockId, at, kind: 'intent', id: 'int_1', runs, calls: [{ listenerId, reservedThrough: 9 }] });
  const snapshot = JSON.parse(new TextDecoder().decode(encodeSnapshot(live)));
  delete snapshot.listeners[0].reservedThrough;
  const restored = decodeSnapshot(new TextEncoder().encode(JSON.stringify(snapshot)));
  expect(restored.manager.listeners.get(listenerId)?.reservedThrough).toBe(9);
});

it('a sequence that no durable intent has reserved is not given', () => {
  const made = new RamBlock(block).makeListener(listener, at);
  const claimed = made.reserve(1);
  expect(() => made.beginDelivery()).toThrow('no sequence above 0 is reserved');
  made.noteReserved(claimed);
  expect(made.beginDelivery()).toEqual({ sequence: 1, settledThrough: 0 });
  expect(made.mayBegin).toBe(false);
  expect(() => made.beginDelivery()).toThrow('no sequence above 1 is reserved');
});
