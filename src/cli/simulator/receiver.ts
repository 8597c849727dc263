// What a webhook consumer does with a delivery, all rules in one place and without I/O: fence what comes too late, answer
// a repeated one as before, map on populate, unmap on discard, and note what a kernel would not forgive. As an async
// listener it is a mirror: it refuses nothing, and a populate of what is mapped is nothing to do.

import { AnswerMemory } from '../../client/answer-memory.ts';
import { DeliveryOrder, type SequenceGap } from '../../client/delivery-order.ts';
import { MAX_BYTES } from '../../limits.ts';
import type { Delivery } from './delivery.ts';
import type { ListenerMode } from './options.ts';
import { hex, VfioContainer, type VfioLimits } from './vfio-container.ts';
import type { Violation, ViolationLog } from './violations.ts';

/** A problem document; `detail` and `errno` are passed on by the service. */
export interface ProblemBody {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly errno?: string;
}

export interface Answer {
  readonly status: number;
  readonly problem: ProblemBody | null;
}

/** The limits and `refuseAfter` are for mode sync: an async listener has no way to refuse. */
export interface ReceiverOptions extends VfioLimits {
  readonly mode: ListenerMode;
  /** Populates that are accepted before all others are refused; null for no end. */
  readonly refuseAfter: number | null;
}

/** Deliveries, each counted once: populates and discards acted on, and of the populates those refused. */
export interface DeliveryCounts {
  readonly populate: number;
  readonly discard: number;
  readonly repeated: number;
  readonly fenced: number;
  readonly refused: number;
}

/** What is known of one listener of the service that this receiver serves. */
interface ListenerView {
  readonly order: DeliveryOrder;
  /** Address in the address space less offset in the region: the same for all of its sections. */
  readonly addressDelta: number;
}

const NO_LIMITS: VfioLimits = { dmaMaxMappings: MAX_BYTES, memlock: null };
const ACCEPTED: Answer = { status: 204, problem: null };

export function problemAnswer(status: number, title: string, detail: string, errno?: string): Answer {
  const problem = { type: 'about:blank', title, status, detail } as const;
  return { status, problem: errno === undefined ? problem : { ...problem, errno } };
}

/** Handles one delivery at a time; its container is of one RAM block, which any number of listeners may tell it of. */
export class Receiver {
  readonly container: VfioContainer;
  readonly #options: ReceiverOptions;
  readonly #violations: ViolationLog;
  readonly #answers = new AnswerMemory<Answer>();
  readonly #listeners = new Map<string, ListenerView>();
  readonly #counts = { populate: 0, discard: 0, repeated: 0, fenced: 0, refused: 0 };
  #ramBlockId: string | null = null;
  #current: DeliveryOrder | null = null;
  #granularity: number | null = null;
  #lastGranularity: number | null = null;

  constructor(options: ReceiverOptions, violations: ViolationLog) {
    this.#options = options;
    this.#violations = violations;
    this.container = new VfioContainer(options.mode === 'async' ? NO_LIMITS : options);
  }

