// What an intent reserves is enough for all that telling of it can take, whatever its listener answers.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RamBlock } from '../../src/core/ram-block.ts';
import type { RamDiscardListener } from '../../src/core/ram-discard-listener.ts';
import type { ListenerDefinition } from '../../src/core/records.ts';
import { callsOf, type Round } from '../../src/core/rounds.ts';
import { mergeRuns, type PageRange } from '../../src/core/section.ts';
import type { Deliver, DeliveryAnswer } from '../../src/listeners/delivery.ts';
import { deliveriesToReserve, Notifications } from '../../src/service/notifications.ts';

const PAGE = 4096;
const PAGES = 24;
const at = '2026-01-01T00:00:00.000Z';

const definition: ListenerDefinition = {
  ...{ id: 'lsn', url: 'http://127.0.0.1:9/', mode: 'sync', granularity: PAGE, dmaMaxMappings: null, timeoutMs: 1000 },
  ...{ doubleDiscardSupported: true, coordinatedDiscard: true, maxSections: 1, description: null, secret: '' },
  ...{ section: { offset: 0, size: null, offsetWithinAddressSpace: 0 }, createdAt: at },
};

function listenerThatLacks(unmapped: readonly PageRange[], maxSections: number) {
  const block = new RamBlock({
    ...{ id: 'b1', machine: 'default', idstr: 'pc.ram', ramAddr: 0, gpa: null, createdAt: at, guestMemfd: true },
    ...{ usedLength: PAGES * PAGE, maxLength: PAGES * PAGE, pageSize: PAGE, resizeable: false },
  });
  block.apply({ ramBlockId: 'b1', at, kind: 'listener-added', listener: { ...definition, maxSections } });
  const listener = block.manager.listeners.get('lsn') as RamDiscardListener;
  listener.noteOutcome({ listenerId: 'lsn', lastSequence: 0, unmapped });
  return { block, listener };
}

/** Tells under an intent that has reserved what it should. @returns how many deliveries that took */
async function deliveriesOf(
  { block }: Pick<ReturnType<typeof listenerThatLacks>, 'block'>,
  rounds: readonly Round[],
  answers: readonly DeliveryAnswer['outcome'][],
) {
  let sent = 0;
  const options = { block, intentId: 'int', conversionId: null, signalFor: () => new AbortController().signal };
  const deliver: Deliver = async () => {
    const outcome = answers[sent++ % answers.length] ?? 'accepted';
    return outcome === 'accepted' ? { outcome } : { outcome, status: 409, detail: 'no' };
  };
  const notifications = new Notifications({ ...options, deliver });
  await Notifications.tell([{ notifications, rounds }], 'conversion');
  return { sent, notifications };
}

const runs = fc
  .array(fc.tuple(fc.nat(PAGES - 1), fc.integer({ min: 1, max: 8 })), { minLength: 1, maxLength: 8 })
  .map((all) => mergeRuns(all.map(([start, pages]) => ({ start, end: Math.min(PAGES, start + pages) }))));

it('for all that can follow', async () => {
  const round = fc.record({ populate: fc.boolean(), runs });
  const outcome = fc.constantFrom('accepted', 'accepted', 'accepted', 'refused', 'unanswered' as const);
  const property = fc.asyncProperty(
    fc.array(round, { minLength: 1, maxLength: 4 }),
    fc.oneof(fc.constant([]), runs),
    fc.array(outcome, { minLength: 1, maxLength: 40 }),
    fc.integer({ min: 1, max: 3 }),
    async (asked, unmapped, answers, maxSections) => {
      const told = listenerThatLacks(unmapped, maxSections);
      const { listener } = told;
      const rounds = asked.map(({ populate, runs: some }) => {
        const calls = [{ listener, runs: some }];
        return populate ? { discards: [], populates: calls } : { discards: calls, populates: [] };
      });
      const enough = deliveriesToReserve(listener, callsOf(rounds));
      // More than enough, to see whether it would be used.
      listener.noteReserved(listener.reserve(enough + 1000));
      expect((await deliveriesOf(told, rounds, answers)).sent).toBeLessThanOrEqual(enough);
    },
  );
  await fc.assert(property, { numRuns: 2000 });
});

it('also where a rollback gives back around many pages that are owed', async () => {
  const owed = Array.from({ length: 8 }, (_, index) => ({ start: 3 * index + 1, end: 3 * index + 2 }));
  const told = listenerThatLacks(owed, 1);
  const { listener } = told;
  const whole = [{ start: 0, end: PAGES }];
  const rounds = [
    { discards: [{ listener, runs: whole }], populates: [] },
    { discards: [], populates: [{ listener, runs: [{ start: 0, end: 1 }] }] },
  ];
  listener.noteReserved(listener.reserve(deliveriesToReserve(listener, callsOf(rounds))));
  // A discard, a populate that is refused, a discard of that; then nine runs are given back.
  const { sent, notifications } = await deliveriesOf(told, rounds, [
    'accepted',
    'refused',
    ...Array(20).fill('accepted'),
  ]);
  expect(sent).toBe(3 + 9);
  expect(notifications.outcome).toMatchObject({ listeners: [{ lastSequence: 12, settled: expect.any(Array) }] });
});

it('and where it should not be, nothing is sent and nothing is taken for known', async () => {
  const told = listenerThatLacks([], 1);
  const { listener } = told;
  const two = [
    { start: 0, end: 1 },
    { start: 2, end: 3 },
  ];
  listener.noteReserved(listener.reserve(1));
  const { sent, notifications } = await deliveriesOf(
    told,
    [{ discards: [], populates: [{ listener, runs: two }] }],
    ['accepted'],
  );
  expect(sent).toBe(1);
  expect(notifications.outcome).toMatchObject({ listeners: [{ lastSequence: 1, unknown: two }] });
});
