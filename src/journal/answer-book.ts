// How many bytes of the disk, or of the memory, stored answers take: in all, and by who gave their keys.
import type { Answered } from './journal.ts';

/** Returns whose answer it is: the part of its key before the dot, '' where there is none. */
export function ownerOf(key: string): string {
  return key.slice(0, Math.max(0, key.indexOf('.')));
}

/** Returns the bytes that a stored answer counts for: its key and its JSON. */
export function answerBytes(key: string, json: string): number {
  return Buffer.byteLength(key) + Buffer.byteLength(json);
}

export class AnswerBook {
  readonly #byOwner = new Map<string, number>();
  #total = 0;

  /** Bytes of all answers. */
  get total(): number {
    return this.#total;
  }

  /** Returns the bytes of the answers of `owner`. */
  of(owner: string): number {
    return this.#byOwner.get(owner) ?? 0;
  }

  entries(): Iterable<[owner: string, bytes: number]> {
    return this.#byOwner;
  }

  /** Counts `bytes` more of `owner`; fewer where they are negative. */
  add(owner: string, bytes: number): void {
    const sum = this.of(owner) + bytes;
    this.#total += bytes;
    if (sum === 0) this.#byOwner.delete(owner);
    else this.#byOwner.set(owner, sum);
  }

  /** Counts an answer that is kept from now on. */
  keep(answer: Pick<Answered, 'key'>, json: string): void {
    this.add(ownerOf(answer.key), answerBytes(answer.key, json));
  }
}
