// Faults put back on purpose, one at a time: those that a review found and everybody's tests had missed, and others of
// their kind. The simulation must find each.
import { RamBlock } from '../../src/core/ram-block.ts';
import { RamDiscardListener } from '../../src/core/ram-discard-listener.ts';
import type { BlockRecord } from '../../src/core/records.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type { Deliver } from '../../src/listeners/delivery.ts';
import { Idempotency } from '../../src/service/idempotency.ts';
import { Machine } from '../../src/service/machine.ts';
import { MUTATIONS as PROTOCOL, portOf, replace, swallow } from '../model/mutations.ts';
import type { Tampering } from '../model/simulated-process.ts';
import type { Happening } from './script.ts';

export interface Mutation {
  readonly name: string;
  /** The violation that counts; {@link A_PROMISE} where left out. */
  readonly found?: RegExp;
  /** Happenings that would bring the fault about in another way; left out of its histories. */
  readonly without?: readonly Happening[];
  readonly tampering?: Tampering;
  /** Changes a class of the service. @returns what undoes that */
  readonly patch?: () => () => void;
}

/** Any violation but that nothing goes on any more, which many a clumsy fault would lead to. */
export const A_PROMISE = /^(?!it does not come to rest|it cannot start)/;

const NEVER_ENDS = /^it does not come to rest/;
const SENT_AGAIN = /has the webhook-id of another|comes after/;
const CRASHES: readonly Happening[] = ['crash', 'crash after a delivery', 'crash after a commit', 'restart'];

/** What the faults of the model check show in a simulated history, where that is not {@link A_PROMISE}. */
const OF_PROTOCOL: Readonly<Record<string, Pick<Mutation, 'found' | 'without'>>> = {
  'nothing is settled': { found: NEVER_ENDS },
  'intents and outcomes follow each other for ever, for what is settled stays unsettled': { found: NEVER_ENDS },
  'a sequence is given again after a crash, for what an intent reserved ends with it': { found: SENT_AGAIN },
  'a sequence is given again after a journal failure, for what an intent reserved ends with it': {
    found: SENT_AGAIN,
    without: CRASHES,
  },
};

const { noteOutcome } = RamDiscardListener.prototype;
const { recover } = RamBlock.prototype;
const { append } = Machine.prototype;

/** @returns what puts a getter of listeners in the place of its own */
function getting(name: 'unknown' | 'reach', get: (this: RamDiscardListener, original: () => unknown) => unknown) {
  return (): (() => void) => {
    const original = Object.getOwnPropertyDescriptor(RamDiscardListener.prototype, name);
    const own = original?.get;
    if (original === undefined || own === undefined) throw new Error(`listeners have no getter ${name}`);
    Object.defineProperty(RamDiscardListener.prototype, name, {
      configurable: true,
      get(this: RamDiscardListener) {
        return get.call(this, () => own.call(this));
      },
    });
    return () => Object.defineProperty(RamDiscardListener.prototype, name, original);
  };
}

function journalWith(change: (journal: Journal) => Partial<Journal>): Tampering {
  return { journal: (journal) => ({ ...portOf(journal), ...change(journal) }) };
}

type Run = { readonly start: number; readonly end: number };

const within = (runs: readonly Run[] | undefined, end: number): Run[] => {
  return (runs ?? []).filter(({ start }) => start < end).map((run) => ({ ...run, end: Math.min(run.end, end) }));
};

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'A2: what is unknown beyond the end of a block is forgotten',
    patch: replace(RamDiscardListener.prototype, 'noteOutcome', function (this: RamDiscardListener, outcome) {
      noteOutcome.call(this, { ...outcome, unknown: within(outcome.unknown, this.range.end) });
    }),
  },
  {
    name: 'A2: what is unknown beyond the end of a block is never settled',
    patch: getting('unknown', function (original) {
      return within(original() as Run[], this.range.end);
    }),
  },
  {
    name: 'A2: a crash in the middle of a growth forgets what was being told',
    patch: getting('reach', function () {
      return this.range;
    }),
  },
  {
    name: 'a rollback forgets a listener',
    tampering: swallow(({ reason, listener }) => reason === 'rollback' && Number(listener.id.at(-1)) % 2 === 0),
  },
  {
    name: 'a change is applied before it is durable',
    patch: replace(Machine.prototype, 'append', function (this: Machine, news, answered, durable) {
      const records = news.map((record) => ({ ...record, at: new Date(0).toISOString() }));
      durable(records, 0);
      return append.call(this, news, answered, () => undefined);
    }),
  },
  {
    name: 'the first callback does not wait for the intent',
    tampering: journalWith((journal) => ({
      append: (machine, sequence, records, answer) => {
        const done = journal.append(machine, sequence, records, answer);
        if (!records.every(({ kind }) => kind === 'intent')) return done;
        done.catch(() => undefined);
        return Promise.resolve();
      },
    })),
  },
  {
    name: 'what was unknown at a crash is taken to be settled',
    patch: replace(RamBlock.prototype, 'recover', function (this: RamBlock) {
      return recover.call(this).map((record) => {
        if (record.kind !== 'outcome') return record;
        return { ...record, listeners: record.listeners.map((listener) => ({ ...listener, unknown: [] })) };
      });
    }),
  },
  {
    name: 'a discard is not waited for',
    tampering: {
      deliver: (deliver: Deliver) => async (delivery, signal) => {
        const answer = deliver(delivery, signal);
        return delivery.type === 'discard' ? { outcome: 'accepted' } : answer;
      },
    },
  },
  {
    name: 'a request with a key is done again',
    patch: replace(Idempotency.prototype, 'once', (_keyed, run) => run()),
  },
  {
    name: 'a snapshot loses what is unsettled',
    tampering: journalWith((journal) => ({
      saveSnapshot: (ramBlockId, sequence, bytes) => {
        const snapshot = JSON.parse(new TextDecoder().decode(bytes)) as { listeners: object[] };
        const listeners = snapshot.listeners.map((listener) => ({ ...listener, unknown: [], unmapped: [] }));
        const text = JSON.stringify({ ...snapshot, listeners });
        return journal.saveSnapshot(ramBlockId, sequence, new TextEncoder().encode(text));
      },
    })),
  },
  {
    name: 'a record of several is not written',
    tampering: journalWith((journal) => ({
      append: (machine, sequence, records, answer) => {
        const isLost = (record: { kind: string }): boolean => record.kind === 'source-changed' && records.length > 3;
        const kept = records.filter((record) => !isLost(record as BlockRecord));
        return journal.append(machine, sequence, kept, answer);
      },
    })),
  },
  ...PROTOCOL.map(({ name, tampering, patch }) => ({
    name: `protocol: ${name}`,
    ...OF_PROTOCOL[name],
    ...(tampering === undefined ? {} : { tampering }),
    ...(patch === undefined ? {} : { patch }),
  })),
];
