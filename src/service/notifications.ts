// The order in which the listeners of a block hear of one change, and what is undone when one of them objects: populate
// one by one, newest first, with veto and rollback; discard to all at once, with acknowledgement.
import type { RamBlock } from '../core/ram-block.ts';
import type { RamDiscardListener } from '../core/ram-discard-listener.ts';
import type { Call } from '../core/ram-discard-manager.ts';
import type { BlockRecord, ListenerOutcome } from '../core/records.ts';
import type { PageRange } from '../core/section.ts';
import { Problem, type ProblemCode } from '../errors.ts';
import type { Deliver, DeliveryAnswer, DeliveryReason, DeliveryType } from '../listeners/delivery.ts';

/** What one listener was told, up to the delivery that was not accepted, and its last answer. */
interface Told {
  readonly call: Call;
  /** The runs that were sent: all of them where every delivery was accepted. */
  readonly sent: readonly PageRange[];
  readonly answer: DeliveryAnswer;
}

/** What a listener can do to a change, and how that is said. */
const FAILURES = {
  'listener-refused': 'refused the populate',
  'listener-unreachable': 'gave no usable answer to the populate',
  'discard-unacknowledged': 'did not acknowledge the discard',
} as const satisfies Partial<Record<ProblemCode, string>>;

type FailureCode = keyof typeof FAILURES;

type Marks = Pick<ListenerOutcome, 'settled' | 'unmapped' | 'unknown'>;

/** The most deliveries that telling `call` can take, there and back and there again; for the intent to reserve. */
export function deliveriesToReserve({ listener, runs }: Call): number {
  return 3 * Math.max(1, listener.deliveriesFor(runs));
}

/** Tells listeners of one change. Its intent is durable: it gives the sequences that were reserved there. */
export class Notifications {
  readonly #block: RamBlock;
  readonly #intentId: string;
  readonly #deliver: Deliver;
  readonly #signal: AbortSignal;
  readonly #conversionId: string | null;
  readonly #outcomes = new Map<string, ListenerOutcome>();
  /** Listeners that owe the acknowledgement of a discard. */
  readonly #unacknowledged = new Set<string>();

  constructor(block: RamBlock, intentId: string, deliver: Deliver, signal: AbortSignal, conversionId: string | null) {
    this.#block = block;
    this.#intentId = intentId;
    this.#deliver = deliver;
    this.#signal = signal;
    this.#conversionId = conversionId;
  }

