// The wire between the service and its listeners: what is sent arrives in time, late, twice or never, and so do the
// answers. Devices accept, refuse, hang, die and answer rubbish as their mood is. How an answer is judged, and what is
// tried again, is as the webhook client has it; the judge is the real one.
import type { PageRange } from '../../src/core/section.ts';
import type { AttemptOnce, Deliver, Delivery, DeliveryAnswer, Judgement } from '../../src/listeners/delivery.ts';
import { judge, judgeAsync } from '../../src/listeners/judge.ts';
import type { Chance } from '../fuzz/chance.ts';
import type { Events } from './events.ts';
import type { Figures } from './figures.ts';
import { PAGE, text } from './pages.ts';
import { type Copy, Receiver, type Verdict } from './receiver.ts';

const FIRST_RETRY_MS = 50;

/** How a device is just now. The numbers are probabilities, but for the time that it takes (milliseconds, at most). */
export interface Mood {
  readonly name: string;
  readonly takes: number;
  readonly down?: number;
  readonly refuses?: number;
  readonly rubbish?: number;
  readonly gone?: number;
  readonly requestLost?: number;
  readonly answerLost?: number;
  readonly late?: number;
  readonly twice?: number;
}

export const MOODS: readonly Mood[] = [
  { name: 'well', takes: 10, twice: 0.02 },
  { name: 'slow', takes: 1500, twice: 0.05 },
  { name: 'rather slow', takes: 200 },
  { name: 'refusing', takes: 20, refuses: 0.7 },
  { name: 'dead', takes: 1, down: 1 },
  { name: 'hanging', takes: 20, answerLost: 0.5, requestLost: 0.5 },
  { name: 'talking rubbish', takes: 20, rubbish: 0.6 },
  { name: 'late', takes: 50, late: 0.5, twice: 0.2 },
  { name: 'forgetful', takes: 20, answerLost: 0.5 },
  { name: 'leaving', takes: 20, gone: 0.3 },
  {
    name: 'flaky',
    takes: 200,
    down: 0.1,
    refuses: 0.1,
    rubbish: 0.1,
    answerLost: 0.1,
    requestLost: 0.1,
    late: 0.1,
    twice: 0.1,
  },
];

export const WELL: Mood = { name: 'well', takes: 10 };

const RUBBISH = [202, 206, 301, 302, 400, 404, 408, 418, 425, 429, 500, 502, 503];

export interface NetworkOptions {
  readonly events: Events;
  readonly chance: () => Chance;
  readonly figures: Figures;
  readonly log: (what: string) => void;
  /** The mood of the device that has this URL. */
  readonly moodOf: (url: string) => Mood;
  /** Pages that the block may have. */
  readonly pagesOf: (ramBlockId: string) => number;
  /** Something is about to be sent for the first time, or again. */
  readonly sending: (copy: Copy, delivery: Delivery) => void;
  /** A device of the block did something, or will. */
  readonly touched: (ramBlockId: string) => void;
}

/** One request that is on its way. */
interface Request {
  readonly copy: Copy;
  readonly answered: ((status: number) => void) | null;
}

export class Network {
  /** By block and listener. */
  readonly receivers = new Map<string, Map<string, Receiver>>();
  /** Listeners that an operator removed, with the word that their device is gone. */
  readonly gone = new Set<string>();
  /** Copies that may still arrive. */
  readonly onTheWay = new Set<Copy>();
  /** Deliveries that the process waits for. */
  readonly underWay = new Set<Copy>();
  /** Requests that have arrived. */
  acted = 0;
  readonly #options: NetworkOptions;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  receiver({ listenerId, ramBlockId, mode }: Copy): Receiver {
    const ofBlock = this.receivers.get(ramBlockId) ?? new Map<string, Receiver>();
    this.receivers.set(ramBlockId, ofBlock);
    const receiver = ofBlock.get(listenerId) ?? new Receiver(this.#options.pagesOf(ramBlockId), mode);
    ofBlock.set(listenerId, receiver);
    return receiver;
  }

  readonly deliver: Deliver = async (delivery, signal) => {
    if (signal.aborted) return { outcome: 'unanswered', status: null, detail: 'called off' };
    const { events } = this.#options;
    const copy = this.#copyOf(delivery);
    this.#options.sending(copy, delivery);
    this.underWay.add(copy);
    const deadline = events.now + delivery.listener.definition.timeoutMs;
    let backoff = FIRST_RETRY_MS;
    try {
      for (;;) {
        const result = await this.#attempt(copy, delivery, deadline, signal);
        if (result.outcome === 'accepted') return { outcome: 'accepted' };
        const wait = Math.max(backoff, result.retryMs ?? Number.POSITIVE_INFINITY);
        if (events.now + wait >= deadline || signal.aborted) return answerOf(result);
        await this.#pause(wait, signal);
        if (signal.aborted) return answerOf(result);
        this.#options.figures.count('attempts again');
        backoff *= 2;
      }
    } finally {
      this.underWay.delete(copy);
    }
  };

  readonly attemptOnce: AttemptOnce = async (delivery, _number, signal, following) => {
    following();
    const copy = this.#copyOf(delivery);
    this.#options.sending(copy, delivery);
    this.#options.figures.count('async attempts');
    const deadline = this.#options.events.now + delivery.listener.definition.timeoutMs;
    return this.#attempt(copy, delivery, deadline, signal);
  };

