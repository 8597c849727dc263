// Which records become which events: one test a record, over a block that applies it.
import { beforeEach, describe, expect, it } from 'vitest';
import { RamBlock } from '../../src/core/ram-block.ts';
import type { BlockRecord, NewRecord } from '../../src/core/records.ts';
import { Problem } from '../../src/errors.ts';
import { EventLog } from '../../src/service/event-log.ts';
import { Events } from '../../src/service/events.ts';
import { listenerDefinition, PAGE } from '../support/listener-definitions.ts';

const AT = '2026-01-01T00:00:00.000Z';
const NOW = '2026-02-02T00:00:00.000Z';

let log: EventLog;
let events: Events;
let block: RamBlock;
let told: number;

type Without<Each> = Each extends unknown ? Omit<Each, 'ramBlockId'> : never;
type Fact = Without<NewRecord>;

beforeEach(() => {
  log = new EventLog(1000, 'epoch');
  events = new Events(log, () => Date.parse(NOW));
  block = new RamBlock({
    ...{ id: 'blk', machine: 'm', idstr: 'pc.ram', ramAddr: 0, gpa: null, createdAt: AT, guestMemfd: true },
    ...{ usedLength: 8 * PAGE, maxLength: 16 * PAGE, pageSize: PAGE, resizeable: true },
  });
  told = 0;
  apply({
    kind: 'source-added',
    source: { id: 'src', name: 'ram-block-attributes', granularity: PAGE },
    populated: [],
  });
});

/** Applies records, as a commit does. @returns the events that this brought, as they are published */
function apply(...facts: Fact[]) {
  const records = facts.map((fact) => ({ ...fact, ramBlockId: 'blk', at: AT }) as BlockRecord);
  const tell = events.about(block, records);
  for (const record of records) block.apply(record);
  tell();
  return news();
}

/** Events that were published since this was asked last. */
function news() {
  const found = [];
  for (let event = log.at(++told); event; event = log.at(++told)) found.push(event);
  told--;
  return found.map(({ type, generation, at, resource }) => ({ type, generation, at, resource }));
}

const types = (found: ReturnType<typeof news>) => found.map(({ type }) => type);

function changed(sourceId: string, isConversion: boolean, ids: readonly string[]): Fact {
  return {
    ...{ kind: 'source-changed', sourceId, isConversion, generation: block.generation + 1 },
    steps: ids.map((id, page) => ({
      ...{
        id,
        range: { start: page, end: page + 1 },
        populate: true,
        from: 'discarded',
        changedPages: 1,
        notified: [],
      },
      changed: [{ start: page, end: page + 1 }],
    })),
  };
}

const added: Fact = { kind: 'listener-added', listener: listenerDefinition() };
const active: Fact = { kind: 'listener-phase', listenerId: 'lsn', phase: 'active' };
const intent: Fact = { kind: 'intent', id: 'int', runs: [], calls: [{ listenerId: 'lsn', reservedThrough: 8 }] };

const outcome = (marks: object): Fact => {
  return { kind: 'outcome', intentId: 'int', listeners: [{ listenerId: 'lsn', lastSequence: 1, ...marks }] };
};

describe('a change of a source', () => {
  it('of RamBlockAttributes is a conversion.committed for each conversion, of the generation that it brings', () => {
    const found = apply(changed('src', true, ['cnv_1', 'cnv_2']));
    expect(types(found)).toEqual(['conversion.committed', 'conversion.committed']);
    expect(found).toMatchObject([
      { generation: 2, at: AT, resource: { id: 'cnv_1', to: 'shared', changedBytes: PAGE } },
      { generation: 2, at: AT, resource: { id: 'cnv_2', offset: PAGE } },
    ]);
  });

  it('of any other is a source.changed, with the source as it is then', () => {
    apply({ kind: 'source-added', source: { id: 'mem', name: 'virtio-mem0', granularity: PAGE }, populated: [] });
    const found = apply(changed('mem', false, ['cnv_1']));
    expect(found).toMatchObject([
      {
        type: 'source.changed',
        resource: { id: 'mem', populatedBytes: PAGE, change: { id: 'cnv_1', to: 'populated' } },
      },
    ]);
  });
});

it('sources that come and go, and a block that grows, are events', () => {
  const source = { id: 'mem', name: 'virtio-mem0', granularity: PAGE };
  expect(apply({ kind: 'source-added', source, populated: [] })).toMatchObject([
    { type: 'source.added', resource: { id: 'mem' } },
  ]);
  expect(apply({ kind: 'source-removed', sourceId: 'mem' })).toMatchObject([
    { type: 'source.removed', resource: { id: 'mem' } },
  ]);
  expect(apply({ kind: 'block-resized', usedLength: 16 * PAGE })).toMatchObject([
    { type: 'ram_block.resized', resource: { usedLength: 16 * PAGE } },
  ]);
});

describe('a listener', () => {
  it('that is sync is created when its replay was answered, not before', () => {
    expect(apply(added, intent)).toEqual([]);
    expect(apply(outcome({}), active)).toMatchObject([{ type: 'listener.created', resource: { id: 'lsn' } }]);
  });

  it('that is async is created at once', () => {
    const found = apply({ kind: 'listener-added', listener: listenerDefinition({ mode: 'async' }) });
    expect(types(found)).toEqual(['listener.created']);
  });

  it('that never came to be registered is neither created nor deleted', () => {
    apply(added, intent);
    expect(apply(outcome({}), { kind: 'listener-removed', listenerId: 'lsn' })).toEqual([]);
  });

  it('that is changed is updated, and one that is removed is deleted, as it was', () => {
    apply(added, active);
    const changes = { description: 'the second port' };
    expect(apply({ kind: 'listener-changed', listenerId: 'lsn', changes })).toMatchObject([
      { type: 'listener.updated', resource: changes },
    ]);
    expect(apply({ kind: 'listener-removed', listenerId: 'lsn' })).toMatchObject([
      { type: 'listener.deleted', resource: changes },
    ]);
  });

  it('is failing once when pages of it come to be unsettled, and settled once when none is any more', () => {
    apply(added, active);
    apply(changed('src', true, ['cnv_1', 'cnv_2']));
    expect(types(apply(intent))).toEqual([]);
    expect(types(apply(outcome({ unknown: [{ start: 0, end: 2 }] })))).toEqual(['listener.failing']);
    apply(intent);
    expect(types(apply(outcome({ settled: [{ start: 0, end: 1 }] })))).toEqual([]);
    apply(intent);
    expect(types(apply(outcome({ settled: [{ start: 1, end: 2 }] })))).toEqual(['listener.settled']);
  });
});

it('a block that is deleted says so last, after its listeners', () => {
  apply(added, active);
  expect(types(apply({ kind: 'block-deleted' }))).toEqual(['listener.deleted', 'ram_block.deleted']);
});

it('a change that failed is of now and of the generation that stays, and says because of whom', () => {
  events.failed(block, { offset: 0 }, new Problem('listener-refused', 'no room', { listenerId: 'lsn' }));
  const problem = { code: 'listener-refused', detail: 'no room', listenerId: 'lsn' };
  expect(news()).toEqual([{ type: 'conversion.failed', generation: 1, at: NOW, resource: { offset: 0, problem } }]);
});
