// What SQLite would not say of its write-ahead log: from the first frame on that does not match its checksum it drops
// the rest, and with it commits that were answered. A log that ends in the middle of its last commit is what a crash
// leaves; one with a fault before that is damaged. (File format: https://www.sqlite.org/fileformat2.html#walformat)
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { damaged } from './checksums.ts';

const MAGIC = 0x377f_0682;
const HEADER = 32;
const FRAME_HEADER = 24;

interface Frame {
  /** It ends a transaction. */
  readonly isCommit: boolean;
  readonly matches: boolean;
}

/**
 * Looks through the log at `file` before SQLite does.
 * @returns what to tell people: that the journal was not closed in order, and what is dropped; null where it was
 * @throws Error when commits that were durable would be dropped
 */
export function inspectLog(file: string): string | null {
  if (!existsSync(file)) return null;
  const bytes = readFileSync(file);
  // It is made empty before anything is written to it.
  const frames = bytes.length < HEADER ? [] : framesOf(bytes);
  if (frames === null) throw damaged(`the head of ${file} does not match its checksum`);
  const valid = frames.findIndex(({ matches }) => !matches);
  const kept = frames.slice(0, valid < 0 ? undefined : valid).findLastIndex(({ isCommit }) => isCommit) + 1;
  // A commit is synced before the next is written: with frames behind it, all of it had been durable.
  const firstLost = frames.findIndex(({ isCommit }, index) => isCommit && index >= kept);
  if (firstLost >= 0 && firstLost < frames.length - 1) {
    throw damaged(`frame ${kept + 1} of ${file} does not match its checksum, and others follow`);
  }
  const dropped = frames.length - kept;
  const rest = dropped === 0 ? '' : `; ${dropped} of ${frames.length} frames behind its last whole commit are dropped`;
  return `the journal was not closed in order: ${kept} frames of its write-ahead log are read back${rest}`;
}

/**
 * Writes the log at `file` over itself, and syncs it. After an fsync that failed the kernel may take for written what is
 * not, and a later fsync succeed: what is appended then would be lost with what it is appended to. Whoever calls has the
 * lock of the journal.
 */
export function syncLog(file: string): void {
  const bytes = readFileSync(file);
  const opened = openSync(file, 'r+');
  try {
    writeFileSync(opened, bytes);
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
}

/** The frames that were written since the log was begun anew; null where its head is damaged. */
function framesOf(bytes: Buffer): Frame[] | null {
  const magic = bytes.readUInt32BE(0);
  if (magic !== MAGIC && magic !== MAGIC + 1) return null;
  const sum = new Checksum(magic === MAGIC);
  if (!sum.add(bytes, 0, 24).is(bytes, 24)) return null;
  const salt = bytes.subarray(16, 24);
  const frameBytes = FRAME_HEADER + bytes.readUInt32BE(8);
  const frames: Frame[] = [];
  let matches = true;
  for (let at = HEADER; at + frameBytes <= bytes.length; at += frameBytes) {
    const isOfThisLog = salt.equals(bytes.subarray(at + 8, at + 16));
    if (matches) {
      sum.add(bytes, at, 8).add(bytes, at + FRAME_HEADER, frameBytes - FRAME_HEADER);
      matches = isOfThisLog && sum.is(bytes, at + 16);
    }
    // What was there before the log was begun anew stays behind what is written over it.
    if (isOfThisLog) frames.push({ isCommit: bytes.readUInt32BE(at + 4) !== 0, matches });
    else if (frames.length === 0) break;
  }
  return frames;
}

/** The running sum over the log, in words of 32 bits of the order that its head says. */
class Checksum {
  readonly #isLittleEndian: boolean;
  #first = 0;
  #second = 0;

  constructor(isLittleEndian: boolean) {
    this.#isLittleEndian = isLittleEndian;
  }

  /** Adds `length` bytes, a multiple of 8. */
  add(bytes: Buffer, from: number, length: number): this {
    const view = new DataView(bytes.buffer, bytes.byteOffset + from, length);
    for (let at = 0; at < length; at += 8) {
      this.#first = (this.#first + view.getUint32(at, this.#isLittleEndian) + this.#second) >>> 0;
      this.#second = (this.#second + view.getUint32(at + 4, this.#isLittleEndian) + this.#first) >>> 0;
    }
    return this;
  }

  is(bytes: Buffer, at: number): boolean {
    return this.#first === bytes.readUInt32BE(at) && this.#second === bytes.readUInt32BE(at + 4);
  }
}
