// The log of attempts: the last 1000 of each listener, newest first, in pages.
import { describe, expect, it } from 'vitest';
import { type Attempt, DeliveryLog } from '../../src/listeners/delivery-log.ts';
import { listenerOf } from './sender.ts';

const NEWEST = Number.MAX_SAFE_INTEGER;

const listener = () => ({ id: 'lsn_1', definition: listenerOf('http://127.0.0.1/', 5000) });

function attempt(sequence: number): Attempt {
  return {
    id: `msg_lsn_1_${sequence}`,
    sequence,
    type: 'ram_block.populate',
    reason: 'conversion',
    attempt: 1,
    status: 200,
    outcome: 'accepted',
    durationMs: 1,
    startedAt: Date.UTC(2026, 0, 1),
    responseExcerpt: '',
  };
}

const sequences = (entries: ReturnType<DeliveryLog['list']>) => entries.map((entry) => entry.attempt.sequence);
/** `from`, `from` - 1, ... `to`. */
const down = (from: number, to: number) => Array.from({ length: from - to + 1 }, (_, index) => from - index);

describe('the delivery log', () => {
  it('of a listener that was never called is empty', () => {
    expect(new DeliveryLog().list(listener(), NEWEST, 1000)).toEqual([]);
  });

  it('gives attempts newest first, as they were told', () => {
    const log = new DeliveryLog();
    const one = listener();
    const told = [attempt(1), attempt(2), attempt(3)];
    for (const each of told) log.add(one, each);
    expect(log.list(one, NEWEST, 1000).map((entry) => entry.attempt)).toEqual(told.toReversed());
  });

  it('keeps each listener apart, also listeners that are alike', () => {
    const log = new DeliveryLog();
    const [one, other] = [listener(), listener()];
    for (let sequence = 1; sequence <= 2000; sequence++) log.add(one, attempt(sequence));
    log.add(other, attempt(7));
    expect(sequences(log.list(other, NEWEST, 1000))).toEqual([7]);
    expect(sequences(log.list(one, NEWEST, 1000))).toEqual(down(2000, 1001));
  });

  it.each([999, 1000, 1001, 1500, 1999, 2000, 2001, 2999, 3000, 3001, 10_000])(
    'keeps the last 1000 of %i, and no more',
    (count) => {
      const log = new DeliveryLog();
      const one = listener();
      for (let sequence = 1; sequence <= count; sequence++) log.add(one, attempt(sequence));
      expect(sequences(log.list(one, NEWEST, 10_000))).toEqual(down(count, Math.max(1, count - 999)));
    },
  );

  it('is read in pages that fit together, whatever comes between them', () => {
    const log = new DeliveryLog();
    const one = listener();
    for (let sequence = 1; sequence <= 1000; sequence++) log.add(one, attempt(sequence));
    const seen: number[] = [];
    let before = NEWEST;
    for (let page = log.list(one, before, 300); page.length > 0; page = log.list(one, before, 300)) {
      expect(page.length).toBeLessThanOrEqual(300);
      seen.push(...sequences(page));
      before = page.at(-1)?.ordinal ?? 0;
      // Pushes out the oldest one, and does not show in what is being read.
      log.add(one, attempt(9999));
    }
    expect(seen).toEqual(down(1000, 1000 - seen.length + 1));
    expect(seen.length).toBeGreaterThanOrEqual(990);
  });

  it('gives no more than it is asked for', () => {
    const log = new DeliveryLog();
    const one = listener();
    for (let sequence = 1; sequence <= 5; sequence++) log.add(one, attempt(sequence));
    expect(sequences(log.list(one, NEWEST, 2))).toEqual([5, 4]);
    expect(log.list(one, NEWEST, 0)).toEqual([]);
    expect(log.list(one, 0, 5)).toEqual([]);
  });

  it('is bounded over all listeners: the oldest attempts go, whosever they are', () => {
    const limit = 200_000;
    const log = new DeliveryLog(limit);
    const excerpt = 'x'.repeat(512);
    const all = Array.from({ length: 300 }, listener);
    for (let sequence = 1; sequence <= 10; sequence++) {
      for (const each of all) log.add(each, { ...attempt(sequence), responseExcerpt: excerpt });
      expect(log.bytes).toBeLessThanOrEqual(limit + 2000);
    }
    const kept = all.map((each) => sequences(log.list(each, NEWEST, 1000)));
    // Half of what may be kept, at least, is: an attempt with such an excerpt takes less than 2000 bytes.
    expect(kept.flat().length).toBeGreaterThanOrEqual(limit / 2 / 2000);
    // Of each listener those that are left are the last ones.
    for (const each of kept) expect(each).toEqual(down(10, 10 - each.length + 1));
  });

  it('of one listener does not push out those of others', () => {
    const log = new DeliveryLog(4 * 2 ** 20);
    const [quiet, loud] = [listener(), listener()];
    log.add(quiet, attempt(1));
    for (let sequence = 1; sequence <= 50_000; sequence++) log.add(loud, attempt(sequence));
    expect(sequences(log.list(quiet, NEWEST, 1000))).toEqual([1]);
  });
});
