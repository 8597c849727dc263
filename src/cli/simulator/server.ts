// A device simulator that runs in this process: HTTP around the receiver, its registration with the service, and the ways
// in which it can be told to misbehave. The command, the demo and the tests all start it here.
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { SequenceGap } from '../../client/delivery-order.ts';
import { decodeSecret, newSecret, verifyWebhook } from '../../client/webhook-signature.ts';
import type { NotifiedSection } from '../../core/ram-discard-listener.ts';
import type { Section } from '../../core/section.ts';
import { type Delivery, parseDelivery } from './delivery.ts';
import { type DmaCounts, DmaTraffic } from './dma-traffic.ts';
import { createEndpoint } from './http-endpoint.ts';
import { DEFAULT_OPTIONS, type DeviceSimulatorOptions, type ListenerMode } from './options.ts';
import { seededRandom } from './random.ts';
import { type Answer, type DeliveryCounts, problemAnswer, Receiver } from './receiver.ts';
import { ServiceClient } from './service-client.ts';
import { ViolationLog, type ViolationSummary } from './violations.ts';

/** How long answers may still be on their way when it closes. */
const CLOSE_GRACE_MS = 2000;

export interface Registered {
  readonly ramBlockId: string;
  readonly listenerId: string;
}

/** What GET / answers; bytes. */
export interface SimulatorState {
  /** async: it is a mirror, which is behind while deliveries are on their way. */
  readonly mode: ListenerMode;
  readonly registered: Registered | null;
  readonly section: (Section & { readonly offsetWithinAddressSpace?: number }) | null;
  readonly granularity: number | null;
  readonly mappings: number;
  readonly mappedBytes: number;
  readonly peakMappings: number;
  /** Maximal mapped runs. */
  readonly runs: number;
  readonly deliveries: DeliveryCounts & { readonly badSignature: number; readonly malformed: number };
  /** Of the listener that was heard of last. */
  readonly lastSequence: number | null;
  readonly settledThrough: number;
  readonly pendingGaps: readonly SequenceGap[];
  readonly dma: DmaCounts;
  readonly violations: ViolationSummary;
  /** What it was told, without secrets. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** A maximal mapped run; bytes. */
export type MappedRun = Pick<NotifiedSection, 'offsetWithinRegion' | 'size'>;

export interface DeviceSimulator {
  /** Where it listens. */
  readonly url: string;
  state(): SimulatorState;
  /** The maximal mapped runs, ascending. */
  mappings(): MappedRun[];
  /** Registers it with the service; comes back when the replay was accepted (async: is to follow). @throws ServiceError */
  register(): Promise<Registered>;
  /** Unregisters it (unless `keep`), stops listening and answers the last state. Never throws. */
  close(): Promise<SimulatorState>;
}

/**
 * Listens for webhooks; {@link DeviceSimulator.register} makes the service send them.
 * @throws Error when the secret is missing or unusable, or the address cannot be listened on
 */
export async function startDeviceSimulator(options: Partial<DeviceSimulatorOptions> = {}): Promise<DeviceSimulator> {
  const simulator = new Simulator({ ...DEFAULT_OPTIONS, ...options });
  await simulator.listen();
  return simulator;
}

class Simulator implements DeviceSimulator {
  readonly #options: DeviceSimulatorOptions;
  readonly #secret: string;
  readonly #key: Buffer;
  readonly #violations: ViolationLog;
  readonly #receiver: Receiver;
  readonly #dma: DmaTraffic;
  readonly #misfortune: () => number;
  readonly #seed: number;
  readonly #endpoint = createEndpoint({
    state: () => this.state(),
    mappings: () => this.mappings(),
    deliver: (headers, body) => this.#deliver(headers, body),
    onError: (error) => this.#options.onNotice(error instanceof Error ? (error.stack ?? error.message) : String(error)),
  });
  readonly #stopped = new AbortController();
  #lastTurn: Promise<unknown> = Promise.resolve();
  #registration: Promise<Registered> | null = null;
  #registered: Registered | null = null;
  #section: SimulatorState['section'];
  #badSignature = 0;
  #malformed = 0;
  #url = '';

  constructor(options: DeviceSimulatorOptions) {
    if (options.block === null && options.secret === null) {
      throw new Error('it can verify nothing: give --secret, or --block to register with a secret of its own');
    }
    this.#options = options;
    this.#secret = options.secret ?? newSecret();
    this.#key = decodeSecret(this.#secret);
    this.#seed = options.seed ?? randomInt(2 ** 32);
    this.#violations = new ViolationLog(Date.now, options.onViolation);
    this.#receiver = new Receiver(options, this.#violations);
    this.#misfortune = seededRandom(this.#seed);
    // A mirror is behind by nature: that it has not mapped a page yet, or not unmapped it, is nobody's mistake.
    const faults = options.mode === 'async' ? null : this.#violations;
    // Numbers of its own: how fast the clock runs must not change which deliveries fail.
    this.#dma = new DmaTraffic(this.#receiver.container, faults, seededRandom(this.#seed + 1));
    this.#section = options.section;
    if (options.granularity !== null) this.#receiver.setGranularity(options.granularity);
  }

  get url(): string {
    return this.#url;
  }

  async listen(): Promise<void> {
    const { host, port, section, dma, block } = this.#options;
    this.#endpoint.listen(port, host);
    await once(this.#endpoint, 'listening');
    const address = this.#endpoint.address();
    const bound = address !== null && typeof address === 'object' ? address.port : port;
    this.#url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}/`;
    if (block === null && section !== null && dma > 0) this.#dma.start(section, dma);
  }

  state(): SimulatorState {
    const { container, counts, order, pendingGaps } = this.#receiver;
    return {
      mode: this.#options.mode,
      registered: this.#registered,
      section: this.#section,
      granularity: this.#receiver.granularity,
      mappings: container.mappings,
      mappedBytes: container.mappedBytes,
      peakMappings: container.peakMappings,
      runs: container.runCount,
      deliveries: { ...counts, badSignature: this.#badSignature, malformed: this.#malformed },
      lastSequence: order?.lastSequence ?? null,
      settledThrough: order?.settledThrough ?? 0,
      pendingGaps,
      dma: this.#dma.counts,
      violations: this.#violations.summary(),
      options: { ...toldIn(this.#options), seed: this.#seed },
    };
  }

  mappings(): MappedRun[] {
    return Array.from(this.#receiver.container.runs(), ({ offset, size }) => ({ offsetWithinRegion: offset, size }));
  }

  register(): Promise<Registered> {
    this.#registration ??= this.#register().catch((error: unknown) => {
      this.#registration = null;
      throw error;
    });
    return this.#registration;
  }

  async close(): Promise<SimulatorState> {
    // Ends the wait for a block, but not a registration that is under way: the listener would be left behind.
    this.#stopped.abort();
    await this.#registration?.catch(() => null);
    // A device is quiet before its memory is taken away.
    this.#dma.stop();
    if (this.#registered !== null && !this.#options.keep) await this.#unregister(this.#registered);
    if (this.#endpoint.listening) {
      const closed = once(this.#endpoint, 'close');
      this.#endpoint.close();
      const grace = setTimeout(() => this.#endpoint.closeAllConnections(), CLOSE_GRACE_MS);
      await closed;
      clearTimeout(grace);
      this.#receiver.end();
    }
    return this.state();
  }

  async #register(): Promise<Registered> {
    const { service, token, block, machine, waitMs, mode, section, timeoutMs, description, publicUrl } = this.#options;
    if (block === null) throw new Error('it has no block to register with: give --block');
    await using client = new ServiceClient(service, token);
    const onWait = () => this.#options.onNotice(`waiting for RAM block ${block} at ${service}`);
    const { id, pageSize, usedLength } = await client.waitForBlock(
      block,
      machine,
      waitMs,
      this.#stopped.signal,
      onWait,
    );
    const granularity = this.#options.granularity ?? pageSize;
    // The replay comes before the answer to the registration.
    this.#receiver.setGranularity(granularity);
    const listener = await client.register(id, {
      url: publicUrl ?? this.#url,
      secret: this.#secret,
      granularity,
      ...(mode === 'sync' ? {} : { mode }),
      ...(section === null ? {} : { section }),
      ...(timeoutMs === null ? {} : { timeoutMs }),
      ...(description === null ? {} : { description }),
    });
    const { offset, size, offsetWithinAddressSpace } = listener.section;
    const registered = { ramBlockId: id, listenerId: listener.id };
    this.#section = { offset, size: size ?? usedLength - offset, offsetWithinAddressSpace };
    this.#registered = registered;
    if (this.#options.dma > 0) this.#dma.start(this.#section, this.#options.dma);
    return registered;
  }

  async #unregister({ ramBlockId, listenerId }: Registered): Promise<void> {
    try {
      await using client = new ServiceClient(this.#options.service, this.#options.token);
      await client.unregister(ramBlockId, listenerId);
      this.#registered = null;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const how = `DELETE /v1/ram-blocks/${ramBlockId}/listeners/${listenerId}?force=true removes it`;
      this.#options.onNotice(`listener ${listenerId} could not be unregistered: ${why}; ${how}`);
    }
  }

  async #deliver(headers: IncomingHttpHeaders, body: Buffer): Promise<Answer> {
    const verification = verifyWebhook(this.#key, headers, body, Date.now());
    if (!verification.ok) {
      this.#badSignature++;
      return problemAnswer(401, 'The signature is not right', verification.reason);
    }
    let delivery: Delivery;
    try {
      delivery = parseDelivery(body);
    } catch (error) {
      this.#malformed++;
      return problemAnswer(400, 'Not a delivery', error instanceof Error ? error.message : String(error));
    }
    // One at a time, in the order of arrival: deliveries that share pages must not be mixed.
    const turn = this.#lastTurn.then(() => this.#act(verification.webhookId, delivery));
    this.#lastTurn = turn.catch(() => null);
    return turn;
  }

  async #act(webhookId: string, delivery: Delivery): Promise<Answer> {
    const { latencyMs, failRate } = this.#options;
    if (latencyMs > 0) await delay(latencyMs);
    const fails = this.#misfortune() < failRate;
    if (fails && this.#misfortune() < 0.5) return injectedFailure('before');
    const answer = this.#receiver.handle(webhookId, delivery);
    return fails ? injectedFailure('after') : answer;
  }
}

/** What is shown of the options: no secrets, and no limits where none hold. */
function toldIn(options: DeviceSimulatorOptions): Record<string, unknown> {
  const { token: _token, secret: _secret, onViolation: _onViolation, onNotice: _onNotice, ...told } = options;
  if (told.mode === 'sync') return told;
  const { dmaMaxMappings: _dmaMaxMappings, memlock: _memlock, refuseAfter: _refuseAfter, ...meant } = told;
  return meant;
}

function injectedFailure(when: 'before' | 'after'): Answer {
  return problemAnswer(500, 'Told to fail', `an injected failure, ${when} acting (--fail-rate)`);
}
