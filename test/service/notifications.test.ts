// What is undone when a listener objects: at whom, in which order, and what is noted where that fails as well.
import { beforeEach, describe, expect, it } from 'vitest';
import { RamBlock } from '../../src/core/ram-block.ts';
import type { RamDiscardListener } from '../../src/core/ram-discard-listener.ts';
import type { PageRange } from '../../src/core/section.ts';
import type { DeliveryAnswer } from '../../src/listeners/delivery.ts';
import { Notifications } from '../../src/service/notifications.ts';
import { listenerDefinition, PAGE } from '../support/listener-definitions.ts';

const REFUSED: DeliveryAnswer = { outcome: 'refused', status: 409, detail: 'no' };
const UNANSWERED: DeliveryAnswer = { outcome: 'unanswered', status: null, detail: 'silence' };
const UNSENT: DeliveryAnswer = { ...UNANSWERED, unsent: true };

/** Deliveries, as they were sent: type, reason, listener, first page and count of pages of each section. */
let sent: string[];
/** Answers to the deliveries from the first on; what follows is accepted. */
let answers: DeliveryAnswer[];

beforeEach(() => {
  [sent, answers] = [[], []];
});

/** A block with listeners by these ids, and what notifies them under an intent that has reserved more than enough. */
function notifying(ids: readonly string[], { id = 'blk', maxSections = 512 } = {}) {
  const at = '2026-01-01T00:00:00.000Z';
  const block = new RamBlock({
    ...{ id, machine: 'm', idstr: 'pc.ram', ramAddr: 0, gpa: null, createdAt: at, guestMemfd: true },
    ...{ usedLength: 64 * PAGE, maxLength: 64 * PAGE, pageSize: PAGE, resizeable: false },
  });
  const listeners = ids.map((listenerId) => {
    const listener = listenerDefinition({ id: listenerId, maxSections });
    block.apply({ ramBlockId: id, at, kind: 'listener-added', listener });
    const added = block.manager.listeners.get(listenerId) as RamDiscardListener;
    added.noteReserved(added.reserve(100));
    return added;
  });
  const notifications = new Notifications({
    ...{ block, intentId: 'int', conversionId: null, signalFor: () => new AbortController().signal },
    deliver: async ({ type, reason, listener, sections }) => {
      const told = sections.map(({ offsetWithinRegion, size }) => `${offsetWithinRegion / PAGE}+${size / PAGE}`);
      sent.push(`${type} ${reason} ${listener.id} ${told.join(' ')}`);
      return answers.shift() ?? { outcome: 'accepted' };
    },
  });
  return { notifications, listeners };
}

const pages = (start: number, end: number): PageRange => ({ start, end });

/** What the outcome says of each listener, beside how far it came. */
function outcome(notifications: Notifications) {
  const record = notifications.outcome;
  if (record.kind !== 'outcome') throw new Error('an outcome is an outcome');
  return record.listeners.map(({ lastSequence: _last, ...marks }) => marks);
}

describe('when a populate is refused', () => {
  it('discards at all who may have mapped a part, also at the one that refused, and calls nobody else', async () => {
    const { notifications, listeners } = notifying(['first', 'second', 'third']);
    const populates = listeners.map((listener) => ({ listener, runs: [pages(0, 4)] }));
    answers = [{ outcome: 'accepted' }, REFUSED];
    const problem = await Notifications.tell([{ notifications, rounds: [{ discards: [], populates }] }], 'conversion');
    expect(sent).toEqual([
      ...['populate conversion first 0+4', 'populate conversion second 0+4'],
      ...['discard rollback first 0+4', 'discard rollback second 0+4'],
    ]);
    expect(problem).toMatchObject({
      code: 'listener-refused',
      extras: { listenerId: 'second', rolledBack: ['first', 'second'], unacknowledged: [], unsettled: [] },
    });
    expect(outcome(notifications)).toEqual([{ listenerId: 'first' }, { listenerId: 'second' }]);
  });

  it('discards no more than was sent: of several deliveries those after the refused one never were', async () => {
    const { notifications, listeners } = notifying(['one'], { maxSections: 1 });
    const [listener] = listeners as [RamDiscardListener];
    answers = [{ outcome: 'accepted' }, REFUSED];
    await notifications.populate({ listener, runs: [pages(0, 1), pages(2, 3), pages(4, 5)] }, 'conversion');
    expect(sent.slice(2)).toEqual(['discard rollback one 0+1', 'discard rollback one 2+1']);
  });

  it('populates again what the rounds before had discarded, once what was added is discarded everywhere', async () => {
    const { notifications, listeners } = notifying(['a', 'b']);
    const [a, b] = listeners as [RamDiscardListener, RamDiscardListener];
    answers = [{ outcome: 'accepted' }, { outcome: 'accepted' }, REFUSED];
    const round = {
      discards: [{ listener: a, runs: [pages(0, 2)] }],
      populates: [a, b].map((listener) => ({ listener, runs: [pages(8, 9)] })),
    };
    await Notifications.tell([{ notifications, rounds: [round] }], 'conversion');
    expect(sent.slice(3)).toEqual([...['discard rollback a 8+1', 'discard rollback b 8+1'], 'populate rollback a 0+2']);
  });

  it('undoes in all blocks of the change', async () => {
    const [first, second] = [notifying(['a'], { id: 'blk_a' }), notifying(['b'], { id: 'blk_b' })];
    answers = [{ outcome: 'accepted' }, REFUSED];
    const blocks = [first, second].map(({ notifications, listeners }) => ({
      notifications,
      rounds: [{ discards: [], populates: listeners.map((listener) => ({ listener, runs: [pages(0, 1)] })) }],
    }));
    const problem = await Notifications.tell(blocks, 'conversion');
    expect(sent.slice(2)).toEqual(['discard rollback a 0+1', 'discard rollback b 0+1']);
    expect(problem?.extras).toMatchObject({ ramBlockId: 'blk_b', listenerId: 'b', rolledBack: ['a', 'b'] });
  });
});

