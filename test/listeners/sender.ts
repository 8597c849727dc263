// The webhook client as the service sets it up, and deliveries to give it.
import type { ListenerDefinition } from '../../src/core/records.ts';
import { type ConnectOptions, createAgent } from '../../src/listeners/connect.ts';
import type { Delivery, DeliveryAnswer, DeliveryType, Judgement } from '../../src/listeners/delivery.ts';
import type { Attempt } from '../../src/listeners/delivery-log.ts';
import type { OriginPools } from '../../src/listeners/origin-pools.ts';
import { parseNetwork, type Resolve, TargetPolicy } from '../../src/listeners/target-policy.ts';
import { WebhookClient } from '../../src/listeners/webhook-client.ts';

export const SECRET = `whsec_${Buffer.alloc(24, 'webhook').toString('base64')}`;

export interface SenderOptions extends ConnectOptions {
  readonly allowed?: readonly string[];
  readonly allowHttp?: boolean;
  readonly resolve?: Resolve;
  readonly caFile?: string;
  readonly now?: () => number;
}

export interface Sending {
  readonly type?: DeliveryType;
  readonly timeoutMs?: number;
  readonly sequence?: number;
  readonly signal?: AbortSignal;
  /** It is called off after its first attempt, where others would follow. */
  readonly once?: boolean;
}

export class Sender {
  readonly pools: OriginPools;
  readonly policy: TargetPolicy;
  /** What onAttempt was told. */
  readonly attempts: Attempt[] = [];
  readonly #client: WebhookClient;
  readonly #now: () => number;

  constructor(options: SenderOptions = {}) {
    const { allowed = ['127.0.0.0/8'], allowHttp = false, resolve, caFile = null } = options;
    this.policy = new TargetPolicy({ allowed: allowed.map(parseNetwork), allowHttp }, resolve);
    this.pools = createAgent(this.policy, caFile, options);
    this.#now = options.now ?? Date.now;
    this.#client = this.#makeClient(() => undefined);
  }

  #makeClient(onAttempt: () => void): WebhookClient {
    return new WebhookClient({
      dispatcher: this.pools,
      policy: this.policy,
      now: this.#now,
      onAttempt: (_listener, attempt) => {
        this.attempts.push(attempt);
        onAttempt();
      },
    });
  }

  /** Sends one delivery. The deadline is far off, but where a test is about it. */
  deliver(url: string, sending: Sending = {}): Promise<DeliveryAnswer> {
    const { type = 'populate', timeoutMs = 30_000, sequence = 1, once = false } = sending;
    const delivery = deliveryOf(listenerOf(url, timeoutMs), type, sequence);
    const off = new AbortController();
    const client = once ? this.#makeClient(() => off.abort()) : this.#client;
    return client.deliver(delivery, sending.signal ?? off.signal);
  }

  /** Makes one attempt, as to an async listener, while `following` waits to be sent. */
  attempt(delivery: Delivery, following: Delivery | null): Promise<Judgement> {
    return this.#client.attempt(delivery, 1, new AbortController().signal, () => following);
  }

  async close(): Promise<void> {
    await this.pools.destroy();
  }
}

export function listenerOf(url: string, timeoutMs: number): ListenerDefinition {
  return {
    id: 'lsn_1',
    url,
    mode: 'sync',
    section: { offset: 0, size: null, offsetWithinAddressSpace: 0 },
    granularity: 4096,
    doubleDiscardSupported: true,
    coordinatedDiscard: true,
    dmaMaxMappings: null,
    maxSections: 512,
    timeoutMs,
    description: null,
    secret: SECRET,
    createdAt: '2026-01-01T00:00:00.000Z',
  };
}

export function deliveryOf(listener: ListenerDefinition, type: DeliveryType, sequence: number): Delivery {
  return {
    type,
    reason: 'conversion',
    ramBlockId: 'rb_1',
    machine: 'default',
    idstr: 'pc.ram',
    listener: { id: listener.id, definition: listener },
    sequence,
    settledThrough: sequence - 1,
    generation: 7,
    conversionId: 'cnv_1',
    sections: [{ offsetWithinRegion: 0, size: 4096, offsetWithinAddressSpace: 2 ** 32 }],
  };
}
