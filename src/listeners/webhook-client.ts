// Turns a delivery into signed HTTP requests and their answers into accepted, refused or unanswered, by the answer table
// of the contract.
import type { KeyObject } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ListenerDefinition } from '../core/records.ts';
import type { Delivery, DeliveryAnswer } from './delivery.ts';
import type { Attempt } from './delivery-log.ts';
import { type Exchanged, exchange } from './exchange.ts';
import { type Judgement, judge } from './judge.ts';
import type { OriginPools } from './origin-pools.ts';
import { sign, signingKey } from './signature.ts';
import type { TargetPolicy } from './target-policy.ts';

const FIRST_RETRY_MS = 50;

export interface WebhookClientOptions {
  readonly dispatcher: OriginPools;
  readonly policy: TargetPolicy;
  readonly now: () => Date;
  /** Hears of every attempt when it is over. */
  readonly onAttempt: (listener: ListenerDefinition, attempt: Attempt) => void;
}

/** What bounds one delivery. */
interface Limits {
  /** Aborts at the deadline. */
  readonly deadline: AbortSignal;
  /** Aborts at the deadline, or when the delivery is called off. */
  readonly either: AbortSignal;
}

export class WebhookClient {
  readonly #options: WebhookClientOptions;
  /** By listener: a secret is decoded once. */
  readonly #keys = new WeakMap<ListenerDefinition, KeyObject>();

  constructor(options: WebhookClientOptions) {
    this.#options = options;
  }

  /**
   * Sends `delivery` until it is answered, the listener's `timeoutMs` is over, or `signal` aborts. Retries keep the id
   * and the body, and follow only an attempt that failed; one that is merely slow has until the deadline. Never throws.
   */
  async deliver(delivery: Delivery, signal: AbortSignal): Promise<DeliveryAnswer> {
    if (signal.aborted) return { outcome: 'unanswered', status: null, detail: 'called off before it was sent' };
    const { listener } = delivery;
    const body = this.#body(delivery);
    const end = performance.now() + listener.timeoutMs;
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), listener.timeoutMs);
    const limits = { deadline: deadline.signal, either: AbortSignal.any([signal, deadline.signal]) };
    try {
      let backoff = FIRST_RETRY_MS;
      for (let number = 1; ; number++) {
        const result = await this.#observed(delivery, body, number, limits);
        if (result.outcome === 'accepted') return { outcome: 'accepted' };
        const wait = Math.max(backoff, result.retryMs ?? Number.POSITIVE_INFINITY);
        if (performance.now() + wait >= end || limits.either.aborted) return answerOf(result);
        await delay(wait, undefined, { signal: limits.either }).catch(() => undefined);
        if (limits.either.aborted) return answerOf(result);
        backoff *= 2;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #body(delivery: Delivery): string {
    const { type, listener, ramBlockId, machine, idstr, sequence, settledThrough, generation } = delivery;
    const { reason, conversionId, sections } = delivery;
    return JSON.stringify({
      type: `ram_block.${type}`,
      timestamp: this.#options.now().toISOString(),
      data: {
        ramBlockId,
        listenerId: listener.id,
        machine,
        idstr,
        sequence,
        settledThrough,
        generation,
        granularity: listener.granularity,
        reason,
        conversionId,
        sections,
      },
    });
  }

  async #observed(delivery: Delivery, body: string, number: number, limits: Limits): Promise<Judgement> {
    const startedAt = this.#options.now();
    const started = performance.now();
    const id = `msg_${delivery.listener.id}_${delivery.sequence}`;
    const result = await this.#attempt(delivery, id, body, startedAt, limits);
    this.#options.onAttempt(delivery.listener, {
      id,
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

  async #attempt({ listener, type }: Delivery, id: string, body: string, at: Date, limits: Limits): Promise<Judgement> {
    const { dispatcher, policy, now } = this.#options;
    const url = new URL(listener.url);
    const objection = policy.literalObjection(url.protocol, url.hostname);
    if (objection !== null) return { outcome: 'unanswered', status: null, excerpt: objection };
    const timestamp = Math.floor(at.getTime() / 1000);
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': sign(this.#key(listener), id, timestamp, body),
    };
    const exchanged = await exchange(dispatcher, { url, headers, body }, limits.either);
    if (exchanged.end === 'answered') return judge(type, exchanged, now());
    const { status } = exchanged;
    const excerpt = explain(exchanged, limits.deadline.aborted ? listener.timeoutMs : null);
    const unanswered = { outcome: 'unanswered', status, excerpt } as const;
    return exchanged.end === 'failed' ? { ...unanswered, retryMs: 0 } : unanswered;
  }

  #key(listener: ListenerDefinition): KeyObject {
    let key = this.#keys.get(listener);
    if (key === undefined) {
      key = signingKey(listener.secret);
      this.#keys.set(listener, key);
    }
    return key;
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
