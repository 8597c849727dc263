// Turns a delivery into signed HTTP requests and their answers into accepted, refused or unanswered, by the answer table
// of the contract.
import type { KeyObject } from 'node:crypto';
import type { ListenerDefinition } from '../core/records.ts';
import { isoTime } from '../iso-time.ts';
import { type Delivery, type DeliveryAnswer, type Judgement, WEBHOOK_TYPES } from './delivery.ts';
import type { Attempt } from './delivery-log.ts';
import { type Exchanged, exchange, type Outgoing } from './exchange.ts';
import { excerptOf, type Judge, judge, judgeAsync } from './judge.ts';
import { type Limits, UnderWay } from './limits.ts';
import type { OriginPools } from './origin-pools.ts';
import { sign, signingKey } from './signature.ts';
import type { TargetPolicy } from './target-policy.ts';

const FIRST_RETRY_MS = 50;

export interface WebhookClientOptions {
  readonly dispatcher: OriginPools;
  readonly policy: TargetPolicy;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Hears of every attempt when it is over. */
  readonly onAttempt: (delivery: Delivery, attempt: Attempt) => void;
}

/** Values that follow from a definition; made once, because every delivery needs them. */
interface Target {
  readonly origin: string;
  readonly path: string;
  /** Why its URL may not be called, as far as that is written in it. */
  readonly objection: string | null;
  readonly keys: readonly SigningKey[];
}

/** A delivery as it goes over the wire; retries keep id and body. */
interface Message {
  readonly id: string;
  readonly body: string;
  /** The last request that was made of it. */
  signed: Signed | null;
}

interface Signed {
  readonly target: Target;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly outgoing: Outgoing;
}

export class WebhookClient {
  readonly #options: WebhookClientOptions;
  readonly #targets = new WeakMap<ListenerDefinition, Target>();
  readonly #underWay = new UnderWay();
  /** The requests of deliveries that were written ahead. */
  readonly #ahead = new WeakMap<Delivery, Message>();

  constructor(options: WebhookClientOptions) {
    this.#options = options;
  }

  /**
   * Sends `delivery` until it is answered, the listener's `timeoutMs` is over, or `signal` aborts. Retries keep the id
   * and the body, and follow only an attempt that failed; one that is merely slow has until the deadline. Never throws.
   */
  async deliver(delivery: Delivery, signal: AbortSignal): Promise<DeliveryAnswer> {
    if (signal.aborted)
      return { outcome: 'unanswered', status: null, detail: 'called off before it was sent', unsent: true };
    const message = this.#message(delivery);
    const limits = this.#underWay.begin(delivery.listener.definition.timeoutMs, signal);
    let backoff = FIRST_RETRY_MS;
    let isSent = false;
    try {
      for (let number = 1; ; number++) {
        const result = await this.#attempt(delivery, message, number, limits, judge);
        if (result.outcome === 'accepted') return { outcome: 'accepted' };
        isSent ||= result.unsent !== true;
        const wait = Math.max(backoff, result.retryMs ?? Number.POSITIVE_INFINITY);
        if (performance.now() + wait >= limits.deadline || limits.isReached) return answerOf(result, isSent);
        await limits.wait(wait);
        if (limits.isReached) return answerOf(result, isSent);
        backoff *= 2;
      }
    } finally {
      limits.lift();
    }
  }

