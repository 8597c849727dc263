// Bytes to events, however the network cuts them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEvents, type ServiceEvent, type StreamItem } from '../../src/client/event-stream.ts';

async function* pieces(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b);
  let start = 0;
  for (const end of [...places, bytes.length]) {
    yield bytes.subarray(start, end);
    start = end;
  }
}

const read = async (text: string, cuts: readonly number[] = []): Promise<StreamItem[]> =>
  (await Array.fromAsync(readEvents(pieces(Buffer.from(text), cuts)))).flat();

async function eventsOf(text: string): Promise<ServiceEvent[]> {
  return (await read(text)).flatMap((item) => (item.kind === 'event' ? [item.event] : []));
}

describe('readEvents', () => {
  it('reads any events, written with any line ends and cut at any place', async () => {
    const word = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => /^[^ \r\n\0][^\r\n\0]*$/.test(text));
    const item = fc.record({
      id: word,
      event: word,
      data: fc.jsonValue({ stringUnit: 'grapheme' }),
      comment: fc.boolean(),
    });
    const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
    const cuts = fc.array(fc.nat(), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(fc.array(item), lineEnd, cuts, async (items, end, places) => {
        const lines = items.flatMap(({ id, event, data, comment }) => [
          ...(comment ? [': heartbeat', ''] : []),
          `id: ${id}`,
          `event: ${event}`,
          ...JSON.stringify(data, null, 1)
            .split('\n')
            .map((line) => `data: ${line}`),
          '',
        ]);
        const expected = items.flatMap(({ id, event, data }): StreamItem[] => [
          { kind: 'position', id },
          { kind: 'event', event: { id, event, data: JSON.parse(JSON.stringify(data)) } },
        ]);
        // A carriage return at the very end may be the first half of a line end, so something must follow.
        expect(await read(lines.map((line) => line + end).join('') + (end === '\r' ? ':' : ''), places)).toEqual(
          expected,
        );
      }),
    );
  });

  it('reads an event that comes byte by byte', async () => {
    const text = 'id: ü\r\nevent: 🐎\r\ndata: "grüße"\r\n\r\n';
    const everywhere = Array.from(Buffer.from(text).keys());
    const event = { id: 'ü', event: '🐎', data: 'grüße' };
    expect(await read(text, everywhere)).toEqual([
      { kind: 'position', id: 'ü' },
      { kind: 'event', event },
    ]);
  });

  it('never fails over what is no event', async () => {
    const cuts = fc.array(fc.nat());
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), cuts, async (text, places) => {
        await read(text, places);
      }),
    );
  });

  it('gives text for what is no JSON, and null for what is null', async () => {
    expect(await eventsOf('data: hello\n\ndata: null\n\ndata\n\n')).toEqual([
      { id: null, event: 'message', data: 'hello' },
      { id: null, event: 'message', data: null },
      { id: null, event: 'message', data: '' },
    ]);
  });

  it('passes over comments, unknown fields and events without data', async () => {
    expect(await eventsOf(': a\nretry: 5\nfoo: bar\n\nevent: x\n\ndata: 1\n\n')).toEqual([
      { id: null, event: 'message', data: 1 },
    ]);
  });

  it('takes the end for an end, not for the end of an event', async () => {
    expect(await eventsOf('data: 1\n\ndata: 2\n')).toEqual([{ id: null, event: 'message', data: 1 }]);
  });

  it('throws what the bytes throw', async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('data: 1\n\n');
      throw new Error('broken');
    }
    await expect(Array.fromAsync(readEvents(failing()))).rejects.toThrow('broken');
  });
});
