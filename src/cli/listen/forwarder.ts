// Posts events to a program on this machine, one after the other, so that it sees them in their order.
import { Client } from 'undici';
import type { ServiceEvent } from '../../client/event-stream.ts';
import { errorCode } from '../command-error.ts';

/** Milliseconds; a program that takes longer misses the event. */
const FORWARD_TIMEOUT_MS = 10_000;

export class Forwarder implements AsyncDisposable {
  readonly #client: Client;
  readonly #path: string;
  readonly #timeoutMs: number;

  /** @param timeoutMs milliseconds for one event */
  constructor(url: URL, timeoutMs = FORWARD_TIMEOUT_MS) {
    this.#client = new Client(url.origin);
    this.#path = url.pathname + url.search;
    this.#timeoutMs = timeoutMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.destroy();
  }

  /** Posts `{ id, event, data }`. @param signal gives it up @returns null when it was taken (2xx), else why not */
  async forward(event: ServiceEvent, signal: AbortSignal): Promise<string | null> {
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    try {
      const { statusCode, body } = await this.#client.request({
        method: 'POST',
        path: this.#path,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(event),
        signal: AbortSignal.any([timeout, signal]),
      });
      await body.dump();
      return statusCode >= 200 && statusCode < 300 ? null : `it answered ${statusCode}`;
    } catch (error) {
      if (timeout.aborted) return `no answer within ${this.#timeoutMs / 1000} s`;
      return errorCode(error) ?? String(error);
    }
  }
}