describe('when a discard is not acknowledged', () => {
  it('tells nobody the next round, populates again where it was, and does not know what the silent one has', async () => {
    const { notifications, listeners } = notifying(['a', 'b']);
    const [a, b] = listeners as [RamDiscardListener, RamDiscardListener];
    answers = [UNANSWERED];
    const discards = [a, b].map((listener) => ({ listener, runs: [pages(0, 4)] }));
    const rounds = [{ discards, populates: [{ listener: b, runs: [pages(8, 9)] }] }];
    const problem = await Notifications.tell([{ notifications, rounds }], 'conversion');
    expect(sent).toEqual([...['discard conversion a 0+4', 'discard conversion b 0+4'], 'populate rollback b 0+4']);
    expect(problem).toMatchObject({
      code: 'discard-unacknowledged',
      extras: { unacknowledged: ['a'], unsettled: ['a'], rolledBack: ['b'] },
    });
    expect(outcome(notifications)).toEqual([
      { listenerId: 'a', unknown: [pages(0, 4)], unmapped: [] },
      { listenerId: 'b', settled: [pages(0, 4)] },
    ]);
  });
});

describe('when undoing fails as well', () => {
  it('does not know what a listener has that does not acknowledge the discard of a rollback', async () => {
    const { notifications, listeners } = notifying(['a', 'b']);
    const populates = listeners.map((listener) => ({ listener, runs: [pages(0, 4)] }));
    answers = [{ outcome: 'accepted' }, REFUSED, UNANSWERED];
    const problem = await Notifications.tell([{ notifications, rounds: [{ discards: [], populates }] }], 'conversion');
    expect(problem?.extras).toMatchObject({ rolledBack: ['b'], unacknowledged: ['a'], unsettled: ['a'] });
    expect(outcome(notifications)).toContainEqual({ listenerId: 'a', unknown: [pages(0, 4)] });
  });

  it('owes what a listener had before, too, where it does not acknowledge that discard', async () => {
    const { notifications, listeners } = notifying(['a', 'b']);
    const [a, b] = listeners as [RamDiscardListener, RamDiscardListener];
    answers = [{ outcome: 'accepted' }, { outcome: 'accepted' }, REFUSED, UNANSWERED];
    const populates = [a, b].map((listener) => ({ listener, runs: [pages(8, 9)] }));
    const round = { discards: [{ listener: a, runs: [pages(0, 2)] }], populates };
    await Notifications.tell([{ notifications, rounds: [round] }], 'conversion');
    const owed = { listenerId: 'a', unknown: [pages(8, 9)], unmapped: [pages(0, 2)] };
    expect(outcome(notifications)).toContainEqual(owed);
  });

  it('neither knows what a listener has that gives no answer to being populated again, nor forgets that it is owed', async () => {
    const { notifications, listeners } = notifying(['a', 'b']);
    const [a, b] = listeners as [RamDiscardListener, RamDiscardListener];
    answers = [{ outcome: 'accepted' }, UNANSWERED, UNANSWERED];
    const discards = [a, b].map((listener) => ({ listener, runs: [pages(0, 4)] }));
    await Notifications.tell([{ notifications, rounds: [{ discards, populates: [] }] }], 'conversion');
    const owed = { listenerId: 'a', unknown: [pages(0, 4)], unmapped: [pages(0, 4)] };
    expect(outcome(notifications)).toContainEqual(owed);
  });

  it('owes a populate to a listener that refuses to be populated again, and takes back what it may have mapped', async () => {
    const { notifications, listeners } = notifying(['a', 'b']);
    const [a, b] = listeners as [RamDiscardListener, RamDiscardListener];
    answers = [{ outcome: 'accepted' }, UNANSWERED, REFUSED];
    const discards = [a, b].map((listener) => ({ listener, runs: [pages(0, 4)] }));
    const problem = await Notifications.tell([{ notifications, rounds: [{ discards, populates: [] }] }], 'conversion');
    expect(sent.slice(2)).toEqual(['populate rollback a 0+4', 'discard rollback a 0+4']);
    expect(problem?.extras).toMatchObject({ rolledBack: [], unsettled: expect.arrayContaining(['a', 'b']) });
    expect(outcome(notifications)).toContainEqual({ listenerId: 'a', unmapped: [pages(0, 4)] });
  });
});

describe('who may have been reached', () => {
  it.each([
    ['nobody, where no byte of any delivery was sent', [UNSENT], false],
    ['one whose delivery got no answer', [UNANSWERED], true],
    ['one that refused', [REFUSED], true],
  ] as const)('is %s', async (_name, given, expected) => {
    const { notifications, listeners } = notifying(['one']);
    const [listener] = listeners as [RamDiscardListener];
    answers = [...given];
    await notifications.populate({ listener, runs: [pages(0, 1)] }, 'registration');
    expect(notifications.mayHaveReached(listener)).toBe(expected);
  });
});

it('sends nothing beyond what the intent reserved: no number is used that a crash could give again', async () => {
  const { notifications, listeners } = notifying(['one']);
  const [listener] = listeners as [RamDiscardListener];
  listener.giveUpDeliveries();
  const problem = await notifications.discard({ listener, runs: [pages(0, 1)] }, 'conversion');
  expect(sent).toEqual([]);
  expect(problem?.message).toContain('the intent reserved no sequence for it');
});
