import { describe, expect, it } from 'vitest';
import { Pacer, type PacerClock } from '../../../src/cli/replay/pacer.ts';
import type { TraceTime } from '../../../src/traces/trace-event.ts';

/** Time that passes only while somebody sleeps, or is told to. */
class ManualClock implements PacerClock {
  milliseconds = 5000;
  now(): number {
    return this.milliseconds;
  }
  async sleep(milliseconds: number): Promise<void> {
    this.milliseconds += milliseconds;
  }
}

const boot = (seconds: number): TraceTime => ({ clock: 'boot', seconds });
const epoch = (seconds: number): TraceTime => ({ clock: 'epoch', seconds });

async function moments(
  speed: number | null,
  times: (TraceTime | null)[],
  clock = new ManualClock(),
): Promise<number[]> {
  const pacer = new Pacer(speed, clock);
  const reached: number[] = [];
  for (const time of times) {
    await pacer.until(time);
    reached.push(Math.round(clock.milliseconds - 5000));
  }
  return reached;
}

describe('Pacer', () => {
  it('keeps the times of the trace, from its first one on', async () => {
    expect(await moments(1, [boot(12.5), boot(12.75), boot(13.5)])).toEqual([0, 250, 1000]);
  });

  it('goes at a multiple of the speed', async () => {
    expect(await moments(10, [boot(10), boot(20)])).toEqual([0, 1000]);
    expect(await moments(0.5, [boot(10), boot(20)])).toEqual([0, 20_000]);
  });

  it('does not wait at full speed', async () => {
    expect(await moments(null, [boot(10), boot(20)])).toEqual([0, 0]);
  });

  it('lets lines without a time, and ones out of order, follow at once', async () => {
    expect(await moments(1, [null, boot(10), boot(11), null, boot(10.5), boot(12)])).toEqual([
      0, 0, 1000, 1000, 1000, 2000,
    ]);
  });

  it('catches up after a slow answer', async () => {
    const clock = new ManualClock();
    const pacer = new Pacer(1, clock);
    await pacer.until(boot(10));
    clock.milliseconds += 700;
    await pacer.until(boot(10.5));
    expect(clock.milliseconds).toBe(5700);
    await pacer.until(boot(11));
    expect(clock.milliseconds).toBe(6000);
  });

  it('does not mix up two clocks in one trace', async () => {
    expect(await moments(1, [boot(12), epoch(1_763_790_000), boot(13), epoch(1_763_790_001.5)])).toEqual([
      0, 0, 1000, 1500,
    ]);
  });

  it('waits longer than one timer can', async () => {
    expect(await moments(1, [boot(0), boot(5_000_000)])).toEqual([0, 5_000_000_000]);
  });
});
