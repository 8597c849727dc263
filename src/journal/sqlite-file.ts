// Opens the SQLite file of the journal: for this process alone, and durably.
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { damaged } from './checksums.ts';
import { convertFormat7 } from './format-7.ts';
import { FORMAT, SCHEMA } from './sqlite-tables.ts';
import { inspectLog, syncLog } from './write-ahead-log.ts';

const OLD_FORMAT = 7;
/** What PRAGMA synchronous says of FULL. */
const FULL = 2;
/** Pages that are read and written again: the last ones of the tables, and those that are forgotten next. */
const CACHE_KIB = 32 * 1024;
/** Bytes of the file that are mapped while it is read back; SQLite maps no more. */
const MAPPED_BYTES = 2 ** 31 - 2 ** 16;
/** Of the file, read at once, and how many of them. */
const PIECE_BYTES = 1024 * 1024;
const PIECES_AT_ONCE = 4;
/** All of a piece goes to the same few bytes, one part over the other: nobody looks at it, and they stay in the processor's cache. */
const PART_BYTES = 64 * 1024;
/** What every file of SQLite begins with. */
const HEADER_BYTES = 100;
export interface FileOptions {
  /** Pages of 4 KiB that SQLite may use; as many as the disk has where it is missing. */
  readonly maxPages?: number;
}

export interface OpenFile {
  readonly db: DatabaseSync;
  /** What people should know of how it was found. */
  readonly remark: string | null;
}

/**
 * After {@link readThrough}. Before anything is written, {@link checkFile} is to be asked.
 * @throws Error when the folder cannot be used, another process has it, or it is damaged; the message says which
 */
export function openFile(folder: string, { maxPages }: FileOptions): OpenFile {
  mkdirSync(folder, { recursive: true });
  const file = fileIn(folder);
  const mark = join(folder, 'journal.made');
  // SQLite would make an empty file of one that is missing, was emptied, or has a byte left.
  const bytes = existsSync(file) ? statSync(file).size : 0;
  if (existsSync(mark) && bytes < HEADER_BYTES && !existsSync(`${file}-wal`)) {
    throw damaged(`${file} is missing or has only ${bytes} bytes`);
  }
  const log = `${file}-wal`;
  const db = new DatabaseSync(file);
  try {
    // The exclusive lock is taken with the first transaction and kept until the process ends, however it ends.
    db.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA busy_timeout = 0; PRAGMA mmap_size = ${MAPPED_BYTES}`);
    const found = inspectAlone(file, log);
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -${CACHE_KIB}`);
    db.exec('PRAGMA wal_autocheckpoint = 0; BEGIN IMMEDIATE');
    const value = (pragma: string): unknown => answerTo(db, pragma);
    if (found !== null) syncLog(log);
    if (maxPages !== undefined) value(`max_page_count = ${maxPages}`);
    // SQLite keeps silent where a file system cannot do it; nothing would be durable then.
    if (value('journal_mode') !== 'wal' || value('synchronous') !== FULL) {
      throw new Error(`${file} cannot be written durably (WAL, synchronous FULL)`);
    }
    const format = Number(value('user_version'));
    if (format !== 0 && format !== OLD_FORMAT && format !== FORMAT) {
      throw new Error(`${file} has format ${format}; this version reads formats ${OLD_FORMAT} and ${FORMAT}`);
    }
    // In this one transaction: whatever ends it leaves the folder as it was.
    if (format === OLD_FORMAT) {
      checkPages(db);
      convertFormat7(db);
    }
    const converted =
      format === OLD_FORMAT ? `it had format ${OLD_FORMAT} and was converted to format ${FORMAT}` : null;
    if (format === 0) {
      const { tables } = db.prepare('SELECT COUNT(*) AS tables FROM sqlite_schema').get() ?? {};
      if (tables !== 0) throw damaged(`${file} has tables and no format`);
      db.exec(SCHEMA);
    }
    db.exec('COMMIT');
    if (!existsSync(mark)) {
      const text = `The journal in this folder was made at ${new Date().toISOString()}.\n`;
      // Exclusively: through a link that somebody has just put there another file would be written.
      writeFileSync(mark, text, { flag: 'wx', mode: 0o600, flush: true });
    }
    return { db, remark: [found, converted].filter((each) => each !== null).join('; ') || null };
  } catch (error) {
    db.close();
    if (isLocked(error)) {
      throw new Error(`${folder} is in use by another process; set RBA_DATA_DIR to another folder`, { cause: error });
    }
    throw error;
  }
}

