// A body of many megabytes that becomes one Buffer, piece by piece.
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Problem } from '../../src/errors.ts';
import { readBytes } from '../../src/http/bodies.ts';

const LIMIT = 2 ** 20;

const bodyOf = (...lengths: readonly number[]) => {
  const pieces = lengths.map((length, index) => Buffer.alloc(length, index + 1));
  return { pieces, stream: Readable.from(pieces) };
};

it('gives the bytes that came, announced or not, however they are cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(100_000), { maxLength: 10 }), fc.boolean(), async (lengths, isAnnounced) => {
      const { pieces, stream } = bodyOf(...lengths);
      const whole = Buffer.concat(pieces);
      const read = await readBytes(stream, isAnnounced ? whole.length : null, LIMIT);
      expect(read.equals(whole)).toBe(true);
    }),
    { numRuns: 30 },
  );
});

it('takes as many bytes as the limit, and refuses one more when it comes', async () => {
  expect(await readBytes(bodyOf(LIMIT - 1, 1).stream, null, LIMIT)).toHaveLength(LIMIT);
  const refused = readBytes(bodyOf(LIMIT, 1).stream, null, LIMIT);
  await expect(refused).rejects.toMatchObject({ code: 'payload-too-large', message: expect.stringContaining('1 MiB') });
});

it('refuses what is announced beyond the limit before it reads', async () => {
  const { stream } = bodyOf(1);
  await expect(readBytes(stream, LIMIT + 1, LIMIT)).rejects.toMatchObject({ code: 'payload-too-large' });
  expect(stream.readableDidRead).toBe(false);
});

it('says of a body that breaks off that it did, and of one that was refused on its way why', async () => {
  const ended = (error: Error) => {
    const stream = new Readable({ read: () => stream.destroy(error) });
    return readBytes(stream, 10, LIMIT);
  };
  await expect(ended(new Error('aborted'))).rejects.toMatchObject({ code: 'invalid-request' });
  await expect(ended(new Problem('overloaded', 'full'))).rejects.toMatchObject({ code: 'overloaded' });
});
