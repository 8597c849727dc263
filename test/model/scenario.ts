// Where an exploration starts: blocks, what of them is shared, listeners that have mapped just that, what clients will ask
// for and what may go wrong meanwhile.

import type { BlockRecord } from '../../src/core/records.ts';
import { turned } from '../support/source-steps.ts';
import type { Command } from './commands.ts';
import { ATTRIBUTES, PAGE } from './ledger.ts';
import type { ProcessSettings } from './simulated-process.ts';
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
  /** Left out, it has RamBlockAttributes; false: no source, so that all of it is populated. */
  readonly attributes?: boolean;
  readonly shared: readonly (readonly [start: number, end: number])[];
  /** Has a second source, of this id, that is populated in these pages. */
  readonly plugged?: { readonly id: string; readonly pages: readonly (readonly [start: number, end: number])[] };
  readonly listeners: readonly StartListener[];
}

export interface Scenario extends ProcessSettings {
  readonly name: string;
  readonly blocks: readonly StartBlock[];
  readonly commands: readonly Command[];
  readonly faults: Faults;
  /** Each command is asked for only after the one before it; in any order where left out. */
  readonly inOrder?: boolean;
}

const at = new Date(0).toISOString();

/** What the journal holds at the start. */
export function firstRecords({ blocks }: Scenario): BlockRecord[] {
  return blocks.flatMap((block) => [
    created(block),
    ...plugged(block),
    ...block.listeners.flatMap((listener) => registered(block, listener)),
    ...block.shared.map((range, index) => shared(block, range, index)),
  ]);
}

function created({ id, pages, maxPages, gpa, attributes = true }: StartBlock): BlockRecord {
  const block = {
    ...{ id, machine: 'm', idstr: id, ramAddr: gpa * PAGE, gpa: gpa * PAGE, usedLength: pages * PAGE },
    ...{ maxLength: (maxPages ?? pages) * PAGE, pageSize: PAGE, resizeable: maxPages !== undefined },
    guestMemfd: attributes,
    createdAt: at,
  };
  const sources = [{ id: ATTRIBUTES, name: 'ram-block-attributes', granularity: PAGE }];
  return { kind: 'block-created', ramBlockId: id, at, block, sources: attributes ? sources : [] };
}

function plugged({ id: ramBlockId, plugged: second }: StartBlock): BlockRecord[] {
  if (second === undefined) return [];
  const source = { id: second.id, name: second.id, granularity: PAGE };
  const populated = second.pages.map(([start, end]) => ({ start, end }));
  return [{ kind: 'source-added', ramBlockId, at, source, populated }];
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

function shared(block: StartBlock, [start, end]: readonly [number, number], index: number): BlockRecord {
  const { id: ramBlockId, plugged: second } = block;
  const generation = index + (second === undefined ? 1 : 2);
  const steps = [turned({ start, end }, true, `cnv_first${index}`)];
  return { kind: 'source-changed', ramBlockId, at, sourceId: ATTRIBUTES, isConversion: true, generation, steps };
}
