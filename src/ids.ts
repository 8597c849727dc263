// The one place where ids are made: opaque to clients, but in the order of their making, so that lists sorted by id are
// sorted by age, also after a restart.
import { randomFillSync } from 'node:crypto';

/** Chance is asked for in one go for so many ids: each time costs more than all else that an id takes. */
const IDS_OF_CHANCE = 1024;
const DIGITS = codesOf('0123456789abcdef');

/**
 * Makes ids such as `blk_0199f3b2c1d00000a1b2c3d4`: milliseconds, a counter within them, and chance.
 * @param now milliseconds since the epoch
 */
export function createIds(now: () => number): (prefix: string) => string {
  let milliseconds = 0;
  let counter = 0;
  const chance = new Uint32Array(IDS_OF_CHANCE);
  let used = IDS_OF_CHANCE;
  /** The characters of the last id, by prefix. A string that is put together of others takes JSON.stringify three times as long. */
  const last = new Map<string, number[]>();
  return (prefix) => {
    const current = now();
    counter++;
    // More ids than a millisecond has numbers, or a clock that was set back: stay ahead of what was given.
    if (current > milliseconds || counter > 0xffff) {
      milliseconds = Math.max(current, milliseconds + 1);
      counter = 0;
    }
    if (used === IDS_OF_CHANCE) {
      randomFillSync(chance);
      used = 0;
    }
    let codes = last.get(prefix);
    if (codes === undefined) {
      codes = codesOf(`${prefix}_${'0'.repeat(24)}`);
      last.set(prefix, codes);
    }
    const begin = prefix.length + 1;
    writeHex(codes, begin, milliseconds / 2 ** 16);
    writeHex(codes, begin + 8, (milliseconds << 16) | counter);
    writeHex(codes, begin + 16, chance[used++] ?? 0);
    return String.fromCharCode(...codes);
  };
}

/** Writes the low 32 bits of `value` as 8 digits from `at` on. */
function writeHex(codes: number[], at: number, value: number): void {
  for (let place = at + 7, bits = value | 0; place >= at; place--, bits >>>= 4) codes[place] = DIGITS[bits & 0xf] ?? 0;
}

function codesOf(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}
