// The answer table of the contract, row by row: what a status means, and whether another attempt follows.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answering, http, Receiver } from './receiver.ts';
import { Sender } from './sender.ts';

type Outcome = 'accepted' | 'refused' | 'unanswered';

let sender: Sender;
const receivers: Receiver[] = [];

beforeEach(() => {
  sender = new Sender();
});

afterEach(async () => {
  await sender.close();
  await Promise.all(receivers.splice(0).map((receiver) => receiver.close()));
});

async function receiver(...args: Parameters<typeof Receiver.start>): Promise<Receiver> {
  const started = await Receiver.start(...args);
  receivers.push(started);
  return started;
}

/** Status, what it is to a populate, what to a discard, and whether it is asked again. */
const TABLE: [number, Outcome, Outcome, 'once' | 'again'][] = [
  [200, 'accepted', 'accepted', 'once'],
  [201, 'unanswered', 'accepted', 'once'],
  [202, 'unanswered', 'accepted', 'once'],
  [203, 'unanswered', 'accepted', 'once'],
  [204, 'accepted', 'accepted', 'once'],
  [205, 'unanswered', 'accepted', 'once'],
  [206, 'unanswered', 'accepted', 'once'],
  [226, 'unanswered', 'accepted', 'once'],
  [299, 'unanswered', 'accepted', 'once'],
  [300, 'unanswered', 'unanswered', 'once'],
  [304, 'unanswered', 'unanswered', 'once'],
  [400, 'unanswered', 'unanswered', 'once'],
  [401, 'unanswered', 'unanswered', 'once'],
  [403, 'refused', 'unanswered', 'once'],
  [404, 'unanswered', 'unanswered', 'once'],
  [405, 'unanswered', 'unanswered', 'once'],
  [408, 'unanswered', 'unanswered', 'again'],
  [409, 'refused', 'unanswered', 'once'],
  [410, 'unanswered', 'unanswered', 'once'],
  [413, 'unanswered', 'unanswered', 'once'],
  [415, 'unanswered', 'unanswered', 'once'],
  [418, 'unanswered', 'unanswered', 'once'],
  [421, 'unanswered', 'unanswered', 'once'],
  [422, 'refused', 'unanswered', 'once'],
  [423, 'unanswered', 'unanswered', 'once'],
  [425, 'unanswered', 'unanswered', 'again'],
  [429, 'unanswered', 'unanswered', 'once'],
  [451, 'unanswered', 'unanswered', 'once'],
  [499, 'unanswered', 'unanswered', 'once'],
  [500, 'unanswered', 'unanswered', 'again'],
  [501, 'unanswered', 'unanswered', 'again'],
  [502, 'unanswered', 'unanswered', 'again'],
  [503, 'unanswered', 'unanswered', 'again'],
  [504, 'unanswered', 'unanswered', 'again'],
  [599, 'unanswered', 'unanswered', 'again'],
  [600, 'unanswered', 'unanswered', 'once'],
  [999, 'unanswered', 'unanswered', 'once'],
];

const ROWS = TABLE.flatMap(([status, populate, discard, attempts]) => [
  { type: 'populate' as const, status, outcome: populate, attempts },
  { type: 'discard' as const, status, outcome: discard, attempts },
]);

describe('a status', () => {
  it.each(ROWS)('$status to a $type is $outcome and asked $attempts', async ({ type, status, outcome, attempts }) => {
    const { url, arrived } = await receiver((socket, _, number) => socket.write(http(number === 1 ? status : 200)));
    const answer = await sender.deliver(url, { type });
    const tried = sender.attempts.map((attempt) => [attempt.status, attempt.outcome]);
    expect(arrived).toHaveLength(tried.length);
    if (attempts === 'again') {
      expect(answer).toEqual({ outcome: 'accepted' });
      expect(tried).toEqual([
        [status, outcome],
        [200, 'accepted'],
      ]);
    } else {
      expect(answer).toEqual(outcome === 'accepted' ? { outcome } : { outcome, status, detail: `HTTP ${status}` });
      expect(tried).toEqual([[status, outcome]]);
    }
  });

  it.each([
    ['populate', 200],
    ['populate', 204],
    ['discard', 202],
  ] as const)('of a %s is accepted with %i after failed attempts', async (type, status) => {
    const { url, arrived } = await receiver((socket, _, number) => socket.write(http(number < 3 ? 503 : status)));
    expect(await sender.deliver(url, { type })).toEqual({ outcome: 'accepted' });
    expect(arrived).toHaveLength(3);
  });

  it('403 to a populate after failed attempts is a refusal', async () => {
    const { url } = await receiver((socket, _, number) => socket.write(http(number === 1 ? 500 : 403)));
    expect(await sender.deliver(url)).toMatchObject({ outcome: 'refused', status: 403 });
  });

  it('that is not asked again ends a row of failed attempts', async () => {
    const { url, arrived } = await receiver((socket, _, number) => socket.write(http(number === 1 ? 500 : 404)));
    expect(await sender.deliver(url)).toMatchObject({ outcome: 'unanswered', status: 404 });
    expect(arrived).toHaveLength(2);
  });
});

