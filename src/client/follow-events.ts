// Follows the events of a service without an end, in Node and in a browser: a connection that breaks is opened again, from
// the last event on. EventSource cannot send a token, so this is fetch.
import { readEvents, type ServiceEvent } from './event-stream.ts';
import {
  NoAnswerError,
  ProblemError,
  readAnswer,
  type ServiceClient,
  UnexpectedAnswerError,
} from './service-client.ts';

/** Milliseconds without a byte; heartbeats come every 15 s, so that two may be lost. */
const IDLE_MS = 45_000;
/** Milliseconds before a broken connection is opened again: doubling from the first to the longest. */
export const FIRST_RETRY_MS = 1000;
export const LONGEST_RETRY_MS = 30_000;

/** Thrown inside, and told as the cause of a NoAnswerError, when nothing came for too long. */
export class SilenceError extends Error {
  constructor(idleMs: number) {
    super(`nothing came for ${idleMs / 1000} s`);
    this.name = 'SilenceError';
  }
}

/** How it is with the connection. */
export type FollowState =
  /** Everything that happens from now on will be told; what was before has to be read. */
  | { readonly kind: 'live' }
  | {
      readonly kind: 'lost';
      /** null: the service ended the stream. */
      readonly error: NoAnswerError | ProblemError | null;
      /** Milliseconds until it is opened again. */
      readonly retryMs: number;
      /** Whether there is no event to go on from, so that whatever happens until then is missed. */
      readonly loses: boolean;
    }
  /** Events were missed that the service keeps no longer; it goes on from now. */
  | { readonly kind: 'missed'; readonly detail: string };

export interface FollowOptions {
  /** Only events of this machine. */
  readonly machine?: string | null;
  /** Only events of this RAM block. */
  readonly ramBlockId?: string | null;
  /** Id of the event to begin after; null: from now on. */
  readonly after?: string | null;
  /** Ends it, without an error. */
  readonly signal: AbortSignal;
  readonly onState?: (state: FollowState) => void;
  /**
   * Says whether an error is the end. Left out: when the service was never reached, and when it refuses for good (a status
   * below 500, but 408 and 429).
   */
  readonly isFinal?: (error: NoAnswerError | ProblemError, wasReached: boolean) => boolean;
  /** Milliseconds without a byte after which a connection counts as broken. */
  readonly idleMs?: number;
  readonly firstRetryMs?: number;
  readonly longestRetryMs?: number;
  /** Waits so many milliseconds, or less when the signal says so. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/**
 * Gives the events in their order; those that came with one read together. Whatever came while the connection was broken
 * follows, as long as the service keeps it.
 * @throws NoAnswerError and ProblemError as `isFinal` says; UnexpectedAnswerError when another program answers;
 * EventTooLongError
 */
export async function* followEvents(
  client: ServiceClient,
  options: FollowOptions,
): AsyncGenerator<readonly ServiceEvent[]> {
  const { signal, onState, wait = waitFor } = options;
  const follower = new Follower(client, options);
  while (!signal.aborted) {
    const lost = yield* follower.untilLost();
    if (signal.aborted) return;
    if (lost === null) continue;
    onState?.(lost);
    await wait(lost.retryMs, signal).catch(() => null);
  }
}

function isFinalByDefault(error: NoAnswerError | ProblemError, wasReached: boolean): boolean {
  if (error instanceof NoAnswerError) return !wasReached;
  const { status } = error.problem;
  return status < 500 && status !== 408 && status !== 429;
}

class Follower {
  readonly #client: ServiceClient;
  readonly #options: FollowOptions;
  readonly #query: URLSearchParams;
  readonly #longestRetryMs: number;
  readonly #firstRetryMs: number;
  #lastEventId: string | null = null;
  #retryMs: number;
  /** After the first answer a broken connection may be a restart; before it, nobody is there. */
  #wasReached = false;

