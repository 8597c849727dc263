// The options that mean the same in every command that has them, and the parsers of their values.
import { UsageError } from './usage-error.ts';

/** Where the service listens when nothing is configured. */
export const DEFAULT_SERVICE = 'http://127.0.0.1:8080';

/** Returns `text` as a URL of a scheme that the commands can call; null where it is none. */
export function toHttpUrl(text: string): URL | null {
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:') ? url : null;
}

/** Returns `--service` as a URL. @throws UsageError */
export function parseService(text: string): URL {
  const url = toHttpUrl(text);
  if (url === null) throw new UsageError(`--service ${text}: a URL that begins with http:// or https://`);
  return url;
}

/** Returns `--token` as it is sent. @throws UsageError that does not show it */
export function parseToken(text: string): string {
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  throw new UsageError('--token is not a token: visible ASCII characters without spaces');
}

/** Returns `--machine`. @throws UsageError */
export function parseMachine(text: string): string {
  if (/^[A-Za-z0-9._-]{1,64}$/.test(text)) return text;
  throw new UsageError(`--machine ${text}: a name is 1 to 64 of the characters A-Z a-z 0-9 . _ -`);
}

/**
 * Returns a parser of `--name` as a whole number of decimal digits from `least` to `most`. It throws UsageError for
 * anything else.
 */
export function wholeNumber(name: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new UsageError(`--${name} is ${text}; it must be a whole number from ${least} to ${most}`);
  };
}
