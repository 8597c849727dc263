// The one place where ids are made: opaque to clients, but in the order of their making, so that lists sorted by id are
// sorted by age, also after a restart.
import { randomBytes } from 'node:crypto';

/** Chance is asked for in one go for so many ids: each time costs more than all else that an id takes. */
const IDS_OF_CHANCE = 1024;
const CHANCE_BYTES = 4;
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/**
 * Makes ids such as `blk_0199f3b2c1d00000a1b2c3d4`: milliseconds, a counter within them, and chance.
 * @param now milliseconds since the epoch
 */
export function createIds(now: () => number): (prefix: string) => string {
  let milliseconds = 0;
  /** What the ids of this millisecond begin with, by prefix. */
  const begins = new Map<string, string>();
  let counter = 0;
  let chance = '';
  let used = 0;
  return (prefix) => {
    const current = now();
    counter++;
    // More ids than a millisecond has numbers, or a clock that was set back: stay ahead of what was given.
    if (current > milliseconds || counter > 0xffff) {
      milliseconds = Math.max(current, milliseconds + 1);
      begins.clear();
      counter = 0;
    }
    if (used === chance.length) {
      chance = randomBytes(IDS_OF_CHANCE * CHANCE_BYTES).toString('hex');
      used = 0;
    }
    const own = `${HEX[counter >>> 8]}${HEX[counter & 0xff]}${chance.slice(used, used + 2 * CHANCE_BYTES)}`;
    used += 2 * CHANCE_BYTES;
    let begin = begins.get(prefix);
    if (begin === undefined) {
      begin = `${prefix}_${milliseconds.toString(16).padStart(12, '0')}`;
      begins.set(prefix, begin);
    }
    return begin + own;
  };
}
