// The one place where ids are made: opaque to clients, but in the order of their making, so that lists sorted by id are
// sorted by age, also after a restart.
import { randomBytes } from 'node:crypto';

/** Makes ids such as `blk_0199f3b2c1d00000a1b2c3d4`: milliseconds, a counter within them, and chance. */
export function createIds(now: () => Date): (prefix: string) => string {
  let milliseconds = 0;
  let counter = 0;
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
    return `${prefix}_${time}${randomBytes(4).toString('hex')}`;
  };
}
