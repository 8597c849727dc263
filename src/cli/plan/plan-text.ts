// The plan for people. Pure: a plan to lines of text.
import type { Plan, PlanBlock, PlanExceeded, PlanTracking } from '../../planner/plan.ts';
import { printable } from '../../printable.ts';
import { RANGE_REFUSALS } from '../../traces/placement.ts';
import { chosenText, count, lineCountsText, size } from '../replay/summary-text.ts';
import { timeText, trackingText } from './words.ts';

const LABEL_WIDTH = 14;
const BAR = 30;
const WITHOUT_TIMES = 'without times: durations are counted in conversions';

/** @param trace its name @returns text that ends in a line feed */
export function planText(trace: string, plan: Plan): string {
  const { lines, clock, conversions } = plan;
  const rows: [string, string][] = [
    [
      'Trace',
      `${printable(trace)}, ${count(lines.total)} lines, ${clock.unit === 'seconds' ? timeText(clock.duration) : WITHOUT_TIMES}`,
    ],
    ['Memory', memory(plan)],
    ['Lines', lineCounts(plan)],
    ['Applied', chosenText(lines.chosen)],
    ...lines.refused.map(({ reason, lines: times, firstLine }): [string, string] => {
      return ['', `  ${count(times)} ${RANGE_REFUSALS[reason]}, first line ${count(firstLine)}`];
    }),
    [
      'Conversions',
      `${count(conversions.total)}: ${count(conversions.changed)} changed something, ${count(conversions.unchanged)} no-ops, ` +
        `${count(conversions.mixed)} of a mixture, ${count(conversions.acrossBlocks)} across blocks`,
    ],
    ...rate(plan),
    ['To shared', direction(conversions.toShared)],
    ['To private', direction(conversions.toPrivate)],
  ];
  const facts: [string, string][] = [
    ['Fits', fits(plan)],
    ['Memlock', memlock(plan)],
    ...inPlace(plan),
    ['A listener', listener(plan)],
  ];
  return [
    ...rows.map(labelled),
    '',
    ...table(plan),
    '',
    ...facts.map(labelled),
    '',
    ...lifetimes(plan),
    ...sizes(plan),
    ...hottest(plan),
    '',
  ].join('\n');
}

const labelled = ([label, text]: [string, string]): string => `${label.padEnd(LABEL_WIDTH)}${text}`;

function duration({ clock: { unit } }: Plan, value: number): string {
  if (unit === 'seconds') return timeText(value);
  return value === 1 ? '1 conversion' : `${count(Number(value.toFixed(1)))} conversions`;
}

function memory({ blocks, ramBytes, layout }: Plan): string {
  const place = ({ idstr, gpa, size: bytes, guessed }: PlanBlock) => {
    return `${size(bytes)}${gpa === null ? '' : ` at 0x${gpa.toString(16)}`}${guessed ? '' : ` (${printable(idstr)})`}`;
  };
  const origins = {
    map: '',
    trace: ', as its kvm_set_user_memory lines say',
    guess: ', guessed from the trace (--map says it exactly)',
  };
  return `${size(ramBytes)}${origins[layout]}: ${blocks.map(place).join(', ')}`;
}

function lineCounts({ lines: { refused, ...counts } }: Plan): string {
  return lineCountsText({ ...counts, refused: refused.reduce((total, { lines }) => total + lines, 0) });
}

function rate({ conversions: { perSecond, busiestSecond } }: Plan): [string, string][] {
  if (perSecond === null || busiestSecond === null) return [];
  const { at, conversions } = busiestSecond;
  return [['', `${count(Math.round(perSecond))} a second; most in second ${count(at)}: ${count(conversions)}`]];
}

function direction({ conversions, bytes, changedBytes }: Plan['conversions']['toShared']): string {
  return `${count(conversions)} of ${size(bytes)} together, of it changed ${size(changedBytes)}`;
}

function table(plan: Plan): string[] {
  const { ramBytes, blocks, limit } = plan;
  const head = ['Tracked', 'DMA mappings', 'at the end', 'Pinned', 'at the end', 'of RAM', `Over ${count(limit)}`];
  const rows = plan.trackings.map((tracking) => {
    const { mappings, pinned } = tracking;
    return [
      ...[trackingText(tracking.tracking), count(mappings.peak), count(mappings.end)],
      ...[size(pinned.peakBytes), size(pinned.endBytes), percent(pinned.peakBytes, ramBytes)],
      exceededText(plan, mappings.exceeded),
    ];
  });
  const all = ['all RAM', count(blocks.length), count(blocks.length), size(ramBytes), size(ramBytes), '100 %', 'never'];
  return aligned([head, ...rows, all]);
}

