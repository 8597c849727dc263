// Events of the service as lines for people, and the last of them.
import { formatBytes, hex, plural } from './bytes.ts';

/** What `data:` of an event has that is read here; a newer service may send more, or other events. */
export interface EventData {
  readonly machine?: string;
  readonly ramBlockId?: string;
  readonly generation?: number;
  readonly at?: string;
  readonly idstr?: string;
  readonly usedLength?: number;
  readonly offset?: number;
  readonly size?: number;
  readonly to?: string;
  readonly changedBytes?: number;
  readonly notified?: readonly string[];
  readonly problem?: { readonly code?: string; readonly detail?: string; readonly listenerId?: string | null };
  readonly change?: EventData;
  readonly name?: string;
  readonly id?: string;
  readonly listenerId?: string;
  readonly url?: string;
  readonly state?: string;
  readonly type?: string;
  readonly attempt?: number;
  readonly status?: number | null;
  readonly responseExcerpt?: string;
}

export interface ServiceEvent {
  readonly type: string;
  readonly data: EventData;
}

export interface Line {
  readonly at: string;
  readonly type: string;
  readonly text: string;
  readonly isBad: boolean;
}

export function lineOf({ type, data }: ServiceEvent): Line {
  const isBad = /failed|failing/.test(type);
  return { at: data.at ?? '', type, text: textOf(type, data), isBad };
}

function textOf(type: string, data: EventData): string {
  const [kind] = type.split('.');
  if (kind === 'conversion') return changeText(data);
  if (kind === 'source') return `${data.name ?? ''}${data.change === undefined ? '' : `: ${changeText(data.change)}`}`;
  if (kind === 'ram_block') return `${data.idstr ?? ''}, ${formatBytes(data.usedLength ?? 0)}`;
  if (kind === 'listener') return `${data.id ?? ''} ${data.state ?? ''}, ${data.url ?? ''}`;
  if (kind === 'delivery') {
    const status = data.status === null ? 'no answer' : `status ${data.status ?? '?'}`;
    const direction = data.type?.replace('ram_block.', '') ?? 'delivery';
    return `${direction} to ${data.listenerId ?? ''}, attempt ${data.attempt ?? '?'}: ${status}. ${data.responseExcerpt ?? ''}`;
  }
  return JSON.stringify(data);
}

function changeText({ offset = 0, size = 0, to = '', changedBytes, notified, problem }: EventData): string {
  const what = `${hex(offset)}+${hex(size)} to ${to}`;
  if (problem !== undefined) return `${what}: ${problem.detail ?? problem.code ?? ''}`;
  const told = notified === undefined ? '' : `, told ${plural(notified.length, 'listener')}`;
  return `${what}: ${formatBytes(changedBytes ?? 0)} changed${told}`;
}

/** The last events. Lines are made of those that are looked at, not of every one. */
export class Activity {
  readonly #limit: number;
  readonly #events: ServiceEvent[] = [];

  constructor(limit = 100) {
    this.#limit = limit;
  }

  add(event: ServiceEvent): void {
    this.#events.push(event);
    if (this.#events.length >= 2 * this.#limit) this.#events.splice(0, this.#limit);
  }

  /** Newest first. @param ramBlockId only of this block; null: of all */
  lines(count: number, ramBlockId: string | null): Line[] {
    const wanted = this.#events.filter(({ data }) => ramBlockId === null || data.ramBlockId === ramBlockId);
    return wanted.slice(-count).reverse().map(lineOf);
  }
}
