// The sequence numbers of the deliveries of one listener: which come too late to be acted on, and which never came.

/** Sequence numbers `from` to `to`, both missing. */
export interface SequenceGap {
  readonly from: number;
  readonly to: number;
}

/**
 * Follows the deliveries of one listener.
 * The first number seen is the start, whatever it is: a receiver that has just started knows nothing of what was before.
 */
export class DeliveryOrder {
  #last: number | null = null;
  #settledThrough = 0;
  #gaps: SequenceGap[] = [];

  /** The highest sequence seen; null before the first. */
  get lastSequence(): number | null {
    return this.#last;
  }

  /** The highest `settledThrough` processed. */
  get settledThrough(): number {
    return this.#settledThrough;
  }

  /** Numbers below the last one that never came, and that nothing followed yet that covers them; ascending. */
  get gaps(): readonly SequenceGap[] {
    return this.#gaps;
  }

  /** Tells whether the service has given up or finished this delivery: acting on it now could map what has turned private. */
  isFenced(sequence: number): boolean {
    return sequence <= this.#settledThrough;
  }

  /**
   * Notes a delivery that is not fenced.
   * @param coversMissing whether it makes up for every delivery that is missing below it, as a recovery does
   */
  note(sequence: number, settledThrough: number, coversMissing: boolean): void {
    this.#settledThrough = Math.max(this.#settledThrough, settledThrough);
    const last = this.#last ?? sequence;
    this.#last = Math.max(last, sequence);
    if (sequence > last + 1) this.#gaps.push({ from: last + 1, to: sequence - 1 });
    if (sequence < last) this.#gaps = this.#gaps.flatMap((gap) => without(gap, sequence));
    if (coversMissing) this.#gaps = this.#gaps.filter((gap) => gap.to > sequence);
  }
}

function without(gap: SequenceGap, sequence: number): SequenceGap[] {
  if (sequence < gap.from || sequence > gap.to) return [gap];
  const parts = [
    { from: gap.from, to: sequence - 1 },
    { from: sequence + 1, to: gap.to },
  ];
  return parts.filter(({ from, to }) => from <= to);
}