  get counts(): DeliveryCounts {
    return { ...this.#counts };
  }

  /** Bytes of one mapping: as set, else as the last populate said; null before the first. */
  get granularity(): number | null {
    return this.#granularity ?? this.#lastGranularity;
  }

  setGranularity(bytes: number): void {
    this.#granularity = bytes;
  }

  /** The order of the listener that was heard of last; null before the first delivery. */
  get order(): DeliveryOrder | null {
    return this.#current;
  }

  /** Missing deliveries of all listeners that nothing followed yet that covers them. */
  get pendingGaps(): SequenceGap[] {
    return [...this.#listeners.values()].flatMap(({ order }) => [...order.gaps]);
  }

  /** Handles the delivery with this `webhook-id`, whose signature has been verified. */
  handle(webhookId: string, delivery: Delivery): Answer {
    const before = this.#answers.get(webhookId);
    if (before !== undefined) {
      this.#counts.repeated++;
      return before;
    }
    const { order, addressDelta } = this.#listener(delivery);
    this.#current = order;
    const { sequence, settledThrough } = delivery.data;
    if (order.isFenced(sequence)) {
      this.#counts.fenced++;
      const detail = `sequence ${sequence} is not above ${order.settledThrough}, the highest settledThrough processed`;
      return problemAnswer(409, 'A late delivery', detail, 'ESTALE');
    }
    this.#checkOrder(webhookId, sequence, order);
    order.note(sequence, settledThrough, this.#coversMissing(delivery));
    this.#checkAddresses(webhookId, delivery, addressDelta);
    const answer = delivery.type === 'ram_block.populate' ? this.#populate(webhookId, delivery) : ACCEPTED;
    if (delivery.type === 'ram_block.discard') this.#discard(webhookId, delivery);
    this.#answers.set(webhookId, answer);
    return answer;
  }

  /** No more deliveries will come: what is missing now is missing for good. */
  end(): void {
    const cover = this.#options.mode === 'async' ? 'no recovery or replay' : 'no recovery';
    for (const { from, to } of this.pendingGaps) {
      const text = `deliveries ${from} to ${to} never came and ${cover} followed`;
      this.#violations.record('sequence-gap', text, { sequence: from });
    }
  }

  #populate(webhookId: string, delivery: Delivery): Answer {
    const { ramBlockId, sequence } = delivery.data;
    const accepted = this.#counts.populate - this.#counts.refused;
    this.#counts.populate++;
    const isOfAnother = this.container.mappings > 0 && ramBlockId !== this.#ramBlockId;
    const whyAnother = `it has mappings of RAM block ${this.#ramBlockId}; start one simulator a block`;
    const { mode, refuseAfter } = this.#options;
    if (mode === 'async') {
      if (isOfAnother) this.#violations.record('not-mapped', whyAnother, { deliveryId: webhookId, sequence });
      else this.container.mapMissing(delivery.data.sections.map(toSection), this.#adopt(delivery));
      return ACCEPTED;
    }
    if (refuseAfter !== null && accepted >= refuseAfter) {
      return this.#refuse('EPERM', `told to refuse after ${refuseAfter} accepted populates (--refuse-after)`);
    }
    if (isOfAnother) return this.#refuse('EBUSY', whyAnother);
    const failure = this.container.map(delivery.data.sections.map(toSection), this.#adopt(delivery));
    if (failure === null) return ACCEPTED;
    if (failure.errno === 'EEXIST') {
      const section = { offsetWithinRegion: failure.section.offset, size: failure.section.size };
      this.#violations.record('mapped-twice', failure.text, { deliveryId: webhookId, sequence, section });
    }
    return this.#refuse(failure.errno, failure.text);
  }

  /** The container is of this delivery's block now. @returns bytes of one mapping */
  #adopt({ data }: Delivery): number {
    this.#ramBlockId = data.ramBlockId;
    this.#lastGranularity = data.granularity;
    return this.#granularity ?? this.#lastGranularity;
  }

  #discard(webhookId: string, delivery: Delivery): void {
    this.#counts.discard++;
    const { ramBlockId, sequence, sections } = delivery.data;
    // Nothing of another block is mapped, and discarding what is not mapped is fine.
    if (ramBlockId !== this.#ramBlockId) return;
    for (const section of sections) {
      for (const mapping of this.container.unmap(toSection(section))) {
        const text = `discarding ${hex(toSection(section))} would cut the mapping ${hex(mapping)}`;
        this.#violations.record('unmap-would-cut', text, seenIn(webhookId, sequence, section));
      }
    }
  }

  #refuse(errno: string, detail: string): Answer {
    this.#counts.refused++;
    return problemAnswer(409, 'The populate is refused', detail, errno);
  }

  /** To a sync listener several may be on their way; to an async one the next goes out when the one before is over. */
  #checkOrder(deliveryId: string, sequence: number, { lastSequence }: DeliveryOrder): void {
    if (this.#options.mode === 'sync' || lastSequence === null || sequence > lastSequence) return;
    const text = `new delivery ${sequence} came after delivery ${lastSequence}`;
    this.#violations.record('out-of-order', text, { deliveryId, sequence });
  }

  /**
   * Whether it makes up for all that is missing below it: a recovery is sent for that. The last discard of a listener ends
   * all that it may have mapped; where its block is deleted, its number is above all that were only reserved. What an async
   * listener was not told may also be dropped for a replay, which discards the whole section first.
   */
  #coversMissing({ type, data }: Delivery): boolean {
    if (data.reason === 'recovery') return true;
    if (type !== 'ram_block.discard') return false;
    return data.reason === 'unregistration' || (data.reason === 'replay' && this.#options.mode === 'async');
  }

  #checkAddresses(webhookId: string, { data }: Delivery, delta: number): void {
    for (const section of data.sections) {
      const expected = section.offsetWithinRegion + delta;
      if (section.offsetWithinAddressSpace === expected) continue;
      const at = `${hex(toSection(section))} at address 0x${section.offsetWithinAddressSpace.toString(16)}`;
      const text = `${at}; by the listener's first section it lies at 0x${expected.toString(16)}`;
      this.#violations.record('wrong-address', text, seenIn(webhookId, data.sequence, section));
    }
  }

  #listener({ data }: Delivery): ListenerView {
    let view = this.#listeners.get(data.listenerId);
    if (view === undefined) {
      const [first] = data.sections;
      const addressDelta = first === undefined ? 0 : first.offsetWithinAddressSpace - first.offsetWithinRegion;
      view = { order: new DeliveryOrder(), addressDelta };
      this.#listeners.set(data.listenerId, view);
    }
    return view;
  }
}

type DeliveredSection = Delivery['data']['sections'][number];

function toSection({ offsetWithinRegion, size }: DeliveredSection): { offset: number; size: number } {
  return { offset: offsetWithinRegion, size };
}

function seenIn(deliveryId: string, sequence: number, section: DeliveredSection): Partial<Violation> {
  const { offsetWithinRegion, size } = section;
  return { deliveryId, sequence, section: { offsetWithinRegion, size } };
}
