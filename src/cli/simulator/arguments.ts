// The command line of rba simulate: what can be said, and what of it makes no sense.

import { parseByteSize } from '../../byte-size.ts';
import { decodeSecret } from '../../client/webhook-signature.ts';
import { isPowerOfTwo, type Section } from '../../core/section.ts';
import { Problem } from '../../errors.ts';
import { MAX_BYTES, MIN_PAGE_SIZE } from '../../limits.ts';
import { commandLine, noFiles, parseCommandLine } from '../command-line.ts';
import { toHttpUrl, wholeNumber } from '../shared-options.ts';
import { SIZES_HELP } from '../trace-formats.ts';
import { UsageError } from '../usage-error.ts';
import { DEFAULT_OPTIONS, type DeviceSimulatorOptions } from './options.ts';

export const SIMULATE_TEXT = {
  name: 'simulate',
  usage: '[--block ID] [--secret SECRET] [options]',
  about:
    'A webhook consumer that behaves as VFIO does: it maps what is populated, unmaps what is discarded, and reports what a kernel would not forgive. GET / on it is its state as JSON, GET /mappings the maximal mapped runs. Without --block it only listens, and needs --secret.',
  notes: `With --async it is not waited for and cannot refuse. It is told afterwards, in order, each delivery at least once. A populate
of what is mapped is nothing to do; nothing limits its mappings (peakMappings in its state is what it needed); a delivery
that never came is no violation when a recovery or a replay follows. It is behind by nature, so --dma counts what it
touches, and a page that is not mapped is no violation. What --fail-rate fails comes again when the service's
RBA_ASYNC_RETRY_SCHEDULE says so.

${SIZES_HELP}`,
  exitCodes:
    '0 told to end (Ctrl-C); 1 it cannot listen, or the service cannot be used; 2 wrong arguments; 3 with --strict, there was a violation',
  example: `Example, a device for the block "pc.ram", as soon as there is one:
  rba simulate --block pc.ram --machine default --wait 60 --port 9000 --strict`,
};

export interface Arguments {
  readonly strict: boolean;
  readonly json: boolean;
  readonly options: DeviceSimulatorOptions;
}

function simulateCommand() {
  const { service, host, port, dmaMaxMappings } = DEFAULT_OPTIONS;
  return commandLine(SIMULATE_TEXT)
    .optionsGroup('Registering:')
    .option('--service <URL>', 'the service', urlOf('service'), service)
    .option('--token <TOKEN>', 'bearer token for it')
    .option('--block <ID>', 'id of the RAM block, or its idstr')
    .option('--machine <NAME>', '--block is an idstr in this machine')
    .option(
      '--wait <SECONDS>',
      'wait so long for the service and the block to appear',
      wholeNumber('wait', 0, 86_400),
      0,
    )
    .option('--section <OFFSET:SIZE>', 'listen to this part of the block (all of it)', parseSection)
    .option('--granularity <SIZE>', "size of one DMA mapping (the block's page size)", parseGranularity)
    .option(
      '--timeout-ms <MS>',
      "deadline of one delivery (the service's default)",
      wholeNumber('timeout-ms', 100, 30_000),
    )
    .option('--description <TEXT>', 'what the service shows of it')
    .option('--keep', 'stay registered when it ends')
    .option('--async', 'be an asynchronous mirror, see below')
    .optionsGroup('Listening:')
    .option('--host <ADDRESS>', 'where it listens', host)
    .option('--port <PORT>', '0 takes a free one', wholeNumber('port', 0, 65_535), port)
    .option('--public-url <URL>', 'what the service shall call (made of host and port)', urlOf('public-url'))
    .option('--secret <SECRET>', 'whsec_ and base64 of 24 to 64 bytes (a new one)', parseSecret)
    .optionsGroup('The device:')
    .option(
      '--dma-max-mappings <N>',
      `ENOSPC beyond so many mappings (${dmaMaxMappings})`,
      wholeNumber('dma-max-mappings', 0, 2 ** 34),
    )
    .option('--memlock <SIZE>', 'ENOSPC beyond so many pinned bytes (no limit)', sizeOf('memlock'))
    .option('--dma <N>', 'touch N random pages of the section a second', wholeNumber('dma', 0, 1_000_000), 0)
    .optionsGroup('Misbehaving:')
    .option(
      '--refuse-after <N>',
      'refuse every populate after N accepted ones (EPERM)',
      wholeNumber('refuse-after', 0, MAX_BYTES),
    )
    .option('--latency <MS>', 'wait before each answer', wholeNumber('latency', 0, 600_000), 0)
    .option('--fail-rate <P>', 'answer 500 with this probability, half of them after acting', parseProbability, 0)
    .option('--seed <N>', 'of the random numbers', wholeNumber('seed', 0, 2 ** 32 - 1))
    .optionsGroup('Options:')
    .option('--strict', 'exit with 3 when there was any violation')
    .option(
      '--json',
      'print two lines of JSON: where it listens and what it is registered with, at the end its state as GET / has it, with the violations',
    );
}

