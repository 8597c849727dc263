// A history that fails, made shorter: parts are cut out as long as it still fails in the same way.
import type { Tampering } from '../model/simulated-process.ts';
import type { Item } from './script.ts';
import { type Outcome, runHistory } from './simulation.ts';

export interface Shrunk {
  readonly script: readonly Item[];
  readonly outcome: Outcome;
}

/** @param failed what `script` came to @param limitMs of real time */
export async function shrink(
  seed: number,
  script: readonly Item[],
  failed: Outcome,
  limitMs: number,
  tampering: Tampering = {},
): Promise<Shrunk> {
  const end = performance.now() + limitMs;
  const wanted = signatureOf(failed);
  let best: Shrunk = { script: script.slice(0, failed.items), outcome: failed };
  for (let size = Math.ceil(best.script.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < best.script.length && performance.now() < end; ) {
      const shorter = [...best.script.slice(0, from), ...best.script.slice(from + size)];
      const outcome = await runHistory({ seed, script: shorter, tampering });
      if (signatureOf(outcome) === wanted) best = { script: shorter.slice(0, outcome.items), outcome };
      else from += size;
    }
  }
  return best;
}

/** In which way it failed: without the numbers and the names. */
function signatureOf({ violations: [first = ''] }: Outcome): string {
  return first.replaceAll(/\w*\d\w*/g, '').slice(0, 60);
}
