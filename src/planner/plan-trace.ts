// Plans a trace while it is read: what the command and the route have in common. Where it is read from is theirs.
import type { TraceReader } from '../traces/trace-reader.ts';
import type { Plan } from './plan.ts';
import type { Planner } from './planner.ts';

/**
 * Reads `reader` to its end. Memory and time are bounded, whatever it has.
 * @param planner a new one
 * @throws Problem `invalid-request` when no line is a conversion, `payload-too-large` when it is more than a plan can take;
 *   and what reading throws
 */
export async function planTrace(reader: TraceReader, planner: Planner): Promise<Plan> {
  for await (const events of reader.batches()) {
    for (const event of events) planner.add(event);
  }
  return planner.plan(reader);
}
