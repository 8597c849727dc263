// One process of the service, real but for its surroundings. After a crash another one starts over the same disk.
import type { FastifyBaseLogger } from 'fastify';
import type { Deliver } from '../../src/listeners/delivery.ts';
import type { Dependencies } from '../../src/service/dependencies.ts';
import { EventLog } from '../../src/service/event-log.ts';
import { Events as ServiceEvents } from '../../src/service/events.ts';
import { Idempotency } from '../../src/service/idempotency.ts';
import { Machines } from '../../src/service/machines.ts';
import { deliveriesToReserve } from '../../src/service/notifications.ts';
import type { Chance } from '../fuzz/chance.ts';
import { deliveriesThere, type Tampering } from '../model/simulated-process.ts';
import { type Rules, rulesOf } from '../support/rules.ts';
import type { BookedDisk } from './books.ts';
import { DiskJournal, type Weather } from './disk-journal.ts';
import type { Events } from './events.ts';
import type { Figures } from './figures.ts';
import type { Network } from './network.ts';

/** The clock of the simulated service begins here. */
const EPOCH = Date.UTC(2026, 0, 1);
const EVENTS_KEPT = 100_000;

export interface Surroundings {
  readonly disk: BookedDisk;
  readonly events: Events;
  readonly network: Network;
  readonly weather: Weather;
  readonly figures: Figures;
  readonly tampering: Tampering;
  /** Chance as it is just now. */
  readonly chance: () => Chance;
  readonly newId: (prefix: string) => string;
  readonly log: (what: string) => void;
}

export interface Settings {
  readonly snapshotEvery: number;
  readonly queueLength: number;
  readonly queueWaitMs: number;
  readonly backlogLimit: number;
  /** Whether intents reserve more sequences than they take when all goes well, as the service does. */
  readonly reservesMore: boolean;
}

const nothing = (): void => undefined;

export class ServiceProcess {
  readonly eventLog: EventLog;
  readonly #surroundings: Surroundings;
  #journal: DiskJournal | null = null;
  #opened = 0;
  /** Null before it is up. */
  machines: Machines | null = null;
  rules: Rules | null = null;
  idempotency: Idempotency | null = null;
  /** Nothing that it still does has any effect. */
  #isDead = false;
  /** Why it came to an end before it was up. */
  failure: unknown = null;

  constructor(surroundings: Surroundings, settings: Settings, epoch: string) {
    this.#surroundings = surroundings;
    this.eventLog = new EventLog(EVENTS_KEPT, epoch);
    Machines.open(this.#dependencies(settings)).then(
      (machines) => {
        this.machines = machines;
        this.rules = rulesOf(machines);
        this.idempotency = new Idempotency(machines, { inAll: Infinity, ofToken: Infinity });
      },
      (error: unknown) => {
        this.failure = error;
      },
    );
  }

  /** The one that is open now; null before the first is. */
  get journal(): DiskJournal | null {
    return this.#journal;
  }

  /** How often the journal was opened. */
  get opened(): number {
    return this.#opened;
  }

  /** @param written appends that are durable nevertheless */
  kill(written: number): void {
    this.#isDead = true;
    this.#journal?.kill(written);
  }

  get isReady(): boolean {
    return this.machines !== null && this.machines.unavailable === null;
  }

  #dependencies({ snapshotEvery, queueLength, queueWaitMs, backlogLimit, reservesMore }: Settings): Dependencies {
    const { events, network, chance, newId, figures, weather, tampering, log } = this.#surroundings;
    const now = (): number => EPOCH + Math.floor(events.now);
    const warn = (_about: unknown, what?: string): void => {
      if (what === 'the journal cannot be read back yet') figures.count('openings that failed');
    };
    const deliver: Deliver = (...args) => (this.#isDead ? never() : network.deliver(...args));
    const silent = { info: nothing, warn, error: warn, debug: nothing };
    return {
      openJournal: async () => {
        if (this.#isDead) return never();
        if (this.#opened > 0 && chance().is(weather.failingReads * 5)) throw new Error('the folder cannot be read');
        this.#opened++;
        const { disk } = this.#surroundings;
        const journal = new DiskJournal({ disk, events, chance, weather, figures, log });
        this.#journal = journal;
        return tampering.journal?.(journal, journal) ?? journal;
      },
      deliver: tampering.deliver?.(deliver) ?? deliver,
      attemptOnce: (...attempt) => (this.#isDead ? never() : network.attemptOnce(...attempt)),
      asyncSettings: { retrySchedule: [500, 2000, 10_000], backlogLimit, backlogRuns: 100_000, disableAfter: 600_000 },
      events: new ServiceEvents(this.eventLog, now),
      checkTarget: async () => undefined,
      newSecret: () => `whsec_${newId('made')}`,
      now,
      elapsed: () => events.now,
      random: () => chance().below(2 ** 30) / 2 ** 30,
      newId,
      // Only these four are called.
      log: silent as unknown as FastifyBaseLogger,
      queueLimits: { length: queueLength, waitMs: queueWaitMs },
      snapshotEvery,
      changeRunsLimit: 2 ** 20,
      journalWaitMs: 10_000,
      deliveriesToReserve: reservesMore ? deliveriesToReserve : deliveriesThere,
    };
  }
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
