// One HTTP request to a listener and as much of its answer as is read. On undici's dispatch, not its request(): that one
// heeds its signal only once a connection stands (nodejs/undici#386), and a deadline must hold before that too.
import type { Dispatcher } from 'undici';
import type { Limits } from './limits.ts';
import type { OriginPools } from './origin-pools.ts';

/** Bytes of an answer's body that are read at most. */
const MAX_ANSWER = 16_384;
/** Answers with a status below 200 that may come before the real one. */
const MAX_INTERIM = 100;

export interface Outgoing {
  readonly origin: string;
  /** With the query. */
  readonly path: string;
  readonly method: 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The outcome of a request; `status` is null where no status line came. */
export type Exchanged =
  | {
      readonly end: 'answered';
      readonly status: number;
      readonly retryAfter: string | null;
      /** The body, cut where it is longer than is read. */
      readonly text: string;
    }
  /**
   * `failed`: no connection, or it broke before the answer was complete. `unusable`: to ask again is no use. Not `isSent`:
   * no byte of the request was written, nor will be.
   */
  | {
      readonly end: 'failed' | 'unusable';
      readonly status: number | null;
      readonly why: string;
      readonly isSent: boolean;
    }
  | { readonly end: 'aborted'; readonly status: number | null; readonly isSent: boolean };

/** Sends `outgoing` and reads the answer. Ends when a limit is reached; nothing is sent after that. Never throws. */
export function exchange(pools: OriginPools, outgoing: Outgoing, limits: Limits): Promise<Exchanged> {
  if (limits.isReached) return Promise.resolve({ end: 'aborted', status: null, isSent: false });
  if (pools.isDestroyed)
    return Promise.resolve({ end: 'unusable', status: null, why: 'the service is closing', isSent: false });
  const running = new Exchange(limits);
  pools.dispatch(outgoing, running);
  return running.exchanged;
}

class Exchange implements Dispatcher.DispatchHandler {
  readonly exchanged: Promise<Exchanged>;
  readonly #resolve: (exchanged: Exchanged) => void;
  #isOver = false;
  /** The answer has come to its end. */
  #isComplete = false;
  #controller: Dispatcher.DispatchController | null = null;
  /** The request, or a part of it, may have been written to a connection. */
  #isSent = false;
  #interim = 0;
  #status: number | null = null;
  #retryAfter: string | null = null;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(limits: Limits) {
    const { promise, resolve } = Promise.withResolvers<Exchanged>();
    this.exchanged = promise;
    this.#resolve = resolve;
    limits.onReached = () => this.#end({ end: 'aborted', status: this.#status, isSent: this.#isSent });
  }

  /** A connection stands and the request is about to be written to it. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isOver) controller.abort(new Error('given up before it was sent'));
    else this.#isSent = true;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    if (status < 200) {
      if (++this.#interim > MAX_INTERIM) {
        const why = `more than ${MAX_INTERIM} answers with a status below 200`;
        this.#end({ end: 'unusable', status: null, why, isSent: true });
      }
      return;
    }
    this.#status = status;
    const retryAfter = headers['retry-after'];
    this.#retryAfter = typeof retryAfter === 'string' ? retryAfter : null;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isOver) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes >= MAX_ANSWER) this.#answered();
  }

  onResponseEnd(): void {
    this.#isComplete = true;
    this.#answered();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const end = isUnusable(error) ? 'unusable' : 'failed';
    this.#end({ end, status: this.#status, why: describe(error), isSent: this.#isSent });
  }

  #answered(): void {
    if (this.#status === null) return;
    const text = this.#bytes === 0 ? '' : Buffer.concat(this.#chunks).toString('utf8', 0, MAX_ANSWER);
    this.#end({ end: 'answered', status: this.#status, retryAfter: this.#retryAfter, text });
  }

  #end(exchanged: Exchanged): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#resolve(exchanged);
    if (this.#isComplete) return;
    // Closes the connection. Not at once: this may be called from within undici's parser, which must not lose its request
    // before it has come to the end of what it is reading.
    queueMicrotask(() => this.#controller?.abort(new Error('the rest of the answer is not read')));
  }
}

/** Whether something came that is no HTTP answer, or whose headers are too large; asked again, it would come again. */
function isUnusable(error: Error): boolean {
  if ('code' in error && error.code === 'UND_ERR_HEADERS_OVERFLOW') return true;
  // By name and words: this error has no code in undici 8. Of all that the parser can object to, only an early end is the
  // fault of the connection.
  return error.name === 'HTTPParserError' && !error.message.includes('Invalid EOF state');
}

/** Returns an error of a connection in words; one of several attempts (IPv4 and IPv6) says little by itself. */
function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join('; ');
  if (!(error instanceof Error)) return String(error);
  // The message of OpenSSL names a file of its source and ends its line.
  if ('library' in error && 'reason' in error) return `TLS failed: ${error.reason}`;
  return error.message === '' && 'code' in error ? String(error.code) : error.message;
}
