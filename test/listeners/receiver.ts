// A listener at the level of bytes: it reads requests and does with the socket what a test wants, right or wrong.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

/** One request that has arrived in full. */
export interface Arrived {
  /** Which connection it came on, from 1. */
  readonly connection: number;
  /** Milliseconds on the clock of `performance`. */
  readonly at: number;
  readonly requestLine: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** @param number of the request at this receiver, from 1 */
export type Handler = (socket: Socket, arrived: Arrived, number: number) => void;

export interface ReceiverOptions {
  readonly port?: number;
  readonly tls?: TlsOptions;
  /** What is written to every connection before anything was asked. */
  readonly greeting?: string;
}

export class Receiver {
  readonly arrived: Arrived[] = [];
  readonly sockets = new Set<Socket>();
  /** Connections that were ever made. */
  connections = 0;
  readonly #server: Server;
  readonly #handler: Handler;
  readonly #protocol: string;

  static async start(handler: Handler, options: ReceiverOptions = {}): Promise<Receiver> {
    const { port = 0, tls, greeting } = options;
    const receiver = new Receiver(handler, tls, greeting);
    receiver.#server.listen(port, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  private constructor(handler: Handler, tls: TlsOptions | undefined, greeting = '') {
    this.#handler = handler;
    this.#protocol = tls === undefined ? 'http' : 'https';
    const connected = (socket: Socket): void => {
      this.#read(socket);
      socket.write(greeting);
    };
    this.#server = tls === undefined ? createServer(connected) : createTlsServer(tls, connected);
  }

  get port(): number {
    // A server that listens on a port has an address with a port.
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#protocol}://127.0.0.1:${this.port}/hook?of=test`;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #read(socket: Socket): void {
    const connection = ++this.connections;
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    // Clients that go away are what these tests are about.
    socket.on('error', () => undefined);
    let rest = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => {
      rest += chunk;
      for (let end = rest.indexOf('\r\n\r\n'); end >= 0; end = rest.indexOf('\r\n\r\n')) {
        const [requestLine = '', ...lines] = rest.slice(0, end).split('\r\n');
        const headers = Object.fromEntries(lines.map(header));
        const length = Number(headers['content-length'] ?? 0);
        if (rest.length < end + 4 + length) return;
        const body = Buffer.from(rest.slice(end + 4, end + 4 + length), 'latin1').toString();
        rest = rest.slice(end + 4 + length);
        const arrived = { connection, at: performance.now(), requestLine, headers, body };
        this.arrived.push(arrived);
        this.#handler(socket, arrived, this.arrived.length);
      }
    });
  }
}

function header(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

/** A whole answer, as it goes over the wire. */
export function http(status: number, body = '', headers: Readonly<Record<string, string>> = {}): string {
  // These two have no body, and must not say how long it is.
  const length = status === 204 || status === 304 ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const lines = Object.entries({ ...length, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Status\r\n${lines.join('')}\r\n${body}`;
}

/** Answers every request with `status`. */
export function answering(status: number, body?: string, headers?: Readonly<Record<string, string>>): Handler {
  return (socket) => socket.write(http(status, body, headers));
}

/** Writes `chunk` again and again, as fast as it is taken. */
export function flood(socket: Socket, chunk: string): void {
  const more = (): void => {
    while (socket.writable && socket.write(chunk, 'latin1'));
  };
  socket.on('drain', more);
  more();
}

/** Writes one character of `text` after the other, then `x` without end. */
export function drip(text: string, everyMs: number): Handler {
  return (socket) => {
    let next = 0;
    const timer = setInterval(() => socket.write(text.charAt(next++) || 'x'), everyMs);
    socket.on('close', () => clearInterval(timer));
  };
}
