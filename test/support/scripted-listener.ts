// A listener that does what a test says: every delivery is verified by the reference implementation, held against the
// document, and recorded. It keeps the pages that it has mapped as a device would.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { checkWebhook } from './contract.ts';

export interface Section {
  readonly offsetWithinRegion: number;
  readonly size: number;
  readonly offsetWithinAddressSpace: number;
}

export interface Received {
  readonly id: string;
  readonly type: 'ram_block.populate' | 'ram_block.discard';
  readonly reason: string;
  readonly sequence: number;
  readonly settledThrough: number;
  readonly generation: number;
  readonly conversionId: string | null;
  readonly listenerId: string;
  readonly sections: readonly Section[];
}

/** What to answer: a status with an optional body, or a misbehaviour. */
export type Reply =
  | number
  | { readonly status: number; readonly body?: string | object; readonly headers?: Record<string, string> }
  | 'hang'
  | 'reset'
  | ((response: ServerResponse) => void);

export type Script = (received: Received, attempt: number) => Reply | Promise<Reply>;

export const SECRET = `whsec_${Buffer.alloc(32, 'secret').toString('base64')}`;

const PAGE = 4096;

export class ScriptedListener {
  readonly secret: string;
  /** Every delivery, in order, once for each attempt. */
  readonly received: Received[] = [];
  /** Byte offsets of the pages that are mapped. */
  readonly mapped = new Set<number>();
  readonly #server: Server;
  readonly #attempts = new Map<string, number>();
  script: Script;
  problem: unknown = null;
  /** Its own: a port is given away again, and what was still being sent to who had it before is not for this one. */
  readonly #path: string;

  /** @param url of one that is closed, in whose place this one comes */
  static async start(script: Script = () => 200, secret = SECRET, url?: string): Promise<ScriptedListener> {
    const { port, pathname } = new URL(url ?? `http://127.0.0.1:0/${crypto.randomUUID()}`);
    const listener = new ScriptedListener(script, secret, pathname);
    listener.#server.listen(Number(port), '127.0.0.1');
    await once(listener.#server, 'listening');
    return listener;
  }

  private constructor(script: Script, secret: string, path: string) {
    this.#path = path;
    this.script = script;
    this.secret = secret;
    this.#server = createServer((request, response) => {
      this.#receive(request, response).catch((error: unknown) => {
        this.problem ??= error;
        response.destroy();
      });
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}${this.#path}`;
  }

  /** The deliveries without what differs from run to run. */
  get told(): { type: string; reason: string; sections: [number, number, number][] }[] {
    return this.received.map(({ type, reason, sections }) => ({
      type: type.replace('ram_block.', ''),
      reason,
      sections: sections.map((s) => [s.offsetWithinRegion, s.size, s.offsetWithinAddressSpace]),
    }));
  }

  /** What was told since the last call. */
  takeTold(): ScriptedListener['told'] {
    const { told } = this;
    this.received.length = 0;
    return told;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
    if (this.problem !== null) throw this.problem;
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url !== this.#path) {
      response.writeHead(404).end();
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const body = new Webhook(this.secret).verify(text, request.headers as Record<string, string>) as {
      type: Received['type'];
      data: Received;
    };
    checkWebhook(body);
    const id = String(request.headers['webhook-id']);
    const received = { ...body.data, id, type: body.type };
    this.received.push(received);
    const attempt = (this.#attempts.get(id) ?? 0) + 1;
    this.#attempts.set(id, attempt);
    const reply = await this.script(received, attempt);
    if (typeof reply === 'function') reply(response);
    else if (reply === 'reset') response.destroy();
    else if (reply !== 'hang') this.#answer(received, typeof reply === 'number' ? { status: reply } : reply, response);
  }

  #answer(
    received: Received,
    reply: { status: number; body?: string | object; headers?: object },
    response: ServerResponse,
  ) {
    const ok = received.type === 'ram_block.discard' ? reply.status < 300 : [200, 204].includes(reply.status);
    if (ok) this.#act(received);
    const isText = typeof reply.body === 'string' || reply.body === undefined;
    response.writeHead(reply.status, {
      ...(isText ? {} : { 'content-type': 'application/problem+json' }),
      ...reply.headers,
    });
    response.end(isText ? reply.body : JSON.stringify(reply.body));
  }

  #act({ type, sections }: Received): void {
    for (const { offsetWithinRegion, size } of sections) {
      for (let page = offsetWithinRegion; page < offsetWithinRegion + size; page += PAGE) {
        if (type === 'ram_block.populate') this.mapped.add(page);
        else this.mapped.delete(page);
      }
    }
  }
}
