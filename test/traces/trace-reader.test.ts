import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TraceEntry } from '../../src/traces/trace-event.ts';
import { MAX_LINE_LENGTH, TraceReader } from '../../src/traces/trace-reader.ts';

const LINE = 'kvm_convert_memory start 0x1000 size 0x1000 private_to_shared';

async function read(...pieces: (string | Uint8Array)[]): Promise<{ reader: TraceReader; events: TraceEntry[] }> {
  const reader = new TraceReader(stream(pieces));
  return { reader, events: await Array.fromAsync(reader) };
}

async function* stream(pieces: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece;
}

describe('TraceReader', () => {
  it('has nothing to say about an empty stream', async () => {
    const { reader, events } = await read();
    expect(events).toEqual([]);
    expect(reader).toMatchObject({ lines: 0, foreign: 0, bytes: 0 });
  });

  it('numbers lines from 1 and counts the foreign ones', async () => {
    const { reader, events } = await read(`# comment\r\n\r\n${LINE}\r\nother\n${LINE}`);
    expect(events.map(({ line }) => line)).toEqual([3, 5]);
    expect(reader).toMatchObject({ lines: 5, foreign: 3 });
  });

  it('gives what is before a line that cannot be read, then quotes it', async () => {
    const reader = new TraceReader(stream([`other\n${LINE}\n\u001b[2J: ${LINE.slice(0, 30)}\u009b\r\n${LINE}\n`]));
    const lines: number[] = [];
    const reading = (async () => {
      for await (const { line } of reader) lines.push(line);
    })();
    await expect(reading).rejects.toMatchObject({
      code: 'invalid-request',
      message: `line 3 names kvm_convert_memory, but cannot be read: "\\u{1b}[2J: ${LINE.slice(0, 30)}\ufffd"`,
    });
    expect(lines).toEqual([2]);
  });

  it('quotes not more than the beginning of a long line', async () => {
    const reading = read(`${LINE.slice(0, 30)}${'x'.repeat(5000)}\n`);
    await expect(reading).rejects.toThrow(/: "kvm_convert_memory start[^"]{170,180}\.\.\."$/);
  });

  it('takes a last line that is cut off for foreign, and says so', async () => {
    const { reader, events } = await read(`${LINE}\n${LINE.slice(0, 30)}`);
    expect(events).toHaveLength(1);
    expect(reader).toMatchObject({ lines: 2, foreign: 1, cutOff: true });
  });

  it('adds up the times of simpletrace.py, those of other events too', async () => {
    const simple = (delta: string, name = 'kvm_convert_memory') =>
      `${name} ${delta} pid=4711 start=0x1000 size=0x1000 msg=private_to_shared\n`;
    const text = simple('900.000', 'kvm_other') + simple('137.021') + simple('0.500', 'kvm_other') + simple('2.000');
    const { events } = await read(`${text}# a remark\n${simple('1000000.001')}`);
    expect(events.map((event) => 'time' in event && event.time)).toEqual([
      { clock: 'boot', seconds: 0 },
      { clock: 'boot', seconds: 0.0000025 },
      { clock: 'boot', seconds: 1.000002501 },
    ]);
  });

  it('finds the same lines however the stream is cut into pieces', async () => {
    const text = `${LINE}\nforeign\n\n${LINE}\r\n${LINE}\n`;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: text.length })), async (cuts) => {
        const ends = [...cuts.toSorted((a, b) => a - b), text.length];
        const { reader, events } = await read(...ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end)));
        expect(events.map(({ line }) => line)).toEqual([1, 4, 5]);
        expect(reader).toMatchObject({ lines: 5, foreign: 2, bytes: text.length });
      }),
    );
  });

  it('skips a line that is too long without keeping it, and reads the next one', async () => {
    const long = ' '.repeat(MAX_LINE_LENGTH);
    const { reader, events } = await read(long, long, long, `${LINE}\n${LINE}\n${long}${LINE}\n${LINE}\n`);
    expect(events.map(({ line }) => line)).toEqual([2, 4]);
    expect(reader).toMatchObject({ lines: 4, foreign: 2 });
  });

  it('counts a too long last line without a line feed', async () => {
    const { reader } = await read('x'.repeat(MAX_LINE_LENGTH + 1), 'x');
    expect(reader).toMatchObject({ lines: 1, foreign: 1 });
  });

  it('takes no piece before the events of the one before are taken, and ends the stream when nobody wants more', async () => {
    const taken: string[] = [];
    async function* input(): AsyncGenerator<Uint8Array> {
      try {
        for (const piece of ['a', 'b', 'c']) {
          taken.push(piece);
          yield Buffer.from(`${LINE}\n${LINE}\n`);
        }
      } finally {
        taken.push('end');
      }
    }
    for await (const { line } of new TraceReader(input())) if (line === 4) break;
    expect(taken).toEqual(['a', 'b', 'end']);
  });

  it('gives the conversions of each piece at once', async () => {
    const reader = new TraceReader(stream([`${LINE}\n${LINE}\nfor`, `eign\n${LINE}`, '\n']));
    const batches: unknown[] = [];
    for await (const events of reader.batches()) batches.push([reader.lines, events.map(({ line }) => line)]);
    expect(batches).toEqual([
      [2, [1, 2]],
      [3, []],
      [4, [4]],
    ]);
  });

  it('takes binary junk for foreign lines', async () => {
    const junk = Uint8Array.from({ length: 100_000 }, (_, index) => (index * 7919) % 256);
    const { reader, events } = await read(junk, `\n${LINE}\n`);
    expect(events).toHaveLength(1);
    expect(reader.foreign).toBe(reader.lines - 1);
  });
});
