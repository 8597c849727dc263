// A client connection that costs next to nothing, so that the server is what is measured: a raw socket, requests that are
// written out beforehand, answers read by their content-length.
import { connect, type Socket } from 'node:net';

const HEAD_END = '\r\n\r\n';
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;
const IS_SUCCESS = /^HTTP\/1\.1 2\d\d /;

export class Connection {
  readonly #socket: Socket;
  readonly #requests: readonly Buffer[];
  #next = 0;
  /** Of the answer that is being read: what came of a head that is not complete, and bytes of the body still to come. */
  #head: Buffer = Buffer.alloc(0);
  #missing = 0;
  #failed = '';
  #sentAt = 0;
  #answered: (problem: Error | null) => void = () => undefined;

  static open(port: number, requests: readonly Buffer[]): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new Connection(socket, requests)));
    });
  }

  private constructor(socket: Socket, requests: readonly Buffer[]) {
    this.#socket = socket;
    this.#requests = requests;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error) => this.#answered(error));
    socket.on('close', () => this.#answered(new Error('the server closed a connection')));
  }

  /** Sends one request after the other until `end` (on the clock of `performance`). @param took milliseconds of each */
  run(end: number, took: number[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#answered = (problem) => {
        const now = performance.now();
        took.push(now - this.#sentAt);
        if (problem !== null) reject(problem);
        else if (now >= end) resolve();
        else this.#send(now);
      };
      this.#send(performance.now());
    });
  }

  close(): void {
    this.#answered = () => undefined;
    this.#socket.destroy();
  }

  #send(now: number): void {
    this.#sentAt = now;
    this.#socket.write(this.#requests[this.#next] ?? '');
    this.#next = (this.#next + 1) % this.#requests.length;
  }

  #read(chunk: Buffer): void {
    if (this.#missing > 0) {
      this.#missing -= chunk.length;
      if (this.#failed !== '') this.#failed += chunk;
    } else {
      const bytes = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk]);
      const end = bytes.indexOf(HEAD_END);
      this.#head = end < 0 ? bytes : Buffer.alloc(0);
      if (end < 0) return;
      const head = bytes.toString('latin1', 0, end);
      this.#missing = end + HEAD_END.length + Number(CONTENT_LENGTH.exec(head)?.[1] ?? 0) - bytes.length;
      if (!IS_SUCCESS.test(head)) this.#failed = bytes.toString();
    }
    if (this.#missing === 0) this.#answered(this.#failed === '' ? null : new Error(this.#failed));
  }
}
