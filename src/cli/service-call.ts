// How every command calls the service: its URL and token, JSON in and out, problem documents, Retry-After, and what is said
// when nobody answers. What an answer means, and whether to ask again, is each command's own affair.
import { Client, type Dispatcher } from 'undici';
import { errorCode } from './command-error.ts';
import { parseJson, stringOf } from './json-fields.ts';

export interface ServiceRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** From `/v1` on, with its query. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface ServiceAnswer {
  readonly status: number;
  readonly text: string;
  /** `text` as JSON; undefined where it is none. */
  readonly json: unknown;
  /** What Retry-After says, milliseconds from now, not below 0; null where there is none. */
  readonly retryAfterMs: number | null;
}

/** A stream of Server-Sent Events as it arrives, or the answer that came instead. */
export type OpenedEvents =
  | { readonly kind: 'events'; readonly bytes: AsyncIterable<Uint8Array> }
  | { readonly kind: 'answer'; readonly answer: ServiceAnswer };

/** A problem document, or what an answer without one says. */
export interface ProblemAnswer {
  readonly status: number;
  /** `http-<status>` where the answer is no problem document. */
  readonly code: string;
  readonly detail: string;
  readonly errno: string | null;
  readonly ramBlockId: string | null;
  readonly listenerId: string | null;
  readonly listenerDetail: string | null;
}

/** No answer came, or it broke off. */
export class NoAnswerError extends Error {
  /** The network's code, such as `ECONNREFUSED`, else what the error says. */
  readonly reason: string;

  constructor(url: string, cause: unknown) {
    const reason = errorCode(cause) ?? (cause instanceof Error ? cause.message : String(cause));
    super(`no answer from ${url} (${reason}); --service gives its URL`, { cause });
    this.name = 'NoAnswerError';
    this.reason = reason;
  }
}

/** One kept connection to the service: requests follow one another. */
export class ServiceConnection implements AsyncDisposable {
  /** Of the service, without a slash at its end. */
  readonly url: string;
  readonly #client: Client;
  readonly #prefix: string;
  readonly #headers: Readonly<Record<string, string>>;

  /** @param url of the service, `http:` or `https:`; @param token for `Authorization: Bearer`; null: none */
  constructor(url: URL, token: string | null) {
    this.#prefix = url.pathname.replace(/\/+$/, '');
    this.url = url.origin + this.#prefix;
    // Not fetch: it has a list of ports that it refuses to call, and a service may listen on any.
    this.#client = new Client(url.origin);
    this.#headers = token === null ? {} : { authorization: `Bearer ${token}` };
  }

  /** Ends it, and what is under way. */
  async close(): Promise<void> {
    await this.#client.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @returns the answer, whatever its status @throws NoAnswerError */
  async send(request: ServiceRequest): Promise<ServiceAnswer> {
    try {
      return await readAnswer(await this.#request(request, 'application/json, application/problem+json'));
    } catch (error) {
      throw new NoAnswerError(this.url, error);
    }
  }

  /**
   * Opens a stream of events.
   * @param idleMs milliseconds without a byte after which it counts as broken; undici's clock ticks twice a second
   * @throws NoAnswerError when nothing answers; the stream throws it when it breaks
   */
  async openEvents(request: ServiceRequest, idleMs: number): Promise<OpenedEvents> {
    try {
      const accept = 'text/event-stream, application/problem+json';
      const response = await this.#request(request, accept, { headersTimeout: idleMs, bodyTimeout: idleMs });
      const mediaType = String(response.headers['content-type']);
      if (response.statusCode === 200 && /^text\/event-stream\b/i.test(mediaType)) {
        return { kind: 'events', bytes: this.#bytes(response.body) };
      }
      return { kind: 'answer', answer: await readAnswer(response) };
    } catch (error) {
      throw new NoAnswerError(this.url, error);
    }
  }

  async *#bytes(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } catch (error) {
      throw new NoAnswerError(this.url, error);
    }
  }

  #request(
    { method, path, body, headers, signal }: ServiceRequest,
    accept: string,
    timeouts: Pick<Dispatcher.RequestOptions, 'headersTimeout' | 'bodyTimeout'> = {},
  ): Promise<Dispatcher.ResponseData> {
    const json = body === undefined ? {} : { 'content-type': 'application/json' };
    return this.#client.request({
      method,
      path: this.#prefix + path,
      headers: { accept, ...this.#headers, ...json, ...headers },
      body: body === undefined ? null : JSON.stringify(body),
      ...(signal === undefined ? {} : { signal }),
      ...timeouts,
    });
  }
}

async function readAnswer({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<ServiceAnswer> {
  const text = await body.text();
  const retryAfter = headers['retry-after'];
  const retryAfterMs = typeof retryAfter === 'string' ? retryDelay(retryAfter) : null;
  return { status: statusCode, text, json: parseJson(text), retryAfterMs };
}

/** Milliseconds to wait for a Retry-After of seconds or of a date; 0 where it is neither. */
function retryDelay(retryAfter: string): number {
  const milliseconds = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.now();
  return Number.isNaN(milliseconds) ? 0 : Math.max(milliseconds, 0);
}

/** @param answer with a status of 400 or more */
export function toProblem({ status, text, json }: ServiceAnswer): ProblemAnswer {
  const detail = stringOf(json, 'detail') ?? stringOf(json, 'title') ?? text.slice(0, 200).replaceAll(/\s+/g, ' ');
  return {
    status,
    code: stringOf(json, 'code') ?? `http-${status}`,
    detail,
    errno: stringOf(json, 'errno'),
    ramBlockId: stringOf(json, 'ramBlockId'),
    listenerId: stringOf(json, 'listenerId'),
    listenerDetail: stringOf(json, 'listenerDetail'),
  };
}

/** What is said of an answer that ends a command. @param hints by code of the problem, beside those about the token */
export function answeredText(url: string, answer: ServiceAnswer, hints: Readonly<Record<string, string>> = {}): string {
  const { status, code, detail } = toProblem(answer);
  const tokenHint = code === 'unauthorized' || code === 'forbidden' ? '; --token gives a token' : '';
  return `the service at ${url} answered ${status} ${code}: ${detail}${stringOf(hints, code) ?? tokenHint}`;
}

/** What is said when another program seems to listen at `url`. @param what should have come */
export function notTheServiceText(url: string, what: string): string {
  return `${url} does not answer as this service does (${what}); --service names another`;
}
