// Blocks, sources and listeners as the contract shows them.
import { PageBitmap } from '../core/page-bitmap.ts';
import type { RamBlock } from '../core/ram-block.ts';
import { RamDiscardListener } from '../core/ram-discard-listener.ts';
import type { RamDiscardSource } from '../core/ram-discard-source.ts';
import type { ListenerDefinition } from '../core/records.ts';
import { countPages } from '../core/section.ts';
import { unsettledSections } from './changes.ts';

export type RamBlockView = ReturnType<typeof ramBlockView>;
export type SourceView = ReturnType<typeof sourceView>;
export type ListenerView = ReturnType<typeof listenerView>;

export function ramBlockView(block: RamBlock) {
  const { definition, manager, attributes, pageSize, usedLength } = block;
  const { populated } = manager;
  const sharedBytes = attributes === undefined ? 0 : attributes.bitmap.populated * pageSize;
  return {
    id: definition.id,
    machine: definition.machine,
    idstr: definition.idstr,
    ramAddr: definition.ramAddr,
    gpa: definition.gpa,
    usedLength,
    maxLength: definition.maxLength,
    pageSize,
    flags: [
      ...(definition.guestMemfd ? (['guest_memfd'] as const) : []),
      ...(definition.resizeable ? (['resizeable'] as const) : []),
    ],
    minGranularity: manager.minGranularity,
    populated: { pages: populated.populated, bytes: populated.populated * pageSize, runs: populated.runCount },
    attributes:
      attributes === undefined
        ? null
        : { bitmapSize: attributes.bitmap.length, sharedBytes, privateBytes: usedLength - sharedBytes },
    sourceCount: manager.sources.size,
    listenerCount: manager.listeners.size,
    generation: block.generation,
    createdAt: definition.createdAt,
  };
}

export function sourceView({ definition, bitmap }: RamDiscardSource, block: RamBlock) {
  const { id, name, granularity } = definition;
  return { id, name, granularity, populatedBytes: bitmap.populated * block.pageSize };
}

export function listenerView(listener: RamDiscardListener, block: RamBlock) {
  const { definition, phase, lastSequence, unknown, unmapped } = listener;
  const { pageSize } = block;
  const { pages, runs, mappings } = listener.mapped(block.manager.populated);
  const unsettled = [...unknown, ...unmapped].sort((a, b) => a.start - b.start);
  const failing: 'failing' | 'active' = listener.isUnsettled ? 'failing' : 'active';
  return {
    id: definition.id,
    ramBlockId: block.id,
    url: definition.url,
    mode: definition.mode,
    section: { ...listener.section, offsetWithinAddressSpace: definition.section.offsetWithinAddressSpace },
    granularity: definition.granularity,
    doubleDiscardSupported: definition.doubleDiscardSupported,
    coordinatedDiscard: definition.coordinatedDiscard,
    dmaMaxMappings: definition.dmaMaxMappings,
    maxSections: definition.maxSections,
    timeoutMs: definition.timeoutMs,
    description: definition.description,
    warnings: [] as string[],
    state: phase === 'active' ? failing : phase,
    mapped: { bytes: pages * pageSize, runs, mappings },
    unsettled: {
      bytes: countPages(unsettled) * pageSize,
      runs: unsettled.length,
      unknownBytes: countPages(unknown) * pageSize,
      sections: unsettledSections(unsettled, pageSize),
    },
    // A sync listener is waited for: what was sent is over when the block is at rest.
    position: { lastSequence, acknowledgedSequence: lastSequence, pending: 0, oldestPendingAt: null },
    createdAt: definition.createdAt,
  };
}

/** The listener as it is once it has accepted all that is populated in its section. */
export function settledListener(
  definition: ListenerDefinition,
  block: RamBlock,
  lastSequence: number,
): RamDiscardListener {
  const listener = new RamDiscardListener(definition, block.usedLength, block.pageSize);
  listener.phase = 'active';
  listener.lastSequence = lastSequence;
  listener.notePopulated(new PageBitmap(block.pages.end), block.manager.replayFor(listener));
  return listener;
}
