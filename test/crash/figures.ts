// The figures of a crash test, as a table.
import type { Figures } from './campaign.ts';

export function figuresText(figures: Figures): string {
  const { readyMs } = figures;
  const sorted = readyMs.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
  const rows: [string, string | number][] = [
    ['rounds', figures.rounds],
    ['processes killed', figures.kills],
    ['of these before they were ready', figures.killsDuringStart],
    ['of these while a snapshot was saved', figures.killsDuringSnapshot],
    ['of these aimed at what was mapped and not answered', figures.killsAimed],
    ['requests', figures.requests],
    ['answered', figures.answered],
    ['of these with nothing done (listener, range)', figures.excused],
    ['unanswered', figures.unanswered],
    ['of these done, as a whole', figures.doneUnanswered],
    ['changes of blocks', figures.generations],
    ['deliveries', figures.deliveries],
    ['late copies of them', figures.lateCopies],
    ['intents that a start found open', figures.recoveredIntents],
    ['time to ready, median', `${at(0.5)} ms`],
    ['time to ready, 95 of 100', `${at(0.95)} ms`],
    ['time to ready, longest', `${at(1)} ms`],
  ];
  const width = Math.max(...rows.map(([what]) => what.length));
  return rows.map(([what, value]) => `${what.padEnd(width)}  ${value}`).join('\n');
}
