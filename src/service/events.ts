// What has happened, for those who follow it: every event is of something durable.
import type { RamBlock } from '../core/ram-block.ts';
import type { RamDiscardListener } from '../core/ram-discard-listener.ts';
import type { BlockRecord } from '../core/records.ts';
import type { Problem } from '../errors.ts';
import type { EventType } from '../event-types.ts';
import { isoTime } from '../iso-time.ts';
import type { Delivery } from '../listeners/delivery.ts';
import type { Attempt } from '../listeners/delivery-log.ts';
import type { EventLog, News } from './event-log.ts';
import { attemptView, conversionsOf, listenerView, ramBlockView, sourceView } from './views.ts';

/** The runs of a conversion that its event shows. */
const CHANGED_SHOWN = 100;

export class Events {
  readonly log: EventLog;
  readonly #now: () => number;

  constructor(log: EventLog, now: () => number) {
    this.log = log;
    this.#now = now;
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
    this.#publish('conversion.failed', block, isoTime(this.#now()), { ...change, problem });
  }

  /** An attempt to send a delivery was not accepted. */
  deliveryFailed({ machine, ramBlockId, generation, listener }: Delivery, attempt: Attempt): void {
    const resource = { ...attemptView(attempt), listenerId: listener.id };
    this.log.keep({ type: 'delivery.failed', machine, ramBlockId, generation, at: resource.startedAt, resource });
  }

  #publish(type: EventType, { id, definition, generation }: RamBlock, at: string, resource: News['resource']): void {
    this.log.keep({ type, machine: definition.machine, ramBlockId: id, generation, at, resource });
  }
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
  publish: (type: EventType, data: News['resource']) => void,
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
      const changes = conversionsOf(record, block.pageSize, CHANGED_SHOWN);
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
