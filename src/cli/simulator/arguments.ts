// The command line of device-simulator: what can be said, and what of it makes no sense.
import { parseByteSize } from '../../core/byte-size.ts';
import { isPowerOfTwo, MAX_BYTES, MIN_PAGE_SIZE, type Section } from '../../core/section.ts';
import { Problem } from '../../errors.ts';
import { parseCommandLine, parseWhole, toHttpUrl } from '../arguments.ts';
import { UsageError } from '../usage-error.ts';
import { DEFAULT_OPTIONS, type DeviceSimulatorOptions } from './options.ts';
import { decodeSecret } from './verify.ts';

export const USAGE = `Usage: device-simulator [options]

A webhook consumer that behaves as VFIO does: it maps what is populated, unmaps what is
discarded, and reports what a kernel would not forgive. GET / on it is its state as JSON,
GET /mappings the maximal mapped runs.

Registering (without --block it only listens, and needs --secret):
  --service URL           the service (${DEFAULT_OPTIONS.service})
  --token TOKEN           bearer token for it
  --block ID              id of the RAM block, or its idstr
  --machine NAME          --block is an idstr in this machine
  --wait SECONDS          wait so long for the service and the block to appear (0)
  --section OFFSET:SIZE   listen to this part of the block (all of it)
  --granularity SIZE      size of one DMA mapping (the block's page size)
  --timeout-ms MS         deadline of one delivery (the service's default)
  --description TEXT
  --keep                  stay registered when it ends
  --async                 be an asynchronous mirror, see below

Listening:
  --host ADDRESS          (${DEFAULT_OPTIONS.host})
  --port PORT             0 takes a free one (0)
  --public-url URL        what the service shall call (made of host and port)
  --secret SECRET         whsec_ and base64 of 24 to 64 bytes (a new one)

The device:
  --dma-max-mappings N    ENOSPC beyond so many mappings (${DEFAULT_OPTIONS.dmaMaxMappings})
  --memlock SIZE          ENOSPC beyond so many pinned bytes (no limit)
  --dma N                 touch N random pages of the section a second (0)

Misbehaving:
  --refuse-after N        refuse every populate after N accepted ones (EPERM)
  --latency MS            wait before each answer (0)
  --fail-rate P           answer 500 with this probability, half of them after acting (0)
  --seed N                of the random numbers

  --strict                exit with 3 when there was any violation
  --json                  print two lines of JSON: where it listens and what it is registered with, at
                          the end its state as GET / has it, with the violations
  --help

With --async it is not waited for and cannot refuse. It is told afterwards, in order, each
delivery at least once. A populate of what is mapped is nothing to do; nothing limits its
mappings (peakMappings in its state is what it needed); a delivery that never came is no
violation when a recovery or a replay follows. It is behind by nature, so --dma counts what
it touches, and a page that is not mapped is no violation. What --fail-rate fails comes
again when the service's RBA_ASYNC_RETRY_SCHEDULE says so.

Sizes are bytes: 4096, 0x1000, 4K, 2MiB.

Example: a device for the block "pc.ram", as soon as there is one
  device-simulator --block pc.ram --machine default --wait 60 --port 9000 --strict
`;

