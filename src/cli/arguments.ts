// What the command lines of several commands have in common: how they are read, and the options that mean the same
// everywhere.
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { errorCode } from './command-error.ts';
import { UsageError } from './usage-error.ts';

/** Where the service listens when nothing is configured. */
export const DEFAULT_SERVICE = 'http://127.0.0.1:8080';

/** As `parseArgs` of Node. @throws UsageError where that says that the arguments do not fit `config` */
export function parseCommandLine<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    const isUsage = errorCode(error)?.startsWith('ERR_PARSE_ARGS') === true;
    if (isUsage && error instanceof Error) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

/** A URL of a scheme that the commands can call; null where `text` is none. */
export function toHttpUrl(text: string): URL | null {
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:') ? url : null;
}

/** `--service` as a URL. @throws UsageError */
export function parseService(text: string): URL {
  const url = toHttpUrl(text);
  if (url === null) throw new UsageError(`--service ${text}: a URL that begins with http:// or https://`);
  return url;
}

/** `--token` as it is sent. @throws UsageError that does not show it */
export function parseToken(text: string): string {
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  throw new UsageError('--token is not a token: visible ASCII characters without spaces');
}

/** `--machine`. @throws UsageError */
export function parseMachine(text: string): string {
  if (/^[A-Za-z0-9._-]{1,64}$/.test(text)) return text;
  throw new UsageError(`--machine ${text}: a name is 1 to 64 of the characters A-Z a-z 0-9 . _ -`);
}

/** `--name` as a whole number of decimal digits. @throws UsageError when it is none, below `least` or above `most` */
export function parseWhole(name: string, value: string, least: number, most: number): number {
  const number = /^[0-9]+$/.test(value) ? Number(value) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new UsageError(`--${name} is ${value}; it must be a whole number from ${least} to ${most}`);
}
