// Byte sizes as requests and options write them: an integer, or a string that is decimal, hexadecimal or has a binary
// suffix. One parser, so that the API and the tools understand the same.
import { Problem } from '../errors.ts';
import { checkBytes } from './section.ts';

const BYTE_SIZE = /^(?:0[xX][0-9a-fA-F]+|[0-9]+([KMGT](?:iB)?)?)$/;

const BYTES_PER_SUFFIX: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/**
 * The bytes that `value` stands for: `4096`, `"4096"`, `"0x1000"`, `"4K"` and `"4KiB"` are the same.
 * @throws Problem `invalid-request` when it is no byte size, `invalid-range` when it is beyond 2^53-1
 */
export function parseByteSize(value: number | string): number {
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value) && value >= 0) return value;
    checkBytes(`byte size ${value}`, value);
    throw notAByteSize(value);
  }
  const match = BYTE_SIZE.exec(value);
  if (match === null) throw notAByteSize(value);
  const suffix = match[1];
  const digits = suffix === undefined ? value : value.slice(0, -suffix.length);
  // A suffix is a power of two: multiplying rounds nothing that is not out of range already.
  const bytes = Number(digits) * (BYTES_PER_SUFFIX[suffix?.charAt(0) ?? ''] ?? 1);
  checkBytes(`byte size ${value}`, bytes);
  return bytes;
}

function notAByteSize(value: number | string): Problem {
  return new Problem(
    'invalid-request',
    `${JSON.stringify(value)} is not a byte size: an integer, decimal, 0x hexadecimal or with K, M, G, T (also KiB ...)`,
  );
}
