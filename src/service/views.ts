// Blocks, sources, listeners, attempts to call these, and records as the contract shows them: the only place where answers,
// the history and events are made from what is recorded.
import type { PageBitmap } from '../core/page-bitmap.ts';
import type { RamBlock } from '../core/ram-block.ts';
import type { ListenerPhase, RamDiscardListener } from '../core/ram-discard-listener.ts';
import type { RamDiscardSource } from '../core/ram-discard-source.ts';
import type { ListenerDefinition, SourceChanged, SourceStep, Uniformity } from '../core/records.ts';
import { type PageRange, type Section, toSection } from '../core/section.ts';
import { isoTime } from '../iso-time.ts';
import type { Attempt } from '../listeners/delivery-log.ts';

/** The sections of unknown state that a problem or a Listener shows. */
const SECTIONS_SHOWN = 1000;
/** The runs that a Conversion shows. */
const CHANGED_SHOWN = 1000;
/** The runs that all conversions of one answer show together. */
const ANSWER_SHOWN = 65_536;

export type PageState = 'shared' | 'private';
export type Populatedness = 'populated' | 'discarded';

/** One change of a source's bits; bytes. */
export interface Conversion extends Section {
  /** null if nothing changed. */
  readonly id: string | null;
  readonly ramBlockId: string;
  readonly to: PageState | Populatedness;
  readonly from: PageState | Populatedness | 'mixture';
  readonly changedBytes: number;
  /** The first runs that changed. */
  readonly changed: readonly Section[];
  readonly changedTruncated: boolean;
  readonly generation: number;
  readonly notified: readonly string[];
}

/** A change of a source as it is, or is about to be, recorded. */
export type Change = { readonly ramBlockId: string } & SourceChanged;

export type MachineView = ReturnType<typeof machineView>;
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

/** @param blocks all of the machine called `name`, oldest first */
export function machineView(name: string, blocks: readonly RamBlock[]) {
  const sum = (of: (block: RamBlock) => number): number => blocks.reduce((total, block) => total + of(block), 0);
  const sharedBytes = sum(({ attributes, pageSize }) => (attributes?.bitmap.populated ?? 0) * pageSize);
  const trackedBytes = sum(({ attributes, usedLength }) => (attributes === undefined ? 0 : usedLength));
  return {
    name,
    ramBlockCount: blocks.length,
    usedLength: sum(({ usedLength }) => usedLength),
    maxLength: sum(({ definition }) => definition.maxLength),
    populatedBytes: sum(({ manager, pageSize }) => manager.populated.populated * pageSize),
    sharedBytes,
    privateBytes: trackedBytes - sharedBytes,
    listenerCount: sum(({ manager }) => manager.listeners.size),
  };
}

export function sourceView({ definition, bitmap }: RamDiscardSource, block: RamBlock) {
  const { id, name, granularity } = definition;
  return { id, name, granularity, populatedBytes: bitmap.populated * block.pageSize };
}

export function listenerView(listener: RamDiscardListener, block: RamBlock) {
  const { definition } = listener;
  const { pageSize } = block;
  const { pages, runs, mappings } = listener.mapped(block.manager.populated);
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
    warnings: warningsFor(listener),
    state: stateOf(listener),
    mapped: { bytes: pages * pageSize, runs, mappings },
    unsettled: unsettledView(listener, pageSize),
    position: positionOf(listener),
    createdAt: definition.createdAt,
  };
}

/** Returns the conversions of a change. @param pageSize bytes @param shown runs that each shows at most */
export function conversionsOf(change: Change, pageSize: number, shown = CHANGED_SHOWN): Conversion[] {
  let left = ANSWER_SHOWN;
  return change.steps.map((step) => {
    const conversion = conversionOf(change, step, pageSize, Math.min(shown, left));
    left -= conversion.changed.length;
    return conversion;
  });
}

/** Returns one conversion of a change. @param pageSize bytes @param shown runs that it shows at most */
export function conversionOf(
  { ramBlockId, generation, isConversion }: Omit<Change, 'steps'>,
  { id, range, populate, from, changed, changedPages, notified }: SourceStep,
  pageSize: number,
  shown = CHANGED_SHOWN,
): Conversion {
  const listed = (changed.length > shown ? changed.slice(0, shown) : changed).map((run) => toSection(run, pageSize));
  return {
    id,
    ramBlockId,
    ...toSection(range, pageSize),
    to: stateName(populate ? 'populated' : 'discarded', isConversion),
    from: from === 'mixture' ? from : stateName(from, isConversion),
    changedBytes: changedPages * pageSize,
    changed: listed,
    changedTruncated: pagesOf(changed, shown) < changedPages,
    generation,
    notified,
  };
}

