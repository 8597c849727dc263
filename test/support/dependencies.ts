// What the rules of the service need, for tests without routes and sockets: devices that accept everything, no log.
import { pino } from 'pino';
import { createIds } from '../../src/ids.ts';
import { MemoryJournal } from '../../src/journal/memory-journal.ts';
import type { Dependencies } from '../../src/service/dependencies.ts';
import { EventLog } from '../../src/service/event-log.ts';
import { Events } from '../../src/service/events.ts';
import { deliveriesToReserve } from '../../src/service/notifications.ts';

/** Returns what the service needs, with what a test puts in its place. */
export function dependenciesWith(own: Partial<Dependencies> = {}): Dependencies {
  const { now } = Date;
  const journal = new MemoryJournal();
  return {
    openJournal: async () => journal,
    deliver: async () => ({ outcome: 'accepted' }),
    attemptOnce: async () => ({ outcome: 'accepted', status: 200, excerpt: '' }),
    asyncSettings: { retrySchedule: [1000], backlogLimit: 10, backlogRuns: 2 ** 20, disableAfter: 1000 },
    events: new Events(new EventLog(10, 'epoch'), now),
    checkTarget: async () => undefined,
    newSecret: () => '',
    now,
    elapsed: () => performance.now(),
    random: Math.random,
    newId: createIds(now),
    log: pino({ level: 'silent' }),
    queueLimits: { length: 10, waitMs: 10_000 },
    journalWaitMs: 10_000,
    changeRunsLimit: 2 ** 20,
    deliveriesToReserve,
    snapshotEvery: 1000,
    ...own,
  };
}

/** The conditions of a request that has none. */
export const NO_CONDITIONS = {
  generations: null,
  clientGone: () => new AbortController().signal,
  answered: () => null,
};
