// The settings of the service: one schema, and the only reader of the environment.
import { Ajv } from 'ajv';
import envSchema from 'env-schema';
import ipaddr from 'ipaddr.js';
import { type Static, Type } from 'typebox';
import { parseByteSize } from './byte-size.ts';
import { MAX_BYTES, MAX_TIMER_MS } from './limits.ts';
import { type Network, parseNetwork } from './listeners/target-policy.ts';
import { type Bounds, DEFAULT_BOUNDS } from './service/bounds.ts';
import type { AnswerLimits } from './service/idempotency.ts';
import { MAX_BITMAP } from './service/queries.ts';

/** {@link MAX_TIMER_MS} in hours. */
const LONGEST_WAIT_HOURS = 596;
/** The same where up to a fifth is added at random. */
const LONGEST_RETRY_HOURS = 497;
/**
 * Runs of one change with which all of its records, and its answer, are some 300 MB of JSON: they go to the journal as one
 * string, and the longest that V8 has is of 512 Mi characters.
 */
const MOST_RUNS = 2 ** 21;

/** Bytes of stored answers with which a service is of some use. */
const LEAST_ANSWERS = 2 ** 20;

const Environment = Type.Object({
  HOST: Type.String({ default: '127.0.0.1', minLength: 1 }),
  PORT: Type.Integer({ default: 8080, minimum: 0, maximum: 65_535 }),
  LOG_LEVEL: Type.Unsafe<'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'>({
    type: 'string',
    enum: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    default: 'info',
  }),
  RBA_DATA_DIR: Type.String({ default: './data', minLength: 1 }),
  RBA_JOURNAL: Type.Unsafe<'sqlite' | 'memory'>({ type: 'string', enum: ['sqlite', 'memory'], default: 'sqlite' }),
  RBA_CHANGE_RUNS_LIMIT: Type.Integer({ default: 2 ** 17, minimum: 1, maximum: MOST_RUNS }),
  RBA_JOURNAL_WAIT_MS: Type.Integer({ default: 10_000, minimum: 1, maximum: MAX_BYTES }),
  RBA_SNAPSHOT_EVERY: Type.Integer({ default: 1000, minimum: 1, maximum: MAX_BYTES }),
  RBA_BLOCK_QUEUE_LIMIT: Type.Integer({ default: 10_000, minimum: 1, maximum: MAX_BYTES }),
  RBA_QUEUE_WAIT_MS: Type.Integer({ default: 30_000, minimum: 1, maximum: MAX_TIMER_MS }),
  RBA_ASYNC_RETRY_SCHEDULE: Type.String({ default: '1s,5s,30s,2m,10m,30m,2h,5h,10h' }),
  RBA_ASYNC_BACKLOG_LIMIT: Type.Integer({ default: 10_000, minimum: 1, maximum: MAX_BYTES }),
  RBA_ASYNC_DISABLE_AFTER: Type.String({ default: '120h' }),
  RBA_ASYNC_BACKLOG_RUNS: Type.Integer({ default: 2 ** 20, minimum: 1, maximum: MAX_BYTES }),
  RBA_EVENTS_KEPT: Type.Integer({ default: 10_000, minimum: 1, maximum: 1_000_000 }),
  RBA_MAX_RAM_BLOCKS: Type.Integer({ default: DEFAULT_BOUNDS.ramBlocks, minimum: 1, maximum: MAX_BYTES }),
  RBA_MAX_LISTENERS: Type.Integer({ default: DEFAULT_BOUNDS.listeners, minimum: 1, maximum: MAX_BYTES }),
  RBA_MAX_LISTENERS_PER_BLOCK: Type.Integer({
    default: DEFAULT_BOUNDS.listenersPerBlock,
    minimum: 1,
    maximum: MAX_BYTES,
  }),
  RBA_MAX_SOURCES_PER_BLOCK: Type.Integer({ default: DEFAULT_BOUNDS.sourcesPerBlock, minimum: 1, maximum: MAX_BYTES }),
  RBA_EVENT_STREAMS: Type.Integer({ default: 100, minimum: 1, maximum: MAX_BYTES }),
  RBA_TOKENS_FILE: Type.Optional(Type.String({ minLength: 1 })),
  RBA_RATE_LIMIT: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
  RBA_MAX_CONNECTIONS: Type.Integer({ default: 10_000, minimum: 1 }),
  RBA_MAX_CONNECTIONS_PER_ADDRESS: Type.Optional(Type.Integer({ minimum: 0, maximum: MAX_BYTES })),
  RBA_REQUEST_TIMEOUT_MS: Type.Integer({ default: 30_000, minimum: 1, maximum: MAX_TIMER_MS }),
  RBA_EVENT_LOOP_DELAY_LIMIT_MS: Type.Integer({ default: 1000, minimum: 0 }),
  RBA_BODY_MEMORY_LIMIT: Type.String({ default: '256M' }),
  RBA_ANSWERS_LIMIT: Type.String({ default: '4G' }),
  RBA_ANSWERS_PER_TOKEN_LIMIT: Type.String({ default: '1G' }),
  RBA_BITMAP_MEMORY_LIMIT: Type.String({ default: '256M' }),
  RBA_ALLOW_UNAUTHENTICATED: Type.Boolean({ default: false }),
  RBA_ALLOWED_HOSTS: Type.String({ default: '' }),
  RBA_ALLOWED_TARGETS: Type.Optional(Type.String()),
  RBA_ALLOW_HTTP: Type.Boolean({ default: false }),
  RBA_CA_FILE: Type.Optional(Type.String({ minLength: 1 })),
});