export interface Arguments {
  readonly help: boolean;
  readonly strict: boolean;
  readonly json: boolean;
  readonly options: DeviceSimulatorOptions;
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;

const OPTIONS = {
  service: text,
  token: text,
  block: text,
  machine: text,
  wait: text,
  section: text,
  granularity: text,
  'timeout-ms': text,
  description: text,
  keep: flag,
  async: flag,
  host: text,
  port: text,
  'public-url': text,
  secret: text,
  'dma-max-mappings': text,
  memlock: text,
  dma: text,
  'refuse-after': text,
  latency: text,
  'fail-rate': text,
  seed: text,
  strict: flag,
  json: flag,
  help: { ...flag, short: 'h' },
} as const;

/** An asynchronous listener has no way to refuse, whatever the reason. */
const SYNC_ONLY = ['dma-max-mappings', 'memlock', 'refuse-after'] as const;

/** @param argv without the program and the script @throws UsageError */
export function parseArguments(argv: readonly string[]): Arguments {
  const said = readArguments(argv);
  const whole = (name: keyof typeof OPTIONS, most: number, least = 0): number | null =>
    optional(said[name], (value) => parseWhole(name, String(value), least, most));
  const options: DeviceSimulatorOptions = {
    ...DEFAULT_OPTIONS,
    service: optional(said.service, (url) => parseUrl('service', url)) ?? DEFAULT_OPTIONS.service,
    token: said.token ?? null,
    block: said.block ?? null,
    machine: said.machine ?? null,
    waitMs: (whole('wait', 86_400) ?? 0) * 1000,
    host: said.host ?? DEFAULT_OPTIONS.host,
    port: whole('port', 65_535) ?? DEFAULT_OPTIONS.port,
    publicUrl: optional(said['public-url'], (url) => parseUrl('public-url', url)),
    secret: optional(said.secret, parseSecret),
    section: optional(said.section, parseSection),
    granularity: optional(said.granularity, parseGranularity),
    timeoutMs: whole('timeout-ms', 30_000, 100),
    description: said.description ?? null,
    keep: said.keep,
    mode: said.async ? 'async' : 'sync',
    dmaMaxMappings: whole('dma-max-mappings', 2 ** 34) ?? DEFAULT_OPTIONS.dmaMaxMappings,
    memlock: optional(said.memlock, (size) => parseSize('memlock', size)),
    refuseAfter: whole('refuse-after', MAX_BYTES),
    latencyMs: whole('latency', 600_000) ?? 0,
    failRate: optional(said['fail-rate'], parseProbability) ?? 0,
    seed: whole('seed', 2 ** 32 - 1),
    dma: whole('dma', 1_000_000) ?? 0,
  };
  if (!said.help) checkTogether(options);
  if (!said.help && said.async) checkAsync(said);
  return { help: said.help, strict: said.strict, json: said.json, options };
}

function readArguments(argv: readonly string[]) {
  return parseCommandLine({ args: [...argv], options: OPTIONS, strict: true, allowPositionals: false }).values;
}

function checkTogether({ block, secret, host, publicUrl, dma, section }: DeviceSimulatorOptions): void {
  if (block === null && secret === null) {
    throw new UsageError('without --block it only listens, and needs --secret to verify what comes');
  }
  if (block !== null && publicUrl === null && ['0.0.0.0', '::', ''].includes(host)) {
    throw new UsageError(`--host ${host} is every address, which the service cannot call: give --public-url`);
  }
  if (block === null && dma > 0 && section === null) {
    throw new UsageError('--dma needs to know the section: give --section, or --block');
  }
}

function checkAsync(said: ReturnType<typeof readArguments>): void {
  const refusing = SYNC_ONLY.find((name) => said[name] !== undefined);
  if (refusing === undefined) return;
  throw new UsageError(`--${refusing} makes no sense with --async: an asynchronous listener cannot refuse`);
}

function optional<T, R>(value: T | undefined, parse: (value: T) => R): R | null {
  return value === undefined ? null : parse(value);
}

function parseProbability(value: string): number {
  const number = /^[0-9]*\.?[0-9]+$/.test(value) ? Number(value) : Number.NaN;
  if (number <= 1) return number;
  throw new UsageError(`--fail-rate is ${value}; it must be a number from 0 to 1`);
}

function parseSize(name: string, value: string): number {
  try {
    return parseByteSize(value);
  } catch (error) {
    if (error instanceof Problem) throw new UsageError(`--${name}: ${error.message}`);
    throw error;
  }
}

function parseGranularity(value: string): number {
  const bytes = parseSize('granularity', value);
  if (bytes >= MIN_PAGE_SIZE && isPowerOfTwo(bytes)) return bytes;
  throw new UsageError(`--granularity is ${value}; it must be a power of two and at least ${MIN_PAGE_SIZE}`);
}

function parseSection(value: string): Section {
  const [offset, size, more] = value.split(':');
  if (offset === undefined || size === undefined || more !== undefined) {
    throw new UsageError(`--section is ${value}; it must be OFFSET:SIZE, as in 0:2G`);
  }
  const section = { offset: parseSize('section', offset), size: parseSize('section', size) };
  const isAligned = section.offset % MIN_PAGE_SIZE === 0 && section.size % MIN_PAGE_SIZE === 0;
  if (isAligned && section.size > 0) return section;
  throw new UsageError(`--section is ${value}; offset and size must be multiples of ${MIN_PAGE_SIZE}, the size not 0`);
}

function parseUrl(name: string, value: string): string {
  if (toHttpUrl(value) !== null) return value;
  throw new UsageError(`--${name} is ${value}; it must be an http or https URL`);
}

function parseSecret(value: string): string {
  try {
    decodeSecret(value);
    return value;
  } catch (error) {
    throw new UsageError(`--secret: ${error instanceof Error ? error.message : String(error)}`);
  }
}
