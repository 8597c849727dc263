// Figures out of windows of load: requests in a second, and the time that the serving thread works for each.
import { type Figure, figure, type Reach } from '../measure.ts';
import type { Window } from './cluster.ts';

/** What of a window makes a figure. */
export type Sent = Pick<Window, 'requestsPerSecond' | 'cpuMicroseconds'>;

export interface Compared {
  readonly id: string;
  readonly what: string;
  readonly values: readonly Sent[];
  readonly yardsticks: readonly Sent[];
  readonly reach: Reach;
}

/** The rate, which is what counts, and the work behind it, which tells more while the machine is shared. */
export function loadFigures({ id, what, values, yardsticks, reach }: Compared): Figure[] {
  const rate = (windows: readonly Sent[]) => windows.map(({ requestsPerSecond }) => requestsPerSecond);
  const work = (windows: readonly Sent[]) => windows.map(({ cpuMicroseconds }) => cpuMicroseconds);
  return [
    figure({ id, what, unit: '/s' }, rate(values), rate(yardsticks), reach),
    figure(
      { id: `${id}-cpu`, what: '  work of the main thread for each', unit: 'us' },
      work(values),
      work(yardsticks),
      null,
    ),
  ];
}
