// /v1/events: what happens, as Server-Sent Events. A reader that does not read is cut off, not buffered without end.
import { Readable } from 'node:stream';
import { Type } from 'typebox';
import { EVENT_TYPES, type Events, type ServiceEvent } from '../../service/events.ts';
import { input, problems } from '../schemas/common.ts';
import type { TypedApp } from '../typed-app.ts';

const EVENT_STREAM = 'text/event-stream';
const HEARTBEAT_MS = 15_000;
/** Events that may wait for a reader, beside what it had missed when it came: a batch makes as many at once. */
const MAX_WAITING = 10_000;

export function eventRoutes(app: TypedApp, events: Events): void {
  const readers = new Set<EventReader>();
  // They would keep the server open for ever.
  app.addHook('preClose', async () => {
    for (const reader of readers) reader.end();
  });

  app.get(
    '/v1/events',
    {
      // It would not end either.
      exposeHeadRoute: false,
      config: { produces: EVENT_STREAM },
      schema: {
        operationId: 'followEvents',
        tags: ['Events'],
        summary: 'What happens, as Server-Sent Events',
        description: `Only of what is committed and durable; in order for each machine. \`event:\` is one of ${EVENT_TYPES.map((type) => `\`${type}\``).join(', ')}; \`data:\` is JSON: \`machine\`, \`ramBlockId\`, \`generation\`, \`at\`, and the resource as its GET answers (of a conversion, the first 100 runs). A comment comes every 15 seconds. A reader that does not read is cut off.`,
        querystring: input({
          machine: Type.Optional(Type.String({ description: 'Only events of this machine.' })),
          ramBlockId: Type.Optional(Type.String({ description: 'Only events of this RAM block.' })),
          after: Type.Optional(
            Type.String({ description: 'Go on after the event with this id; so does Last-Event-ID.' }),
          ),
        }),
        headers: Type.Object({
          'last-event-id': Type.Optional(Type.String({ description: 'Go on after the event with this id.' })),
        }),
        response: {
          200: {
            description: 'The events. It does not end.',
            content: { [EVENT_STREAM]: { schema: Type.Unsafe<Readable>({ type: 'string' }) } },
          },
          ...problems('events-expired'),
        },
      },
    },
    async (request, reply) => {
      const { machine, ramBlockId, after } = request.query;
      const from = request.headers['last-event-id'] ?? after ?? events.last;
      const isWanted = (event: ServiceEvent): boolean => {
        return (machine ?? event.machine) === event.machine && (ramBlockId ?? event.ramBlockId) === event.ramBlockId;
      };
      const reader = new EventReader(events, from, isWanted);
      readers.add(reader);
      reader.once('close', () => readers.delete(reader));
      return reply.type(EVENT_STREAM).send(reader);
    },
  );
}

/**
 * What one reader is sent: what it has missed, then what comes. Written down only when it is read: until then it waits as
 * the events that all readers share.
 */
class EventReader extends Readable {
  readonly #unfollow: () => void;
  readonly #heartbeat: NodeJS.Timeout;
  /** Oldest first. */
  readonly #waiting: ServiceEvent[];
  readonly #limit: number;

  /** @throws Problem `events-expired` */
  constructor(events: Events, from: string, isWanted: (event: ServiceEvent) => boolean) {
    super();
    this.#waiting = events.after(from).filter(isWanted);
    this.#limit = this.#waiting.length + MAX_WAITING;
    // The headers are sent with the first bytes; with them, where to go on should nothing else come.
    this.push(`: following\nid: ${from}\n\n`);
    this.#unfollow = events.follow((event) => {
      if (isWanted(event)) this.#take(event);
    });
    this.#heartbeat = setInterval(() => {
      // With where to go on: a reader of few events would fall behind what is kept of the others.
      if (this.#waiting.length === 0) this.push(`: heartbeat\nid: ${events.last}\n\n`);
    }, HEARTBEAT_MS).unref();
  }

  /** Nothing more comes; what waits is missed. */
  end(): void {
    this.#unfollow();
    clearInterval(this.#heartbeat);
    this.push(null);
  }

  override _read(): void {
    for (let event = this.#waiting.shift(); event !== undefined; event = this.#waiting.shift()) {
      if (!this.push(format(event))) return;
    }
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#unfollow();
    clearInterval(this.#heartbeat);
    callback(error);
  }

  #take(event: ServiceEvent): void {
    const isFull = this.#waiting.length > 0 || this.readableLength >= this.readableHighWaterMark;
    if (!isFull) this.push(format(event));
    else if (this.#waiting.length < this.#limit) this.#waiting.push(event);
    else this.destroy();
  }
}

function format({ id, type, data }: ServiceEvent): string {
  return `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}
