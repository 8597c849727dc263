// /v1/events: what happens, as Server-Sent Events. A reader that does not read is cut off, not buffered without end.
import { Readable } from 'node:stream';
import { Type } from 'typebox';
import { Problem } from '../../errors.ts';
import { EVENT_TYPES } from '../../event-types.ts';
import type { EventLog, ServiceEvent } from '../../service/event-log.ts';
import { clientOf } from '../plugins/rate-limit.ts';
import { input, problems } from '../schemas/common.ts';
import type { TypedApp } from '../typed-app.ts';

const EVENT_STREAM = 'text/event-stream';
const HEARTBEAT_MS = 15_000;
const RETRY_SECONDS = 5;

type IsWanted = (event: Pick<ServiceEvent, 'machine' | 'ramBlockId'>) => boolean;

/** @param streamLimit streams of one token, or of one address where there is none (RBA_EVENT_STREAMS) */
export function eventRoutes(app: TypedApp, events: EventLog, streamLimit: number): void {
  const readers = new Set<EventReader>();
  /** How many streams each client has open. */
  const streams = new Map<string, number>();
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
        summary: 'Follow everything that happens, as Server-Sent Events',
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
      const isWanted: IsWanted = (event) => {
        return (machine ?? event.machine) === event.machine && (ramBlockId ?? event.ramBlockId) === event.ramBlockId;
      };
      const client = clientOf(request);
      const open = streams.get(client) ?? 0;
      if (open >= streamLimit) {
        const detail = `${client} has ${open} event streams open already, the limit is ${streamLimit} (RBA_EVENT_STREAMS)`;
        throw new Problem('rate-limited', detail, { retryAfterSeconds: RETRY_SECONDS });
      }
      const reader = new EventReader(events, from, isWanted);
      readers.add(reader);
      streams.set(client, open + 1);
      reader.once('close', () => {
        readers.delete(reader);
        const left = (streams.get(client) ?? 1) - 1;
        if (left > 0) streams.set(client, left);
        else streams.delete(client);
      });
      return reply.type(EVENT_STREAM).send(reader);
    },
  );
}

/**
 * The events for one reader: first those that it has missed, then new ones. Nothing is kept for it but its place among the events that
 * are kept for all; it is cut off when these have moved on past it.
 */
class EventReader extends Readable {
  readonly #events: EventLog;
  readonly #isWanted: IsWanted;
  readonly #unfollow: () => void;
  readonly #heartbeat: NodeJS.Timeout;
  /** The number of the next event. */
  #next: number;
  /** It takes more. */
  #isReading = false;
  #hasBegun = false;

  /** @throws Problem `events-expired` */
  constructor(events: EventLog, from: string, isWanted: IsWanted) {
    super();
    this.#events = events;
    this.#isWanted = isWanted;
    this.#next = events.numberAfter(from);
    // The headers are sent with the first bytes; with them, where to go on should nothing else come.
    this.push(`: following\nid: ${from}\n\n`);
    this.#unfollow = events.follow(this.#send);
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS).unref();
  }

  /** Nothing more comes. */
  end(): void {
    this.#unfollow();
    clearInterval(this.#heartbeat);
    this.push(null);
  }

  override _read(): void {
    this.#isReading = true;
    // Events that it has missed come with the first bytes. From then on a connection that takes bytes as fast as they come would
    // read on and on within one turn of the event loop.
    if (this.#hasBegun) this.#events.callSoon(this.#send);
    else this.#send();
    this.#hasBegun = true;
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#unfollow();
    clearInterval(this.#heartbeat);
    callback(error);
  }

  readonly #send = (): void => {
    for (;;) {
      const found = this.#events.firstFrom(this.#next, this.#isWanted);
      if (found === undefined) this.destroy();
      if (found === undefined || !this.#isReading) return;
      this.#next = found.number;
      if (found.event === null) return;
      this.#isReading = this.push(format(this.#events.idOf(this.#next++), found.event));
    }
  };

  /** With where to go on: a reader of few events would fall behind what is kept of the others. */
  #beat(): void {
    if (this.#isReading) this.#isReading = this.push(`: heartbeat\nid: ${this.#events.last}\n\n`);
  }
}

function format(id: string, { type, resource, ...common }: ServiceEvent): string {
  const data = { ...common, ...resource };
  return `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}
