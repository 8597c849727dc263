// Plans of traces: they concern no block and no machine. A few are made at a time, so that their memory is bounded.

import { setImmediate } from 'node:timers/promises';
import { Problem } from '../errors.ts';
import type { Plan } from '../planner/plan.ts';
import { planTrace } from '../planner/plan-trace.ts';
import type { Planner } from '../planner/planner.ts';
import { TraceReader } from '../traces/trace-reader.ts';

/** Each takes some 200 MiB at worst. */
export const PLANS_AT_ONCE = 4;
/** Bytes of a trace: more than two million lines. */
export const MAX_TRACE = 256 * 2 ** 20;

const RETRY_SECONDS = 5;

export class Plans {
  #running = 0;

  /**
   * Reads `trace` to its end and plans it.
   * @param planner a new one
   * @throws Problem `overloaded`; `payload-too-large` when the trace is, or needs, too much; `invalid-request` when no
   *   line of it is a conversion; and what reading throws
   */
  async make(trace: AsyncIterable<Uint8Array>, planner: Planner): Promise<Plan> {
    if (this.#running >= PLANS_AT_ONCE) {
      const detail = `${PLANS_AT_ONCE} plans are being made already`;
      throw new Problem('overloaded', detail, { retryAfterSeconds: RETRY_SECONDS });
    }
    this.#running++;
    try {
      return await planTrace(new TraceReader(limited(trace)), planner, () => setImmediate());
    } finally {
      this.#running--;
    }
  }
}

/** @throws Problem `payload-too-large` when `bytes` are more than a trace may have */
export function checkTraceLength(bytes: number): void {
  if (bytes <= MAX_TRACE) return;
  throw new Problem('payload-too-large', `the trace is larger than ${MAX_TRACE / 2 ** 20} MiB; rba plan takes any`);
}

async function* limited(trace: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const piece of trace) {
    bytes += piece.length;
    checkTraceLength(bytes);
    yield piece;
  }
}
