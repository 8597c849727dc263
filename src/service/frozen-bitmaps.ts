// Bitmaps that are being read, each as it was when its reader came. Readers of the same state share one copy, and what all
// copies hold is bounded: a reader that takes its time keeps alive what is changed meanwhile.
import { setImmediate } from 'node:timers/promises';
import { CHUNK_PAGES } from '../core/chunk-words.ts';
import type { PageBitmap } from '../core/page-bitmap.ts';
import type { PageRange } from '../core/section.ts';
import { Problem } from '../errors.ts';

/** Words of one piece of a bitmap: 64 KiB. */
const PIECE_WORDS = 16_384;
/** Pieces that are put together in one turn of the event loop. */
const PIECES_AT_ONCE = 8;
/** Bytes that are under way to one reader: a piece, and one in its stream. */
const BYTES_UNDER_WAY = 2 * 4 * PIECE_WORDS;

/** Bytes of a chunk in the directory of a bitmap. */
const DIRECTORY_BYTES = 4;

/** A copy of `range` of a bitmap, and how many read it. */
interface Frozen {
  readonly copy: PageBitmap;
  readonly range: PageRange;
  readonly generation: number;
  readonly bytes: number;
  readers: number;
}

/** A bitmap to be read once: its bytes in pieces. `release` is called when nobody reads it any more. */
export interface BitmapReading {
  readonly pieces: AsyncIterable<Uint8Array>;
  release(): void;
}

export class FrozenBitmaps {
  readonly #limit: number;
  /** The newest copy of each bitmap that somebody reads. */
  readonly #newest = new Map<PageBitmap, Frozen>();
  #held = 0;

  /** @param limit bytes of all copies (RBA_BITMAP_MEMORY_LIMIT) */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes that all copies may hold now. */
  get held(): number {
    return this.#held;
  }

  /**
   * Begins to read `range` of `bitmap`, which changes only with `generation`.
   * @throws Problem `overloaded` when too much is held for others
   */
  read(bitmap: PageBitmap, range: PageRange, generation: number): BitmapReading {
    const frozen = this.#shared(bitmap, range, generation) ?? this.#freeze(bitmap, range, generation);
    this.#take(BYTES_UNDER_WAY + (frozen.readers === 0 ? frozen.bytes : 0));
    frozen.readers++;
    this.#newest.set(bitmap, frozen);
    let isReleased = false;
    return {
      pieces: piecesOf(frozen, range),
      release: () => {
        if (isReleased) return;
        isReleased = true;
        frozen.readers--;
        this.#held -= BYTES_UNDER_WAY + (frozen.readers === 0 ? frozen.bytes : 0);
        if (frozen.readers === 0 && this.#newest.get(bitmap) === frozen) this.#newest.delete(bitmap);
      },
    };
  }

  #take(bytes: number): void {
    // One by itself is always read, whatever the limit.
    if (this.#held > 0 && this.#held + bytes > this.#limit) {
      const detail = `bitmaps of ${this.#held} bytes are being read, and this one would hold ${bytes} more; the limit is ${this.#limit} (RBA_BITMAP_MEMORY_LIMIT)`;
      throw new Problem('overloaded', detail, { retryAfterSeconds: 1 });
    }
    this.#held += bytes;
  }

  #shared(bitmap: PageBitmap, range: PageRange, generation: number): Frozen | null {
    const newest = this.#newest.get(bitmap);
    if (newest === undefined || newest.generation !== generation) return null;
    return newest.range.start <= range.start && newest.range.end >= range.end ? newest : null;
  }

  #freeze(bitmap: PageBitmap, range: PageRange, generation: number): Frozen {
    // From the beginning of a chunk on: those are shared, not copied.
    const start = range.start - (range.start % CHUNK_PAGES);
    const copy = bitmap.slice({ start, end: range.end });
    const bytes = copy.mixedBytes + DIRECTORY_BYTES * Math.ceil(copy.length / CHUNK_PAGES);
    return { copy, range: { start, end: range.end }, generation, bytes, readers: 0 };
  }
}

/** The pages of `range`, bit i of byte j = page 8j+i. */
async function* piecesOf({ copy, range: { start } }: Frozen, range: PageRange): AsyncGenerator<Uint8Array> {
  const bytes = Math.ceil((range.end - range.start) / 8);
  for (let at = 0, given = 0; at < bytes; at += PIECE_WORDS * 4) {
    // Where the socket takes all that comes, nothing else would have a turn.
    if (++given % PIECES_AT_ONCE === 0) await setImmediate();
    const words = copy.words(range.start - start + at * 8, PIECE_WORDS, range.end - start);
    yield new Uint8Array(words.buffer, 0, Math.min(words.byteLength, bytes - at));
  }
}