  constructor(client: ServiceClient, options: FollowOptions) {
    const { machine = null, ramBlockId = null, after = null } = options;
    this.#client = client;
    this.#options = options;
    this.#firstRetryMs = options.firstRetryMs ?? FIRST_RETRY_MS;
    this.#longestRetryMs = options.longestRetryMs ?? LONGEST_RETRY_MS;
    this.#retryMs = this.#firstRetryMs;
    this.#query = new URLSearchParams({
      ...(machine === null ? {} : { machine }),
      ...(ramBlockId === null ? {} : { ramBlockId }),
      ...(after === null ? {} : { after }),
    });
  }

  /** Connects, and gives what comes. @returns null: to connect again at once @throws as `followEvents` */
  async *untilLost(): AsyncGenerator<readonly ServiceEvent[], (FollowState & { kind: 'lost' }) | null> {
    const { signal, onState, idleMs = IDLE_MS } = this.#options;
    const watch = new SilenceWatch(idleMs, signal);
    try {
      const response = await this.#open(watch.signal);
      const mediaType = response.headers.get('content-type') ?? '';
      if (response.status !== 200 || !/^text\/event-stream\b/i.test(mediaType) || response.body === null) {
        return await this.#refusal(response);
      }
      this.#wasReached = true;
      onState?.({ kind: 'live' });
      for await (const items of readEvents(this.#alive(response.body, watch))) {
        for (const item of items) if (item.kind === 'position') this.#moveTo(item.id);
        const events = items.flatMap((item) => (item.kind === 'event' ? [item.event] : []));
        if (events.length > 0) yield events;
      }
      return this.#lost(null);
    } catch (thrown) {
      if (!(thrown instanceof NoAnswerError)) throw thrown;
      const error = watch.isSilent ? new NoAnswerError(this.#client.url, new SilenceError(idleMs)) : thrown;
      if (signal.aborted || !this.#isFinal(error)) return this.#lost(error);
      throw error;
    } finally {
      watch.end();
    }
  }

  #open(signal: AbortSignal): Promise<Response> {
    const query = this.#query.size === 0 ? '' : `?${this.#query}`;
    const headers: Record<string, string> = { 'cache-control': 'no-store' };
    if (this.#lastEventId !== null) headers['last-event-id'] = latin1(this.#lastEventId);
    const request = { method: 'GET', path: `/v1/events${query}`, headers, signal } as const;
    return this.#client.open(request, 'text/event-stream, application/problem+json');
  }

  /** A connection that gives anything, be it a heartbeat, is a good one: the next break is a new one. */
  async *#alive(body: ReadableStream<Uint8Array>, watch: SilenceWatch): AsyncGenerator<Uint8Array> {
    const reader = body.getReader();
    try {
      for (;;) {
        watch.begin();
        const { done, value } = await reader.read();
        if (done) return;
        // A reader of the events that takes its time is no silence of the service.
        watch.end();
        this.#retryMs = this.#firstRetryMs;
        yield value;
      }
    } catch (error) {
      throw new NoAnswerError(this.#client.url, error);
    } finally {
      await reader.cancel().catch(() => null);
    }
  }

  #moveTo(id: string): void {
    // A header cannot have control characters; an id that has them is not of this service.
    if (/\p{Cc}/u.test(id)) return;
    this.#lastEventId = id === '' ? null : id;
    this.#query.delete('after');
  }

  async #refusal(response: Response): Promise<(FollowState & { kind: 'lost' }) | null> {
    const { url } = this.#client;
    if (response.status < 400) {
      await response.body?.cancel();
      throw new UnexpectedAnswerError(url, 'a stream of events');
    }
    const answer = await readAnswer(response).catch((error: unknown) => {
      throw new NoAnswerError(url, error);
    });
    const error = new ProblemError(url, answer);
    const position = this.#lastEventId ?? this.#query.get('after');
    if (answer.status === 410 && position !== null) {
      this.#lastEventId = null;
      this.#query.delete('after');
      this.#wasReached = true;
      this.#options.onState?.({ kind: 'missed', detail: error.problem.detail });
      return null;
    }
    if (this.#isFinal(error)) throw error;
    this.#wasReached = true;
    return this.#lost(error, answer.retryAfterMs ?? 0);
  }

  #isFinal(error: NoAnswerError | ProblemError): boolean {
    return (this.#options.isFinal ?? isFinalByDefault)(error, this.#wasReached);
  }

  #lost(error: NoAnswerError | ProblemError | null, leastMs = 0): FollowState & { kind: 'lost' } {
    const retryMs = Math.max(this.#retryMs, Math.min(leastMs, this.#longestRetryMs));
    this.#retryMs = Math.min(this.#retryMs * 2, this.#longestRetryMs);
    return { kind: 'lost', error, retryMs, loses: this.#lastEventId === null && !this.#query.has('after') };
  }
}

const SILENCE_STEPS = 10;

/** Aborts a connection on which nothing comes. */
class SilenceWatch {
  readonly #idleMs: number;
  readonly #silence = new AbortController();
  /** Ends the connection: after silence, or when the caller asks for it. */
  readonly signal: AbortSignal;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(idleMs: number, signal: AbortSignal) {
    this.#idleMs = idleMs;
    this.signal = AbortSignal.any([signal, this.#silence.signal]);
    this.begin();
  }

  get isSilent(): boolean {
    return this.#silence.signal.aborted;
  }

  /** Waits for something from now on. */
  begin(): void {
    this.end();
    // In steps: a process that stood still for long finds in the next step whatever came meanwhile.
    let steps = 0;
    this.#timer = setInterval(() => {
      if (++steps === SILENCE_STEPS) this.#silence.abort();
    }, this.#idleMs / SILENCE_STEPS);
  }

  /** Waits for nothing. */
  end(): void {
    clearInterval(this.#timer);
  }
}

/** A header is sent as Latin-1; ids are opaque, and may be any Unicode. */
function latin1(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('');
}

function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
