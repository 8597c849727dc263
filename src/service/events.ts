// What has happened, for those who follow it: every event is of something durable. The last ones are kept in memory, so
// that a reader who was away for a moment misses none.
import type { RamBlock } from '../core/ram-block.ts';
import type { RamDiscardListener } from '../core/ram-discard-listener.ts';
import type { BlockRecord, Conversion } from '../core/records.ts';
import { Problem } from '../errors.ts';
import type { Delivery } from '../listeners/delivery.ts';
import type { Attempt } from '../listeners/delivery-log.ts';
import { listenerView, ramBlockView, sourceView } from './views.ts';

export const EVENT_TYPES = [
  'ram_block.created',
  'ram_block.deleted',
  'ram_block.resized',
  'conversion.committed',
  'conversion.failed',
  'source.added',
  'source.changed',
  'source.removed',
  'listener.created',
  'listener.updated',
  'listener.deleted',
  'listener.failing',
  'listener.settled',
  'delivery.failed',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

export interface ServiceEvent {
  readonly type: EventType;
  readonly machine: string;
  readonly ramBlockId: string;
  readonly generation: number;
  /** ISO 8601. */
  readonly at: string;
  /** What else its data tells, as the GET of it answers. */
  readonly resource: object;
}

/** One event, or several that follow each other and differ in their resource alone, as those of a batch do. */
interface Entry extends Omit<ServiceEvent, 'resource'> {
  /** Of the first of them. */
  readonly number: number;
  readonly resource: object | readonly object[];
}

/** The runs of a conversion that its event shows. */
const CHANGED_SHOWN = 100;

export class Events {
  /** Tells the events of this process from those of another. */
  readonly #epoch: string;
  readonly #limit: number;
  readonly #now: () => Date;
  /** Ascending. */
  #kept: Entry[] = [];
  #count = 0;
  readonly #readers = new Set<() => void>();

  /** @param limit events that are kept (RBA_EVENTS_KEPT) */
  constructor(limit: number, epoch: string, now: () => Date) {
    this.#limit = limit;
    this.#epoch = epoch;
    this.#now = now;
  }

  /** The id of the last event. */
  get last(): string {
    return this.idOf(this.#count);
  }

  /** The id of the event with this number: opaque; only {@link Events.numberAfter} can read it. */
  idOf(number: number): string {
    return `${this.#epoch}-${number}`;
  }

  /** How many readers follow. */
  get readers(): number {
    return this.#readers.size;
  }

  /** Calls `reader` whenever an event has come. @returns what ends it */
  follow(reader: () => void): () => void {
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  }

  /** The number of the event after the one with this id. @throws Problem `events-expired` when that is not known any more */
  numberAfter(id: string): number {
    const [epoch, text] = id.split(/-(?=[0-9]+$)/);
    const next = Number(text) + 1;
    const oldest = Math.max(this.#oldest, this.#count - this.#limit + 1);
    if (epoch === this.#epoch && next >= oldest && next <= this.#count + 1) return next;
    const detail = `what followed event ${JSON.stringify(id)} is no longer kept (the last ${this.#limit}, RBA_EVENTS_KEPT; none of before a restart); read the state anew`;
    throw new Problem('events-expired', detail);
  }

  /** The event with this number; null where it has not come yet, undefined where it is no longer kept. */
  at(number: number): ServiceEvent | null | undefined {
    if (number > this.#count) return null;
    const entry = this.#kept[this.#indexOf(number)];
    if (entry === undefined) return undefined;
    const { number: first, resource, ...common } = entry;
    return { ...common, resource: Array.isArray(resource) ? resource[number - first] : resource };
  }

  /** To be called before `records` are applied to `block`, and what it returns after that. */
  about(block: RamBlock, records: readonly BlockRecord[]): () => void {
    // Half of all commits, where listeners are sync.
    if (records.every(({ kind }) => kind === 'intent')) return () => undefined;
    const leaving = records.flatMap((record) => leavingWith(block, record));
    const failing = block.manager.newestFirst.filter(isFailing);
    const registering = block.manager.newestFirst.filter(isRegistering);
    return () => {
      for (const record of records) {
        tellOf(block, record, registering, (type, data) => this.#publish(type, block, record.at, data));
      }
      const at = records.at(-1)?.at ?? '';
      for (const [type, data] of leaving) this.#publish(type, block, at, data);
      for (const listener of block.manager.newestFirst.toReversed()) {
        const wasFailing = failing.includes(listener);
        if (isFailing(listener) === wasFailing) continue;
        const type = wasFailing ? 'listener.settled' : 'listener.failing';
        this.#publish(type, block, at, listenerView(listener, block));
      }
    };
  }

  /** A block has been made. */
  created(block: RamBlock): void {
    this.#publish('ram_block.created', block, block.definition.createdAt, ramBlockView(block));
  }

  /** A change was undone, or not begun, because of a listener. */
  failed(block: RamBlock, change: object, { code, message, extras }: Problem): void {
    const problem = { code, detail: message, listenerId: extras.listenerId ?? null };
    this.#publish('conversion.failed', block, this.#now().toISOString(), { ...change, problem });
  }

  /** An attempt to send a delivery was not accepted. */
  deliveryFailed({ machine, ramBlockId, generation, listener }: Delivery, attempt: Attempt): void {
    const resource = { ...attempt, listenerId: listener.id };
    this.#keep({ type: 'delivery.failed', machine, ramBlockId, generation, at: attempt.startedAt, resource });
  }

  #publish(type: EventType, { id, definition, generation }: RamBlock, at: string, resource: Entry['resource']): void {
    this.#keep({ type, machine: definition.machine, ramBlockId: id, generation, at, resource });
  }

  #keep(event: Omit<Entry, 'number'>): void {
    const { type, machine, ramBlockId, generation, at } = event;
    const resource = Array.isArray(event.resource) && event.resource.length === 1 ? event.resource[0] : event.resource;
    this.#kept.push({ number: this.#count + 1, type, machine, ramBlockId, generation, at, resource });
    this.#count += Array.isArray(resource) ? resource.length : 1;
    // Cut in steps, so that a full list is not moved with every event.
    if (this.#count - this.#oldest + 1 >= 2 * this.#limit) {
      this.#kept = this.#kept.slice(this.#indexOf(this.#count - this.#limit + 1));
    }
    for (const reader of this.#readers) reader();
  }

  /** The number of the first event that is there. */
  get #oldest(): number {
    return this.#kept[0]?.number ?? this.#count + 1;
  }

  /** Where among what is kept the event with this number is; -1 where it is not there any more. */
  #indexOf(number: number): number {
    let [low, high] = [0, this.#kept.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#kept[middle]?.number ?? 0) <= number) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** A conversion as an event shows it. */
function shortened(conversion: Conversion): Conversion {
  const { changed } = conversion;
  if (changed.length <= CHANGED_SHOWN) return conversion;
  return { ...conversion, changed: changed.slice(0, CHANGED_SHOWN), changedTruncated: true };
}

function isRegistering({ phase }: RamDiscardListener): boolean {
  return phase === 'registering';
}

function isFailing({ isUnsettled, backlog }: RamDiscardListener): boolean {
  return isUnsettled || (backlog !== null && backlog.failingSince !== null);
}

/** What `record` will take away from `block`, as it is before that. */
function leavingWith(block: RamBlock, record: BlockRecord): [EventType, object][] {
  const { sources, listeners } = block.manager;
  if (record.kind === 'source-removed') {
    const source = sources.get(record.sourceId);
    return source === undefined ? [] : [['source.removed', sourceView(source, block)]];
  }
  if (record.kind === 'listener-removed') {
    const listener = listeners.get(record.listenerId);
    // One that was never registered is not missed.
    return listener === undefined || listener.phase === 'registering' ? [] : [deleted(block, listener)];
  }
  if (record.kind !== 'block-deleted') return [];
  return [
    ...[...listeners.values()].map((listener) => deleted(block, listener)),
    ['ram_block.deleted', ramBlockView(block)],
  ];
}

function deleted(block: RamBlock, listener: RamDiscardListener): [EventType, object] {
  return ['listener.deleted', listenerView(listener, block)];
}

/**
 * Tells `publish` what `record`, which has been applied, is as events.
 * @param registering listeners that were before it
 */
function tellOf(
  block: RamBlock,
  record: BlockRecord,
  registering: readonly RamDiscardListener[],
  publish: (type: EventType, data: Entry['resource']) => void,
): void {
  const { sources, listeners } = block.manager;
  switch (record.kind) {
    case 'block-resized':
      publish('ram_block.resized', ramBlockView(block));
      break;
    case 'source-added': {
      const source = sources.get(record.source.id);
      if (source !== undefined) publish('source.added', sourceView(source, block));
      break;
    }
    case 'source-changed': {
      const source = sources.get(record.sourceId);
      if (source === undefined) break;
      const changes = record.steps.map(({ conversion }) => shortened(conversion));
      if (source.isRamBlockAttributes) publish('conversion.committed', changes);
      else {
        const view = sourceView(source, block);
        publish(
          'source.changed',
          changes.map((change) => ({ ...view, change })),
        );
      }
      break;
    }
    case 'listener-added':
    case 'listener-changed':
    case 'listener-phase': {
      const listener = listeners.get(record.kind === 'listener-added' ? record.listener.id : record.listenerId);
      // A sync one is made with its first phase, when its replay was answered.
      if (listener === undefined || listener.phase === 'registering') break;
      const isNew = record.kind === 'listener-added' || registering.includes(listener);
      publish(isNew ? 'listener.created' : 'listener.updated', listenerView(listener, block));
    }
  }
}