  /** The process is no more: nobody waits for an answer. */
  forgetWaiting(): void {
    this.underWay.clear();
  }

  #attempt(copy: Copy, { listener, type }: Delivery, deadline: number, signal: AbortSignal): Promise<Judgement> {
    const { events, chance, figures, log } = this.#options;
    const mood = this.#options.moodOf(listener.definition.url);
    const name = `${copy.sequence} to ${copy.listenerId}: ${copy.type} (${copy.reason}) of ${text(copy.runs)}`;
    figures.count('attempts');
    log(`${name} is sent, through ${copy.settledThrough}; the device is ${mood.name}`);
    const { promise, resolve } = Promise.withResolvers<Judgement>();
    const unanswered = (excerpt: string, retryMs?: number): void => {
      resolve({ outcome: 'unanswered', status: null, excerpt, ...(retryMs === undefined ? {} : { retryMs }) });
    };
    const now = (): number => events.now;
    const answered = (status: number): void => {
      // The process hears it only while it lives, and in time.
      events.after(
        chance().below(mood.takes * 5) / 10,
        () => {
          log(`${name} is answered ${status}`);
          const judged = listener.definition.mode === 'async' ? judgeAsync : judge;
          resolve(judged(type, { status, retryAfter: null, text: '', hidden: [] }, now));
        },
        true,
      );
    };
    if (chance().is(mood.down ?? 0)) {
      figures.count('connections that failed');
      events.after(1, () => unanswered('no connection', 0), true);
    } else if (chance().is(mood.requestLost ?? 0)) {
      figures.count('requests that were lost');
    } else {
      const takes = 0.1 + chance().below(mood.takes * 10) / 10;
      const isLate = chance().is(mood.late ?? 0);
      const arrives = isLate ? deadline - events.now + chance().below(20_000) : takes;
      this.#travel({ copy, answered: isLate || chance().is(mood.answerLost ?? 0) ? null : answered }, arrives, mood);
      if (chance().is(mood.twice ?? 0)) this.#travel({ copy, answered: null }, chance().below(30_000), mood);
    }
    events.after(Math.max(0, deadline - events.now), () => unanswered('no answer in time'), true);
    signal.addEventListener('abort', () => unanswered('called off'), { once: true });
    return promise.then((judgement) => {
      if (judgement.status === null) figures.count('attempts without an answer');
      if (judgement.outcome === 'refused') figures.count('refusals');
      return judgement;
    });
  }

  #travel({ copy, answered }: Request, ms: number, mood: Mood): void {
    const { events, touched } = this.#options;
    // A copy of its own: it is on its way for itself.
    const own = { ...copy };
    this.onTheWay.add(own);
    events.after(ms, () => {
      this.onTheWay.delete(own);
      touched(copy.ramBlockId);
      this.#arrive(copy, answered, mood);
    });
  }

  #arrive(copy: Copy, answered: Request['answered'], mood: Mood): void {
    const { figures, log } = this.#options;
    const receiver = this.receiver(copy);
    this.acted++;
    const isLate = ![...this.underWay].some(({ webhookId }) => webhookId === copy.webhookId) && copy.mode === 'sync';
    const { status, was } = receiver.receive(copy, () => this.#decide(copy, mood));
    log(`${copy.sequence} arrives at ${copy.listenerId}${isLate ? ' late' : ''}, ${was}: ${status}`);
    figures.count(
      was === 'new' ? 'deliveries acted on' : was === 'repeated' ? 'copies answered as before' : 'copies fenced',
    );
    if (isLate) figures.count('late copies');
    if (isLate && was === 'new') figures.count('late copies acted on');
    if (answered === null) figures.count('answers that were lost');
    answered?.(status);
  }

  #decide({ type, mode }: Copy, mood: Mood): Verdict {
    const { chance, figures } = this.#options;
    if (mode === 'async' && chance().is(mood.gone ?? 0)) return { status: 410, acts: 'nothing' };
    if (chance().is(mood.rubbish ?? 0)) {
      figures.count('rubbish answers');
      const status = chance().pick(RUBBISH);
      // To say that it is done is the truth, where that is what the status says.
      const isYes = status < 300 && (type === 'discard' || mode === 'async');
      return { status, acts: isYes || chance().is(0.5) ? 'all' : 'nothing' };
    }
    if (type === 'populate' && mode === 'sync' && chance().is(mood.refuses ?? 0)) {
      return { status: chance().pick([403, 409, 422]), acts: chance().pick(['all', 'half', 'nothing']) };
    }
    return { status: chance().pick([200, 204]), acts: 'all' };
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#options.events.after(ms, resolve, true);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  #copyOf({ listener, ramBlockId, type, reason, sequence, settledThrough, sections }: Delivery): Copy {
    const { id: listenerId, definition } = listener;
    const runs = sections.map(({ offsetWithinRegion, size }): PageRange => {
      return { start: offsetWithinRegion / PAGE, end: (offsetWithinRegion + size) / PAGE };
    });
    const { url, mode } = definition;
    const webhookId = `msg_${listenerId}_${sequence}`;
    return { webhookId, ramBlockId, listenerId, url, type, reason, sequence, settledThrough, runs, mode };
  }
}

function answerOf({ outcome, status, excerpt }: Judgement): DeliveryAnswer {
  if (outcome === 'accepted') return { outcome };
  return { outcome, status, detail: excerpt === '' ? `HTTP ${status}` : excerpt };
}
