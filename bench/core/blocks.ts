// RAM blocks for the core figures, as the service makes them: by their records.
import { RamBlock } from '../../src/core/ram-block.ts';
import type { RamDiscardListener } from '../../src/core/ram-discard-listener.ts';
import type { RamDiscardSource } from '../../src/core/ram-discard-source.ts';
import type { PageRange } from '../../src/core/section.ts';

export const PAGE = 4096;
export const GIB = 2 ** 30;
export const TIB = 2 ** 40;
const AT = '2026-01-01T00:00:00.000Z';

export function createBlock(usedLength: number): RamBlock {
  const block = new RamBlock({
    id: 'blk',
    machine: 'bench',
    idstr: 'pc.ram',
    ramAddr: 0,
    gpa: null,
    usedLength,
    maxLength: usedLength,
    pageSize: PAGE,
    resizeable: false,
    guestMemfd: true,
    createdAt: AT,
  });
  const sources = [{ id: 'src', name: 'ram-block-attributes', granularity: PAGE }];
  block.apply({ ramBlockId: block.id, kind: 'block-created', block: block.definition, sources, at: AT });
  return block;
}

/** A sync listener of the whole block that has accepted its replay. */
export function addListener(block: RamBlock): RamDiscardListener {
  const listener = block.makeListener(
    {
      id: 'lsn',
      url: 'http://127.0.0.1/',
      mode: 'sync',
      section: { offset: 0, size: null, offsetWithinAddressSpace: 0 },
      granularity: PAGE,
      doubleDiscardSupported: true,
      coordinatedDiscard: true,
      dmaMaxMappings: null,
      maxSections: 8192,
      timeoutMs: 5000,
      description: null,
      secret: '',
      createdAt: AT,
    },
    AT,
  );
  listener.phase = 'active';
  block.manager.addListener(listener);
  return listener;
}

export function attributesOf(block: RamBlock): RamDiscardSource {
  if (block.attributes === undefined) throw new Error('the block has no RamBlockAttributes');
  return block.attributes;
}

/** What the core does for one conversion: plan it, plan what the listeners hear of it, and commit. @returns sections planned */
export function convert(block: RamBlock, source: RamDiscardSource, range: PageRange, populate: boolean): number {
  const { plans } = block.manager.planAll([{ source, range, populate }]);
  let sections = 0;
  for (const { discards, populates } of block.manager.rounds(plans)) {
    for (const { listener, runs } of discards) sections += notified(listener, runs);
    for (const { listener, runs } of populates) sections += notified(listener, runs);
  }
  for (const plan of plans) block.manager.turn(source, plan);
  return sections;
}

function notified(listener: RamDiscardListener, runs: readonly PageRange[]): number {
  return runs.map((run) => listener.notifiedSection(run)).length;
}
