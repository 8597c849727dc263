// The summary for people. Pure: the result of a replay to lines of text.
import { printable } from '../../printable.ts';
import type { ChosenEvents } from '../../traces/event-choice.ts';
import { RANGE_REFUSALS, type RangeRefusal } from '../../traces/placement.ts';
import type {
  BatchPreview,
  BlockSummary,
  ByteCounts,
  FirstRefusal,
  LineCounts,
  PopulatedState,
  ReplaySummary,
} from './summary.ts';

const LABEL_WIDTH = 14;

const DRY_RUN: [string, string][] = [
  ['Dry run', 'nothing was changed. Each conversion was previewed against the present state, not on top of those'],
  ['', 'before it; the figures are as if each that was not refused had been done, in order'],
];

/** @returns text that ends in a line feed */
export function summaryText(summary: ReplaySummary): string {
  const { lines, conversions, bytes, peak, end, seconds, conversionsPerSecond } = summary;
  const rows: [string, string][] = [
    ...(summary.dryRun ? DRY_RUN : []),
    ['Trace', `${summary.trace}, ${count(lines.total)} lines`],
    ['Lines', lineCounts(lines)],
    ...(lines.chosen === null ? [] : [['Applied', chosenText(lines.chosen)] as [string, string]]),
    ...supersededLines(lines),
    ...crossingLines(lines),
    ...refusedLines(lines),
    [
      'Conversions',
      `${count(conversions.posted)} ${summary.dryRun ? 'previewed' : 'posted'}: ` +
        `${count(conversions.changed)} changed something, ` +
        `${count(conversions.unchanged)} no-ops, ${count(conversions.refused)} refused` +
        (conversions.retries > 0 ? `; ${count(conversions.retries)} retries` : ''),
    ],
    ['To shared', `${size(bytes.toShared)}, of it changed ${size(bytes.changedToShared)}${unassigned(bytes)}`],
    ['To private', `${size(bytes.toPrivate)}, of it changed ${size(bytes.changedToPrivate)}`],
    ['Peak', state(peak)],
    ['At the end', state(end)],
    ...summary.blocks.map((block): [string, string] => ['Block', blockText(block, summary.dryRun)]),
    ...Object.entries(summary.refusals).flatMap(([code, { count: times, first }]): [string, string][] => [
      ['Refused', `${code}: ${count(times)}, first at line ${count(first.line)}`],
      ['', firstRefusal(first)],
    ]),
    ...summary.batchPreviews.map((preview): [string, string] => ['As a batch', batchText(preview)]),
    ['Time', `${seconds.toFixed(2)} s, ${count(Math.round(conversionsPerSecond))} conversions/s`],
  ];
  const hint =
    lines.total === lines.foreign
      ? [`No line of ${printable(summary.trace)} is a conversion; see --help for formats.`]
      : [];
  return [...rows.map(([label, text]) => `${label.padEnd(LABEL_WIDTH)}${printable(text)}`), ...hint, ''].join('\n');
}

/** Bytes in the largest unit that leaves a number of at least 1. */
export function size(bytes: number): string {
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 'bytes';
  let value = bytes;
  for (const larger of units) {
    if (value < 1024) break;
    value /= 1024;
    unit = larger;
  }
  return `${Number.isInteger(value) ? value : value.toFixed(2)} ${unit}`;
}

/** With separators, the same in every locale. */
export function count(number: number): string {
  return number.toLocaleString('en-US');
}

/** Says what became of the lines of a trace, for a plan and a replay alike. @param counts `refused` over all reasons */
export function lineCountsText(counts: Omit<CountedLines, 'refused'> & { readonly refused: number }): string {
  const { applied, repeated, layout, foreign, cutOff, refused } = counts;
  const layoutText = layout === 0 ? '' : `${count(layout)} of the memory layout, `;
  return (
    `${count(applied)} applied, ${count(repeated)} counted but not applied, ${layoutText}${count(foreign)} foreign` +
    `${cutOff ? ' (the last one is cut off)' : ''}, ${count(refused)} refused by the range rules`
  );
}

