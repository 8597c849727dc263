// The one place where ids are made: opaque to clients, but in the order of their making, so that lists sorted by id are
// sorted by age, also after a restart.
import { randomBytes } from 'node:crypto';

/** Chance is asked for in one go for so many ids: each time costs more than all else that an id takes. */
const IDS_OF_CHANCE = 1024;
const CHANCE_BYTES = 4;

/** Makes ids such as `blk_0199f3b2c1d00000a1b2c3d4`: milliseconds, a counter within them, and chance. */
export function createIds(now: () => Date): (prefix: string) => string {
  let milliseconds = 0;
  let counter = 0;
  let chance = '';
  return (prefix) => {
    const current = now().getTime();
    counter++;
    if (current > milliseconds) {
      milliseconds = current;
      counter = 0;
    } else if (counter > 0xffff) {
      // More ids than a millisecond has numbers, or a clock that was set back: stay ahead of what was given.
      milliseconds++;
      counter = 0;
    }
    const time = milliseconds.toString(16).padStart(12, '0') + counter.toString(16).padStart(4, '0');
    if (chance === '') chance = randomBytes(IDS_OF_CHANCE * CHANCE_BYTES).toString('hex');
    const own = chance.slice(0, 2 * CHANCE_BYTES);
    chance = chance.slice(2 * CHANCE_BYTES);
    return `${prefix}_${time}${own}`;
  };
}
