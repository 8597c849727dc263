// What the tests of following have in common: services of events, and one who follows them without really waiting.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach } from 'vitest';
import { type FollowOptions, followEvents } from '../../../src/cli/listen/follow.ts';
import type { ServiceEvent } from '../../../src/client/event-stream.ts';
import { type EventScript, EventServer, sse } from './event-server.ts';

export const event = (id: string): string => sse(id, 'conversion.committed', { machine: 'm' });

/** Of one test. */
export class Following {
  readonly notices: string[] = [];
  /** The milliseconds that were waited before connecting again; nobody really waits. */
  readonly waits: number[] = [];
  readonly stop = new AbortController();
  readonly #servers: EventServer[] = [];

  /** A service that answers one request after the other so. */
  serve(...scripts: EventScript[]): Promise<EventServer> {
    return this.serveAt(0, ...scripts);
  }

  async serveAt(port: number, ...scripts: EventScript[]): Promise<EventServer> {
    const server = await EventServer.start(scripts, port);
    this.#servers.push(server);
    return server;
  }

  options(service: URL): FollowOptions {
    return {
      service,
      token: null,
      machine: null,
      ramBlockId: null,
      after: null,
      signal: this.stop.signal,
      onNotice: (text) => this.notices.push(text),
      wait: (ms) => {
        this.waits.push(ms);
        return nextTurn();
      },
    };
  }

  follow(service: URL, more: Partial<FollowOptions> = {}): AsyncGenerator<ServiceEvent> {
    return followEvents({ ...this.options(service), ...more });
  }

  async end(): Promise<void> {
    this.stop.abort();
    for (const server of this.#servers) await server[Symbol.asyncDispose]();
  }
}

/** @returns what the test that runs is to use */
export function setUpFollowing(): () => Following {
  let current = new Following();
  beforeEach(() => {
    current = new Following();
  });
  afterEach(() => current.end());
  return () => current;
}

/** The ids of the first `count` events; then it ends. */
export async function take(events: AsyncGenerator<ServiceEvent>, count: number): Promise<(string | null)[]> {
  const ids: (string | null)[] = [];
  for await (const { id } of events) if (ids.push(id) === count) break;
  return ids;
}
