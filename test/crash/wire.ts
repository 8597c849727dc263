// The wire between the service and one device. It keeps the books (a sequence never has two contents), and it does what
// networks do: a delivery gets no answer, or arrives again when it has long been given up.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';

/** Probabilities, of each delivery. */
export interface Weather {
  /** Milliseconds that it takes at most to reach the device. */
  readonly slowMs: number;
  /** It is not answered, and reaches the device some time later. */
  readonly held: number;
  /** It reaches the device once more, some time later. */
  readonly repeated: number;
}

/** Milliseconds that a late copy takes at most. */
const LATEST = 400;

/** What a delivery says of itself. */
export interface Told {
  readonly sequence: number;
  readonly conversionId: string | null;
}

/** What an aimed kill does with deliveries: it waits for it before they reach the device, or before they are answered. */
export interface Aim {
  readonly arrived?: (told: Told) => Promise<void>;
  readonly mapped?: (told: Told) => Promise<void>;
}

interface Message {
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

export class Wire {
  readonly #server: Server;
  readonly #target: string;
  weather: Weather;
  aim: Aim = {};
  readonly #random: () => number;
  readonly #agent = new Agent();
  /** What came under each sequence, and under each webhook id. */
  readonly #contents = new Map<string, string>();
  /** Late copies and when they are due. */
  readonly #late = new Map<NodeJS.Timeout, Message>();
  readonly #underWay = new Set<Promise<unknown>>();
  /** Sequences and webhook ids that came with another content than before. */
  readonly reused: string[] = [];
  deliveries = 0;
  lateCopies = 0;

  /** @param target URL of the device */
  static async start(target: string, weather: Weather, random: () => number): Promise<Wire> {
    const wire = new Wire(target, weather, random);
    wire.#server.listen(0, '127.0.0.1');
    await once(wire.#server, 'listening');
    return wire;
  }

  private constructor(target: string, weather: Weather, random: () => number) {
    this.#target = target;
    this.weather = weather;
    this.#random = random;
    this.#server = createServer((incoming, response) => {
      // A sender that was killed hangs up in the middle.
      this.#carry(incoming, response).catch(() => response.destroy());
    });
  }

  /** What the service is told to call. */
  get url(): string {
    // A server that listens on a port has an address with a port.
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Brings every late copy to the device now. */
  async clear(): Promise<void> {
    for (const [timer, message] of this.#late) {
      clearTimeout(timer);
      this.#late.delete(timer);
      this.#forwardUnasked(message);
    }
    await Promise.all(this.#underWay);
  }

  async close(): Promise<void> {
    await this.clear();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
    await this.#agent.destroy();
  }

  async #carry(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const message = { headers: webhookHeaders(incoming), body: Buffer.concat(chunks) };
    this.deliveries++;
    const told = this.#note(message);
    if (this.#random() < this.weather.held) {
      this.#sendLate(message);
      return;
    }
    if (this.weather.slowMs > 0) await delay(this.#random() * this.weather.slowMs);
    await this.aim.arrived?.(told);
    const { status, body } = await this.#forward(message);
    await this.aim.mapped?.(told);
    if (this.#random() < this.weather.repeated) this.#sendLate(message);
    response.writeHead(status, body === '' ? {} : { 'content-type': 'application/problem+json' });
    response.end(body);
  }

  /** Retries keep id, sequence and body, also those of a service that was killed in between. */
  #note({ headers, body }: Message): Told {
    const id = headers['webhook-id'] ?? '';
    const { data } = JSON.parse(body.toString());
    const { sequence } = data;
    const digest = createHash('sha256').update(body).digest('base64');
    for (const [key, content] of [
      [`sequence ${sequence}`, `${id} ${digest}`],
      [id, digest],
    ] as const) {
      const before = this.#contents.get(key) ?? content;
      this.#contents.set(key, before);
      if (before !== content) this.reused.push(key);
    }
    return data;
  }

  #sendLate(message: Message): void {
    this.lateCopies++;
    const timer = setTimeout(() => {
      this.#late.delete(timer);
      this.#forwardUnasked(message);
    }, this.#random() * LATEST);
    this.#late.set(timer, message);
  }

  #forwardUnasked(message: Message): void {
    const forwarded = this.#forward(message).catch(() => undefined);
    this.#underWay.add(forwarded);
    void forwarded.then(() => this.#underWay.delete(forwarded));
  }

  async #forward({ headers, body }: Message): Promise<{ readonly status: number; readonly body: string }> {
    const answer = await request(this.#target, { method: 'POST', dispatcher: this.#agent, headers, body });
    return { status: answer.statusCode, body: await answer.body.text() };
  }
}

function webhookHeaders({ headers }: IncomingMessage): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => name === 'content-type' || name.startsWith('webhook-'));
  return Object.fromEntries(kept.map(([name, value]) => [name, String(value)]));
}
