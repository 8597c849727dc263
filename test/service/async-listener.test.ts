// What an async listener has accepted counts as mapped, also where everything that is pending is given up right after it.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Judgement } from '../../src/listeners/delivery.ts';
import { Machines } from '../../src/service/machines.ts';
import { listenerView } from '../../src/service/views.ts';
import { dependenciesWith, NO_CONDITIONS } from '../support/dependencies.ts';
import { type Rules, rulesOf } from '../support/rules.ts';

const PAGE = 4096;
const BACKLOG_LIMIT = 4;

let machines: Machines;
let rules: Rules;
let blockId: string;
let listenerId: string;
/** The deliveries that were sent: each waits for an answer, or until it is broken off. */
let sent: { readonly sequence: number; readonly answer: (judgement: Judgement) => void }[];
let next: PromiseWithResolvers<void>;

const ACCEPTED: Judgement = { outcome: 'accepted', status: 200, excerpt: '' };

beforeEach(async () => {
  sent = [];
  next = Promise.withResolvers();
  machines = await Machines.open(
    dependenciesWith({
      asyncSettings: { retrySchedule: [1000], backlogLimit: BACKLOG_LIMIT, backlogRuns: 1000, disableAfter: 1000 },
      attemptOnce: ({ sequence }, _number, signal) => {
        const { promise, resolve } = Promise.withResolvers<Judgement>();
        const broken: Judgement = { outcome: 'unanswered', status: null, excerpt: 'broken off' };
        signal.addEventListener('abort', () => resolve(broken), { once: true });
        sent.push({ sequence, answer: resolve });
        next.resolve();
        return promise;
      },
    }),
  );
  rules = rulesOf(machines);
  const block = { idstr: 'pc.ram', usedLength: 64 * PAGE, maxLength: undefined, pageSize: PAGE, machine: 'm' };
  blockId = (await rules.ramBlocks.create({ ...block, gpa: null, guestMemfd: true }, NO_CONDITIONS)).id;
  const wanted = {
    mode: 'async' as const,
    ...{ url: 'http://127.0.0.1:9/', granularity: undefined, dmaMaxMappings: null, maxSections: 512 },
    ...{
      doubleDiscardSupported: true,
      coordinatedDiscard: true,
      timeoutMs: 1000,
      description: null,
      secret: undefined,
    },
    section: { offset: 0, size: null, offsetWithinAddressSpace: undefined },
  };
  listenerId = (await rules.listeners.register(blockId, wanted, NO_CONDITIONS)).id;
});

afterEach(async () => {
  await machines.close();
});

/** Shares the first `pages` pages, each by itself, and waits until the first of them is being sent. */
async function shareEach(pages: number): Promise<void> {
  for (let page = 0; page < pages; page++) {
    await rules.conversions.convert(blockId, { offset: page * PAGE, size: PAGE, to: 'shared' }, NO_CONDITIONS);
  }
  await next.promise;
}

/** Accepts what is being sent; resolves when the next is. */
async function accept(): Promise<void> {
  next = Promise.withResolvers();
  sent.at(-1)?.answer(ACCEPTED);
  await next.promise;
}

function seen() {
  const { block } = machines.block(blockId);
  const listener = block.manager.listeners.get(listenerId);
  if (listener === undefined) throw new Error('the listener is gone');
  const { state, mapped, position } = listenerView(listener, block);
  return { state, mapped: mapped.bytes / PAGE, ...position };
}

describe('what it has accepted is mapped', () => {
  it('where it is disabled while the next delivery is under way', async () => {
    await shareEach(3);
    await accept();
    await rules.listenerControl.update(blockId, listenerId, { state: 'disabled' }, NO_CONDITIONS);
    expect(seen()).toMatchObject({
      state: 'disabled',
      mapped: 1,
      lastSequence: 2,
      acknowledgedSequence: 2,
      pending: 0,
    });
  });

  it('where a replay is asked for while the next delivery is under way', async () => {
    await shareEach(3);
    await accept();
    next = Promise.withResolvers();
    await rules.listenerControl.replay(blockId, listenerId, NO_CONDITIONS);
    await next.promise;
    expect(seen()).toMatchObject({ mapped: 1, acknowledgedSequence: 2, pending: 2 });
    expect(sent.at(-1)?.sequence).toBe(3);
  });

  it('where it is too far behind by then', async () => {
    await shareEach(BACKLOG_LIMIT + 2);
    await accept();
    expect(seen()).toMatchObject({ mapped: 1, acknowledgedSequence: 1, pending: 2 });
  });
});
