// How many bytes kept answers take: in all, and by owner.

export class AnswerBook {
  readonly #byOwner = new Map<string, number>();
  #total = 0;

  /** Returns the bytes of the answers of `owner`, or of all. */
  bytes(owner?: string): number {
    return owner === undefined ? this.#total : (this.#byOwner.get(owner) ?? 0);
  }

  /** Counts `bytes` more of `owner`; fewer where they are negative. */
  add(owner: string, bytes: number): void {
    const sum = this.bytes(owner) + bytes;
    this.#total += bytes;
    if (sum === 0) this.#byOwner.delete(owner);
    else this.#byOwner.set(owner, sum);
  }
}
