// What the service does for one async listener, as the contract has it and without HTTP: numbers, retries, copies that are
// late, deliveries that are skipped, a backlog that becomes a replay, a restart that has forgotten the last answers.
import type { Delivery } from '../../../src/cli/simulator/delivery.ts';
import type { Answer } from '../../../src/cli/simulator/receiver.ts';
import { delivery, pages } from './webhooks.ts';

/** Pages `start` to `end - 1`. */
interface Run {
  readonly start: number;
  readonly end: number;
}

/** One delivery that has no number yet, or what becomes deliveries of the state when its turn comes. */
type Owed =
  | { readonly type: 'populate' | 'discard'; readonly reason: string; readonly runs: readonly Run[] }
  | { readonly type: 'anew'; readonly reason: 'recovery' | 'replay'; readonly runs: readonly Run[] };

interface Sent {
  readonly id: string;
  readonly delivery: Delivery;
  readonly runs: readonly Run[];
}

/** What becomes of an attempt. Only an accepted one is over for the service. */
export type Outcome = 'accepted' | 'answer lost' | 'lost' | 'late' | 'accepted, with a late copy';

export interface AsyncListenerOptions {
  readonly pages: number;
  readonly section: Run;
  readonly maxSections: number;
  readonly granularity: number;
}

export class AsyncDeliveries {
  readonly #options: AsyncListenerOptions;
  readonly #receive: (id: string, delivery: Delivery) => Answer;
  readonly #populated: boolean[];
  #owed: Owed[] = [];
  /** Numbered, and not over; the first is the one that is tried. */
  #sent: Sent[] = [];
  /** Accepted since something was given up last: what a restart may have forgotten. */
  #accepted: Sent[] = [];
  /** Copies that are still on their way. */
  #copies: Sent[] = [];
  #lastSequence = 0;

  constructor(options: AsyncListenerOptions, receive: (id: string, delivery: Delivery) => Answer) {
    this.#options = options;
    this.#receive = receive;
    this.#populated = new Array(options.pages).fill(false);
  }

  /** The populated pages of the section, ascending. */
  get populated(): number[] {
    const { start, end } = this.#options.section;
    return [...this.#populated.keys()].filter((page) => page >= start && page < end && this.#populated[page]);
  }

  convert({ start, end }: Run, type: 'populate' | 'discard'): void {
    const { section } = this.#options;
    const window = { start: Math.max(start, section.start), end: Math.min(end, section.end) };
    const runs = this.#runs(window, type === 'discard');
    this.#populated.fill(type === 'populate', start, end);
    this.#owe({ type, reason: 'conversion', runs });
  }

  /** @returns what the receiver answered, where the service learns of it; undefined where it does not, or nothing is owed */
  attempt(outcome: Outcome): Answer | undefined {
    const sent = this.#head();
    if (sent === undefined || outcome === 'lost') return undefined;
    if (outcome === 'late' || outcome === 'accepted, with a late copy') this.#copies.push(sent);
    if (outcome === 'late') return undefined;
    const answer = this.#receive(sent.id, sent.delivery);
    if (outcome === 'answer lost') return undefined;
    this.#sent.shift();
    this.#accepted.push(sent);
    return answer;
  }

  /** One of the late copies arrives; nobody waits for its answer. */
  arrive(which: number): void {
    const [copy] = this.#copies.length === 0 ? [] : this.#copies.splice(which % this.#copies.length, 1);
    if (copy !== undefined) this.#receive(copy.id, copy.delivery);
  }

  /** Gives up the oldest delivery, sent or not; what its ranges are when their turn comes (or now) follows. */
  skip(where: 'next' | 'behind' | 'behind, as it is now'): void {
    const sent = this.#head();
    if (sent === undefined) return;
    this.#sent.shift();
    this.#accepted = [];
    const recovery: Owed = { type: 'anew', reason: 'recovery', runs: sent.runs };
    if (where === 'next') this.#owed.unshift(recovery);
    else if (where === 'behind') this.#owed.push(recovery);
    else this.#owed.push(...this.#anew('recovery', sent.runs));
  }

  /** All that is owed becomes one replay. @param givingUp what was sent is given up, too, instead of tried on */
  collapse(givingUp: boolean): void {
    if (givingUp) {
      this.#sent = [];
      this.#accepted = [];
    }
    this.#owed = [{ type: 'anew', reason: 'replay', runs: [this.#options.section] }];
  }

  /** Starts again from a position that is `forgotten` accepted deliveries behind. */
  restart(forgotten: number): void {
    if (forgotten === 0) return;
    this.#sent.unshift(...this.#accepted.splice(-forgotten));
  }

  /** All that is owed is accepted. @returns the statuses that were answered */
  drain(): number[] {
    const statuses: number[] = [];
    for (let answer = this.attempt('accepted'); answer !== undefined; answer = this.attempt('accepted')) {
      statuses.push(answer.status);
    }
    return statuses;
  }

  arriveAll(): void {
    while (this.#copies.length > 0) this.arrive(0);
  }

  #head(): Sent | undefined {
    if (this.#sent.length === 0) this.#number();
    return this.#sent[0];
  }

  /** Gives the next delivery its number. */
  #number(): void {
    let next = this.#owed.shift();
    if (next?.type === 'anew') {
      this.#owed.unshift(...this.#anew(next.reason, next.runs));
      next = this.#owed.shift();
    }
    if (next === undefined || next.type === 'anew') return;
    const { type, reason, runs } = next;
    const { granularity } = this.#options;
    const sequence = ++this.#lastSequence;
    // Nothing overtakes: when the next is sent, all before it are over.
    const data = { settledThrough: sequence - 1, reason, granularity };
    const sections = runs.map(({ start, end }) => pages(start, end, 2 ** 32));
    this.#sent.push({ id: `msg_${sequence}`, delivery: delivery(type, sequence, sections, data), runs });
  }

  #owe(owed: Owed): void {
    this.#owed.push(...this.#split(owed));
  }

  /** `runs` are discarded, and what is populated of them follows. */
  #anew(reason: 'recovery' | 'replay', runs: readonly Run[]): Owed[] {
    const populated = runs.flatMap((run) => this.#runs(run, true));
    return [
      ...this.#split({ type: 'discard', reason, runs }),
      ...this.#split({ type: 'populate', reason, runs: populated }),
    ];
  }

  #split(owed: Owed): Owed[] {
    const { maxSections } = this.#options;
    const parts = Math.ceil(owed.runs.length / maxSections);
    return Array.from({ length: parts }, (_, part) => {
      return { ...owed, runs: owed.runs.slice(part * maxSections, (part + 1) * maxSections) };
    });
  }

  /** The maximal runs of pages in `window` that are (or are not) populated. */
  #runs(window: Run, populated: boolean): Run[] {
    const runs: { start: number; end: number }[] = [];
    for (let page = window.start; page < window.end; page++) {
      if (this.#populated[page] !== populated) continue;
      const last = runs.at(-1);
      if (last?.end === page) last.end++;
      else runs.push({ start: page, end: page + 1 });
    }
    return runs;
  }
}
