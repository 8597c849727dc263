// Metrics for Prometheus. Counters are fed where things happen; gauges ask the service when they are scraped.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Attempt } from './listeners/delivery-log.ts';
import type { Machines } from './service/machines.ts';

const PREFIX = 'rba_';
/** Seconds: from a local answer to the longest deadline. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** A request that was answered. */
export interface Answer {
  /** The operationId of its route; `none` where there is no route. */
  readonly operation: string;
  readonly status: number;
  /** From the arrival of the request. */
  readonly milliseconds: number;
}

/** Observations that are handed on together. */
const TOGETHER = 100;

export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Histogram<'operation' | 'status'>;
  readonly #attempts: Counter<'type' | 'reason' | 'outcome'>;
  readonly #attemptDuration: Histogram<'type'>;
  readonly #drops: Counter;
  readonly #answers = new Waiting<Answer>(({ operation, status, milliseconds }) => {
    this.#requests.observe({ operation, status }, milliseconds / 1000);
  });
  readonly #attempted = new Waiting<Attempt>(({ type, reason, outcome, durationMs }) => {
    this.#attempts.inc({ type, reason, outcome });
    this.#attemptDuration.observe({ type }, durationMs / 1000);
  });

  constructor() {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry, prefix: PREFIX });
    this.#requests = new Histogram({
      name: `${PREFIX}http_request_duration_seconds`,
      help: 'Time from the arrival of a request to its answer',
      labelNames: ['operation', 'status'],
      buckets: BUCKETS,
      registers,
    });
    this.#attempts = new Counter({
      name: `${PREFIX}delivery_attempts_total`,
      help: 'Attempts to send a delivery to a listener',
      labelNames: ['type', 'reason', 'outcome'],
      registers,
    });
    this.#attemptDuration = new Histogram({
      name: `${PREFIX}delivery_attempt_duration_seconds`,
      help: 'Time that a listener took to answer',
      labelNames: ['type'],
      buckets: BUCKETS,
      registers,
    });
    this.#drops = new Counter({
      name: `${PREFIX}connections_dropped_total`,
      help: 'Connections that were closed at once, for there were too many (RBA_MAX_CONNECTIONS)',
      registers,
    });
  }

  /** The media type of {@link Metrics.text}. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All of them in the text format, which has `NaN` where prom-client writes `Nan`: what was not measured yet. */
  async text(): Promise<string> {
    this.#answers.handOn();
    this.#attempted.handOn();
    return (await this.#registry.metrics()).replaceAll(/ Nan$/gm, ' NaN');
  }

  /** A connection was one too many. */
  countDrop(): void {
    this.#drops.inc();
  }

  countAnswer(answer: Answer): void {
    this.#answers.add(answer);
  }

  countAttempt(attempt: Attempt): void {
    this.#attempted.add(attempt);
  }

  /** Adds what is to be asked at every scrape. */
  gauge(name: string, help: string, value: () => number): void {
    new Gauge({
      name: PREFIX + name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(value());
      },
    });
  }

  /** Adds what is to be asked of `machines` at every scrape. */
  watch(machines: Machines): void {
    const gauge = this.gauge.bind(this);
    const blocks = () => [...machines.blocks.values()];
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    const listeners = () => blocks().flatMap(({ block }) => [...block.manager.listeners.values()]);
    gauge('ram_blocks', 'RAM blocks', () => machines.blocks.size);
    gauge('listeners', 'Listeners', () => listeners().length);
    gauge('listeners_unsettled', 'Listeners with unsettled ranges', () => {
      return listeners().filter((listener) => listener.isUnsettled).length;
    });
    gauge('queue_length', 'Changes that wait for their turn, over all blocks', () => {
      return sum(blocks().map(({ queue }) => queue.length));
    });
    gauge('async_deliveries_pending', 'Deliveries that async listeners are owed, over all blocks', () => {
      return sum(listeners().map(({ backlog }) => backlog?.size ?? 0));
    });
    gauge('event_readers', 'Readers of /v1/events', () => machines.dependencies.events.log.readers);
    gauge('answer_bytes', 'Bytes of the answers stored under Idempotency-Keys', () => machines.answerBytes);
    gauge('populated_bytes', 'Bytes that are populated, over all blocks', () => {
      return sum(blocks().map(({ block }) => block.manager.populated.populated * block.pageSize));
    });
  }
}

/** Values that wait to be counted together: one by one, prom-client takes several times as long. */
class Waiting<Observation> {
  readonly #count: (observation: Observation) => void;
  #observations: Observation[] = [];

  constructor(count: (observation: Observation) => void) {
    this.#count = count;
  }

  add(observation: Observation): void {
    this.#observations.push(observation);
    if (this.#observations.length >= TOGETHER) this.handOn();
  }

  handOn(): void {
    const observations = this.#observations;
    this.#observations = [];
    for (const observation of observations) this.#count(observation);
  }
}
