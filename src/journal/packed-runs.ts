// Runs of pages as the text that records keep: the distance of each run from the end of the one before it and its length,
// in groups of seven bits, lowest first, as base64. A tenth of their JSON, and many times as fast to write and to read.
import type { PageRange } from '../core/section.ts';

/** Bytes that a number below 2^53 takes at most. */
const MOST_BYTES = 8;
const GROUP = 128;

/** @param runs ascending and disjoint */
export function packRuns(runs: readonly PageRange[]): string {
  const bytes = new Uint8Array(2 * MOST_BYTES * runs.length);
  let at = 0;
  const write = (value: number): void => {
    let rest = value;
    for (; rest >= GROUP; rest = Math.floor(rest / GROUP)) bytes[at++] = (rest % GROUP) | GROUP;
    bytes[at++] = rest;
  };
  let end = 0;
  for (const run of runs) {
    write(run.start - end);
    write(run.end - run.start);
    end = run.end;
  }
  return bytes.subarray(0, at).toBase64();
}

/** Returns the runs that {@link packRuns} packed. */
export function unpackRuns(text: string): PageRange[] {
  const bytes = Uint8Array.fromBase64(text);
  const runs: PageRange[] = [];
  let at = 0;
  const read = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= GROUP) {
      const byte = bytes[at++] ?? 0;
      value += (byte % GROUP) * scale;
      if (byte < GROUP) return value;
    }
  };
  let end = 0;
  while (at < bytes.length) {
    const start = end + read();
    end = start + read();
    runs.push({ start, end });
  }
  return runs;
}