type Environment = Static<typeof Environment>;

/** As env-schema has it, but that bounds hold for Infinity too, which is a number as text. */
const AJV = new Ajv({
  allErrors: true,
  removeAdditional: true,
  useDefaults: true,
  coerceTypes: true,
  strictNumbers: false,
});

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly logLevel: Environment['LOG_LEVEL'];
  readonly dataDir: string;
  readonly journal: 'sqlite' | 'memory';
  /** Milliseconds that the journal may take to answer before the service is not ready. */
  readonly journalWaitMs: number;
  /** Runs of pages that one change may turn and tell of: one counts once for the block and once for each listener. */
  readonly changeRunsLimit: number;
  /** Records of a block between two of its snapshots, at least. */
  readonly snapshotEvery: number;
  readonly blockQueueLimit: number;
  readonly queueWaitMs: number;
  /** Milliseconds between attempts to send to an async listener; the last is repeated. */
  readonly asyncRetrySchedule: readonly number[];
  /** Deliveries that may be pending for an async listener; more become one replay. */
  readonly asyncBacklogLimit: number;
  /** Runs of pages that these deliveries may have together; more become one replay. */
  readonly asyncBacklogRuns: number;
  /** Milliseconds of nothing but failures until an async listener is disabled. */
  readonly asyncDisableAfter: number;
  /** Events that a reader who was away can catch up on. */
  readonly eventsKept: number;
  /** How many blocks, listeners and sources there may be. */
  readonly bounds: Bounds;
  /** Event streams that one token, or one address where there is none, may have open. */
  readonly eventStreams: number;
  /** Bearer tokens as hashes; null: nobody needs one. */
  readonly tokensFile: string | null;
  /** Requests a second of one token or address; 0: as many as they like. */
  readonly rateLimit: number;
  readonly maxConnections: number;
  /** Connections of one address without a token; 0: as many as it likes. */
  readonly maxConnectionsPerAddress: number;
  /** Milliseconds that a request may take to arrive. */
  readonly requestTimeoutMs: number;
  /** Mean milliseconds that the event loop may be late before changes are refused; 0: any. */
  readonly eventLoopDelayLimitMs: number;
  /** Bytes of all bodies of requests that are not answered yet. */
  readonly bodyMemoryLimit: number;
  /** Bytes that the answers stored under Idempotency-Keys may take. */
  readonly answerLimits: AnswerLimits;
  /** Bytes of all bitmaps that clients are reading. */
  readonly bitmapMemoryLimit: number;
  /** Host header values that are served beside addresses and localhost; lower case, without port. */
  readonly allowedHosts: readonly string[];
  readonly allowedTargets: readonly Network[];
  readonly allowHttp: boolean;
  readonly caFile: string | null;
  /** Whether `npm start` is the parent of this process. */
  readonly startedByNpm: boolean;
}

/**
 * Reads and checks the settings.
 * @throws Error that names the setting and what it may be; also for an unknown RBA_ setting, which is a typing mistake
 */
