// Records of one block that say by themselves which sequence they have.
import type { BlockRecord } from '../../src/core/records.ts';

export const MACHINE = 'm';
const ID = 'blk_1';
const AT = '2026-01-01T00:00:00.000Z';
const PAGE = 4096;

export const createdBlock: BlockRecord = {
  ramBlockId: ID,
  kind: 'block-created',
  block: {
    id: ID,
    machine: MACHINE,
    idstr: 'pc.ram',
    ramAddr: 0,
    gpa: null,
    usedLength: PAGE,
    maxLength: PAGE,
    pageSize: PAGE,
    resizeable: true,
    guestMemfd: true,
    createdAt: AT,
  },
  sources: [],
  at: AT,
};

/** The record at `sequence`. */
export function resizedTo(sequence: number): BlockRecord {
  return { ramBlockId: ID, kind: 'block-resized', usedLength: sequence, at: AT };
}
