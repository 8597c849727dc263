// Others have a turn while a trace is planned: after lines that cover much, however short they are.
import { expect, it } from 'vitest';
import { planTrace } from '../../src/planner/plan-trace.ts';
import { Planner } from '../../src/planner/planner.ts';
import { TraceReader } from '../../src/traces/trace-reader.ts';

async function pausesOf(size: string, lines: number): Promise<number> {
  const text = Array.from({ length: lines }, (_, line) => {
    return `kvm_convert_memory start 0x0 size ${size} ${line % 2 === 0 ? 'private_to_shared' : 'shared_to_private'}\n`;
  }).join('');
  let pauses = 0;
  const reader = new TraceReader(
    (async function* () {
      yield Buffer.from(text);
    })(),
  );
  await planTrace(reader, new Planner({}), async () => {
    pauses++;
  });
  return pauses;
}

it('pauses after each line that covers 64 TiB', async () => {
  expect(await pausesOf('0x400000000000', 8)).toBe(8);
});

it('does not pause for short ones', async () => {
  expect(await pausesOf('0x1000', 1000)).toBe(0);
});
