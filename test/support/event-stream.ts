// A reader of /v1/events on a plain socket, for the tests: what came so far, and a way not to read.
import { get, type IncomingMessage } from 'node:http';
import { until } from './service.ts';

export interface SeenEvent {
  readonly id: string;
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: the shape of the data is what the tests are about to find out
  readonly data: any;
}

export class EventStream {
  readonly response: IncomingMessage;
  readonly events: SeenEvent[] = [];
  /** The id of the last event, and before the first one of where it began. */
  lastId = '';
  comments = 0;
  isOver = false;
  #text = '';

  static open(url: string, headers: Record<string, string> = {}): Promise<EventStream> {
    return new Promise((resolve, reject) => {
      get(url, { headers, agent: false }, (response) => {
        const stream = new EventStream(response);
        until('it follows', () => stream.comments > 0).then(() => resolve(stream), reject);
      }).on('error', reject);
    });
  }

  private constructor(response: IncomingMessage) {
    this.response = response;
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.#read(text));
    response.on('error', () => undefined);
    response.on('close', () => {
      this.isOver = true;
    });
  }

  get types(): string[] {
    return this.events.map(({ type }) => type);
  }

  close(): void {
    this.response.destroy();
  }

  #read(text: string): void {
    this.#text += text;
    const messages = this.#text.split('\n\n');
    this.#text = messages.pop() ?? '';
    for (const message of messages) {
      const fields = new Map(
        message.split('\n').map((line) => [line.split(': ')[0], line.slice(line.indexOf(': ') + 2)]),
      );
      if (message.startsWith(':')) this.comments++;
      const id = fields.get('id');
      if (id !== undefined) this.lastId = id;
      const data = fields.get('data');
      if (data === undefined) continue;
      this.events.push({ id: this.lastId, type: fields.get('event') ?? '', data: JSON.parse(data) });
    }
  }
}
