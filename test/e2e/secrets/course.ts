// What a service is put through that must not give away its secrets: every answer it gives is kept, with the events and
// the requests that it sends itself.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';

/** A secret of a listener that is like no other text. */
export const newSecret = (): string => `whsec_${randomBytes(48).toString('base64')}`;
export const newToken = (): string => randomBytes(32).toString('base64url');

export interface Said {
  readonly what: string;
  readonly text: string;
}

interface Asking {
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly token?: string;
}

/** Asks a service, and keeps what it says. */
export class Course {
  readonly said: Said[] = [];
  readonly #url: string;
  readonly #token: string;
  #events: IncomingMessage | null = null;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  /** @returns status and body, whatever they are */
  async ask(what: string, method: string, path: string, { body, headers = {}, token = this.#token }: Asking = {}) {
    const isRaw = typeof body === 'string' || body instanceof Uint8Array;
    const answer = await request(this.#url + path, {
      method: method as 'GET',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: isRaw ? body : JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    this.said.push({ what, text: `${JSON.stringify(answer.headers)}\n${text}` });
    return { status: answer.statusCode, body: text.startsWith('{') ? JSON.parse(text) : text };
  }

  /** Keeps all events from now on, as they are sent. */
  async follow(): Promise<void> {
    const following = get(`${this.#url}/v1/events`, { headers: { authorization: `Bearer ${this.#token}` } });
    const [response] = (await once(following, 'response')) as [IncomingMessage];
    response.on('error', () => undefined);
    response.on('data', (chunk: Buffer) => this.said.push({ what: 'events', text: chunk.toString() }));
    this.#events = response;
  }

  /** How often `text` was in the events. */
  countEvents(text: string): number {
    const all = this.said.filter(({ what }) => what === 'events').map((one) => one.text);
    return all.join('').split(text).length - 1;
  }

  end(): void {
    this.#events?.destroy();
  }
}

/** @param knows secrets of the listener that is asked */
export type Telling = (response: ServerResponse, knows: readonly string[]) => void;

/** A listener that answers what a test says, and keeps what it is sent. */
export class TellingListener {
  readonly received: Said[] = [];
  readonly knows: string[] = [];
  answer: Telling = (response) => response.end();
  readonly #server: Server;

  static async start(): Promise<TellingListener> {
    const listener = new TellingListener();
    listener.#server.listen(0, '127.0.0.1');
    await once(listener.#server, 'listening');
    return listener;
  }

  private constructor() {
    this.#server = createServer(async (incoming, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk);
      const text = `${JSON.stringify(incoming.headers)}\n${Buffer.concat(chunks)}`;
      this.received.push({ what: 'a webhook', text });
      this.answer(response, this.knows);
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/**
 * What of `said` has a secret in it, or the beginning or end of one.
 * @returns for each, where it was said and which secret, by its name
 */
export function leaksIn(said: readonly Said[], secrets: Readonly<Record<string, string>>): string[] {
  return said.flatMap(({ what, text }) => {
    const plain = text.replaceAll('\\/', '/');
    return Object.entries(secrets).flatMap(([name, secret]) => {
      const key = secret.replace(/^whsec_/, '');
      const pieces = [key.slice(0, 12), key.slice(-12)];
      return pieces.some((piece) => plain.includes(piece)) ? [`${what}: ${name}`] : [];
    });
  });
}
