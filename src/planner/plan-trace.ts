// Plans a trace while it is read: what the command and the route have in common. Where it is read from is theirs.
import type { TraceReader } from '../traces/trace-reader.ts';
import type { Plan } from './plan.ts';
import type { Planner } from './planner.ts';

/** Chunks of RAM that lines cover before others have a turn: half of the longest line. */
const PAUSE_AFTER = 2 ** 18;

/**
 * Reads `reader` to its end. Memory and time are bounded, whatever it has.
 * @param planner a new one @param pause waits where others are to have a turn: a short line can cover 64 TiB
 * @throws Problem `invalid-request` when no line is a conversion, `payload-too-large` when it is more than a plan can take;
 *   and what reading throws
 */
export async function planTrace(reader: TraceReader, planner: Planner, pause?: () => Promise<void>): Promise<Plan> {
  let covered = 0;
  for await (const events of reader.batches()) {
    for (const event of events) {
      planner.add(event);
      // The counts are forgotten where the planner begins anew.
      if (Math.abs(planner.chunksCovered - covered) < PAUSE_AFTER) continue;
      covered = planner.chunksCovered;
      await pause?.();
    }
  }
  return planner.plan(reader);
}