  /** The record that ends the intent: what is now known of every listener that was called. */
  get outcome(): BlockRecord {
    return {
      ramBlockId: this.#block.id,
      kind: 'outcome',
      intentId: this.#intentId,
      listeners: [...this.#outcomes.values()],
    };
  }

  /** The last sequence that `listener` was given. */
  lastSequence(listener: RamDiscardListener): number {
    return (this.#outcomes.get(listener.id) ?? listener).lastSequence;
  }

  /** Adds what is known of the pages of `listener` now. */
  note(listener: RamDiscardListener, marks: Marks): void {
    const before = this.#outcomes.get(listener.id);
    const lastSequence = this.lastSequence(listener);
    this.#outcomes.set(listener.id, { ...before, ...marks, listenerId: listener.id, lastSequence });
  }

  /**
   * Populates one listener after the other. If one does not accept, no later one is called and those that were are sent
   * a discard for the same runs; the one that refused too, for it may have mapped a part.
   * @returns null when all accepted, else what to answer: `listener-refused` or `listener-unreachable`
   */
  async populate(calls: readonly Call[], reason: DeliveryReason): Promise<Problem | null> {
    const accepted: Told[] = [];
    for (const call of calls) {
      const told = await this.#tell(call, 'populate', reason);
      if (told.answer.outcome === 'accepted') {
        accepted.push(told);
        continue;
      }
      // Without an answer nothing can be taken back in order: what it has mapped is not known, and is settled as such.
      const refused = told.answer.outcome === 'refused';
      if (!refused) this.note(call.listener, { unknown: told.sent });
      const rolledBack = await this.#takeBack(refused ? [...accepted, told] : accepted, 'rollback');
      return this.#problem(refused ? 'listener-refused' : 'listener-unreachable', [told], rolledBack);
    }
    return null;
  }

  /**
   * Discards at all listeners at once. If one does not acknowledge, those that did are populated again.
   * @returns null when all acknowledged, else what to answer: `discard-unacknowledged`
   */
  async discard(calls: readonly Call[], reason: DeliveryReason): Promise<Problem | null> {
    const all = await Promise.all(calls.map((call) => this.#tell(call, 'discard', reason)));
    const missing = all.filter((told) => !isAccepted(told));
    if (missing.length === 0) return null;
    for (const { call, sent } of missing) this.#noteMissing(call.listener, sent);
    const rolledBack: string[] = [];
    for (const { call } of all.filter(isAccepted)) {
      if ((await this.populateAgain(call, 'rollback')) === null) rolledBack.push(call.listener.id);
    }
    return this.#problem('discard-unacknowledged', missing, rolledBack);
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
    if (refused) await this.#takeBack([told], reason);
    else this.note(call.listener, { unknown: told.sent });
    return this.#problem(refused ? 'listener-refused' : 'listener-unreachable', [told], []);
  }

  /** Discards what was sent to each, at all at once. @returns the ids of the listeners that acknowledged */
  async #takeBack(sent: readonly Told[], reason: DeliveryReason): Promise<string[]> {
    const calls = sent.map((told) => ({ listener: told.call.listener, runs: told.sent }));
    const all = await Promise.all(calls.map((call) => this.#tell(call, 'discard', reason)));
    // A discard that was cut short leaves its later deliveries unsent: nothing of the call is known.
    for (const { call } of all.filter((told) => !isAccepted(told))) this.#noteMissing(call.listener, call.runs);
    return all.filter(isAccepted).map(({ call }) => call.listener.id);
  }

  #noteMissing(listener: RamDiscardListener, unknown: readonly PageRange[]): void {
    this.#unacknowledged.add(listener.id);
    this.note(listener, { unknown });
  }

  /** Sends the deliveries of one call, one after the other, until one is not accepted. */
  async #tell(call: Call, type: DeliveryType, reason: DeliveryReason): Promise<Told> {
    const { listener, runs } = call;
    const { maxSections } = listener.definition;
    for (let from = 0; from < runs.length; from += maxSections) {
      const answer = await this.#send(listener, type, reason, runs.slice(from, from + maxSections));
      if (answer.outcome !== 'accepted') return { call, sent: runs.slice(0, from + maxSections), answer };
    }
    return { call, sent: runs, answer: { outcome: 'accepted' } };
  }

  #send(
    listener: RamDiscardListener,
    type: DeliveryType,
    reason: DeliveryReason,
    runs: readonly PageRange[],
  ): Promise<DeliveryAnswer> {
    const before = this.#outcomes.get(listener.id);
    const sequence = this.lastSequence(listener) + 1;
    this.#outcomes.set(listener.id, { ...before, listenerId: listener.id, lastSequence: sequence });
    const { id, definition, generation } = this.#block;
    const delivery = {
      type,
      reason,
      ramBlockId: id,
      machine: definition.machine,
      idstr: definition.idstr,
      listener: listener.definition,
      sequence,
      // A listener has one delivery under way at a time, so all before this one are over.
      settledThrough: sequence - 1,
      generation,
      conversionId: this.#conversionId,
      sections: runs.map((run) => listener.notifiedSection(run)),
    };
    return this.#deliver(delivery, this.#signal);
  }

  #problem(code: FailureCode, failed: readonly Told[], rolledBack: readonly string[]): Problem {
    const ids = failed.map(({ call }) => call.listener.id);
    const [answer] = failed.map((told) => told.answer).filter((told) => told.outcome !== 'accepted');
    return new Problem(code, `listener ${ids.join(', ')} ${FAILURES[code]}: ${answer?.detail}`, {
      ...(answer?.errno === undefined ? {} : { errno: answer.errno }),
      ramBlockId: this.#block.id,
      listenerId: ids.length === 1 ? (ids[0] ?? null) : null,
      listenerStatus: answer?.status ?? null,
      listenerDetail: answer?.detail ?? null,
      rolledBack,
      unacknowledged: [...this.#unacknowledged],
      unsettled: [...this.#outcomes.values()].filter((o) => o.unknown ?? o.unmapped).map((o) => o.listenerId),
      ...(code === 'discard-unacknowledged' ? { retryAfterSeconds: 1 } : {}),
    });
  }
}

function isAccepted(told: Told): boolean {
  return told.answer.outcome === 'accepted';
}
