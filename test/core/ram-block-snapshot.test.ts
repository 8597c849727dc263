// Whatever happens to a block: its snapshot comes back as the same block, and the fold of its records is the same block.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CHUNK_PAGES } from '../../src/core/chunk-words.ts';
import { RamBlock } from '../../src/core/ram-block.ts';
import { decodeSnapshot, encodeSnapshot } from '../../src/core/ram-block-snapshot.ts';
import type { BlockRecord, ListenerDefinition, RamBlockDefinition, SourceStep } from '../../src/core/records.ts';
import { turned, unplanned } from '../support/source-steps.ts';

const PAGES = 2 * CHUNK_PAGES + 77;
const PAGE = 4096;
const ramBlockId = 'b1';

const definition: RamBlockDefinition = {
  id: ramBlockId,
  machine: 'default',
  idstr: 'pc.ram',
  ramAddr: 0,
  gpa: null,
  usedLength: PAGES * PAGE,
  maxLength: 2 * PAGES * PAGE,
  pageSize: PAGE,
  resizeable: false,
  guestMemfd: true,
  createdAt: '2026-01-01T00:00:00.000Z',
};

/** Every other one is async, and one of these follows the end of the block. */
function listener(id: string, start: number, end: number): ListenerDefinition {
  const isAsync = Number(id.slice(1)) % 2 === 1;
  const size = id === 'l3' ? null : (end - start) * PAGE;
  return {
    id,
    url: 'http://127.0.0.1:1/',
    mode: isAsync ? 'async' : 'sync',
    section: { offset: start * PAGE, size, offsetWithinAddressSpace: 0 },
    granularity: 65_536,
    doubleDiscardSupported: true,
    coordinatedDiscard: true,
    dmaMaxMappings: isAsync ? null : 100,
    maxSections: 2,
    timeoutMs: 5000,
    description: null,
    secret: 'whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0',
    createdAt: '2026-01-01T00:00:00.000Z',
  };
}

const edges = fc.constantFrom(0, 31, 32, CHUNK_PAGES - 1, CHUNK_PAGES, CHUNK_PAGES + 1, 2 * CHUNK_PAGES, PAGES);
const page = fc.oneof(edges, fc.nat(PAGES));
const range = fc.tuple(page, page).map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }));
const step = fc.record({
  do: fc.constantFrom(
    ...(['change', 'change', 'change', 'change', 'batch', 'source', 'listener', 'listener', 'resize'] as const),
    ...(['intent', 'outcome', 'phase', 'position', 'skip', 'wanted', 'begun', 'changed'] as const),
  ),
  range,
  to: fc.constantFrom('shared' as const, 'private' as const),
  number: fc.nat(4),
});

function changed(sourceId: string, steps: readonly SourceStep[]): BlockRecord {
  const at = definition.createdAt;
  return { ramBlockId, at, kind: 'source-changed', sourceId, isConversion: sourceId === 's0', generation: 0, steps };
}