function exceededText(plan: Plan, exceeded: PlanExceeded | null): string {
  if (exceeded === null) return 'never';
  const { first, times } = exceeded;
  const at = plan.clock.unit === 'seconds' ? ` (${timeText(first.at)})` : '';
  const again = times === 1 ? '' : `, ${count(times)} times`;
  return `from line ${count(first.line)}${at} on, for ${duration(plan, exceeded.duration)}${again}`;
}

/** The first and the last column to the left, the others to the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) => {
    const cells = row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return column === 0 || column === columns - 1 ? cell.padEnd(width) : cell.padStart(width);
    });
    return cells.join('  ').trimEnd();
  });
}

function fits({ trackings, limit, smallestGranularity }: Plan): string {
  const page = trackings[0]?.mappings.peak ?? 0;
  if (page <= limit) return `${count(limit)} DMA mappings are enough per page; ${count(page)} would be`;
  const raised = `per page with vfio_iommu_type1.dma_entry_limit=${page}`;
  return smallestGranularity === null
    ? `in ${count(limit)} DMA mappings at no granularity; ${raised}`
    : `in ${count(limit)} DMA mappings from ${size(smallestGranularity)} on; ${raised}`;
}

function memlock({ trackings, ramBytes }: Plan): string {
  const kib = (bytes: number) => count(Math.ceil(bytes / 1024));
  const each = trackings
    .filter(({ granularity }) => granularity !== null)
    .map(({ tracking, pinned }) => `${kib(pinned.peakBytes)} ${trackingText(tracking)}`);
  return `KiB (ulimit -l): ${each.join(', ')}; ${kib(ramBytes)} for all RAM`;
}

function inPlace({ trackings, conversions }: Plan): [string, string][] {
  const pinned = trackings.filter(({ pinnedConversions }) => pinnedConversions > 0);
  if (pinned.length === 0) return [];
  const text = ({ tracking, pinnedConversions, pinned: { peakPrivateBytes } }: PlanTracking) => {
    return `${trackingText(tracking)} ${count(pinnedConversions)} of ${count(conversions.toPrivate.conversions)} (up to ${size(peakPrivateBytes)})`;
  };
  return [
    [
      'Kept pinned',
      `conversions to private of pages that stay mapped with their piece: ${pinned.map(text).join(', ')}`,
    ],
    ['', 'Where memory is converted in place (guest_memfd), these cannot be done while the piece is mapped.'],
  ];
}

function listener({ listener: { requests, populates, discards, sections, bytes, largest } }: Plan): string {
  const most = largest === null ? '' : `; the largest has ${count(largest.sections)} in ${size(largest.bytes)}`;
  return (
    `would be sent ${count(requests)} requests (${count(populates)} populates, ${count(discards)} discards), ` +
    `${count(sections)} sections, ${size(bytes)} of JSON${most}`
  );
}

function lifetimes(plan: Plan): string[] {
  const { lifetimes: all } = plan;
  const still = `${count(all.stillSharedRanges)} ranges (${size(all.stillSharedBytes)}) are shared at the end`;
  if (all.mean === null || all.shortest === null || all.longest === null) return [`Shared until the end: ${still}`];
  const [mean, shortest, longest] = [all.mean, all.shortest, all.longest].map((value) => duration(plan, value));
  const rows = all.histogram.map(({ below, ranges, bytes }) => {
    return ['', `below ${duration(plan, below)}`, count(ranges), size(bytes), bar(ranges / all.ranges)];
  });
  return [
    `Shared for ${shortest} to ${longest}, ${mean} on average: ${count(all.ranges)} ranges; ${still}`,
    ...aligned(rows),
  ];
}

function sizes({ conversions: { sizes: classes, total } }: Plan): string[] {
  const rows = classes.map(({ upTo, toShared, toPrivate }) => {
    return ['', `up to ${size(upTo)}`, count(toShared), count(toPrivate), bar((toShared + toPrivate) / total)];
  });
  return ['Sizes of conversions, to shared and to private', ...aligned(rows)];
}

function hottest({ hottest: { pieces, exact, pieceBytes } }: Plan): string[] {
  const rows = pieces.map(({ idstr, offset, gpa, conversions }) => {
    const place = gpa === null ? `${printable(idstr)} offset 0x${offset.toString(16)}` : `0x${gpa.toString(16)}`;
    return ['', place, `${count(conversions)} conversions`, ''];
  });
  return [`Converted most, of pieces of ${size(pieceBytes)}${exact ? '' : ' (at least so often)'}`, ...aligned(rows)];
}

function bar(share: number): string {
  return '#'.repeat(Math.ceil(share * BAR));
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '' : `${((100 * part) / whole).toFixed(1)} %`;
}
