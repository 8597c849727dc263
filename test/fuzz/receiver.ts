// Where the listeners of the fuzzer are: what they answer is said by the last part of their path.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

const ANSWERS: Readonly<Record<string, number>> = { '/ok': 204, '/refuse': 409, '/fail': 500 };

export class Receiver {
  readonly #server: Server;

  static async start(): Promise<Receiver> {
    const receiver = new Receiver();
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  private constructor() {
    this.#server = createServer((request, response) => {
      request.resume().once('end', () => response.writeHead(ANSWERS[request.url ?? ''] ?? 404).end());
    });
  }

  get url(): string {
    // A server that listens on a port has an address with a port.
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
