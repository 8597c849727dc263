// npm run test:simulate: one history after the other, for SIMULATE_SECONDS (60). SIMULATE_SEED is the seed of the first;
// the next has the next. With --mutations, each known fault is put back instead, and must be found.
import { randomInt } from 'node:crypto';
import { Figures } from './figures.ts';
import { A_PROMISE, MUTATIONS } from './mutations.ts';
import { REQUIRED } from './required.ts';
import { scriptOf } from './script.ts';
import { shrink } from './shrink.ts';
import { type Outcome, runHistory } from './simulation.ts';

const SHRINK_MS = 20_000;
/** Seconds in which a fault that was put back must be found. */
const FIND_SECONDS = 120;
/** In so many steps everything happens at least once. */
const ENOUGH_STEPS = 60_000;

const seconds = Number(process.env.SIMULATE_SECONDS ?? 60);
const firstSeed = Number(process.env.SIMULATE_SEED ?? randomInt(2 ** 31));
if (!(seconds > 0) || !Number.isInteger(firstSeed) || firstSeed < 0) {
  process.stderr.write('SIMULATE_SECONDS is a number above 0, SIMULATE_SEED a whole number from 0 on\n');
  process.exit(2);
}

const isDone = process.argv.includes('--mutations') ? await findMutations() : await simulate();
process.exit(isDone ? 0 : 1);

async function simulate(): Promise<boolean> {
  process.stdout.write(`${seconds} s, SIMULATE_SEED=${firstSeed}\n`);
  const end = performance.now() + seconds * 1000;
  const figures = new Figures();
  for (let seed = firstSeed; performance.now() < end; seed++) {
    const outcome = await runHistory({ seed, script: scriptOf(seed) });
    figures.count('histories');
    figures.add(outcome.figures);
    if (outcome.violations.length > 0) {
      await explain(seed, outcome);
      return false;
    }
  }
  process.stdout.write(`${figures.text}\n`);
  const missing = figures.of('steps') < ENOUGH_STEPS ? [] : figures.missing(REQUIRED);
  if (missing.length > 0)
    process.stderr.write(`never happened, so that nothing is shown of it: ${missing.join(', ')}\n`);
  return missing.length === 0;
}

async function explain(seed: number, failed: Outcome): Promise<void> {
  process.stderr.write(`SIMULATE_SEED=${seed} fails at step ${failed.steps}: ${failed.violations.join('\n')}\n`);
  const { script, outcome } = await shrink(seed, scriptOf(seed), failed, SHRINK_MS);
  const items = script.map(({ what, steps }) => (steps > 0 ? `${what}, ${steps} steps` : what));
  process.stderr.write(`as short as could be (${script.length} of ${failed.items}): ${items.join('; ')}\n`);
  process.stderr.write(`${outcome.trace.join('\n')}\n${outcome.violations.join('\n')}\n`);
}

async function findMutations(): Promise<boolean> {
  const rows: string[][] = [['fault', 'seed', 'steps', 'seconds', 'said']];
  let isFound = true;
  const wanted = new RegExp(process.env.SIMULATE_FAULT ?? '');
  for (const { name, found: sign = A_PROMISE, without = [], tampering = {}, patch } of MUTATIONS.filter((one) =>
    wanted.test(one.name),
  )) {
    const restore = patch?.();
    const start = performance.now();
    const elapsed = (): number => (performance.now() - start) / 1000;
    let found: string[] | null = null;
    let steps = 0;
    for (let seed = firstSeed; found === null && elapsed() < FIND_SECONDS; seed++) {
      const script = scriptOf(seed).filter(({ what }) => !without.some((one) => one === what));
      const outcome = await runHistory({ seed, script, tampering });
      steps += outcome.steps;
      const first = outcome.violations.find((violation) => sign.test(violation));
      if (first !== undefined) found = [String(seed), String(steps), elapsed().toFixed(1), first.slice(0, 90)];
    }
    restore?.();
    isFound &&= found !== null;
    rows.push([name, ...(found ?? ['', '', elapsed().toFixed(1), 'NOT FOUND'])]);
    process.stdout.write(`${rows.at(-1)?.join(' | ')}\n`);
  }
  return isFound;
}