  /**
   * Makes one attempt, the `number`th, to send `delivery` to an async listener. Never throws.
   * @param following gives what is sent next if this one is accepted: written and signed while the answer is waited for
   */
  attempt(
    delivery: Delivery,
    number: number,
    signal: AbortSignal,
    following: () => Delivery | null,
  ): Promise<Judgement> {
    const message = this.#ahead.get(delivery) ?? this.#message(delivery);
    const limits = this.#underWay.begin(delivery.listener.definition.timeoutMs, signal);
    const judged = this.#attempt(delivery, message, number, limits, judgeAsync);
    // undici writes to a connection that was idle once the event loop has turned: after that, not before.
    setImmediate(() => this.#writeAhead(following()));
    return judged.then((judgement) => {
      limits.lift();
      return judgement;
    });
  }

  /** Makes the request of a delivery, if there is one, that is about to be sent: used if it still is right then. */
  #writeAhead(delivery: Delivery | null): void {
    if (delivery === null) return;
    const message = this.#message(delivery);
    outgoing(this.#targetOf(delivery.listener.definition), message, this.#options.now());
    this.#ahead.set(delivery, message);
  }

  #message(delivery: Delivery): Message {
    const { type, listener, ramBlockId, machine, idstr, sequence, settledThrough, generation } = delivery;
    const { reason, conversionId, sections, timestamp = isoTime(this.#options.now()) } = delivery;
    const body = JSON.stringify({
      type: WEBHOOK_TYPES[type],
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
    return { id: `msg_${listener.id}_${sequence}`, body, signed: null };
  }

  #attempt(
    delivery: Delivery,
    message: Message,
    number: number,
    limits: Limits,
    judgeAnswer: Judge,
  ): Promise<Judgement> {
    const { now, dispatcher, onAttempt } = this.#options;
    const { type, listener } = delivery;
    const target = this.#targetOf(listener.definition);
    const startedAt = now();
    const started = performance.now();
    const judged = (result: Judgement): Judgement => {
      onAttempt(delivery, {
        id: message.id,
        sequence: delivery.sequence,
        type: WEBHOOK_TYPES[type],
        reason: delivery.reason,
        attempt: number,
        status: result.status,
        outcome: result.outcome,
        durationMs: Math.round(performance.now() - started),
        startedAt,
        responseExcerpt: result.excerpt,
      });
      return result;
    };
    if (target.objection !== null) {
      return Promise.resolve(judged({ outcome: 'unanswered', status: null, excerpt: target.objection, unsent: true }));
    }
    return exchange(dispatcher, outgoing(target, message, startedAt), limits).then((exchanged) => {
      if (exchanged.end !== 'answered') return judged(unansweredBy(exchanged, limits));
      const hidden = exchanged.text === '' ? [] : secretsOf(listener.definition);
      return judged(judgeAnswer(type, { ...exchanged, hidden }, now));
    });
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

/** A request that carries `message`, signed; the last one if it is of the same second. @param at milliseconds since the epoch */
function outgoing(target: Target, message: Message, at: number): Outgoing {
  const { id, body, signed } = message;
  const { origin, path, keys } = target;
  const timestamp = secondsOf(at);
  if (signed?.target === target && secondsOf(signed.at) === timestamp) {
    // Unless a secret has ended since.
    if (keys.every(({ until }) => at < until || signed.at >= until)) return signed.outgoing;
  }
  const signatures = keys.filter(({ until }) => at < until).map(({ key }) => sign(key, id, timestamp, body));
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.join(' '),
  };
  message.signed = { target, at, outgoing: { origin, path, method: 'POST', headers, body } };
  return message.signed.outgoing;
}

/** @param milliseconds since the epoch @returns whole seconds since then */
function secondsOf(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}

/** Returns the outcome of an attempt that got no complete answer. */
function unansweredBy(exchanged: Exclude<Exchanged, { end: 'answered' }>, limits: Limits): Judgement {
  const { status, isSent } = exchanged;
  const excerpt = explain(exchanged, limits.isLate ? limits.timeoutMs : null);
  const unanswered = { outcome: 'unanswered', status, excerpt, ...(isSent ? {} : { unsent: true as const }) } as const;
  return exchanged.end === 'failed' ? { ...unanswered, retryMs: 0 } : unanswered;
}

/** Why there is no complete answer. @param timeoutMs of a deadline that is over */
function explain(exchanged: Exclude<Exchanged, { end: 'answered' }>, timeoutMs: number | null): string {
  const { end, status } = exchanged;
  const began = status === null ? '' : `HTTP ${status}, but the answer did not end: `;
  // The listener has a say in this, too: a certificate that is not its own is described by all names that it has.
  if (end !== 'aborted') return began + excerptOf(exchanged.why);
  return began + (timeoutMs === null ? 'called off' : `no answer within ${timeoutMs} ms (timeoutMs)`);
}

function answerOf({ outcome, status, excerpt, errno }: Judgement, isSent: boolean): DeliveryAnswer {
  if (outcome === 'accepted') return { outcome };
  const detail = excerpt === '' ? `HTTP ${status}` : excerpt;
  return { outcome, status, detail, ...(errno === undefined ? {} : { errno }), ...(isSent ? {} : { unsent: true }) };
}
