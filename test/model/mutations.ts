// The protocol broken on purpose, one rule at a time, by what is put between the service and its surroundings, or in the
// place of one of its methods. The explorer must notice each.
import { RamBlock } from '../../src/core/ram-block.ts';
import { RamDiscardListener } from '../../src/core/ram-discard-listener.ts';
import type { BlockRecord, NewRecord } from '../../src/core/records.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type { Deliver, Delivery } from '../../src/listeners/delivery.ts';
import { BlockQueue } from '../../src/service/block-queue.ts';
import { Machine } from '../../src/service/machine.ts';
import { Notifications } from '../../src/service/notifications.ts';
import { Settling } from '../../src/service/settling.ts';
import type { Scenario } from './scenario.ts';
import { GROWING, WAITING } from './scenarios.ts';
import type { Tampering } from './simulated-process.ts';
import type { Faults } from './world.ts';

export interface Mutation {
  readonly name: string;
  /** What must go wrong, or be asked for, before it shows. */
  readonly faults?: Partial<Faults>;
  /** Where it shows; the small scenario of the tests where left out. */
  readonly in?: Omit<Scenario, 'faults'>;
  readonly asked?:
    | 'a batch'
    | 'an unregistration'
    | 'a conversion of other pages'
    | 'a conversion of the page in the middle';
  /** What the explorer says of it. */
  readonly found: RegExp;
  readonly tampering?: Tampering;
  /** Changes a class of the service. @returns what undoes that */
  readonly patch?: () => () => void;
}

/** Deliveries that `isMeant` are acknowledged without being sent. */
export function swallow(isMeant: (delivery: Delivery) => boolean): Tampering {
  return {
    deliver: (deliver: Deliver) => async (delivery, signal) => {
      return isMeant(delivery) ? { outcome: 'accepted' } : deliver(delivery, signal);
    },
  };
}

export function changeDeliveries(change: (delivery: Delivery) => Delivery): Tampering {
  return { deliver: (deliver: Deliver) => (delivery, signal) => deliver(change(delivery), signal) };
}

/** What is written is not what was to be written. */
function changeRecords(change: (record: BlockRecord) => BlockRecord): Tampering {
  return {
    journal: (journal) => {
      const append: Journal['append'] = (machine, sequence, records, answer) => {
        return journal.append(machine, sequence, records.map(change), answer);
      };
      return { ...portOf(journal), append };
    },
  };
}

/** The journal as an object whose methods can be replaced one by one. */
export function portOf(journal: Journal): Journal {
  return {
    remark: null,
    failed: journal.failed,
    waitedMs: 0,
    positions: () => journal.positions(),
    blocks: (machine) => journal.blocks(machine),
    append: (...args) => journal.append(...args),
    saveSnapshot: (...args) => journal.saveSnapshot(...args),
    history: (...args) => journal.history(...args),
    findAnswer: (key) => journal.findAnswer(key),
    forgetAnswers: (at) => journal.forgetAnswers(at),
    answerBytes: (owner) => journal.answerBytes(owner),
    close: () => journal.close(),
  };
}

export function replace<Class extends object, Name extends keyof Class>(
  of: Class,
  name: Name,
  by: Class[Name],
): () => () => void {
  return () => {
    const original = of[name];
    of[name] = by;
    return () => {
      of[name] = original;
    };
  };
}

function replaceGetter<Class extends object>(
  of: Class,
  name: keyof Class,
  get: (this: Class) => unknown,
): () => () => void {
  return () => {
    const original = Object.getOwnPropertyDescriptor(of, name) ?? {};
    Object.defineProperty(of, name, { ...original, get });
    return () => void Object.defineProperty(of, name, original);
  };
}

const { run } = BlockQueue.prototype;
const runAtOnce: BlockQueue['run'] = (task) => task();
const nothing = (): void => undefined;
const { note, populateAgain } = Notifications.prototype;
const { tell } = Notifications;
const { append } = Machine.prototype;
const { noteOutcome } = RamDiscardListener.prototype;
const { recover } = RamBlock.prototype;

/** After a crash numbers go on above what the intents that are open have reserved: those that are over do not count. */
function recoverFromOpenIntents(this: RamBlock): NewRecord[] {
  return recover.call(this).map((record) => {
    if (record.kind !== 'outcome') return record;
    const intent = this.intents.find(({ id }) => id === record.intentId);
    const listeners = record.listeners.map((outcome) => {
      const own = intent?.calls.find(({ listenerId }) => listenerId === outcome.listenerId)?.reservedThrough ?? 0;
      const last = this.manager.listeners.get(outcome.listenerId)?.lastSequence ?? 0;
      return { ...outcome, lastSequence: Math.max(last, own) };
    });
    return { ...record, listeners };
  });
}

