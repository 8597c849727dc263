// Turns a delivery into signed HTTP requests and their answers into accepted, refused or unanswered, by the answer table
// of the contract.
import type { KeyObject } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ListenerDefinition } from '../core/records.ts';
import type { Delivery, DeliveryAnswer } from './delivery.ts';
import type { Attempt } from './delivery-log.ts';
import { type Exchanged, exchange } from './exchange.ts';
import { type Judgement, judge, judgeAsync } from './judge.ts';
import type { OriginPools } from './origin-pools.ts';
import { sign, signingKey } from './signature.ts';
import type { TargetPolicy } from './target-policy.ts';

const FIRST_RETRY_MS = 50;

export interface WebhookClientOptions {
  readonly dispatcher: OriginPools;
  readonly policy: TargetPolicy;
  readonly now: () => Date;
  /** Hears of every attempt when it is over. */
  readonly onAttempt: (delivery: Delivery, attempt: Attempt) => void;
}

/** What bounds one delivery. */
interface Limits {
  /** Milliseconds. */
  readonly timeoutMs: number;
  /** The deadline is over. */
  isLate: boolean;
  /** Aborts at the deadline, or when the delivery is called off. */
  readonly signal: AbortSignal;
}

/** What follows from a definition: made once, for it is used for every delivery. */
interface Target {
  readonly origin: string;
  readonly path: string;
  /** Why its URL may not be called, as far as that is written in it. */
  readonly objection: string | null;
  readonly keys: readonly SigningKey[];
}

/** A delivery as it goes over the wire; retries keep both. */
interface Message {
  readonly id: string;
  readonly body: string;
}

export class WebhookClient {
  readonly #options: WebhookClientOptions;
  readonly #targets = new WeakMap<ListenerDefinition, Target>();

  constructor(options: WebhookClientOptions) {
    this.#options = options;
  }

  /**
   * Sends `delivery` until it is answered, the listener's `timeoutMs` is over, or `signal` aborts. Retries keep the id
   * and the body, and follow only an attempt that failed; one that is merely slow has until the deadline. Never throws.
   */
  async deliver(delivery: Delivery, signal: AbortSignal): Promise<DeliveryAnswer> {
    if (signal.aborted) return { outcome: 'unanswered', status: null, detail: 'called off before it was sent' };
    const message = this.#message(delivery);
    const { timeoutMs } = delivery.listener.definition;
    const end = performance.now() + timeoutMs;
    return within(timeoutMs, signal, async (limits) => {
      let backoff = FIRST_RETRY_MS;
      for (let number = 1; ; number++) {
        const result = await this.#observed(delivery, message, number, limits, judge);
        if (result.outcome === 'accepted') return { outcome: 'accepted' };
        const wait = Math.max(backoff, result.retryMs ?? Number.POSITIVE_INFINITY);
        if (performance.now() + wait >= end || limits.signal.aborted) return answerOf(result);
        await delay(wait, undefined, { signal: limits.signal }).catch(() => undefined);
        if (limits.signal.aborted) return answerOf(result);
        backoff *= 2;
      }
    });
  }

  /** Makes one attempt, the `number`th, to send `delivery` to an async listener. Never throws. */
  attempt(delivery: Delivery, number: number, signal: AbortSignal): Promise<Judgement> {
    const message = this.#message(delivery);
    return within(delivery.listener.definition.timeoutMs, signal, (limits) => {
      return this.#observed(delivery, message, number, limits, (_type, answer, now) => judgeAsync(answer, now));
    });
  }

  #message(delivery: Delivery): Message {
    const { type, listener, ramBlockId, machine, idstr, sequence, settledThrough, generation } = delivery;
    const { reason, conversionId, sections, timestamp = this.#options.now().toISOString() } = delivery;
    const body = JSON.stringify({
      type: `ram_block.${type}`,
      timestamp,
      data: {
        ramBlockId,
        listenerId: listener.id,
        machine,
        idstr,
        sequence,
        settledThrough,
        generation,
        granularity: listener.definition.granularity,
        reason,
        conversionId,
        sections,
      },
    });
    return { id: `msg_${listener.id}_${sequence}`, body };
  }

