// What can happen to a RAM block, as the journal keeps it. The state of a block is the fold of its records: see
// RamBlock.apply, the only place where a block changes, live and at start-up alike.
import type { PageRange } from './section.ts';

/** What a RAM block is for good; bytes throughout. */
export interface RamBlockDefinition {
  readonly id: string;
  readonly machine: string;
  readonly idstr: string;
  /** Where the block lies in the ram_addr_t space of its machine. */
  readonly ramAddr: number;
  /** Guest physical address, where the block has one. */
  readonly gpa: number | null;
  readonly usedLength: number;
  readonly maxLength: number;
  readonly pageSize: number;
  readonly resizeable: boolean;
  readonly guestMemfd: boolean;
  readonly createdAt: string;
}

export interface SourceDefinition {
  readonly id: string;
  readonly name: string;
  /** Bytes; a power of two, at least the page size. */
  readonly granularity: number;
}

/** The part of a block that a listener hears of. `size` null follows the end of the block. */
export interface ListenerSection {
  readonly offset: number;
  readonly size: number | null;
  readonly offsetWithinAddressSpace: number;
}

export interface ListenerDefinition {
  readonly id: string;
  readonly url: string;
  readonly mode: 'sync' | 'async';
  readonly section: ListenerSection;
  /** Bytes; a power of two >= 4096. */
  readonly granularity: number;
  readonly doubleDiscardSupported: boolean;
  readonly coordinatedDiscard: boolean;
  readonly dmaMaxMappings: number | null;
  readonly maxSections: number;
  readonly timeoutMs: number;
  readonly description: string | null;
  /** `whsec_` and base64, as Standard Webhooks writes it. */
  readonly secret: string;
  /** The secrets before the last rotations that may sign too, newest first, and until when. */
  readonly previousSecrets?: readonly { readonly secret: string; readonly until: string }[];
  readonly createdAt: string;
}

/** What of a listener can change while it lives. */
export type ListenerChanges = Partial<
  Pick<ListenerDefinition, 'url' | 'timeoutMs' | 'description' | 'secret' | 'previousSecrets'>
>;

/** Why a listener is told something. */
export type DeliveryReason =
  | 'conversion'
  | 'registration'
  | 'unregistration'
  | 'rollback'
  | 'replay'
  | 'source'
  | 'resize'
  | 'recovery';

/** What a range of pages is as a whole. */
export type Uniformity = 'populated' | 'discarded' | 'mixture';

export interface BlockCreated {
  readonly kind: 'block-created';
  readonly block: RamBlockDefinition;
  readonly sources: readonly SourceDefinition[];
}

export interface BlockDeleted {
  readonly kind: 'block-deleted';
}

export interface SourceAdded {
  readonly kind: 'source-added';
  readonly source: SourceDefinition;
  readonly populated: readonly PageRange[];
}

export interface SourceRemoved {
  readonly kind: 'source-removed';
  readonly sourceId: string;
}

/** One step of a change: a conversion. */
export interface SourceStep {
  /** Of the conversion; null where nothing changed, which is answered and not recorded. */
  readonly id: string | null;
  /** The pages that were to be populated, or discarded. */
  readonly range: PageRange;
  readonly populate: boolean;
  /** What `range` was before. */
  readonly from: Uniformity;
  /** The runs that changed, ascending; the first of them only where they have fewer than `changedPages`. */
  readonly changed: readonly PageRange[];
  readonly changedPages: number;
  /** The ids of the listeners that heard of it, newest first. */
  readonly notified: readonly string[];
}

/** One change of a source, in one step or (a batch, a bitmap) in several that become true together. */
export interface SourceChanged {
  readonly kind: 'source-changed';
  readonly sourceId: string;
  /** Whether it was asked for as a page conversion: what is populated is called shared then, and private what is not. */
  readonly isConversion: boolean;
  /** Of the block, once the change is true. */
  readonly generation: number;
  readonly steps: readonly SourceStep[];
}

export interface BlockResized {
  readonly kind: 'block-resized';
  /** Bytes. */
  readonly usedLength: number;
}

export interface ListenerAdded {
  readonly kind: 'listener-added';
  readonly listener: ListenerDefinition;
}

export interface ListenerPhaseChanged {
  readonly kind: 'listener-phase';
  readonly listenerId: string;
  /** `disabled` is of async listeners only; a disabled one that becomes active wants a replay. */
  readonly phase: 'active' | 'removing' | 'disabled';
  /** The last sequence that an async listener may have been sent: given up when it is disabled. */
  readonly givenUp?: number;
}

export interface ListenerChanged {
  readonly kind: 'listener-changed';
  readonly listenerId: string;
  readonly changes: ListenerChanges;
}

/** How far the deliveries of an async listener have come: all up to `acknowledged` are over. */
export interface ListenerPosition {
  readonly kind: 'listener-position';
  readonly listenerId: string;
  readonly acknowledged: number;
  /** Since when nothing but failures came of its attempts; null when the last one was accepted. */
  readonly failingSince: string | null;
}

/** The oldest pending delivery of an async listener is given up; its ranges follow anew. */
export interface DeliverySkipped {
  readonly kind: 'delivery-skipped';
  readonly listenerId: string;
  readonly sequence: number;
}

/**
 * An async listener starts over. `wanted`: all that is pending is dropped, up to `givenUp`, the last sequence that may
 * have been sent. `begun`: the state of this moment is pending, and what comes later will follow it.
 */
export interface ListenerReplay {
  readonly kind: 'listener-replay';
  readonly listenerId: string;
  readonly step: 'wanted' | 'begun';
  readonly givenUp?: number;
}

export interface ListenerRemoved {
  readonly kind: 'listener-removed';
  readonly listenerId: string;
}

/**
 * Durable before the first delivery: these listeners may be told of `runs` (each of the part in its section). No delivery
 * has a sequence above the highest `reservedThrough` of all intents before it, its own among them. Without an outcome (a
 * crash) the state of the listeners there is unknown.
 */
export interface Intent {
  readonly kind: 'intent';
  readonly id: string;
  readonly runs: readonly PageRange[];
  readonly calls: readonly { readonly listenerId: string; readonly reservedThrough: number }[];
}

/** What came of the calls to one listener. The three lists of runs say what its pages are now, where that changed. */
export interface ListenerOutcome {
  readonly listenerId: string;
  readonly lastSequence: number;
  /** May or may not be mapped. */
  readonly unknown?: readonly PageRange[];
  /** Populated, and known not to be mapped. */
  readonly unmapped?: readonly PageRange[];
  /** As the bitmap says. */
  readonly settled?: readonly PageRange[];
}

/** Durable after the last delivery: ends an intent. */
export interface Outcome {
  readonly kind: 'outcome';
  readonly intentId: string;
  readonly listeners: readonly ListenerOutcome[];
}

/** A record as a rule makes it; when it becomes durable it gets its time. */
export type NewRecord = { readonly ramBlockId: string } & (
  | BlockCreated
  | BlockDeleted
  | SourceAdded
  | SourceRemoved
  | SourceChanged
  | BlockResized
  | ListenerAdded
  | ListenerChanged
  | ListenerPhaseChanged
  | ListenerPosition
  | DeliverySkipped
  | ListenerReplay
  | ListenerRemoved
  | Intent
  | Outcome
);

export type BlockRecord = NewRecord & {
  /** When it was made durable; the clock of the service, ISO 8601. */
  readonly at: string;
};
