// Checksums of rows: each row carries one of its whole content and of where it belongs, so that what is read is what was
// written. What is missing is found by counts: see sqlite-tables.ts.
import { crc32 } from 'node:zlib';

/** Returns the checksum of values, in order. */
export function checksumOf(...values: (string | number)[]): number {
  return crc32(values.join(' '));
}

/** Returns the checksum of a long text or of bytes, and of values that belong to it. */
export function checksumWith(data: string | Uint8Array, ...values: (string | number)[]): number {
  return crc32(data, checksumOf(...values));
}

export function damaged(what: string): Error {
  return new Error(`the journal is damaged: ${what}; restore the data folder from a backup`);
}
