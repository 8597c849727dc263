// What a run of the fuzzer came to, for people.
import type { FuzzFigures } from './fuzzer.ts';

export function figuresText(figures: FuzzFigures, seconds: number): string {
  const { sent, unanswered, malformed, byStatus, byOperation, memory, peakResident } = figures;
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  const statuses = [...byStatus].sort(([a], [b]) => a - b).map(([status, count]) => `  ${status}  ${count}`);
  const width = Math.max(...[...byOperation.keys()].map((name) => name.length));
  const operations = [...byOperation].sort().map(([name, { successes, refusals }]) => {
    return `  ${name.padEnd(width)}  ${String(successes).padStart(7)} 2xx  ${String(refusals).padStart(7)} refused`;
  });
  return [
    `${sent} requests in ${seconds.toFixed(0)} s, ${malformed} of them no HTTP, ${unanswered} behind one that ended a connection`,
    `memory in use: at least ${mib(Math.min(...memory))}, in the end ${mib(memory.at(-1) ?? 0)}; resident at most ${mib(peakResident)}`,
    'by status:',
    ...statuses,
    'by operation:',
    ...operations,
  ].join('\n');
}