/** Records that could have been written one after the other. */
function recordsOf(steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[]): BlockRecord[] {
  const at = definition.createdAt;
  const sources = [{ id: 's0', name: 'ram-block-attributes', granularity: PAGE }];
  const records: BlockRecord[] = [{ ramBlockId, at, kind: 'block-created', block: definition, sources }];
  const known = { sources: ['s0'], listeners: new Set<string>(), intents: new Set<string>() };
  for (const [index, { do: what, range: runs, to, number }] of steps.entries()) {
    const id = `l${number}`;
    const isRange = runs.start < runs.end;
    if (what === 'change' && isRange) {
      const sourceId = known.sources[number % known.sources.length] ?? 's0';
      records.push(changed(sourceId, [unplanned(runs, to === 'shared')]));
    } else if (what === 'batch' && isRange) {
      const half = { start: runs.start, end: Math.ceil((runs.start + runs.end) / 2) };
      const second = { ...turned(half, false), range: runs };
      records.push(changed('s0', [unplanned(runs, true), second, unplanned(runs, true)]));
    } else if (what === 'resize') {
      records.push({ ramBlockId, at, kind: 'block-resized', usedLength: (PAGES + number * 1000) * PAGE });
    } else if (what === 'changed' && known.listeners.has(id)) {
      const changes = { url: `http://127.0.0.1:${index}/`, previousSecrets: [{ secret: 'old', until: at }] };
      records.push({ ramBlockId, at, kind: 'listener-changed', listenerId: id, changes });
    } else if (['position', 'skip', 'wanted', 'begun'].includes(what) && known.listeners.has(id) && number % 2 === 1) {
      const listenerId = id;
      const failingSince = index % 2 === 0 ? at : null;
      const news = {
        position: { kind: 'listener-position', listenerId, acknowledged: index % 5, failingSince },
        skip: { kind: 'delivery-skipped', listenerId, sequence: (index % 5) + 1 },
        wanted: { kind: 'listener-replay', listenerId, step: 'wanted', givenUp: index % 7 },
        begun: { kind: 'listener-replay', listenerId, step: 'begun' },
      } as const;
      records.push({ ramBlockId, at, ...news[what as keyof typeof news] });
    } else if (what === 'source') {
      const source = { id: `s${index}`, name: `source ${index}`, granularity: PAGE };
      known.sources.push(source.id);
      records.push({ ramBlockId, at, kind: 'source-added', source, populated: isRange ? [runs] : [] });
    } else if (what === 'listener' && isRange && !known.listeners.has(id)) {
      known.listeners.add(id);
      records.push({ ramBlockId, at, kind: 'listener-added', listener: listener(id, runs.start, runs.end) });
    } else if (what === 'intent' && known.listeners.has(id) && number % 2 === 0) {
      known.intents.add(`i${index}`);
      const calls = [{ listenerId: id, reservedThrough: index + 10 }];
      records.push({ ramBlockId, at, kind: 'intent', id: `i${index}`, runs: [runs], calls });
    } else if (what === 'outcome' && known.listeners.has(id) && number % 2 === 0) {
      const [intentId = ''] = known.intents;
      known.intents.delete(intentId);
      const marks = [{ unknown: [runs] }, { unmapped: [runs] }, { settled: [runs] }, {}][number % 4];
      records.push({
        ramBlockId,
        at,
        kind: 'outcome',
        intentId,
        listeners: [{ listenerId: id, lastSequence: index, ...marks }],
      });
    } else if (what === 'phase' && known.listeners.has(id)) {
      const asyncPhase = (['active', 'disabled', 'removing'] as const)[index % 3] ?? 'active';
      const phase = number % 2 === 1 ? asyncPhase : index % 2 ? 'active' : 'removing';
      records.push({ ramBlockId, at, kind: 'listener-phase', listenerId: id, phase, givenUp: index % 4 });
    }
  }
  return records;
}

function fold(records: readonly BlockRecord[]): RamBlock {
  const block = new RamBlock(definition);
  for (const record of records) block.apply(record);
  return block;
}

/** Everything that can be seen of a block. */
function seen(block: RamBlock): unknown {
  const { manager, generation, intents } = block;
  return {
    generation,
    intents,
    populated: [...manager.populated.allRuns(true)],
    runCount: manager.populated.runCount,
    sources: [...manager.sources.values()].map(({ definition: d, bitmap }) => [d, [...bitmap.allRuns(true)]]),
    listeners: [...manager.listeners.values()].map((each) => ({
      definition: each.definition,
      phase: each.phase,
      lastSequence: each.lastSequence,
      unknown: each.unknown,
      unmapped: each.unmapped,
      backlog: each.backlog && {
        acknowledged: each.backlog.acknowledged,
        failingSince: each.backlog.failingSince,
        wanted: each.backlog.wanted,
        pending: each.backlog.pending,
        replayThrough: each.backlog.replayThrough,
        mapped: [...each.backlog.mapped.allRuns(true)],
      },
      mapped: each.mapped(manager.populated),
      // Kept count of for sync listeners only: these alone may have a limit.
      mappingsWith: each.backlog === null ? each.mappingsWith(manager.populated, []) : null,
    })),
    recovery: block.recover(),
  };
}

it('a snapshot comes back as the block that it was taken of, and goes on as that block does', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), fc.nat(20), (steps, at) => {
      const records = recordsOf(steps);
      const [before, after] = [records.slice(0, 1 + at), records.slice(1 + at)];
      const restored = decodeSnapshot(encodeSnapshot(fold(before)));
      for (const record of after) restored.apply(record);
      expect(seen(restored)).toEqual(seen(fold(records)));
    }),
    { numRuns: 300 },
  );
});