describe('a redirect', () => {
  it.each(
    [301, 302, 303, 307, 308].flatMap((status) => [
      [status, 'populate'],
      [status, 'discard'],
    ]) as [number, 'populate' | 'discard'][],
  )('%i of a %s is never followed', async (status, type) => {
    const elsewhere = await receiver(answering(200));
    const { url, arrived } = await receiver(answering(status, '', { location: elsewhere.url }));
    expect(await sender.deliver(url, { type })).toEqual({ outcome: 'unanswered', status, detail: `HTTP ${status}` });
    expect(arrived).toHaveLength(1);
    expect(elsewhere.connections).toBe(0);
  });

  it('to itself is not followed either', async () => {
    const { url, arrived } = await receiver((socket) => socket.write(http(308, '', { location: '/hook' })));
    expect(await sender.deliver(url)).toMatchObject({ outcome: 'unanswered', status: 308 });
    expect(arrived).toHaveLength(1);
  });
});

describe('429', () => {
  const NOW = new Date('2026-03-01T12:00:00.000Z');
  /** Answers 429 once, then 200. */
  const busyOnce = (headers: Record<string, string>) =>
    receiver((socket, _, number) => socket.write(number === 1 ? http(429, '', headers) : http(200)));
  const waited = ({ arrived: [first, second] }: Receiver): number => (second?.at ?? 0) - (first?.at ?? 0);

  it('with a Retry-After in seconds or as an HTTP date is asked again after it', async () => {
    sender = new Sender({ now: () => NOW.getTime() });
    const cases: [string, number][] = [
      ['0', 50],
      ['1', 1000],
      ['Sun, 01 Mar 2026 12:00:01 GMT', 1000],
      ['Sunday, 01-Mar-26 12:00:01 GMT', 1000],
      ['Sun Mar  1 12:00:01 2026', 1000],
      ['Sun, 01 Mar 2026 11:00:00 GMT', 50],
    ];
    await Promise.all(
      cases.map(async ([value, leastMs]) => {
        const busy = await busyOnce({ 'retry-after': value });
        expect(await sender.deliver(busy.url), value).toEqual({ outcome: 'accepted' });
        expect(busy.arrived, value).toHaveLength(2);
        // Timers may be a millisecond early.
        expect(waited(busy), value).toBeGreaterThanOrEqual(leastMs - 2);
      }),
    );
  });

  it.each(['30', '3600', '99999999999999999999', 'Sun, 01 Mar 2026 13:00:00 GMT'])(
    'with Retry-After: %s, beyond the deadline, is not waited for',
    async (value) => {
      sender = new Sender({ now: () => NOW.getTime() });
      const busy = await busyOnce({ 'retry-after': value });
      const started = performance.now();
      expect(await sender.deliver(busy.url, { timeoutMs: 20_000 })).toMatchObject({
        outcome: 'unanswered',
        status: 429,
      });
      expect(performance.now() - started).toBeLessThan(10_000);
      expect(busy.arrived).toHaveLength(1);
    },
  );

  it.each(['', 'soon', '-5', '1.5', '1, 2', '0x10', '1e3', 'Sun', '2026-03-01T12:00:00Z'])(
    'with Retry-After: "%s", which says nothing, is not asked again',
    async (value) => {
      const busy = await busyOnce({ 'retry-after': value });
      expect(await sender.deliver(busy.url)).toMatchObject({ outcome: 'unanswered', status: 429 });
      expect(busy.arrived).toHaveLength(1);
    },
  );

  it('with two Retry-After headers is not asked again', async () => {
    const busy = await busyOnce({ 'retry-after': '0', 'Retry-After': '1' });
    expect(await sender.deliver(busy.url)).toMatchObject({ outcome: 'unanswered', status: 429 });
    expect(busy.arrived).toHaveLength(1);
  });
});

it('Retry-After of another status is not heeded', async () => {
  const later = { 'retry-after': '3600' };
  const busy = await receiver((socket, _, number) => socket.write(number === 1 ? http(503, '', later) : http(200)));
  expect(await sender.deliver(busy.url)).toEqual({ outcome: 'accepted' });
  const never = await receiver(answering(404, '', { 'retry-after': '0' }));
  expect(await sender.deliver(never.url)).toMatchObject({ outcome: 'unanswered', status: 404 });
  expect(never.arrived).toHaveLength(1);
});
