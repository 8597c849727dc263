// Deliveries to a listener and their outcomes: the words that the service and the webhook client share.
import type { NotifiedSection } from '../core/ram-discard-listener.ts';
import type { DeliveryReason, ListenerDefinition } from '../core/records.ts';

export type DeliveryType = 'populate' | 'discard';

/** The name of each type on the wire. Whole, for JSON.stringify takes three times as long with a string that is put together. */
export const WEBHOOK_TYPES = { populate: 'ram_block.populate', discard: 'ram_block.discard' } as const;

export type WebhookType = (typeof WEBHOOK_TYPES)[DeliveryType];

export interface DeliveredListener {
  readonly id: string;
  readonly definition: ListenerDefinition;
}

/** One delivery: one webhook id, one body, any number of attempts. */
export interface Delivery {
  readonly type: DeliveryType;
  readonly reason: DeliveryReason;
  readonly ramBlockId: string;
  readonly machine: string;
  readonly idstr: string;
  /** Its definition may change from one attempt to the next. */
  readonly listener: DeliveredListener;
  readonly sequence: number;
  /** Every delivery to the listener up to this sequence is over for the service. */
  readonly settledThrough: number;
  /** The generation of the block when this is sent: that before the change. */
  readonly generation: number;
  readonly conversionId: string | null;
  /** When what it tells of happened, ISO 8601; left out, now. */
  readonly timestamp?: string;
  readonly sections: readonly NotifiedSection[];
}

/** The outcome of a delivery. A discard cannot be refused. */
export type DeliveryAnswer =
  | { readonly outcome: 'accepted' }
  | {
      readonly outcome: 'refused' | 'unanswered';
      /** HTTP status of the last answer; null where there was none. */
      readonly status: number | null;
      /** For people: what the listener said, or what went wrong. */
      readonly detail: string;
      /** The listener's own, from its problem document. */
      readonly errno?: string;
      /** Certain: no byte of any request of it was sent. */
      readonly unsent?: true;
    };

/** The outcome of one attempt. */
export interface Judgement {
  readonly outcome: 'accepted' | 'refused' | 'unanswered';
  /** HTTP status; null without an answer. */
  readonly status: number | null;
  /** The beginning of the answer, or what went wrong. */
  readonly excerpt: string;
  readonly errno?: string;
  /** Where another attempt may follow: milliseconds to wait at least. */
  readonly retryMs?: number;
  /** Certain: no byte of the request was sent. */
  readonly unsent?: true;
  /** The receiver says that it will never answer again (410). */
  readonly isGone?: true;
}

/** Sends one delivery until it is answered, its deadline (`timeoutMs` of the listener) is over or `signal` aborts. Never throws. */
export type Deliver = (delivery: Delivery, signal: AbortSignal) => Promise<DeliveryAnswer>;

/**
 * Makes one attempt, the `number`th, to send a delivery to an async listener. Never throws.
 * @param following what is sent next if this one is accepted, for it can be made ready meanwhile
 */
export type AttemptOnce = (
  delivery: Delivery,
  number: number,
  signal: AbortSignal,
  following: () => Delivery | null,
) => Promise<Judgement>;