/** An asynchronous listener has no way to refuse, whatever the reason. */
const SYNC_ONLY = [
  ['dma-max-mappings', 'dmaMaxMappings'],
  ['memlock', 'memlock'],
  ['refuse-after', 'refuseAfter'],
] as const;

/**
 * Returns the options of the command.
 * @param args without the name of the command
 * @throws UsageError, HelpRequest
 */
export function parseArguments(args: readonly string[]): Arguments {
  const { options: said, positionals } = parseCommandLine(simulateCommand(), args);
  noFiles(positionals);
  const options: DeviceSimulatorOptions = {
    ...DEFAULT_OPTIONS,
    service: said.service,
    token: said.token ?? null,
    block: said.block ?? null,
    machine: said.machine ?? null,
    waitMs: said.wait * 1000,
    host: said.host,
    port: said.port,
    publicUrl: said.publicUrl ?? null,
    secret: said.secret ?? null,
    section: said.section ?? null,
    granularity: said.granularity ?? null,
    timeoutMs: said.timeoutMs ?? null,
    description: said.description ?? null,
    keep: said.keep ?? false,
    mode: said.async === true ? 'async' : 'sync',
    dmaMaxMappings: said.dmaMaxMappings ?? DEFAULT_OPTIONS.dmaMaxMappings,
    memlock: said.memlock ?? null,
    refuseAfter: said.refuseAfter ?? null,
    latencyMs: said.latency,
    failRate: said.failRate,
    seed: said.seed ?? null,
    dma: said.dma,
  };
  checkTogether(options);
  const refusing = said.async === true ? SYNC_ONLY.find(([, key]) => said[key] !== undefined) : undefined;
  if (refusing === undefined) return { strict: said.strict ?? false, json: said.json ?? false, options };
  throw new UsageError(`--${refusing[0]} makes no sense with --async: an asynchronous listener cannot refuse`);
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

function parseProbability(value: string): number {
  const number = /^[0-9]*\.?[0-9]+$/.test(value) ? Number(value) : Number.NaN;
  if (number <= 1) return number;
  throw new UsageError(`--fail-rate is ${value}; it must be a number from 0 to 1`);
}

function sizeOf(name: string): (value: string) => number {
  return (value) => {
    try {
      return parseByteSize(value);
    } catch (error) {
      if (error instanceof Problem) throw new UsageError(`--${name}: ${error.message}`, { cause: error });
      throw error;
    }
  };
}

function parseGranularity(value: string): number {
  const bytes = sizeOf('granularity')(value);
  if (bytes >= MIN_PAGE_SIZE && isPowerOfTwo(bytes)) return bytes;
  throw new UsageError(`--granularity is ${value}; it must be a power of two and at least ${MIN_PAGE_SIZE}`);
}

function parseSection(value: string): Section {
  const [offset, size, more] = value.split(':');
  if (offset === undefined || size === undefined || more !== undefined) {
    throw new UsageError(`--section is ${value}; it must be OFFSET:SIZE, as in 0:2G`);
  }
  const section = { offset: sizeOf('section')(offset), size: sizeOf('section')(size) };
  const isAligned = section.offset % MIN_PAGE_SIZE === 0 && section.size % MIN_PAGE_SIZE === 0;
  if (isAligned && section.size > 0) return section;
  throw new UsageError(`--section is ${value}; offset and size must be multiples of ${MIN_PAGE_SIZE}, the size not 0`);
}

function urlOf(name: string): (value: string) => string {
  return (value) => {
    if (toHttpUrl(value) !== null) return value;
    throw new UsageError(`--${name} is ${value}; it must be an http or https URL`);
  };
}

function parseSecret(value: string): string {
  try {
    decodeSecret(value);
    return value;
  } catch (error) {
    throw new UsageError(`--secret: ${error instanceof Error ? error.message : String(error)}`);
  }
}
