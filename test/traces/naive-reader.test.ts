import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TraceEntry } from '../../src/traces/trace-event.ts';
import { TraceReader } from '../../src/traces/trace-reader.ts';
import { byDepth } from '../support/depth.ts';
import { naiveRead } from './naive-reader.ts';
import { somePieces, someTrace } from './some-trace.ts';

async function* stream(pieces: readonly Buffer[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

const someCutTrace = someTrace.chain((trace) => fc.record({ trace: fc.constant(trace), pieces: somePieces(trace) }));

describe('any trace, cut into pieces anywhere', () => {
  it('has the events and counts of one that is read in the slow and obvious way', async () => {
    await fc.assert(
      fc.asyncProperty(someCutTrace, async ({ trace, pieces }) => {
        const { entries, unreadable, counts } = naiveRead(trace);
        const reader = new TraceReader(stream(pieces));
        const read: TraceEntry[] = [];
        const reading = collect(reader, read);
        if (unreadable === null) await reading;
        else await expect(reading).rejects.toThrow(new RegExp(`^line ${unreadable} names [^\\p{Cc}]*$`, 'u'));
        expect(read).toEqual(entries);
        if (unreadable === null) expect(reader).toMatchObject(counts);
      }),
      { numRuns: byDepth(400, 2000) },
    );
  });

  it('is counted up to the end of the batch that is at hand', async () => {
    await fc.assert(
      fc.asyncProperty(someCutTrace, async ({ trace, pieces }) => {
        const reader = new TraceReader(stream(pieces));
        const { entries, unreadable } = naiveRead(trace);
        fc.pre(unreadable === null);
        const read: TraceEntry[] = [];
        for await (const events of reader.batches()) {
          read.push(...events);
          const { entries: expected, counts } = naiveRead(firstLines(trace, reader.lines));
          expect(reader).toMatchObject({ lines: counts.lines, foreign: counts.foreign });
          expect(read).toEqual(expected);
        }
        expect(read).toEqual(entries);
      }),
    );
  });

  it('has numbers and times of any digits', async () => {
    const someHex = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((number) => number.toString(16));
    const someSeconds = fc.tuple(fc.maxSafeNat(), fc.nat({ max: 999_999_999 }));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(someSeconds, someHex, someHex)), async (lines) => {
        const written = lines.map(([[seconds, nanoseconds], start, size], index) => {
          const fraction = String(nanoseconds).padStart(9, '0');
          const qemu = `1@${String(seconds).slice(-15)}.${fraction.slice(0, 6)}:`;
          const kernel = `${String(seconds).slice(-12)}.${fraction.slice(index % 7)}: `;
          return `${index % 2 === 0 ? qemu : kernel}kvm_convert_memory start 0x${start} size 0x${size} private_to_shared\n`;
        });
        const trace = Buffer.from(written.join(''));
        const events = await Array.fromAsync(new TraceReader(stream([trace])));
        expect(events).toHaveLength(lines.length);
        expect(events).toEqual(naiveRead(trace).entries);
      }),
    );
  });
});

async function collect(reader: TraceReader, read: TraceEntry[]): Promise<void> {
  for await (const entry of reader) read.push(entry);
}

function firstLines(trace: Buffer, count: number): Buffer {
  let end = -1;
  for (let line = 0; line < count; line++) {
    end = trace.indexOf('\n', end + 1);
    if (end < 0) return trace;
  }
  return trace.subarray(0, end + 1);
}