type CountedLines = Pick<LineCounts, 'applied' | 'repeated' | 'layout' | 'foreign' | 'cutOff' | 'refused'>;

/** Says which events are applied, and why. */
export function chosenText({ events, reason }: ChosenEvents): string {
  return `${events.join(' and ')}: ${reason}`;
}

function lineCounts({ refused, ...counts }: LineCounts): string {
  return lineCountsText({ ...counts, refused: Object.values(refused).reduce((total, lines) => total + lines, 0) });
}

function supersededLines({ superseded }: LineCounts): [string, string][] {
  if (superseded === null) return [];
  const { lines, before } = superseded;
  return [
    [
      '',
      `  ${count(lines)} lines of less exact events were taken before line ${count(before)}: this trace is read once`,
    ],
  ];
}

function crossingLines({ crossing, cut }: LineCounts): [string, string][] {
  if (crossing === 0) return [];
  const how = cut === 0 ? 'each as one change of all its blocks' : `${count(cut)} of them cut, block by block`;
  return [['', `  ${count(crossing)} applied over a border of RAM blocks, ${how}`]];
}

function unassigned({ unassigned: bytes }: ByteCounts): string {
  return bytes === 0 ? '' : `; ${size(bytes)} in no RAM block, left out`;
}

function batchText({ idstr, conversions, total, refusal }: BatchPreview): string {
  const which = conversions < total ? `the first ${count(conversions)} of ${count(total)}` : `all ${count(total)}`;
  const what = `${which} conversions of ${idstr}, on top of each other`;
  if (refusal === null) return `${what}: nothing against them is known`;
  const { code, status, errno, detail } = refusal;
  return `${what}: ${code}, ${status}${errno === null ? '' : ` ${errno}`} ${detail}`;
}

function refusedLines({ refused }: LineCounts): [string, string][] {
  // Object.entries forgets which keys there are.
  const reasons = Object.keys(RANGE_REFUSALS) as RangeRefusal[];
  return reasons
    .filter((reason) => refused[reason] > 0)
    .map((reason) => ['', `  ${count(refused[reason])} ${RANGE_REFUSALS[reason]}`]);
}

function state({ populatedBytes, mappingsPerPage, mappingsPerRun }: PopulatedState): string {
  return `${size(populatedBytes)} populated; DMA mappings: ${count(mappingsPerPage)} per page, ${count(mappingsPerRun)} per run`;
}

function blockText(block: BlockSummary, dryRun: boolean): string {
  const { machine, idstr, gpa, usedLength, created, populatedBytes, runs } = block;
  const place = gpa === null ? '' : ` at 0x${gpa.toString(16)}`;
  const origin = created ? ', created' : '';
  const state = `${size(populatedBytes)} in ${count(runs)} ${runs === 1 ? 'run' : 'runs'}`;
  return `${idstr} in machine ${machine}, ${size(usedLength)}${place}${origin}; ${dryRun ? 'then' : 'now'} ${state}`;
}

function firstRefusal({ gpa, offset, size: bytes, to, blocks, idstr, ...first }: FirstRefusal): string {
  const start = gpa === null ? `offset 0x${(offset ?? 0).toString(16)}` : `gpa 0x${gpa.toString(16)}`;
  const where = blocks.length > 1 && idstr !== null ? `, refused in ${idstr}` : '';
  const what = `${start} size 0x${bytes.toString(16)} of ${blocks.join(' and ')} to ${to}${where}`;
  const { status, errno, detail, populated } = first;
  const mappings = `${count(populated.mappingsPerPage)} DMA mappings per page, ${count(populated.mappingsPerRun)} per run`;
  return `  ${what}, with ${mappings}: ${status}${errno === null ? '' : ` ${errno}`} ${detail}`;
}