/**
 * {@link inspectLog}, before SQLite drops what it drops; what another process is in the middle of writing is not damaged.
 * @throws as that, or SQLite's Error where another process has the file
 */
function inspectAlone(file: string, log: string): string | null {
  try {
    return inspectLog(log);
  } catch {
    // Who only reads, and as if alone, leaves every file as it is, also when this is closed.
    const reader = new DatabaseSync(file, { readOnly: true });
    try {
      reader.exec('PRAGMA locking_mode = EXCLUSIVE; SELECT * FROM sqlite_schema');
    } catch (error) {
      if (isLocked(error)) throw error;
    } finally {
      reader.close();
    }
    return inspectLog(log);
  }
}

function isLocked(error: unknown): boolean {
  return error instanceof Error && error.message.includes('locked');
}

/** Looks at all pages of the file, which is not mapped any more after that. @throws Error where it is damaged */
export function checkFile(db: DatabaseSync): void {
  checkPages(db);
  db.exec('PRAGMA mmap_size = 0');
}

function checkPages(db: DatabaseSync): void {
  const soundness = answerTo(db, 'quick_check(1)');
  if (soundness !== 'ok') throw damaged(String(soundness));
}

/** Returns the pages in the write-ahead log since it was begun anew. */
export function framesInLog(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA wal_checkpoint(NOOP)').get()?.log ?? 0);
}

/** Copies the write-ahead log to its place, where that is possible: it goes on growing where it is not. */
export function checkpoint(db: DatabaseSync): void {
  try {
    db.exec('PRAGMA wal_checkpoint(PASSIVE)');
  } catch {
    // Such as a file that may not grow. What is in the log stays there, and is as durable as before.
  }
}

/**
 * Reads the file in `folder` once, where there is one, in large pieces: SQLite's own reading, of a page here and there,
 * takes many times as long. And what the disk cannot read is an error here; of a page that is mapped it is a signal, which
 * ends the process. Before SQLite opens it: with any file that is closed, a process loses all locks that it has on that file.
 * @throws Error when it cannot be read
 */
export async function readThrough(folder: string): Promise<void> {
  if (!existsSync(fileIn(folder))) return;
  try {
    await readAll(fileIn(folder));
  } catch (error) {
    // Not every error of the file system says which file.
    throw new Error(`${fileIn(folder)} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

async function readAll(path: string): Promise<void> {
  const file = await open(path);
  try {
    const starts = startsOfPieces((await file.stat()).size);
    const readPieces = async (): Promise<void> => {
      const parts = new Array<Buffer>(PIECE_BYTES / PART_BYTES).fill(Buffer.allocUnsafe(PART_BYTES));
      for (const start of starts) await readPiece(file, start, parts);
    };
    // All from one list.
    await Promise.all(Array.from({ length: PIECES_AT_ONCE }, readPieces));
  } finally {
    await file.close();
  }
}

function* startsOfPieces(bytes: number): Generator<number> {
  for (let start = 0; start < bytes; start += PIECE_BYTES) yield start;
}

/** Reads a piece, or to the end of the file: before what cannot be read, it may get less than it asks for. */
async function readPiece(file: FileHandle, start: number, parts: readonly Buffer[]): Promise<void> {
  for (let at = start; at < start + PIECE_BYTES; ) {
    const { bytesRead } = await file.readv(parts, at);
    if (bytesRead === 0) return;
    at += bytesRead;
  }
}

function fileIn(folder: string): string {
  return join(folder, 'journal.sqlite');
}

function answerTo(db: DatabaseSync, pragma: string): unknown {
  return Object.values(db.prepare(`PRAGMA ${pragma}`).get() ?? {})[0];
}