/** Cuts the runs that `conversions`, which are one answer, show to as many as one answer has; the first of them stay. */
export function asOneAnswer(conversions: readonly Conversion[]): readonly Conversion[] {
  let left = ANSWER_SHOWN;
  return conversions.map((conversion) => {
    const { changed } = conversion;
    const shown = Math.min(left, changed.length);
    left -= shown;
    if (shown === changed.length) return conversion;
    return { ...conversion, changed: changed.slice(0, shown), changedTruncated: true };
  });
}

/** Returns what RamBlockAttributes, and only it, calls a range of pages. */
export function pageState(state: Uniformity): PageState | 'mixture' {
  return state === 'mixture' ? state : state === 'populated' ? 'shared' : 'private';
}

function stateName(state: Populatedness, isConversion: boolean): PageState | Populatedness {
  if (!isConversion) return state;
  return state === 'populated' ? 'shared' : 'private';
}

/** The pages of the first `count` runs. */
function pagesOf(runs: readonly PageRange[], count: number): number {
  let pages = 0;
  for (let index = 0; index < runs.length && index < count; index++) {
    const { start, end } = runs[index] as PageRange;
    pages += end - start;
  }
  return pages;
}

/** Its time is written out here: few attempts are looked at. */
export function attemptView(attempt: Attempt) {
  return { ...attempt, startedAt: isoTime(attempt.startedAt) };
}

function stateOf(listener: RamDiscardListener): ListenerPhase | 'failing' {
  const { phase, backlog, isUnsettled } = listener;
  if (phase !== 'active') return phase;
  if (isUnsettled || (backlog !== null && backlog.failingSince !== null)) return 'failing';
  return backlog?.isRegistering ? 'registering' : 'active';
}

function positionOf({ lastSequence, backlog }: RamDiscardListener) {
  // A sync listener is waited for: what was sent is over when the block is at rest.
  if (backlog === null) return { lastSequence, acknowledgedSequence: lastSequence, pending: 0, oldestPendingAt: null };
  const { acknowledged, size, oldestAt } = backlog;
  return { lastSequence, acknowledgedSequence: acknowledged, pending: size, oldestPendingAt: oldestAt };
}

function warningsFor({ definition, worstMappings }: RamDiscardListener): string[] {
  const { dmaMaxMappings, granularity } = definition;
  if (dmaMaxMappings === null || worstMappings <= dmaMaxMappings) return [];
  return [
    `possibly running out of DMA mappings: at its granularity of ${granularity} the section can need up to ${worstMappings}, and the maximum is ${dmaMaxMappings} (dmaMaxMappings); a larger granularity or a smaller section needs fewer`,
  ];
}

/** A sync listener as it is once it has accepted all that is populated in its section. */
export function settledListener(
  block: RamBlock,
  definition: ListenerDefinition,
  lastSequence: number,
): RamDiscardListener {
  const listener = block.makeListener(definition, definition.createdAt);
  listener.phase = 'active';
  listener.lastSequence = lastSequence;
  listener.recount(block.manager.populated);
  return listener;
}

/** Only as many runs are looked at as are shown: there may be a million. */
function unsettledView({ unsettled }: RamDiscardListener, pageSize: number) {
  if (unsettled === null) return { bytes: 0, runs: 0, unknownBytes: 0, sections: [] };
  const { unknown, unmapped } = unsettled;
  return {
    bytes: (unknown.populated + unmapped.populated) * pageSize,
    runs: unknown.runCount + unmapped.runCount,
    unknownBytes: unknown.populated * pageSize,
    sections: sectionsShown([unknown, unmapped], pageSize),
  };
}

/** Returns the first runs of pages of unknown state, in bytes. */
export function unknownSections({ unsettled }: RamDiscardListener, pageSize: number): Section[] {
  return unsettled === null ? [] : sectionsShown([unsettled.unknown], pageSize);
}

/** The first runs of any of `bitmaps`, in bytes, ascending. */
function sectionsShown(bitmaps: readonly PageBitmap[], pageSize: number): Section[] {
  const runs = bitmaps.flatMap((bitmap) => [...bitmap.allRuns(true).take(SECTIONS_SHOWN)]);
  runs.sort((a, b) => a.start - b.start);
  return runs.slice(0, SECTIONS_SHOWN).map((run) => toSection(run, pageSize));
}
