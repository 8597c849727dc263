// Turns a delivery into signed HTTP requests and their answers into accepted, refused or unanswered, by the answer table
// of the contract.
import type { KeyObject } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Dispatcher, request } from 'undici';
import type { ListenerDefinition } from '../core/records.ts';
import type { Delivery, DeliveryAnswer, DeliveryType } from './delivery.ts';
import type { Attempt } from './delivery-log.ts';
import { sign, signingKey } from './signature.ts';
import type { TargetPolicy } from './target-policy.ts';

const FIRST_RETRY_MS = 50;
/** Bytes of an answer that are read at most. */
const MAX_ANSWER = 16_384;
const EXCERPT_LENGTH = 512;

const REFUSALS = [403, 409, 422];
const RETRIED = [408, 425];

/** What one attempt came to. `retryMs` is there when another attempt may follow, after so many milliseconds or later. */
interface AttemptResult {
  readonly outcome: 'accepted' | 'refused' | 'unanswered';
  readonly status: number | null;
  readonly excerpt: string;
  readonly errno?: string;
  readonly retryMs?: number;
}

export interface WebhookClientOptions {
  readonly dispatcher: Dispatcher;
  readonly policy: TargetPolicy;
  readonly now: () => Date;
  /** Hears of every attempt when it is over. */
  readonly onAttempt: (listener: ListenerDefinition, attempt: Attempt) => void;
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
    const { listener } = delivery;
    const body = this.#body(delivery);
    const deadline = performance.now() + listener.timeoutMs;
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), listener.timeoutMs);
    const either = AbortSignal.any([signal, over.signal]);
    try {
      let backoff = FIRST_RETRY_MS;
      for (let number = 1; ; number++) {
        const result = await this.#observed(delivery, body, number, either);
        if (result.outcome === 'accepted') return { outcome: 'accepted' };
        const wait = Math.max(backoff, result.retryMs ?? Number.POSITIVE_INFINITY);
        if (performance.now() + wait >= deadline || either.aborted) return answerOf(result);
        await delay(wait, undefined, { signal: either }).catch(() => undefined);
        if (either.aborted) return answerOf(result);
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

  async #observed(delivery: Delivery, body: string, number: number, signal: AbortSignal): Promise<AttemptResult> {
    const startedAt = this.#options.now();
    const started = performance.now();
    const id = `msg_${delivery.listener.id}_${delivery.sequence}`;
    const result = await this.#attempt(delivery, id, body, startedAt, signal);
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

  async #attempt(
    { listener, type }: Delivery,
    id: string,
    body: string,
    at: Date,
    signal: AbortSignal,
  ): Promise<AttemptResult> {
    const { hostname, protocol } = new URL(listener.url);
    const objection = this.#options.policy.literalObjection(protocol, hostname);
    if (objection !== null) return { outcome: 'unanswered', status: null, excerpt: objection };
    const timestamp = Math.floor(at.getTime() / 1000);
    try {
      const answer = await request(listener.url, {
        method: 'POST',
        dispatcher: this.#options.dispatcher,
        signal,
        headers: {
          'content-type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': String(timestamp),
          'webhook-signature': sign(this.#key(listener), id, timestamp, body),
        },
        body,
      });
      return judge(type, answer.statusCode, answer.headers['retry-after'], await readSome(answer.body), at);
    } catch (error) {
      if (signal.aborted) {
        const excerpt = `no answer within ${listener.timeoutMs} ms (timeoutMs)`;
        return { outcome: 'unanswered', status: null, excerpt };
      }
      return { outcome: 'unanswered', status: null, excerpt: describe(error), retryMs: 0 };
    }
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

/** The beginning of an answer; the rest of a longer one is not read. */
async function readSome(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    // Leaving the loop closes the connection.
    if (bytes >= MAX_ANSWER) break;
  }
  return Buffer.concat(chunks).toString('utf8', 0, MAX_ANSWER);
}

/** The answer table of the contract. */
function judge(type: DeliveryType, status: number, retryAfter: unknown, body: string, at: Date): AttemptResult {
  const said = { status, ...readProblem(body) };
  if (type === 'discard' ? status >= 200 && status <= 299 : status === 200 || status === 204) {
    return { outcome: 'accepted', ...said };
  }
  if (type === 'populate' && REFUSALS.includes(status)) return { outcome: 'refused', ...said };
  const excerpt = `HTTP ${status}${said.excerpt === '' ? '' : `: ${said.excerpt}`}`;
  const unanswered = { outcome: 'unanswered', ...said, excerpt } as const;
  if (status >= 500 || RETRIED.includes(status)) return { ...unanswered, retryMs: 0 };
  const asked = status === 429 ? parseRetryAfter(retryAfter, at) : null;
  return asked === null ? unanswered : { ...unanswered, retryMs: asked };
}

/** What a listener says of a refusal: `detail` and `errno` of a problem document, else the text itself. */
function readProblem(body: string): { excerpt: string; errno?: string } {
  if (body === '') return { excerpt: '' };
  try {
    const { detail, errno } = Object(JSON.parse(body)) as { detail?: unknown; errno?: unknown };
    return {
      excerpt: (typeof detail === 'string' ? detail : body).slice(0, EXCERPT_LENGTH),
      ...(typeof errno === 'string' && /^E[A-Z0-9]{1,15}$/.test(errno) ? { errno } : {}),
    };
  } catch {
    return { excerpt: body.slice(0, EXCERPT_LENGTH) };
  }
}

/** Milliseconds; null where the header is missing or says nothing. */
function parseRetryAfter(value: unknown, now: Date): number | null {
  if (typeof value !== 'string') return null;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, at - now.getTime());
}

function answerOf({ outcome, status, excerpt, errno }: AttemptResult): DeliveryAnswer {
  if (outcome === 'accepted') return { outcome };
  const detail = excerpt === '' ? `HTTP ${status}` : excerpt;
  return { outcome, status, detail, ...(errno === undefined ? {} : { errno }) };
}

/** An error of a connection in words; one of several attempts (IPv4 and IPv6) says little by itself. */
function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join('; ');
  if (!(error instanceof Error)) return String(error);
  return error.message === '' && 'code' in error ? String(error.code) : error.message;
}
