// The order in which listeners hear of a change, and what is undone when one of them objects: populate one by one, newest
// first, with veto and rollback; discard to all at once, with acknowledgement.
import type { RamBlock } from '../core/ram-block.ts';
import type { RamDiscardListener } from '../core/ram-discard-listener.ts';
import type { DeliveryReason, ListenerOutcome, NewRecord } from '../core/records.ts';
import type { Call, Round } from '../core/rounds.ts';
import type { PageRange } from '../core/section.ts';
import { Problem, type ProblemCode } from '../errors.ts';
import type { Deliver, Delivery, DeliveryAnswer, DeliveryType } from '../listeners/delivery.ts';
import { type Notified, type Rollback, rollbackOf } from './rollback.ts';

/** What the listeners of one block are notified under; its intent is durable. */
export interface NotificationOptions {
  readonly block: RamBlock;
  readonly intentId: string;
  readonly conversionId: string | null;
  /** Gives what ends the deliveries to one listener early; they count as unanswered. */
  readonly signalFor: (listenerId: string) => AbortSignal;
  readonly deliver: Deliver;
}

/** What the listeners of one block hear of a change. */
export interface Notifying {
  readonly notifications: Notifications;
  readonly rounds: readonly Round[];
}

/** What a listener can do to a change, and how that is said. */
const FAILURES = {
  'listener-refused': 'refused the populate',
  'listener-unreachable': 'gave no usable answer to the populate',
  'discard-unacknowledged': 'did not acknowledge the discard',
} as const satisfies Partial<Record<ProblemCode, string>>;

type FailureCode = keyof typeof FAILURES;

const ACCEPTED: DeliveryAnswer = { outcome: 'accepted' };

type Marks = Pick<ListenerOutcome, 'settled' | 'unmapped' | 'unknown'>;

const UNRESERVED: DeliveryAnswer = {
  outcome: 'unanswered',
  status: null,
  detail: 'the intent reserved no sequence for it',
};

/**
 * Returns the most deliveries that telling `listener` of `calls` can take, for the intent to reserve: there, back, there
 * again and back again. A run that is undone begins and ends where a run of the calls does, or one that is owed to the
 * listener: there are no more of them than of these.
 */
export function deliveriesToReserve(listener: RamDiscardListener, calls: readonly Call[]): number {
  let [there, runs] = [0, listener.unmappedRuns];
  for (const call of calls) {
    there += listener.deliveriesFor(call.runs.length);
    runs += call.runs.length;
  }
  return there + 3 * listener.deliveriesFor(runs);
}

/** Notifies listeners of one block under one intent: it gives the sequences that the intent reserved. */
export class Notifications {
  readonly #options: NotificationOptions;
  readonly #outcomes = new Map<string, ListenerOutcome>();
  /** Listeners that owe the acknowledgement of a discard. */
  readonly #unacknowledged = new Set<string>();
  /** Listeners that a byte of a delivery may have been sent to. */
  readonly #reached = new Set<string>();

  constructor(options: NotificationOptions) {
    this.#options = options;
  }

