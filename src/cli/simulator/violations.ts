// What a kernel would not forgive, as it was seen: counted without end, kept up to a number, told to whoever listens.
import type { NotifiedSection } from '../../core/ram-discard-listener.ts';

/** The most violations that are kept; more are only counted. */
export const KEPT_VIOLATIONS = 1000;

export type ViolationKind =
  /** A populate of what is mapped already: VFIO_IOMMU_MAP_DMA answers EEXIST. */
  | 'mapped-twice'
  /** A discard of a part of a mapping: VFIO_IOMMU_UNMAP_DMA answers EINVAL and unmaps nothing. */
  | 'unmap-would-cut'
  /** The address did not move along with the offset in the region: the device would reach other memory. */
  | 'wrong-address'
  /** A delivery that never came, and no recovery after it (nor a replay, where it is an async listener). */
  | 'sequence-gap'
  /** A new delivery of an async listener with a lower number than one before it: nothing may overtake. */
  | 'out-of-order'
  /** An async listener could not map what it cannot refuse: its mappings are not those of the RAM block any more. */
  | 'not-mapped'
  /** The device touched a page that is not mapped. */
  | 'dma-fault';

export interface Violation {
  readonly kind: ViolationKind;
  /** ISO 8601. */
  readonly time: string;
  /** webhook-id of the delivery that showed it; null where none did. */
  readonly deliveryId: string | null;
  readonly sequence: number | null;
  /** What was to be mapped, unmapped or touched; bytes. */
  readonly section: Pick<NotifiedSection, 'offsetWithinRegion' | 'size'> | null;
  readonly text: string;
}

export interface ViolationSummary {
  readonly count: number;
  readonly byKind: Readonly<Partial<Record<ViolationKind, number>>>;
  /** The first {@link KEPT_VIOLATIONS}. */
  readonly first: readonly Violation[];
}

export class ViolationLog {
  readonly #now: () => number;
  readonly #onViolation: (violation: Violation) => void;
  readonly #byKind = new Map<ViolationKind, number>();
  readonly #first: Violation[] = [];
  #count = 0;

  /** @param now milliseconds since 1970 @param onViolation called for each of those that are kept */
  constructor(now: () => number = Date.now, onViolation: (violation: Violation) => void = () => {}) {
    this.#now = now;
    this.#onViolation = onViolation;
  }

  get count(): number {
    return this.#count;
  }

  record(
    kind: ViolationKind,
    text: string,
    seen: Partial<Pick<Violation, 'deliveryId' | 'sequence' | 'section'>> = {},
  ): void {
    this.#count++;
    this.#byKind.set(kind, (this.#byKind.get(kind) ?? 0) + 1);
    if (this.#first.length >= KEPT_VIOLATIONS) return;
    const { deliveryId = null, sequence = null, section = null } = seen;
    const violation = { kind, time: new Date(this.#now()).toISOString(), deliveryId, sequence, section, text };
    this.#first.push(violation);
    this.#onViolation(violation);
  }

  summary(): ViolationSummary {
    return { count: this.#count, byKind: Object.fromEntries(this.#byKind), first: [...this.#first] };
  }
}
