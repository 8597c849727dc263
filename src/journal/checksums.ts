// Checksums of what the SQLite journal keeps: a row that is not what was written is found out, and so is one that is
// missing, for every record of a block carries the checksum of the one before it.
import { crc32 } from 'node:zlib';

/** What the first record of a block has before it. */
export const NO_RECORD = 0;

export interface ChainedRecord {
  readonly ramBlockId: string;
  readonly sequence: number;
  readonly conversions: number;
  readonly json: string;
  /** The checksum of the record before it in its block. */
  readonly previous: number;
}

export function checksumOfRecord({ ramBlockId, sequence, conversions, json, previous }: ChainedRecord): number {
  return crc32(`${previous} ${sequence} ${conversions} ${ramBlockId} ${json}`);
}

/** @param record the checksum of the last record that is in the snapshot */
export function checksumOfSnapshot(ramBlockId: string, sequence: number, data: Uint8Array, record: number): number {
  return crc32(data, crc32(`${record} ${sequence} ${ramBlockId}`));
}

/** Of anything else: its values, in order. */
export function checksumOf(...values: (string | number)[]): number {
  return crc32(values.join(' '));
}

export function damaged(what: string): Error {
  return new Error(`the journal is damaged: ${what}; restore the data folder from a backup`);
}
