// One process of the service, real but for its surroundings: its journal and its listeners answer when whoever explores
// says so. After a crash there is another one over the same store.
import type { FastifyBaseLogger } from 'fastify';
import type { Journal } from '../../src/journal/journal.ts';
import type { Deliver, Delivery, DeliveryAnswer } from '../../src/listeners/delivery.ts';
import type { Dependencies } from '../../src/service/dependencies.ts';
import { EventLog } from '../../src/service/event-log.ts';
import { Events } from '../../src/service/events.ts';
import { Machines } from '../../src/service/machines.ts';
import { deliveriesToReserve } from '../../src/service/notifications.ts';
import { type Rules, rulesOf } from '../support/rules.ts';
import type { Copy } from './device.ts';
import { PAGE } from './ledger.ts';
import { SimulatedJournal, type Store } from './simulated-journal.ts';

/** What is put between the service and its surroundings, to see that the explorer notices. */
export interface Tampering {
  readonly journal?: (journal: Journal, simulated: SimulatedJournal) => Journal;
  readonly deliver?: (deliver: Deliver) => Deliver;
}

export interface ProcessSettings {
  /** Records of a block between two of its snapshots; 1000 where left out. */
  readonly snapshotEvery?: number;
  /**
   * `no spare`: an intent reserves what its deliveries take when all are accepted, and no sequence more. To take back
   * what was told there is none then, so that it ends as what has no answer does. As the service does it where left out.
   */
  readonly reserving?: 'no spare';
}

/** A delivery that waits for its answer. */
export interface InFlight {
  readonly copy: Copy;
  readonly answer: (answer: DeliveryAnswer) => void;
}

/** Hears of everything that goes out to the listeners. */
export interface Wire {
  /** A delivery is sent. */
  readonly sent: (copy: Copy, delivery: Delivery) => void;
  /** Its answer is no longer waited for; it may arrive nevertheless. */
  readonly abandoned: (copy: Copy) => void;
}

/** What an intent reserves without any slack: the deliveries of its calls, and none for taking them back. */
export const deliveriesThere: Dependencies['deliveriesToReserve'] = (listener, calls) => {
  return calls.reduce((sum, { runs }) => sum + listener.deliveriesFor(runs.length), 0);
};

const NOW = 0;
const nothing = (): void => undefined;
const silent = { info: nothing, warn: nothing, error: nothing, debug: nothing } as unknown as FastifyBaseLogger;

export class SimulatedProcess {
  readonly inFlight: InFlight[] = [];
  readonly #store: Store;
  readonly #wire: Wire;
  readonly #settings: ProcessSettings;
  readonly #tampering: Tampering;
  readonly #newId: (prefix: string) => string;
  #journal: SimulatedJournal;
  /** Null before it is up. */
  machines: Machines | null = null;
  rules: Rules | null = null;
  /** Why it came to an end before it was up. */
  failure: unknown = null;

  constructor(
    store: Store,
    wire: Wire,
    newId: (prefix: string) => string,
    settings: ProcessSettings,
    tampering: Tampering,
  ) {
    this.#store = store;
    this.#wire = wire;
    this.#newId = newId;
    this.#settings = settings;
    this.#tampering = tampering;
    this.#journal = new SimulatedJournal(store);
    Machines.open(this.#dependencies()).then(
      (machines) => this.#serve(machines),
      (error: unknown) => {
        this.failure = error;
      },
    );
  }

  /** The one that is open now. */
  get journal(): SimulatedJournal {
    return this.#journal;
  }

  /** Up, and taking changes. */
  get isReady(): boolean {
    return this.machines !== null && this.machines.unavailable === null;
  }

  /** Ends a delivery that waits for its answer. */
  end(delivery: InFlight, answer: DeliveryAnswer): void {
    this.inFlight.splice(this.inFlight.indexOf(delivery), 1);
    delivery.answer(answer);
  }

  #serve(machines: Machines): void {
    this.machines = machines;
    this.rules = rulesOf(machines);
  }

  #dependencies(): Dependencies {
    const { journal: tamperedJournal, deliver: tamperedDeliver } = this.#tampering;
    const deliver: Deliver = (delivery, signal) => this.#deliver(delivery, signal);
    return {
      openJournal: async () => {
        this.#journal = new SimulatedJournal(this.#store);
        return tamperedJournal === undefined ? this.#journal : tamperedJournal(this.#journal, this.#journal);
      },
      deliver: tamperedDeliver === undefined ? deliver : tamperedDeliver(deliver),
      attemptOnce: () => Promise.reject(new Error('there is no async listener')),
      asyncSettings: { retrySchedule: [1], backlogLimit: 1, backlogRuns: 1000, disableAfter: 1 },
      events: new Events(new EventLog(1, 'epoch'), () => NOW),
      checkTarget: async () => undefined,
      newSecret: () => '',
      now: () => NOW,
      elapsed: () => NOW,
      random: () => 0,
      newId: this.#newId,
      log: silent,
      queueLimits: { length: 10, waitMs: 1 },
      journalWaitMs: 10_000,
      changeRunsLimit: 2 ** 20,
      deliveriesToReserve: this.#settings.reserving === 'no spare' ? deliveriesThere : deliveriesToReserve,
      snapshotEvery: this.#settings.snapshotEvery ?? 1000,
    };
  }

  #deliver(delivery: Delivery, signal: AbortSignal): Promise<DeliveryAnswer> {
    const unanswered = { outcome: 'unanswered', status: null, detail: 'called off' } as const;
    if (signal.aborted) return Promise.resolve(unanswered);
    const { type, reason, listener, sequence, settledThrough, sections } = delivery;
    const pages = sections.flatMap(({ offsetWithinRegion, size }) => {
      return Array.from({ length: size / PAGE }, (_, index) => offsetWithinRegion / PAGE + index);
    });
    const copy = { listenerId: listener.id, type, reason, sequence, settledThrough, pages };
    this.#wire.sent(copy, delivery);
    return new Promise((resolve) => {
      const entry: InFlight = { copy, answer: resolve };
      this.inFlight.push(entry);
      signal.addEventListener(
        'abort',
        () => {
          if (!this.inFlight.includes(entry)) return;
          this.#wire.abandoned(copy);
          this.end(entry, unanswered);
        },
        { once: true },
      );
    });
  }
}
