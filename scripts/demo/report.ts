// The demo in words: a table with a column for each scenario, a line that tells its story, and what went wrong.

import { count, size } from '../../src/cli/replay/summary-text.ts';
import type { SimulatorState } from '../../src/cli/simulator/server.ts';
import { printable } from '../../src/printable.ts';
import type { Outcome } from './drive.ts';
import type { Result } from './scenario.ts';

/** A text of several lines, without a line feed at its end. */
export function table(results: readonly Result[]): string {
  const rows: [string, (result: Result) => string][] = [
    ['', ({ scenario }) => scenario.title],
    ['DMA mappings allowed', ({ scenario }) => each(scenario.blocks, ({ dmaMaxMappings }) => dmaMaxMappings)],
    ['conversions', ({ outcome }) => count(outcome.conversions)],
    ['  that changed something', ({ outcome }) => count(outcome.changed)],
    ['  that crossed blocks', ({ outcome }) => count(outcome.crossing)],
    ['  that a device refused', ({ outcome }) => count(outcome.refused)],
    ['turned shared', ({ outcome }) => size(outcome.changedToShared)],
    ['turned private', ({ outcome }) => size(outcome.changedToPrivate)],
    ['most shared at once', ({ outcome }) => size(outcome.peakBytes)],
    ['most mappings at once', ({ devices }) => each(devices, ({ peakMappings }) => peakMappings)],
    ['webhooks sent', ({ devices }) => count(deliveries(devices))],
    ['conversions per second', ({ outcome }) => count(Math.round(outcome.conversions / outcome.seconds))],
    ['events followed', ({ events }) => count(eventsOf({ events }))],
    ['mapped = populated', ({ equal }) => (equal ? 'yes' : 'NO')],
    ['  the async mirror, too', ({ mirror, mirrorEqual }) => (mirror === null ? '-' : mirrorEqual ? 'yes' : 'NO')],
  ];
  const cells = rows.map(([label, of]) => [label, ...results.map(of)]);
  const widths = ['', ...results].map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number): string => {
    const width = widths[column] ?? 0;
    return column === 0 ? cell.padEnd(width) : cell.padStart(width);
  };
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return cells
    .map((row) => row.map(pad).join('  '))
    .toSpliced(1, 0, rule)
    .join('\n');
}

/** One line. */
export function story({ scenario, outcome, devices, mirror, preview }: Result): string {
  const sentences: string[] = [];
  if (preview !== null) sentences.push(`A dry run says that ${count(preview.changed)} would change something.`);
  if (scenario.how === 'batch') {
    const [sent, alone] = [count(deliveries(devices)), count(outcome.changed)];
    sentences.push(`As one change, and one durable write, they take ${sent} webhooks instead of ${alone}.`);
  }
  if (mirror !== null) sentences.push('An async mirror beside the device is told of all that afterwards.');
  if (outcome.crossing > 0) sentences.push(`Each of the ${outcome.crossing} that cross blocks is one change of both.`);
  sentences.push(scenario.refuses ? refusalStory(outcome) : needs(devices, outcome.peakPerRun));
  return `${scenario.title}: ${sentences.join(' ')}`;
}

function needs(devices: readonly SimulatorState[], peakPerRun: number): string {
  const perPage = each(devices, ({ peakMappings }) => peakMappings);
  return `The device needs ${perPage} mappings at its peak, ${count(peakPerRun)} if it can map a run at once.`;
}

function refusalStory({ refusals }: Outcome): string {
  const [, first] = refusals[0] ?? [];
  if (first === undefined) return 'Nothing was refused.';
  const { line, populated, blocks, idstr, listenerDetail } = first;
  if (blocks.length > 1) {
    const others = blocks.filter((block) => block !== idstr).join(', ');
    return `At line ${count(line)} the device of ${idstr} refuses, and the one of ${others} unmaps what it had mapped for that: "${printable(listenerDetail ?? '')}"`;
  }
  return `ENOSPC begins at line ${count(line)}, with ${count(populated.mappingsPerPage)} pages mapped. On a real machine this is where VFIO_MAP_DMA fails: "${printable(listenerDetail ?? '')}"`;
}

/** What is not as it must be: a text each. */
export function complaintsAbout(result: Result): string[] {
  const { scenario, outcome, devices, equal, mirror, mirrorEqual, preview, previewKept, events } = result;
  const complaints: string[] = [];
  if (!equal) complaints.push('the mappings of a device are not the populated pages');
  if (mirror !== null && !mirrorEqual) complaints.push('the mappings of the mirror are not the populated pages');
  for (const { violations, pendingGaps } of mirror === null ? devices : [...devices, mirror]) {
    if (violations.count > 0) complaints.push(`a device saw ${JSON.stringify(violations.byKind)}`);
    if (pendingGaps.length > 0) complaints.push('deliveries are missing');
  }
  if (outcome.refused > 0 !== scenario.refuses) complaints.push(`${outcome.refused} conversions were refused`);
  const codes = outcome.refusals.map(([code, { errno }]) => `${code} ${errno}`);
  if (codes.some((code) => code !== 'listener-refused ENOSPC')) complaints.push(`refused with ${codes.join(', ')}`);
  if (!previewKept) complaints.push('the dry run changed something');
  if (preview !== null && !scenario.refuses && preview.changed !== outcome.changed) {
    complaints.push(`the dry run said that ${preview.changed} conversions would change something`);
  }
  if (outcome.crossing > 0 !== scenario.blocks.length > 1) complaints.push(`${outcome.crossing} crossed blocks`);
  const told = events.get('conversion.committed') ?? 0;
  if (scenario.blocks.length === 1 && told !== outcome.changed) complaints.push(`${told} conversions came as events`);
  return complaints;
}

function each<T>(items: readonly T[], of: (item: T) => number): string {
  return items.map((item) => count(of(item))).join(' + ');
}

function deliveries(devices: readonly SimulatorState[]): number {
  return devices.reduce((total, { deliveries: { populate, discard } }) => total + populate + discard, 0);
}

function eventsOf({ events }: Pick<Result, 'events'>): number {
  return [...events.values()].reduce((total, times) => total + times, 0);
}
