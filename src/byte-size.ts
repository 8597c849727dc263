// How people and programs write a number of bytes: an integer, or a string that is decimal, hexadecimal or has a binary
// suffix. The API, the commands and the page in the browser understand the same.
import { Problem } from './errors.ts';
import { MAX_BYTES } from './limits.ts';

/** The grammar of the string, as a pattern of JSON schema. */
export const BYTE_SIZE_PATTERN = '^(0[xX][0-9a-fA-F]+|[0-9]+([KMGT](iB)?)?)$';

const BYTE_SIZE = new RegExp(BYTE_SIZE_PATTERN);

/** Bytes of each suffix, the smallest first. */
export const BYTES_PER_SUFFIX = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 } as const;

/**
 * Returns the bytes that `value` stands for: `4096`, `"4096"`, `"0x1000"`, `"4K"` and `"4KiB"` are the same.
 * @throws Problem `invalid-request` when it is no byte size, `invalid-range` when it is beyond 2^53-1
 */
export function parseByteSize(value: number | string): number {
  const bytes = typeof value === 'number' ? value : bytesOf(value);
  if (bytes > MAX_BYTES) throw new Problem('invalid-range', `byte size ${value} is beyond ${MAX_BYTES} (2^53-1)`);
  if (Number.isSafeInteger(bytes) && bytes >= 0) return bytes;
  throw new Problem(
    'invalid-request',
    `${JSON.stringify(value)} is not a byte size: an integer, decimal, 0x hexadecimal or with K, M, G, T (also KiB ...)`,
  );
}

/** Returns NaN where `text` is no byte size. */
function bytesOf(text: string): number {
  const match = BYTE_SIZE.exec(text);
  if (match === null) return Number.NaN;
  const [, , suffix] = match;
  const digits = suffix === undefined ? text : text.slice(0, -suffix.length);
  // A suffix is a power of two: multiplying rounds nothing that is not out of range already.
  return Number(digits) * bytesPer(suffix?.charAt(0));
}

function bytesPer(letter: string | undefined): number {
  for (const [suffix, bytes] of Object.entries(BYTES_PER_SUFFIX)) if (suffix === letter) return bytes;
  return 1;
}
