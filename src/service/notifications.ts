// The order in which listeners hear of a change, and what is undone when one of them objects: populate one by one, newest
// first, with veto and rollback; discard to all at once, with acknowledgement.
import type { RamBlock } from '../core/ram-block.ts';
import type { RamDiscardListener } from '../core/ram-discard-listener.ts';
import type { DeliveryReason, ListenerOutcome, NewRecord } from '../core/records.ts';
import type { Call, Round } from '../core/rounds.ts';
import type { PageRange } from '../core/section.ts';
import { Problem, type ProblemCode } from '../errors.ts';
import type { Deliver, Delivery, DeliveryAnswer, DeliveryType } from '../listeners/delivery.ts';
import { netOf, type Told } from './undoing.ts';

/** One block's share of what is told; its intent is durable. */
export interface Share {
  readonly block: RamBlock;
  readonly intentId: string;
  readonly conversionId: string | null;
  /** Gives what ends the deliveries to one listener early; they count as unanswered. */
  readonly signalFor: (listenerId: string) => AbortSignal;
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

/** Tells listeners of one change, which may be of several blocks: it gives the sequences that their intents reserved. */
export class Notifications {
  readonly #shares: readonly Share[];
  readonly #deliver: Deliver;
  readonly #outcomes = new Map<string, ListenerOutcome>();
  /** Listeners that owe the acknowledgement of a discard. */
  readonly #unacknowledged: string[] = [];
  /** Listeners that a byte of a delivery may have been sent to. */
  readonly #reached = new Set<string>();

  constructor(shares: readonly Share[], deliver: Deliver) {
    this.#shares = shares;
    this.#deliver = deliver;
  }

  /** The records that end the intents: what is now known of every listener that was called. */
  get outcomes(): NewRecord[] {
    const outcomes = [...this.#outcomes.values()];
    return this.#shares.map((share) => ({
      ramBlockId: share.block.id,
      kind: 'outcome',
      intentId: share.intentId,
      listeners: outcomes.filter(({ listenerId }) => this.#shareOf(listenerId) === share),
    }));
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
   * Tells of a change in `rounds`: in each, discards to all at once, then populates one after the other. If one listener
   * does not accept, nobody else is called, and all that were are told the opposite; one that refused too, for it may
   * have mapped a part.
   * @returns null when all accepted, else what to answer: `listener-refused`, `listener-unreachable`,
   *   `discard-unacknowledged`
   */
  async tell(rounds: readonly Round[], reason: DeliveryReason): Promise<Problem | null> {
    const told: Told[] = [];
    for (const { discards, populates } of rounds) {
      if (discards.length > 0) {
        const all = await Promise.all(discards.map((call) => this.#tell(call, 'discard', reason)));
        told.push(...all);
        const missing = all.filter((one) => !isAccepted(one));
        if (missing.length > 0) return this.#problem('discard-unacknowledged', missing, await this.#undo(told));
      }
      for (const call of populates) {
        const one = await this.#tell(call, 'populate', reason);
        told.push(one);
        if (isAccepted(one)) continue;
        const code = one.answer.outcome === 'refused' ? 'listener-refused' : 'listener-unreachable';
        return this.#problem(code, [one], await this.#undo(told));
      }
    }
    return null;
  }

  /** Discards at one listener, as {@link Notifications.tell}. */
  discard(call: Call, reason: DeliveryReason): Promise<Problem | null> {
    return this.tell([{ discards: [call], populates: [] }], reason);
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
    if (refused) await this.#takeBack([{ listener: call.listener, runs: told.sent }], reason);
    else this.note(call.listener, { unknown: told.sent });
    return this.#problem(refused ? 'listener-refused' : 'listener-unreachable', [told], []);
  }

  /** Undoes what was told. @returns the ids of the listeners that are again as they were */
  async #undo(told: readonly Told[]): Promise<string[]> {
    const nets = netOf(told);
    for (const { listener, added, removed, unanswered } of nets) {
      if (unanswered === null) continue;
      // Nothing can be taken back in order where there is no answer: what is mapped is not known, and is settled as such.
      if (unanswered.type === 'discard') this.#unacknowledged.push(listener.id);
      this.note(listener, { unknown: [...added, ...unanswered.runs], unmapped: removed });
    }
    const answered = nets.filter(({ unanswered }) => unanswered === null);
    const discards = answered.filter(({ added }) => added.length > 0);
    const failed = await this.#takeBack(
      discards.map(({ listener, added }) => ({ listener, runs: added })),
      'rollback',
    );
    const asBefore: string[] = [];
    for (const { listener, removed } of answered) {
      if (failed.has(listener)) {
        if (removed.length > 0) this.note(listener, { unmapped: removed });
      } else if (removed.length === 0 || (await this.populateAgain({ listener, runs: removed }, 'rollback')) === null) {
        asBefore.push(listener.id);
      }
    }
    return asBefore;
  }

  /** Discards at all at once. @returns those that did not acknowledge */
  async #takeBack(calls: readonly Call[], reason: DeliveryReason): Promise<Set<RamDiscardListener>> {
    const all = await Promise.all(calls.map((call) => this.#tell(call, 'discard', reason)));
    const missing = all.filter((told) => !isAccepted(told));
    for (const { call } of missing) {
      this.#unacknowledged.push(call.listener.id);
      // A discard that was cut short leaves its later deliveries unsent: nothing of the call is known.
      this.note(call.listener, { unknown: call.runs });
    }
    return new Set(missing.map(({ call }) => call.listener));
  }

  /** Sends the deliveries of one call, one after the other, until one is not accepted. */
  async #tell(call: Call, type: DeliveryType, reason: DeliveryReason): Promise<Told> {
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
    const answer = await this.#deliver(delivery, this.#shareOf(listener.id).signalFor(listener.id));
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
    const { block, conversionId } = this.#shareOf(listener.id);
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

  /** A listener that its block does not have any more is told by the only share there is. */
  #shareOf(listenerId: string): Share {
    const share = this.#shares.find(({ block }) => block.manager.listeners.has(listenerId)) ?? this.#shares[0];
    if (share === undefined) throw new Error(`listener ${listenerId} is told of a change that concerns no block`);
    return share;
  }

  #problem(code: FailureCode, failed: readonly Told[], rolledBack: readonly string[]): Problem {
    const ids = failed.map(({ call }) => call.listener.id);
    const [answer] = failed.map((told) => told.answer).filter((told) => told.outcome !== 'accepted');
    return new Problem(code, `listener ${ids.join(', ')} ${FAILURES[code]}: ${answer?.detail}`, {
      ...(answer?.errno === undefined ? {} : { errno: answer.errno }),
      ramBlockId: this.#shareOf(ids[0] ?? '').block.id,
      listenerId: ids.length === 1 ? (ids[0] ?? null) : null,
      listenerStatus: answer?.status ?? null,
      listenerDetail: answer?.detail ?? null,
      rolledBack,
      unacknowledged: [...new Set(this.#unacknowledged)],
      unsettled: [...this.#outcomes.values()].filter((o) => o.unknown ?? o.unmapped).map((o) => o.listenerId),
      ...(code === 'discard-unacknowledged' ? { retryAfterSeconds: 1 } : {}),
    });
  }
}

function isAccepted(told: Told): boolean {
  return told.answer.outcome === 'accepted';
}