  async #observed(
    delivery: Delivery,
    message: Message,
    number: number,
    limits: Limits,
    judgeAnswer: typeof judge,
  ): Promise<Judgement> {
    const startedAt = this.#options.now();
    const started = performance.now();
    const result = await this.#attempt(delivery, message, startedAt, limits, judgeAnswer);
    this.#options.onAttempt(delivery, {
      id: message.id,
      sequence: delivery.sequence,
      type: `ram_block.${delivery.type}`,
      reason: delivery.reason,
      attempt: number,
      status: result.status,
      outcome: result.outcome,
      durationMs: Math.round(performance.now() - started),
      startedAt: startedAt.toISOString(),
      responseExcerpt: result.excerpt,
    });
    return result;
  }

  async #attempt(
    { listener: { definition }, type }: Delivery,
    { id, body }: Message,
    at: Date,
    limits: Limits,
    judgeAnswer: typeof judge,
  ): Promise<Judgement> {
    const { dispatcher, now } = this.#options;
    const { origin, path, objection, keys } = this.#targetOf(definition);
    if (objection !== null) return { outcome: 'unanswered', status: null, excerpt: objection };
    const timestamp = Math.floor(at.getTime() / 1000);
    const signatures = keys
      .filter(({ until }) => at.getTime() < until)
      .map(({ key }) => sign(key, id, timestamp, body));
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signatures.join(' '),
    };
    const exchanged = await exchange(dispatcher, { origin, path, headers, body }, limits.signal);
    if (exchanged.end === 'answered') {
      return judgeAnswer(type, { ...exchanged, hidden: exchanged.text === '' ? [] : secretsOf(definition) }, now());
    }
    const { status } = exchanged;
    const excerpt = explain(exchanged, limits.isLate ? limits.timeoutMs : null);
    const unanswered = { outcome: 'unanswered', status, excerpt } as const;
    return exchanged.end === 'failed' ? { ...unanswered, retryMs: 0 } : unanswered;
  }

  #targetOf(definition: ListenerDefinition): Target {
    let target = this.#targets.get(definition);
    if (target === undefined) {
      const { origin, protocol, hostname, pathname, search } = new URL(definition.url);
      const objection = this.#options.policy.literalObjection(protocol, hostname);
      target = { origin, path: pathname + search, objection, keys: signingKeys(definition) };
      this.#targets.set(definition, target);
    }
    return target;
  }
}

/** A key that signs until then; milliseconds since the epoch. */
interface SigningKey {
  readonly key: KeyObject;
  readonly until: number;
}

/** The newest first. */
function signingKeys({ secret, previousSecrets = [] }: ListenerDefinition): SigningKey[] {
  const previous = previousSecrets.map((before) => ({
    key: signingKey(before.secret),
    until: Date.parse(before.until),
  }));
  return [{ key: signingKey(secret), until: Number.POSITIVE_INFINITY }, ...previous];
}

/** As a listener may write them that shows what it knows: also without the prefix, and with escaped slashes. */
function secretsOf({ secret, previousSecrets = [] }: ListenerDefinition): string[] {
  const keys = [secret, ...previousSecrets.map((before) => before.secret)].map((one) => one.replace(/^whsec_/, ''));
  return keys.flatMap((key) => [key, key.replaceAll('/', '\\/')]);
}

/** Runs `task` with a deadline after `timeoutMs`. */
async function within<T>(timeoutMs: number, signal: AbortSignal, task: (limits: Limits) => Promise<T>): Promise<T> {
  const end = new AbortController();
  const limits: Limits = { timeoutMs, isLate: false, signal: end.signal };
  const callOff = (): void => end.abort();
  const timer = setTimeout(() => {
    limits.isLate = true;
    end.abort();
  }, timeoutMs);
  // Not AbortSignal.any, which costs more than all the rest of this.
  signal.addEventListener('abort', callOff);
  if (signal.aborted) callOff();
  try {
    return await task(limits);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', callOff);
  }
}

/** Why there is no complete answer. @param timeoutMs of a deadline that is over */
function explain(exchanged: Exclude<Exchanged, { end: 'answered' }>, timeoutMs: number | null): string {
  const { end, status } = exchanged;
  const began = status === null ? '' : `HTTP ${status}, but the answer did not end: `;
  if (end !== 'aborted') return began + exchanged.why;
  return began + (timeoutMs === null ? 'called off' : `no answer within ${timeoutMs} ms (timeoutMs)`);
}

function answerOf({ outcome, status, excerpt, errno }: Judgement): DeliveryAnswer {
  if (outcome === 'accepted') return { outcome };
  const detail = excerpt === '' ? `HTTP ${status}` : excerpt;
  return { outcome, status, detail, ...(errno === undefined ? {} : { errno }) };
}
