// Where an exploration starts: blocks, what of them is shared, listeners that have mapped just that, what clients will ask
// for and what may go wrong meanwhile.
import type { BlockRecord } from '../../src/core/records.ts';
import type { Command } from './commands.ts';
import { ATTRIBUTES, PAGE } from './ledger.ts';
import type { Faults } from './world.ts';

/** Pages. */
interface StartListener {
  readonly id: string;
  readonly start: number;
  /** Left out, it follows the end of the block. */
  readonly end?: number;
  readonly maxSections?: number;
  readonly doubleDiscardSupported?: boolean;
}

/** Pages. */
export interface StartBlock {
  readonly id: string;
  readonly pages: number;
  /** Makes it resizeable. */
  readonly maxPages?: number;
  readonly gpa: number;
  readonly shared: readonly (readonly [start: number, end: number])[];
  readonly listeners: readonly StartListener[];
}

export interface Scenario {
  readonly name: string;
  readonly blocks: readonly StartBlock[];
  readonly commands: readonly Command[];
  readonly faults: Faults;
  /** Records of a block between two of its snapshots. */
  readonly snapshotEvery?: number;
}

const at = new Date(0).toISOString();

/** What the journal holds at the start. */
export function firstRecords({ blocks }: Scenario): BlockRecord[] {
  return blocks.flatMap((block) => [
    created(block),
    ...block.listeners.flatMap((listener) => registered(block, listener)),
    ...block.shared.map((range, index) => shared(block, range, index)),
  ]);
}

function created({ id, pages, maxPages, gpa }: StartBlock): BlockRecord {
  const block = {
    ...{ id, machine: 'm', idstr: id, ramAddr: gpa * PAGE, gpa: gpa * PAGE, usedLength: pages * PAGE },
    ...{ maxLength: (maxPages ?? pages) * PAGE, pageSize: PAGE, resizeable: maxPages !== undefined, guestMemfd: true },
    createdAt: at,
  };
  const sources = [{ id: ATTRIBUTES, name: 'ram-block-attributes', granularity: PAGE }];
  return { kind: 'block-created', ramBlockId: id, at, block, sources };
}

function registered({ id: ramBlockId }: StartBlock, listener: StartListener): BlockRecord[] {
  const { id, start, end, maxSections = 512, doubleDiscardSupported = true } = listener;
  const offset = start * PAGE;
  const section = { offset, size: end === undefined ? null : (end - start) * PAGE, offsetWithinAddressSpace: offset };
  const definition = {
    ...{ id, url: `http://127.0.0.1:9/${id}`, mode: 'sync' as const, section, granularity: PAGE },
    ...{ doubleDiscardSupported, coordinatedDiscard: true, dmaMaxMappings: null, maxSections, timeoutMs: 1000 },
    ...{ description: null, secret: '', createdAt: at },
  };
  return [
    { kind: 'listener-added', ramBlockId, at, listener: definition },
    { kind: 'listener-phase', ramBlockId, at, listenerId: id, phase: 'active' },
  ];
}

function shared({ id: ramBlockId }: StartBlock, [start, end]: readonly [number, number], index: number): BlockRecord {
  const [offset, size] = [start * PAGE, (end - start) * PAGE];
  const what = { id: `cnv_first${index}`, ramBlockId, offset, size, to: 'shared', from: 'private' } as const;
  const came = { changedBytes: size, changed: [], changedTruncated: false, generation: index + 1, notified: [] };
  return {
    kind: 'source-changed',
    ramBlockId,
    at,
    sourceId: ATTRIBUTES,
    steps: [{ conversion: { ...what, ...came } }],
  };
}
