// The events of the service for the page: started and stopped, and again with another token.
import { type FollowState, followEvents } from '../../client/follow-events.ts';
import { ProblemError, type ServiceClient } from '../../client/service-client.ts';
import type { EventData, ServiceEvent } from '../model/activity.ts';

export type Connection = 'connecting' | 'live' | 'lost' | 'unauthorized';

export interface EventFollowerOptions {
  readonly client: ServiceClient;
  /** Called with all events of one read; seldom a single one when there are many. */
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

  async #follow(signal: AbortSignal): Promise<void> {
    const { client, onEvents, onConnection, silenceMs, retryMs } = this.#options;
    onConnection('connecting');
    const onState = ({ kind }: FollowState): void => {
      if (kind !== 'missed') onConnection(kind);
    };
    const times = { idleMs: silenceMs, firstRetryMs: retryMs, longestRetryMs: retryMs * 10 };
    // Whatever else goes wrong may be over in a moment: a page stays open.
    const isFinal = (error: Error): boolean => error instanceof ProblemError && error.problem.status === 401;
    while (!signal.aborted) {
      try {
        for await (const batch of followEvents(client, { ...times, signal, onState, isFinal })) {
          // What the API says it sends.
          onEvents(batch.map(({ event, data }) => ({ type: event, data: data as EventData })));
        }
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof ProblemError) return onConnection('unauthorized');
        // Another program answers, in the place of the service.
        onConnection('lost');
        await new Promise((resolve) => setTimeout(resolve, times.longestRetryMs));
      }
    }
  }
}