export function loadConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const known = Object.keys(Environment.properties);
  const unknown = Object.keys(environment).filter((name) => name.startsWith('RBA_') && !known.includes(name));
  if (unknown.length > 0) throw new Error(`unknown setting ${unknown.join(', ')}; known are ${known.join(', ')}`);
  const settings = envSchema<Environment>({ schema: Environment, data: environment, dotenv: false, ajv: AJV });
  const loopback = isLoopback(settings.HOST);
  // With tokens it is behind a proxy, and those who call may be anywhere: they are not to reach this machine through it.
  const alone = loopback && settings.RBA_TOKENS_FILE === undefined;
  if (!loopback && settings.RBA_TOKENS_FILE === undefined && !settings.RBA_ALLOW_UNAUTHENTICATED) {
    throw new Error(
      `HOST is ${settings.HOST}, which others can reach, and nobody would have to authenticate; set RBA_TOKENS_FILE, or HOST to a loopback address, or RBA_ALLOW_UNAUTHENTICATED=true if the network is trusted`,
    );
  }
  return {
    host: settings.HOST,
    port: settings.PORT,
    logLevel: settings.LOG_LEVEL,
    dataDir: settings.RBA_DATA_DIR,
    journal: settings.RBA_JOURNAL,
    journalWaitMs: settings.RBA_JOURNAL_WAIT_MS,
    changeRunsLimit: settings.RBA_CHANGE_RUNS_LIMIT,
    snapshotEvery: settings.RBA_SNAPSHOT_EVERY,
    blockQueueLimit: settings.RBA_BLOCK_QUEUE_LIMIT,
    queueWaitMs: settings.RBA_QUEUE_WAIT_MS,
    asyncRetrySchedule: retrySchedule(settings.RBA_ASYNC_RETRY_SCHEDULE),
    asyncBacklogLimit: settings.RBA_ASYNC_BACKLOG_LIMIT,
    asyncBacklogRuns: settings.RBA_ASYNC_BACKLOG_RUNS,
    asyncDisableAfter: duration('RBA_ASYNC_DISABLE_AFTER', settings.RBA_ASYNC_DISABLE_AFTER),
    eventsKept: settings.RBA_EVENTS_KEPT,
    bounds: {
      ramBlocks: settings.RBA_MAX_RAM_BLOCKS,
      listeners: settings.RBA_MAX_LISTENERS,
      listenersPerBlock: settings.RBA_MAX_LISTENERS_PER_BLOCK,
      sourcesPerBlock: settings.RBA_MAX_SOURCES_PER_BLOCK,
    },
    eventStreams: settings.RBA_EVENT_STREAMS,
    tokensFile: settings.RBA_TOKENS_FILE ?? null,
    rateLimit: settings.RBA_RATE_LIMIT ?? (alone ? 0 : 1000),
    maxConnections: settings.RBA_MAX_CONNECTIONS,
    maxConnectionsPerAddress: settings.RBA_MAX_CONNECTIONS_PER_ADDRESS ?? (alone ? 0 : 1000),
    requestTimeoutMs: settings.RBA_REQUEST_TIMEOUT_MS,
    eventLoopDelayLimitMs: settings.RBA_EVENT_LOOP_DELAY_LIMIT_MS,
    bodyMemoryLimit: memory('RBA_BODY_MEMORY_LIMIT', settings.RBA_BODY_MEMORY_LIMIT, MAX_BITMAP),
    answerLimits: {
      inAll: memory('RBA_ANSWERS_LIMIT', settings.RBA_ANSWERS_LIMIT, LEAST_ANSWERS),
      ofToken: memory('RBA_ANSWERS_PER_TOKEN_LIMIT', settings.RBA_ANSWERS_PER_TOKEN_LIMIT, LEAST_ANSWERS),
    },
    bitmapMemoryLimit: memory('RBA_BITMAP_MEMORY_LIMIT', settings.RBA_BITMAP_MEMORY_LIMIT, 2 ** 20),
    allowedHosts: list(settings.RBA_ALLOWED_HOSTS).map((host) => host.toLowerCase()),
    allowedTargets: targets(settings.RBA_ALLOWED_TARGETS ?? (alone ? '127.0.0.0/8,::1/128' : '')),
    allowHttp: settings.RBA_ALLOW_HTTP,
    caFile: settings.RBA_CA_FILE ?? null,
    startedByNpm: environment.npm_lifecycle_event === 'start',
  };
}

function retrySchedule(value: string): number[] {
  const waits = list(value).map((text) => duration('RBA_ASYNC_RETRY_SCHEDULE', text, LONGEST_RETRY_HOURS));
  if (waits.length === 0)
    throw new Error('RBA_ASYNC_RETRY_SCHEDULE is empty; it must be durations such as 1s,5s,30s,2m');
  return waits;
}

/** Milliseconds. */
function duration(setting: string, text: string, hours = LONGEST_WAIT_HOURS): number {
  const [, number, unit = 's'] = /^([0-9]{1,9}(?:\.[0-9]+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  const milliseconds = Number(number) * ({ ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit] ?? Number.NaN);
  if (milliseconds >= 1 && milliseconds <= hours * 3_600_000) return milliseconds;
  throw new Error(
    `${setting} has ${JSON.stringify(text)}; it must be a duration from 1ms to ${hours}h, such as 500ms, 5s, 2m or 10h`,
  );
}

/** Bytes. @param least bytes */
function memory(setting: string, text: string, least: number): number {
  try {
    const bytes = parseByteSize(text);
    if (bytes >= least) return bytes;
  } catch {
    // Said below.
  }
  throw new Error(
    `${setting} is ${JSON.stringify(text)}; it must be bytes, at least ${least / 2 ** 20}M, such as 256M or 1G`,
  );
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || (ipaddr.isValid(host) && ipaddr.process(host).range() === 'loopback');
}

function targets(value: string): Network[] {
  return list(value).map((cidr) => {
    try {
      return parseNetwork(cidr);
    } catch {
      throw new Error(`RBA_ALLOWED_TARGETS has ${JSON.stringify(cidr)}, which is no network such as 10.0.0.0/8`);
    }
  });
}

function list(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