/** Of an outcome in {@link GROWING} what lies beyond the first page. */
function forgetBeyondEnd(record: BlockRecord): BlockRecord {
  if (record.kind !== 'outcome') return record;
  const listeners = record.listeners.map((outcome) => {
    return { ...outcome, unknown: outcome.unknown?.filter(({ start }) => start === 0) ?? [] };
  });
  return { ...record, listeners };
}

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'a change is committed before its callbacks are answered',
    found: /crosses another|fences what is under way|private|populated/,
    tampering: {
      deliver: (deliver) => async (delivery, signal) => {
        void deliver(delivery, signal);
        return { outcome: 'accepted' };
      },
    },
  },
  {
    name: 'a change is committed before its listeners are told',
    found: /has mapped page|lacks page|fails with/,
    patch: replace(Notifications, 'tell', async () => null),
  },
  {
    name: 'a change that failed is not rolled back',
    faults: { deliveries: 1 },
    found: /has mapped page \d, which is private|lacks page/,
    tampering: swallow(({ reason }) => reason === 'rollback'),
  },
  {
    name: 'a rollback discards, and does not populate again',
    faults: { deliveries: 1 },
    found: /lacks page/,
    tampering: swallow(({ reason, type }) => reason === 'rollback' && type === 'populate'),
  },
  {
    name: 'an intent forgets whom it calls',
    found: /has a sequence that is not durable/,
    tampering: changeRecords((record) => (record.kind === 'intent' ? { ...record, calls: [] } : record)),
  },
  {
    name: 'an intent forgets its pages',
    faults: { crashes: 1 },
    found: /no intent names/,
    tampering: changeRecords((record) => (record.kind === 'intent' ? { ...record, runs: [] } : record)),
  },
  {
    name: 'an answer is given before it is durable',
    faults: { crashes: 1 },
    found: /is not so|is shown as|not durable/,
    tampering: {
      journal: (journal) => {
        const early: Journal['append'] = async (...args) => void journal.append(...args);
        return { ...portOf(journal), append: early };
      },
    },
  },
  {
    name: 'only the answers of failed appends are lost',
    faults: { journal: 1 },
    found: /is on the disk/,
    patch: replace(Machine.prototype, 'append', async function (this: Machine, ...args) {
      try {
        return await append.apply(this, args);
      } catch {
        const { Problem } = await import('../../src/errors.ts');
        throw new Problem('overloaded', 'certain not to have happened');
      }
    }),
  },
  {
    name: 'settledThrough never moves',
    faults: { deliveries: 1 },
    found: /does not fence \d+, which was given up/,
    tampering: changeDeliveries((delivery) => ({ ...delivery, settledThrough: 0 })),
  },
  {
    name: 'settledThrough is one too low',
    faults: { deliveries: 1 },
    found: /does not fence \d+, which was given up/,
    tampering: changeDeliveries((delivery) => {
      return { ...delivery, settledThrough: Math.max(0, delivery.settledThrough - 1) };
    }),
  },
  {
    name: 'settledThrough is that of the delivery before, also where that is under way',
    asked: 'a conversion of other pages',
    found: /fences what is under way|is fenced, and is not late/,
    tampering: changeDeliveries((delivery) => ({ ...delivery, settledThrough: delivery.sequence - 1 })),
  },
  {
    name: 'conversions take the pages of others for free',
    found: /crosses another|comes after|the disk|is so|was|is shown as/,
    patch: replace(BlockQueue.prototype, 'run', function (this: BlockQueue, task, gone) {
      return run.call(this, task, gone, () => ({ start: 0, end: 0 })) as ReturnType<typeof task>;
    }),
  },
  {
    name: 'recovery takes what is unknown to be discarded',
    faults: { deliveries: 1 },
    found: /has mapped page|mapped twice|may yet reach/,
    tampering: swallow(({ reason, type }) => reason === 'recovery' && type === 'discard'),
  },
  {
    name: 'recovery does not populate again',
    faults: { deliveries: 1 },
    found: /lacks page/,
    tampering: swallow(({ reason, type }) => reason === 'recovery' && type === 'populate'),
  },
  {
    name: 'sequences start anew after a crash',
    faults: { crashes: 1 },
    found: /comes after|not durable|is shown as/,
    patch: replace(RamDiscardListener.prototype, 'noteOutcome', function (this: RamDiscardListener, outcome) {
      noteOutcome.call(this, { ...outcome, lastSequence: 0 });
    }),
  },
  {
    name: 'what is unknown is forgotten',
    faults: { deliveries: 1 },
    found: /is shown as|has mapped page|lacks page/,
    patch: replace(RamDiscardListener.prototype, 'noteOutcome', function (this: RamDiscardListener, outcome) {
      noteOutcome.call(this, { ...outcome, unknown: [] });
    }),
  },
  {
    name: 'nothing is recovered at the start',
    faults: { crashes: 1 },
    found: /an intent has no outcome/,
    patch: replace(RamBlock.prototype, 'recover', () => []),
  },
  {
    name: 'nothing is settled',
    faults: { deliveries: 1 },
    found: /stays unsettled/,
    patch: replace(Settling.prototype, 'wake', nothing),
  },
  {
    name: 'a change does not wait for a populate that settles',
    asked: 'a conversion of the page in the middle',
    faults: { crashes: 1 },
    found: /crosses another|comes after/,
    patch: replace(Settling.prototype, 'conclude', async () => undefined),
  },
  {
    name: 'a settling populate is taken for accepted',
    faults: { deliveries: 2 },
    found: /has mapped page|lacks page|may yet reach|mapped twice/,
    patch: replace(Notifications.prototype, 'populateAgain', async function (this: Notifications, call, reason) {
      await populateAgain.call(this, call, reason);
      this.note(call.listener, { settled: call.runs, unmapped: [], unknown: [] });
      return null;
    }),
  },
  {
    name: 'of several rounds only the last is told',
    asked: 'a batch',
    found: /has mapped page|lacks page|fails with/,
    patch: replace(Notifications, 'tell', (blocks, reason) => {
      const last = blocks.map(({ notifications, rounds }) => ({ notifications, rounds: rounds.slice(-1) }));
      return tell(last, reason);
    }),
  },
  {
    name: 'changes do not wait for each other',
    found: /crosses another|comes after|the disk|is so|was|is shown as/,
    patch: replace(BlockQueue.prototype, 'run', runAtOnce),
  },
  {
    name: 'a listener that goes is not told to discard',
    asked: 'an unregistration',
    found: /has mapped page/,
    patch: replace(RamBlock.prototype, 'finalDiscard', (listener) => ({ listener, runs: [] })),
  },
  {
    name: 'a sequence is given again after a crash, for what an intent reserved ends with it',
    in: WAITING,
    faults: { crashes: 1 },
    found: /comes after/,
    patch: replace(RamBlock.prototype, 'recover', recoverFromOpenIntents),
  },
  {
    name: 'a sequence is given again after a journal failure, for what an intent reserved ends with it',
    in: WAITING,
    faults: { journal: 1 },
    found: /comes after/,
    patch: replace(RamBlock.prototype, 'recover', recoverFromOpenIntents),
  },
  {
    name: 'of pages beyond the end others are of unknown state',
    in: GROWING,
    faults: { deliveries: 1 },
    found: /is shown as/,
    patch: replace(RamDiscardListener.prototype, 'noteOutcome', function (this: RamDiscardListener, outcome) {
      const unknown = outcome.unknown?.map((run) => (run.start < this.range.end ? run : this.range));
      noteOutcome.call(this, { ...outcome, ...(unknown === undefined ? {} : { unknown }) });
    }),
  },
  {
    name: 'pages beyond the end are forgotten where they get no answer',
    in: GROWING,
    faults: { deliveries: 1 },
    found: /may yet reach l1; page 1 is private for good/,
    tampering: changeRecords(forgetBeyondEnd),
  },
  {
    name: 'pages beyond the end are forgotten after a crash',
    in: GROWING,
    faults: { crashes: 1 },
    found: /has mapped page/,
    tampering: changeRecords(forgetBeyondEnd),
  },
  {
    name: 'pages beyond the end are unknown, and settled by nothing',
    in: GROWING,
    faults: { deliveries: 1 },
    found: /is shown as/,
    patch: replaceGetter(RamDiscardListener.prototype, 'unknown', () => []),
  },
  {
    name: 'unknown pages are fewer than none, so that changes are let through',
    in: GROWING,
    faults: { deliveries: 1 },
    found: /is shown as/,
    patch: replaceGetter(RamDiscardListener.prototype, 'isUnknown', () => false),
  },
  {
    name: 'intents and outcomes follow each other for ever, for what is settled stays unsettled',
    in: GROWING,
    faults: { deliveries: 1 },
    found: /it goes on for ever/,
    patch: replace(Notifications.prototype, 'note', function (this: Notifications, listener, marks) {
      note.call(this, listener, marks.settled === undefined ? marks : {});
    }),
  },
  {
    name: 'deliveries are sent that no intent has reserved a sequence for',
    in: WAITING,
    faults: { deliveries: 1 },
    found: /has a sequence that is not durable/,
    patch: replaceGetter(RamDiscardListener.prototype, 'mayBegin', () => true),
  },
];