  /** The record that ends the intent: what is now known of every listener that was called. */
  get outcome(): NewRecord {
    const { block, intentId } = this.#options;
    return { ramBlockId: block.id, kind: 'outcome', intentId, listeners: [...this.#outcomes.values()] };
  }

  /** Whether a byte of any delivery may have been sent to `listener`; else it cannot have mapped anything. */
  mayHaveReached({ id }: RamDiscardListener): boolean {
    return this.#reached.has(id);
  }

  /** Adds what is known of the pages of `listener` now. */
  note(listener: RamDiscardListener, marks: Marks): void {
    const { id: listenerId, lastSequence } = listener;
    this.#outcomes.set(listenerId, { ...this.#outcomes.get(listenerId), ...marks, listenerId, lastSequence });
  }

  /**
   * Notifies listeners of a change in rounds, which are those of all its blocks at once: in each, discards to all at once,
   * then populates one after the other. If one listener does not accept, nobody else is called, and all that were are told
   * the opposite; one that refused too, for it may have mapped a part.
   * @returns null when all accepted, else what to answer: `listener-refused`, `listener-unreachable`,
   *   `discard-unacknowledged`
   */
  static async tell(blocks: readonly Notifying[], reason: DeliveryReason): Promise<Problem | null> {
    const done = new Map<Notifications, Notified[]>(blocks.map(({ notifications }) => [notifications, []]));
    const fail = async (code: FailureCode): Promise<Problem> => {
      const rolledBack = await undo(done);
      const all = blocks.map(({ notifications }) => notifications);
      return problemOf(code, all, done, rolledBack);
    };
    const count = Math.max(0, ...blocks.map(({ rounds }) => rounds.length));
    for (let index = 0; index < count; index++) {
      const discarding = blocks.map(async ({ notifications, rounds }) => {
        const told = await notifications.#discardAll(rounds[index]?.discards ?? [], reason);
        done.get(notifications)?.push(...told);
        return told.every(isAccepted);
      });
      if ((await Promise.all(discarding)).includes(false)) return fail('discard-unacknowledged');
      for (const { notifications, rounds } of blocks) {
        for (const call of rounds[index]?.populates ?? []) {
          const one = await notifications.#tell(call, 'populate', reason);
          done.get(notifications)?.push(one);
          if (isAccepted(one)) continue;
          return fail(one.answer.outcome === 'refused' ? 'listener-refused' : 'listener-unreachable');
        }
      }
    }
    return null;
  }

  /** Discards at one listener, as {@link Notifications.tell}. */
  discard(call: Call, reason: DeliveryReason): Promise<Problem | null> {
    return Notifications.tell([{ notifications: this, rounds: [{ discards: [call], populates: [] }] }], reason);
  }

  /** Populates one listener, as {@link Notifications.tell}. */
  populate(call: Call, reason: DeliveryReason): Promise<Problem | null> {
    return Notifications.tell([{ notifications: this, rounds: [{ discards: [], populates: [call] }] }], reason);
  }

  /**
   * Populates one listener that has discarded these runs, although they are populated. Whatever comes of it is noted:
   * accepted, they are settled; refused, unmapped; without an answer, unknown.
   * @returns null when accepted, else what to answer: `listener-refused` or `listener-unreachable`
   */
  async populateAgain(call: Call, reason: DeliveryReason): Promise<Problem | null> {
    const told = await this.#tell(call, 'populate', reason);
    if (isAccepted(told)) {
      this.note(call.listener, { settled: call.runs });
      return null;
    }
    this.note(call.listener, { unmapped: call.runs });
    const refused = told.answer.outcome === 'refused';
    if (refused) await this.takeBack([{ listener: call.listener, runs: told.sent }], reason);
    else this.note(call.listener, { unknown: told.sent });
    const code = refused ? 'listener-refused' : 'listener-unreachable';
    return problemOf(code, [this], new Map([[this, [told]]]), []);
  }

  /** Discards at all at once; nothing is known of what is not acknowledged. @returns the listeners that did not */
  async takeBack(calls: readonly Call[], reason: DeliveryReason): Promise<Set<RamDiscardListener>> {
    const missing = (await this.#discardAll(calls, reason)).filter((told) => !isAccepted(told));
    for (const { call } of missing) {
      this.#unacknowledged.add(call.listener.id);
      // A discard that was cut short leaves its later deliveries unsent: nothing of the call is known.
      this.note(call.listener, { unknown: call.runs });
    }
    return new Set(missing.map(({ call }) => call.listener));
  }

  /** Notes what cannot be undone in order: a listener whose last delivery got no usable answer. */
  giveUp({ listener, added, removed, unanswered }: Rollback): void {
    if (unanswered === null) return;
    if (unanswered.type === 'discard') this.#unacknowledged.add(listener.id);
    this.note(listener, { unknown: [...added, ...unanswered.runs], unmapped: removed });
  }

  get unacknowledged(): readonly string[] {
    return [...this.#unacknowledged];
  }

  /** The listeners that pages are unsettled of. */
  get unsettled(): readonly string[] {
    return [...this.#outcomes.values()].filter((o) => o.unknown ?? o.unmapped).map((o) => o.listenerId);
  }

  get ramBlockId(): string {
    return this.#options.block.id;
  }

  #discardAll(calls: readonly Call[], reason: DeliveryReason): Promise<Notified[]> {
    return Promise.all(calls.map((call) => this.#tell(call, 'discard', reason)));
  }

  /** Sends the deliveries of one call, one after the other, until one is not accepted. */
  async #tell(call: Call, type: DeliveryType, reason: DeliveryReason): Promise<Notified> {
    const { listener, runs } = call;
    const { maxSections } = listener.definition;
    for (let from = 0; from < runs.length; from += maxSections) {
      const part = runs.length <= maxSections ? runs : runs.slice(from, from + maxSections);
      const answer = listener.mayBegin ? await this.#send(listener, type, reason, part) : UNRESERVED;
      if (answer.outcome !== 'accepted') return { call, type, sent: runs.slice(0, from + maxSections), answer };
    }
    return { call, type, sent: runs, answer: ACCEPTED };
  }

  async #send(
    listener: RamDiscardListener,
    type: DeliveryType,
    reason: DeliveryReason,
    runs: readonly PageRange[],
  ): Promise<DeliveryAnswer> {
    const delivery = this.#begin(listener, type, reason, runs);
    const answer = await this.#options.deliver(delivery, this.#options.signalFor(listener.id));
    listener.endDelivery(delivery.sequence);
    if (answer.outcome !== 'unanswered' || answer.unsent !== true) this.#reached.add(listener.id);
    return answer;
  }

  #begin(
    listener: RamDiscardListener,
    type: DeliveryType,
    reason: DeliveryReason,
    runs: readonly PageRange[],
  ): Delivery {
    const { block, conversionId } = this.#options;
    const { id, definition, generation } = block;
    const { sequence, settledThrough } = listener.beginDelivery();
    this.note(listener, {});
    return {
      type,
      reason,
      ramBlockId: id,
      machine: definition.machine,
      idstr: definition.idstr,
      listener,
      sequence,
      settledThrough,
      generation,
      conversionId,
      sections: runs.map((run) => listener.notifiedSection(run)),
    };
  }
}

/** Undoes what was told, in all blocks together. @returns the ids of the listeners that are again as they were */
async function undo(done: ReadonlyMap<Notifications, readonly Notified[]>): Promise<string[]> {
  const blocks = [...done].map(([notifications, told]) => {
    const rollbacks = [...Map.groupBy(told, ({ call }) => call.listener)].map(([listener, own]) =>
      rollbackOf(listener, own),
    );
    // Nothing can be taken back in order where there is no answer: what is mapped is not known, and is settled as such.
    for (const rollback of rollbacks) notifications.giveUp(rollback);
    return { notifications, rollbacks: rollbacks.filter(({ unanswered }) => unanswered === null) };
  });
  const failed = await Promise.all(
    blocks.map(({ notifications, rollbacks }) => {
      const added = rollbacks.filter((rollback) => rollback.added.length > 0);
      const calls = added.map((rollback) => ({ listener: rollback.listener, runs: rollback.added }));
      return notifications.takeBack(calls, 'rollback');
    }),
  );
  const asBefore: string[] = [];
  for (const [index, { notifications, rollbacks }] of blocks.entries()) {
    for (const { listener, removed: runs } of rollbacks) {
      if (failed[index]?.has(listener)) {
        if (runs.length > 0) notifications.note(listener, { unmapped: runs });
      } else if (runs.length === 0 || (await notifications.populateAgain({ listener, runs }, 'rollback')) === null) {
        asBefore.push(listener.id);
      }
    }
  }
  return asBefore;
}

function problemOf(
  code: FailureCode,
  blocks: readonly Notifications[],
  done: ReadonlyMap<Notifications, readonly Notified[]>,
  rolledBack: readonly string[],
): Problem {
  const failed = [...done].flatMap(([{ ramBlockId }, told]) => {
    return told.flatMap(({ call, answer }) =>
      answer.outcome === 'accepted' ? [] : { ramBlockId, id: call.listener.id, answer },
    );
  });
  const [first] = failed;
  if (first === undefined) throw new Error('a change failed, and every listener accepted it');
  const { answer, ramBlockId } = first;
  const names = failed.map(({ id }) => id).join(', ');
  return new Problem(code, `listener ${names} ${FAILURES[code]}: ${answer.detail}`, {
    ...(answer.errno === undefined ? {} : { errno: answer.errno }),
    ramBlockId,
    listenerId: failed.length === 1 ? first.id : null,
    listenerStatus: answer.status,
    listenerDetail: answer.detail,
    rolledBack,
    unacknowledged: blocks.flatMap(({ unacknowledged }) => unacknowledged),
    unsettled: blocks.flatMap(({ unsettled }) => unsettled),
    ...(code === 'discard-unacknowledged' ? { retryAfterSeconds: 1 } : {}),
  });
}

function isAccepted(told: Notified): boolean {
  return told.answer.outcome === 'accepted';
}
