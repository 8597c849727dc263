// A client with one kept connection, for Node: requests follow one another. Not fetch: it has a list of ports that it
// refuses to call, and a service may listen on any.
import { Readable } from 'node:stream';
import { Client, type Dispatcher } from 'undici';
import { ServiceClient } from './service-client.ts';

/** Statuses whose answers have no body. */
const EMPTY = new Set([204, 205, 304]);

export class ServiceConnection extends ServiceClient implements AsyncDisposable {
  readonly #client: Client;

  /** @param url of the service, `http:` or `https:`; @param token for `Authorization: Bearer`; null: none */
  constructor(url: URL, token: string | null) {
    const client = new Client(url.origin);
    super({
      url: url.origin + url.pathname,
      token,
      fetch: (target, init) => requested(client, target.slice(url.origin.length), init),
    });
    this.#client = client;
  }

  /** Ends it, and what is under way. */
  async close(): Promise<void> {
    await this.#client.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Sends one request, and returns its answer as `fetch` does. */
async function requested(client: Client, path: string, init: RequestInit): Promise<Response> {
  const { method = 'GET', body, signal } = init;
  const options: Dispatcher.RequestOptions = {
    method: method as Dispatcher.HttpMethod,
    path,
    headers: Object.fromEntries(new Headers(init.headers)),
    body:
      body instanceof Blob
        ? Buffer.from(await body.arrayBuffer())
        : body === undefined || body === null
          ? null
          : String(body),
    ...(signal === undefined || signal === null ? {} : { signal }),
  };
  const answer = await client.request(options);
  const headers = new Headers();
  for (const [name, value] of Object.entries(answer.headers)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) headers.append(name, one);
  }
  if (EMPTY.has(answer.statusCode)) {
    await answer.body.dump();
    return new Response(null, { status: answer.statusCode, headers });
  }
  // Node's and undici's types of the same stream differ.
  const stream = Readable.toWeb(answer.body) as ReadableStream<Uint8Array>;
  return new Response(stream, { status: answer.statusCode, headers });
}
