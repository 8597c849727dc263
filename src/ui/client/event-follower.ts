// Follows GET /v1/events by fetch, which can send a token (EventSource cannot), and begins again whenever it ends.
import { createParser } from 'eventsource-parser';
import type { EventData, ServiceEvent } from '../model/activity.ts';

export type Connection = 'connecting' | 'live' | 'lost' | 'unauthorized';

export interface EventFollowerOptions {
  /** The service, without a slash at the end. */
  readonly base: string;
  readonly headers: () => Record<string, string>;
  /** What came with one read; seldom a single one when there are many. */
  readonly onEvents: (events: readonly ServiceEvent[]) => void;
  /** live: everything that happens from now on will be told; what was before has to be read. */
  readonly onConnection: (connection: Connection) => void;
  /** Milliseconds of silence after which the connection is taken for dead: heartbeats come every 15 s. */
  readonly silenceMs?: number;
  /** Milliseconds to wait after the first failure; doubled with each further one, up to ten times. */
  readonly retryMs?: number;
}

export class EventFollower {
  readonly #options: Required<EventFollowerOptions>;
  #lastId: string | null = null;
  #stop: AbortController | null = null;

  constructor(options: EventFollowerOptions) {
    this.#options = { silenceMs: 40_000, retryMs: 1000, ...options };
  }

  /** Begins anew, if need be with another token. */
  start(): void {
    this.stop();
    this.#stop = new AbortController();
    void this.#follow(this.#stop.signal);
  }

  stop(): void {
    this.#stop?.abort();
    this.#stop = null;
  }

  async #follow(stopped: AbortSignal): Promise<void> {
    const { onConnection, retryMs } = this.#options;
    let wait = retryMs;
    onConnection('connecting');
    while (!stopped.aborted) {
      const end = await this.#once(stopped).catch(() => 'failed' as const);
      if (stopped.aborted) return;
      if (end === 'unauthorized') {
        onConnection('unauthorized');
        return;
      }
      if (end === 'expired') {
        this.#lastId = null;
        continue;
      }
      onConnection('lost');
      // It did work: this is no reason to wait for long.
      if (end === 'ended') wait = retryMs;
      await new Promise((resolve) => setTimeout(resolve, wait));
      wait = Math.min(wait * 2, retryMs * 10);
    }
  }

  /** One connection, until it ends. */
  async #once(stopped: AbortSignal): Promise<'ended' | 'failed' | 'expired' | 'unauthorized'> {
    const { base, headers, onEvents, onConnection, silenceMs } = this.#options;
    const silence = new AbortController();
    const signal = AbortSignal.any([stopped, silence.signal]);
    const lastId = this.#lastId === null ? {} : { 'last-event-id': this.#lastId };
    let watch = setTimeout(() => silence.abort(), silenceMs);
    try {
      const answer = await fetch(`${base}/v1/events`, { headers: { ...headers(), ...lastId }, signal });
      if (answer.status === 401) return 'unauthorized';
      if (answer.status === 410) return 'expired';
      if (!answer.ok || answer.body === null) return 'failed';
      const events: ServiceEvent[] = [];
      const parser = createParser({
        onEvent: ({ event = '', data, id }) => {
          if (id !== undefined) this.#lastId = id;
          events.push({ type: event, data: JSON.parse(data) as EventData });
        },
      });
      onConnection('live');
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return 'ended';
        clearTimeout(watch);
        watch = setTimeout(() => silence.abort(), silenceMs);
        parser.feed(value);
        if (events.length > 0) onEvents(events.splice(0));
      }
    } finally {
      clearTimeout(watch);
    }
  }
}
