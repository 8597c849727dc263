// Follows the events of a service without an end: a connection that breaks is opened again, from the last event on.
import { setTimeout as delay } from 'node:timers/promises';
import { CommandError, errorCode } from '../command-error.ts';
import { stringOf } from '../json-fields.ts';
import {
  answeredText,
  NoAnswerError,
  notTheServiceText,
  type OpenedEvents,
  type ServiceAnswer,
  ServiceConnection,
  toProblem,
} from '../service-call.ts';
import { readEvents, type ServiceEvent } from './service-events.ts';

/** Milliseconds without a byte; heartbeats come every 15 s, so that two may be lost. */
const IDLE_MS = 45_000;
/** Milliseconds before a broken connection is opened again: doubling from the first to the longest. */
export const FIRST_RETRY_MS = 1000;
export const LONGEST_RETRY_MS = 30_000;

export interface FollowOptions {
  readonly service: URL;
  readonly token: string | null;
  readonly machine: string | null;
  readonly ramBlockId: string | null;
  /** Id of the event to begin after; null: from now on. */
  readonly after: string | null;
  /** Ends it, without an error. */
  readonly signal: AbortSignal;
  /** Called with what a person may want to know: a text of one line. */
  readonly onNotice: (text: string) => void;
  /** Milliseconds without a byte after which a connection counts as broken. */
  readonly idleMs?: number;
  /** Waits so many milliseconds, or less when the signal says so. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/**
 * The events in their order. What came while the connection was broken follows, as long as the service keeps it.
 * @throws CommandError when the service was never reached, or refuses
 */
export async function* followEvents(options: FollowOptions): AsyncGenerator<ServiceEvent> {
  const { signal, onNotice, wait = (ms) => delay(ms, undefined, { signal }) } = options;
  const follower = new Follower(options);
  try {
    while (!signal.aborted) {
      const broken = yield* follower.untilBroken();
      if (signal.aborted) return;
      if (broken.retryMs === 0) continue;
      const seconds = Math.round(broken.retryMs / 100) / 10;
      onNotice(
        `${broken.why}; connecting again in ${seconds} s${broken.loses ? ', what comes until then is missed' : ''}`,
      );
      await wait(broken.retryMs, signal).catch(() => null);
    }
  } finally {
    await follower.close();
  }
}

/** How a connection ended. */
interface Broken {
  readonly why: string;
  /** Milliseconds; 0: at once. */
  readonly retryMs: number;
  /** Whether there is no event to go on from. */
  readonly loses: boolean;
}

class Follower {
  readonly #options: FollowOptions;
  readonly #idleMs: number;
  readonly #connection: ServiceConnection;
  readonly #query: URLSearchParams;
  #lastEventId: string | null = null;
  #retryMs = FIRST_RETRY_MS;
  /** After the first answer a broken connection may be a restart; before it, nobody is there. */
  #wasReached = false;

  constructor(options: FollowOptions) {
    const { machine, ramBlockId, after, idleMs = IDLE_MS } = options;
    this.#options = options;
    this.#idleMs = idleMs;
    this.#connection = new ServiceConnection(options.service, options.token);
    this.#query = new URLSearchParams({
      ...(machine === null ? {} : { machine }),
      ...(ramBlockId === null ? {} : { ramBlockId }),
      ...(after === null ? {} : { after }),
    });
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  /** Connects, and gives what comes. @throws CommandError when connecting again is of no use */
  async *untilBroken(): AsyncGenerator<ServiceEvent, Broken> {
    try {
      const opened = await this.#open();
      if (opened.kind === 'answer') return this.#refusal(opened.answer);
      this.#options.onNotice(`following ${this.#connection.url}`);
      this.#wasReached = true;
      for await (const item of readEvents(this.#alive(opened.bytes))) {
        if (item.kind === 'event') yield item.event;
        else this.#moveTo(item.id);
      }
      return this.#broken('the service ended the stream');
    } catch (error) {
      if (!(error instanceof NoAnswerError)) throw error;
      if (this.#wasReached || this.#options.signal.aborted) return this.#broken(this.#reasonOf(error));
      throw new CommandError(error.message, { cause: error });
    }
  }

  #open(): Promise<OpenedEvents> {
    const query = this.#query.size === 0 ? '' : `?${this.#query}`;
    // A header is sent as Latin-1; ids are opaque, and may be any Unicode.
    const lastEventId = this.#lastEventId === null ? null : Buffer.from(this.#lastEventId).toString('latin1');
    return this.#connection.openEvents(
      {
        method: 'GET',
        path: `/v1/events${query}`,
        headers: { 'cache-control': 'no-store', ...(lastEventId === null ? {} : { 'last-event-id': lastEventId }) },
        signal: this.#options.signal,
      },
      this.#idleMs,
    );
  }

  /** A connection that gives anything, be it a heartbeat, is a good one: the next break is a new one. */
  async *#alive(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of bytes) {
      this.#retryMs = FIRST_RETRY_MS;
      yield piece;
    }
  }

  #moveTo(id: string): void {
    // A header cannot have control characters; an id that has them is not of this service.
    if (/\p{Cc}/u.test(id)) return;
    this.#lastEventId = id === '' ? null : id;
    this.#query.delete('after');
  }

  #refusal(answer: ServiceAnswer): Broken {
    const { url } = this.#connection;
    const { status, code, detail } = toProblem(answer);
    const position = this.#lastEventId ?? this.#query.get('after');
    if (status === 410 && code === 'events-expired' && position !== null) {
      this.#lastEventId = null;
      this.#query.delete('after');
      this.#wasReached = true;
      const why = `events were missed, going on from now: ${detail}`;
      this.#options.onNotice(why);
      return { why, retryMs: 0, loses: true };
    }
    if (status < 400) throw new CommandError(notTheServiceText(url, 'a stream of events'));
    const isLater = status >= 500 || status === 408 || status === 429;
    if (!isLater) throw new CommandError(answeredText(url, answer));
    this.#wasReached = true;
    return this.#broken(answeredText(url, answer), answer.retryAfterMs ?? 0);
  }

  #broken(why: string, leastMs = 0): Broken {
    const retryMs = Math.max(this.#retryMs, Math.min(leastMs, LONGEST_RETRY_MS));
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
    return { why, retryMs, loses: this.#lastEventId === null && !this.#query.has('after') };
  }

  #reasonOf(error: NoAnswerError): string {
    const silence = `nothing came for ${this.#idleMs / 1000} s`;
    const reasons: Record<string, string> = {
      UND_ERR_BODY_TIMEOUT: silence,
      UND_ERR_HEADERS_TIMEOUT: silence,
      ECONNREFUSED: 'the service is not there (ECONNREFUSED)',
    };
    return stringOf(reasons, errorCode(error.cause) ?? '') ?? `the connection broke (${error.reason})`;
  }
}
