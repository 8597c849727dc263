// One connection to the service, as bytes: several requests are sent at once, and the answers read as they come.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { FuzzRequest } from './requests.ts';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

/** Milliseconds that nothing may come for, while something is owed. */
const SILENCE = 60_000;

export class FuzzConnection {
  readonly #port: number;
  #socket: Socket | null = null;

  constructor(port: number) {
    this.#port = port;
  }

  /**
   * Sends `flight` and reads an answer for each, in order; fewer where the service has closed the connection.
   * @throws Error when nothing comes for a minute, or what comes is no HTTP
   */
  async send(flight: readonly FuzzRequest[]): Promise<RawAnswer[]> {
    const socket = await this.#open();
    const answers: RawAnswer[] = [];
    let bytes: Buffer = Buffer.alloc(0);
    const done = Promise.withResolvers<void>();
    const read = (chunk: Buffer): void => {
      try {
        bytes = Buffer.concat([bytes, chunk]);
        for (;;) {
          const found = parse(bytes);
          if (found === null) break;
          bytes = bytes.subarray(found.length);
          if (found.answer.status >= 200) answers.push(found.answer);
        }
        if (answers.length >= flight.length) done.resolve();
      } catch (error) {
        done.reject(error);
      }
    };
    const close = (): void => done.resolve();
    const silent = (): void => done.reject(new Error(`no answer within ${SILENCE} ms`));
    socket.on('data', read).once('close', close).setTimeout(SILENCE, silent);
    // What it still sends when the service has hung up gets lost: that shows in the answers.
    socket.on('error', close);
    socket.write(Buffer.concat(flight.map((one) => one.bytes)));
    try {
      await done.promise;
    } finally {
      socket.off('data', read).off('close', close).off('error', close).setTimeout(0, silent);
      socket.off('timeout', silent);
      const isLast = flight.some(({ kind }) => kind === 'malformed');
      const isOver = isLast || answers.at(-1)?.headers.connection === 'close';
      if (isOver || answers.length < flight.length || bytes.length > 0) this.close();
    }
    return answers;
  }

  close(): void {
    this.#socket?.on('error', () => undefined).destroy();
    this.#socket = null;
  }

  async #open(): Promise<Socket> {
    if (this.#socket !== null && !this.#socket.destroyed && this.#socket.writable) return this.#socket;
    this.close();
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    this.#socket = socket;
    return socket;
  }
}

/** The first answer in `bytes`, and how many of them it takes; null where it is not complete. @throws Error */
export function parse(bytes: Buffer): { readonly answer: RawAnswer; readonly length: number } | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const [line = '', ...fields] = bytes.toString('latin1', 0, end).split('\r\n');
  const [, code] = /^HTTP\/1\.1 ([1-5][0-9]{2}) /.exec(line) ?? [];
  if (code === undefined) throw new Error(`an answer begins with ${JSON.stringify(line.slice(0, 100))}`);
  const headers = Object.fromEntries(
    fields.map((field) => {
      const colon = field.indexOf(':');
      return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
    }),
  );
  const status = Number(code);
  const from = end + 4;
  if (headers['transfer-encoding'] === 'chunked') {
    const body = dechunked(bytes, from);
    return body === null ? null : { answer: { status, headers, body: body.body }, length: body.end };
  }
  const to = from + Number(headers['content-length'] ?? 0);
  if (to > bytes.length) return null;
  return { answer: { status, headers, body: bytes.subarray(from, to) }, length: to };
}

function dechunked(bytes: Buffer, from: number): { readonly body: Buffer; readonly end: number } | null {
  const chunks: Buffer[] = [];
  for (let at = from; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return null;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const end = lineEnd + 2 + size + 2;
    if (end > bytes.length) return null;
    if (size === 0) return { body: Buffer.concat(chunks), end };
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = end;
  }
}
