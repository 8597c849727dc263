// A service of events that a test plays: it decides what is written when, and when a connection breaks.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface EventRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

/** What one request is answered; one after the other, the last again and again. */
export type EventScript = (response: ServerResponse, request: EventRequest) => unknown;

export class EventServer implements AsyncDisposable {
  readonly requests: EventRequest[] = [];
  readonly #server: Server;

  private constructor(scripts: readonly EventScript[]) {
    this.#server = createServer((request, response) => {
      const { url: path = '', headers } = request;
      // A delivery is for a device that had this port before.
      if (headers['webhook-id'] !== undefined) return;
      const script = scripts[Math.min(this.requests.length, scripts.length - 1)];
      this.requests.push({ path, headers });
      script?.(response, { path, headers });
    });
  }

  /** @param port 0 takes a free one */
  static async start(scripts: readonly EventScript[], port = 0): Promise<EventServer> {
    const server = new EventServer(scripts);
    await new Promise<void>((resolve) => server.#server.listen(port, '127.0.0.1', resolve));
    return server;
  }

  get port(): number {
    // A server that listens on TCP has an AddressInfo.
    const { port } = this.#server.address() as AddressInfo;
    return port;
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${this.port}`);
  }

  /** The `last-event-id` of each request. */
  get positions(): (string | undefined)[] {
    return this.requests.map(({ headers }) => headers['last-event-id']?.toString());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** An event as the service writes it. */
export function sse(id: string, event: string, data: unknown): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Writes the head of a stream and these pieces of it, and leaves it open. */
export const stream =
  (...pieces: (string | Uint8Array)[]): EventScript =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' });
    response.flushHeaders();
    for (const piece of pieces) response.write(piece);
  };

/** As `stream`, and ends it well. */
export const ending =
  (...pieces: string[]): EventScript =>
  (response, request) => {
    stream(...pieces)(response, request);
    response.end();
  };

/** As `stream`, and breaks the connection once all is on its way. */
export const breaking =
  (...pieces: string[]): EventScript =>
  (response, request) => {
    stream(...pieces)(response, request);
    response.write(':\n', () => response.destroy());
  };

/** Closes the connection without an answer. */
export const hangUp: EventScript = (response) => response.destroy();

/** Takes the request, and says nothing. */
export const silence: EventScript = () => {};

export const problem =
  (status: number, code: string, headers: Record<string, string> = {}): EventScript =>
  (response) => {
    const body = { type: 'about:blank', title: code, status, code, detail: `because of ${code}` };
    response.writeHead(status, { 'content-type': 'application/problem+json', ...headers }).end(JSON.stringify(body));
  };
