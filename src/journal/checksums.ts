// Checksums of what the SQLite journal keeps: a row that is not what was written is found out, and so is one that is
// missing, for rows that follow each other carry the checksum of the one before.
import { crc32 } from 'node:zlib';

/** What the first of a chain has before it, and what stands for a checksum where there is nothing. */
export const NOTHING = 0;

/** Of values, in order. */
export function checksumOf(...values: (string | number)[]): number {
  return crc32(values.join(' '));
}

/** Of a long text or of bytes, and of values that belong to it. */
export function checksumWith(data: string | Uint8Array, ...values: (string | number)[]): number {
  return crc32(data, checksumOf(...values));
}

export function damaged(what: string): Error {
  return new Error(`the journal is damaged: ${what}; restore the data folder from a backup`);
}
