// How large, and how deep, a body may be; and how one of many megabytes is read.
import type { Readable } from 'node:stream';
import { Problem } from '../errors.ts';

/** Bytes of a JSON body, where a route names no other limit: a listener with all its texts has a tenth of that. */
export const BODY_LIMIT = 64 * 1024;
/** Bytes of a body that may hold a list of 10,000 items. */
export const LIST_BODY_LIMIT = 4 * 2 ** 20;
/** Bytes of a body that nothing is read of: some clients send `{}` with every POST. */
export const UNREAD_BODY_LIMIT = 1024;
/** Arrays and objects within each other; the deepest body of the API has three. */
export const DEPTH_LIMIT = 32;

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Returns whether arrays and objects are nested deeper than `limit` in a JSON text. One look at each byte until then:
 * JSON.parse takes seconds for megabytes of brackets.
 * @param json UTF-8, well formed or not
 */
export function isNestedDeeper(json: Uint8Array, limit: number): boolean {
  let depth = 0;
  let isInText = false;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (isInText) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) isInText = false;
    } else if (byte === QUOTE) isInText = true;
    else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      if (++depth > limit) return true;
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth--;
  }
  return false;
}

/** Bytes of the first room for a body whose length is not announced; it doubles whenever it is full. */
const FIRST_ROOM = 64 * 1024;

/**
 * Returns a body as one Buffer. Each piece is copied when it comes: to join 64 MiB at the end would hold up everything else.
 * @param announced bytes (Content-Length); null where that is not known
 * @param limit bytes
 * @throws Problem `payload-too-large` beyond the limit, at once where it is announced; `invalid-request` where it breaks off;
 *   the problem that ended the stream
 */
export async function readBytes(body: Readable, announced: number | null, limit: number): Promise<Buffer> {
  const tooLarge = () => {
    return new Problem('payload-too-large', `the body is larger than ${limit / 2 ** 20} MiB, the most that this takes`);
  };
  if (announced !== null && announced > limit) throw tooLarge();
  let room = Buffer.allocUnsafe(announced ?? FIRST_ROOM);
  let length = 0;
  try {
    for await (const piece of body as AsyncIterable<Buffer>) {
      const needed = length + piece.length;
      if (needed > limit) throw tooLarge();
      if (needed > room.length) room = Buffer.concat([room], Math.min(limit, Math.max(needed, 2 * room.length)));
      piece.copy(room, length);
      length = needed;
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    // Its sender has gone: nobody reads this, and nothing is wrong here.
    throw new Problem('invalid-request', 'the body broke off', {}, { cause: error });
  }
  return room.subarray(0, length);
}
