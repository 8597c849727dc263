// A page bitmap as JSON and back. Of mixed chunks it has the runs, or where these are many, the words; all in one text, for
// a start reads those of every block.
import { bitsOf, CHUNK_PAGES, CHUNK_WORDS } from './chunk-words.ts';
import { type ChunkContent, type ChunkRuns, PageBitmap } from './page-bitmap.ts';
import type { PageRange } from './section.ts';

export interface BitmapSnapshot {
  /** Runs of pages in chunks that are full. */
  readonly full: readonly PageRange[];
  /** By turns: the number of a mixed chunk, and how many runs of it there are in `content`; 0 where it has its words. */
  readonly mixed: readonly number[];
  /** Of each mixed chunk its runs or its words: numbers of 16 bits, little endian, as base64. */
  readonly content: string;
}

/** A chunk with more runs takes less room as words, in memory too. */
const MAX_RUNS = CHUNK_WORDS;
/** Numbers of 16 bits that a chunk has as words. */
const HALF_WORDS = 2 * CHUNK_WORDS;

export function encodeBitmap(bitmap: PageBitmap): BitmapSnapshot {
  const mixed: number[] = [];
  const parts: Uint16Array[] = [];
  for (const [chunk, content] of bitmap.mixedChunks()) {
    const runs = runsOf(bitmap, chunk, content);
    mixed.push(chunk, (runs?.length ?? 0) / 2);
    parts.push(runs ?? halves(bitsOf(content as Uint32Array)));
  }
  return { full: bitmap.fullChunks(), mixed, content: toBase64(parts) };
}

/** @param length of the bitmap in pages */
export function decodeBitmap({ full, mixed, content }: BitmapSnapshot, length: number): PageBitmap {
  const bitmap = new PageBitmap(length);
  for (const run of full) bitmap.set(run);
  const bytes = Uint8Array.fromBase64(content);
  const numbers = new Uint16Array(bytes.buffer);
  for (let at = 0, from = 0; at < mixed.length; at += 2) {
    const [chunk, runs] = [mixed[at] ?? 0, mixed[at + 1] ?? 0];
    const to = from + (runs > 0 ? 2 * runs : HALF_WORDS);
    if (runs > 0) bitmap.setRuns(chunk, numbers.subarray(from, to));
    else bitmap.setChunk(chunk, new Uint32Array(bytes.buffer, from * numbers.BYTES_PER_ELEMENT, CHUNK_WORDS));
    from = to;
  }
  return bitmap;
}

/** The runs of a mixed chunk; null where they are too many. */
function runsOf(bitmap: PageBitmap, chunk: number, content: ChunkContent): ChunkRuns | null {
  if (content instanceof Uint16Array) return content;
  const base = chunk * CHUNK_PAGES;
  const runs = bitmap.listRuns({ start: base, end: Math.min(base + CHUNK_PAGES, bitmap.length) }, true);
  if (runs.length > MAX_RUNS) return null;
  const numbers = new Uint16Array(2 * runs.length);
  runs.forEach(({ start, end }, index) => {
    numbers[2 * index] = start - base;
    numbers[2 * index + 1] = end - start;
  });
  return numbers;
}

function halves({ buffer, byteOffset, byteLength }: Uint32Array): Uint16Array {
  return new Uint16Array(buffer, byteOffset, byteLength / Uint16Array.BYTES_PER_ELEMENT);
}

function toBase64(parts: readonly Uint16Array[]): string {
  const all = new Uint16Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return new Uint8Array(all.buffer).toBase64();
}
