// A plain HTTP client for the tests, over real sockets; every answer is held against the document.
import { Agent, request } from 'undici';
import { type Answer, checkAnswer } from './contract.ts';

export interface CallOptions {
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

/** An answer whose body the caller knows. */
// biome-ignore lint/suspicious/noExplicitAny: the shape of a body is what the tests are about to find out
type Body = any;

export class Api {
  readonly url: string;
  readonly #agent = new Agent();
  readonly #authorization: Record<string, string>;

  /** @param token sent with every request; undefined: none */
  constructor(url: string, token?: string) {
    this.url = url;
    this.#authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  get(path: string, options?: CallOptions) {
    return this.call('GET', path, undefined, options);
  }

  post(path: string, body?: unknown, options?: CallOptions) {
    return this.call('POST', path, body, options);
  }

  delete(path: string, options?: CallOptions) {
    return this.call('DELETE', path, undefined, options);
  }

  /** As `call`, and the status must be below 300. */
  async ok(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Body> {
    const answer = await this.call(method, path, body, options);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** @param body sent as it is when it is a string or bytes, else as JSON */
  async call(
    method: string,
    path: string,
    body?: unknown,
    options: CallOptions = {},
  ): Promise<Answer & { body: Body }> {
    const isRaw = typeof body === 'string' || body instanceof Uint8Array;
    const answer = await request(this.url + path, {
      method: method as 'GET',
      dispatcher: this.#agent,
      headers: {
        ...this.#authorization,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(body === undefined ? {} : { body: isRaw ? body : JSON.stringify(body) }),
    });
    const mediaType = String(answer.headers['content-type'] ?? '');
    const bytes = mediaType.startsWith('text/event-stream')
      ? await beginningOf(answer.body)
      : Buffer.from(await answer.body.arrayBuffer());
    const parsed = /json/.test(mediaType) ? JSON.parse(bytes.toString()) : bytes.toString('latin1');
    const result = { status: answer.statusCode, headers: answer.headers, body: parsed };
    checkAnswer(method, path, result);
    return result;
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

/** The first piece of a body that does not end. */
async function beginningOf(body: AsyncIterable<Buffer>): Promise<Buffer> {
  for await (const piece of body) return piece;
  return Buffer.alloc(0);
}
