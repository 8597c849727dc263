// Server-Sent Events as bytes to events of the service.
import { createParser } from 'eventsource-parser';
import { parseJson } from './json-fields.ts';

/** Characters of one event: the largest has a thousand sections. */
const MAX_EVENT_LENGTH = 4 * 2 ** 20;

export interface ServiceEvent {
  /** Opaque; null where the event has none. */
  readonly id: string | null;
  /** The type, such as `conversion.committed`. */
  readonly event: string;
  /** The JSON of the event; the text itself where it is none. */
  readonly data: unknown;
}

/** The items of a stream: events, and ids to go on from, which may come without an event. */
export type StreamItem =
  | { readonly kind: 'event'; readonly event: ServiceEvent }
  | { readonly kind: 'position'; readonly id: string };

/** Thrown when an event has no end: the service sends none that is as long. */
export class EventTooLongError extends Error {
  constructor() {
    super(`an event of more than ${MAX_EVENT_LENGTH} characters: this service sends none`);
    this.name = 'EventTooLongError';
  }
}

/**
 * Reads a stream to its end, and gives the items of each piece together. Comments are passed over, and an event that the
 * end cuts off is none.
 * @throws EventTooLongError; whatever `bytes` throws
 */
export async function* readEvents(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<readonly StreamItem[]> {
  let items: StreamItem[] = [];
  const decoder = new TextDecoder();
  const parser = createParser({
    maxBufferSize: MAX_EVENT_LENGTH,
    onId: (id) => items.push({ kind: 'position', id }),
    onEvent: ({ id = null, event = 'message', data }) => {
      const json = parseJson(data);
      items.push({ kind: 'event', event: { id, event, data: json === undefined ? data : json } });
    },
    onError: ({ type }) => {
      if (type === 'max-buffer-size-exceeded') throw new EventTooLongError();
    },
  });
  for await (const piece of bytes) {
    parser.feed(decoder.decode(piece, { stream: true }));
    yield items;
    items = [];
  }
}
