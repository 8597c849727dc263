// The plan for people, and its drawing: what they say of plans of all kinds.
import { describe, expect, it } from 'vitest';
import { planSvg } from '../../../src/cli/plan/plan-svg.ts';
import { planText } from '../../../src/cli/plan/plan-text.ts';
import { timeText } from '../../../src/cli/plan/words.ts';
import { GIB, MIB, PAGE, planText as planOf, stateChange, toPrivate, toShared } from '../../planner/planning.ts';

const stamped = (seconds: number, line: string) => `4711@17000${seconds.toFixed(6).padStart(13, '0')}:${line}`;

/** Two pages of one piece of 2 MiB, then a third of another, then one turns private again, twice; over 3 seconds. */
const TRACE = [
  stamped(1, toShared(4 * GIB, 2 * PAGE)),
  stamped(2, toShared(4 * GIB + 4 * MIB, PAGE)),
  stamped(2.5, toPrivate(4 * GIB, PAGE)),
  stamped(4, toPrivate(4 * GIB, PAGE)),
].join('');

/** The lines of the text that begin with `label`. */
const linesOf = (text: string, label: string) => text.split('\n').filter((line) => line.startsWith(label));

describe('the text', () => {
  it('has a row for each tracking, and one for all RAM', async () => {
    const text = planText('t', await planOf(TRACE, { limit: 2, maps: ['4G:1G:pc.ram'] }));
    expect(linesOf(text, 'Tracked').map((line) => line.replaceAll(/ {2,}/g, ' | '))).toEqual([
      'Tracked | DMA mappings | at the end | Pinned | at the end | of RAM | Over 2',
    ]);
    const rows = ['per page', 'per run', 'at 64 KiB', 'at 2 MiB', 'at 1 GiB', 'all RAM'].flatMap((label) =>
      linesOf(text, label),
    );
    expect(rows.map((line) => line.replaceAll(/ {2,}/g, ' | '))).toEqual([
      'per page | 3 | 2 | 12 KiB | 8 KiB | 0.0 % | from line 2 (1 s) on, for 500 ms',
      'per run | 2 | 2 | 12 KiB | 8 KiB | 0.0 % | never',
      'at 64 KiB | 2 | 2 | 128 KiB | 128 KiB | 0.0 % | never',
      'at 2 MiB | 2 | 2 | 4 MiB | 4 MiB | 0.4 % | never',
      'at 1 GiB | 1 | 1 | 1 GiB | 1 GiB | 100.0 % | never',
      'all RAM | 1 | 1 | 1 GiB | 1 GiB | 100 % | never',
    ]);
    expect(linesOf(text, 'Memory')).toEqual(['Memory        1 GiB: 1 GiB at 0x100000000 (pc.ram)']);
    expect(linesOf(text, 'Fits')).toEqual([
      'Fits          in 2 DMA mappings from 64 KiB on; per page with vfio_iommu_type1.dma_entry_limit=3',
    ]);
    expect(linesOf(text, 'Kept pinned')[0]).toMatch(
      /at 64 KiB 1 of 2 \(up to 120 KiB\), at 2 MiB 1 of 2 .*, at 1 GiB 1 of 2/,
    );
  });

  it('says that the memory is guessed, and that no granularity fits', async () => {
    const text = planText('t', await planOf(toShared(0, GIB) + toShared(GIB, GIB), { limit: 1 }));
    expect(linesOf(text, 'Memory')).toEqual([
      'Memory        2 GiB, guessed from the trace (--map says it exactly): 2 GiB at 0x0',
    ]);
    expect(linesOf(text, 'Fits')).toEqual([
      `Fits          in 1 DMA mappings at no granularity; per page with vfio_iommu_type1.dma_entry_limit=${2 ** 19}`,
    ]);
  });

  it('counts conversions where the trace has no times', async () => {
    const text = planText(
      't',
      await planOf(toShared(0, 2 * PAGE) + toPrivate(0, PAGE) + toPrivate(0, 2 * PAGE), { limit: 1 }),
    );
    expect(linesOf(text, 'Trace')).toEqual([
      'Trace         t, 3 lines, without times: durations are counted in conversions',
    ]);
    expect(linesOf(text, 'per page')[0]).toMatch(/from line 1 on, for 1 conversion$/);
    expect(linesOf(text, 'Shared for')).toEqual([
      'Shared for 1 conversion to 2 conversions, 1.5 conversions on average: 2 ranges; 0 ranges (0 bytes) are shared at the end',
    ]);
    expect(text).not.toContain('a second');
  });

  it('says what was refused, what is cut off, and which events are applied', async () => {
    const cutOff = 'kvm_convert_memory start 0x';
    const text = planText('t', await planOf(toShared(1, PAGE) + toShared(0, PAGE) + stateChange(0, PAGE) + cutOff));
    expect(linesOf(text, 'Lines')).toEqual([
      'Lines         1 applied, 1 counted but not applied, 1 foreign (the last one is cut off), 1 refused by the range rules',
    ]);
    expect(linesOf(text, 'Applied')).toEqual([
      'Applied       kvm_convert_memory: it has every conversion that QEMU made, by guest physical address; the lines of ram_block_attributes_state_change (1) tell of the same, less exactly',
    ]);
    expect(text).toContain('\n                1 not on page borders, first line 1\n');
  });

  it('does not let names reach the terminal as they are', async () => {
    const text = planText(
      'a\u001b[2Jb',
      await planOf(stateChange(0, PAGE), { maps: ['0:1G:\u001bram'], block: '\u001bother' }),
    );
    expect(text).not.toContain('\u001b');
    expect(text).toContain('a\\u{1b}[2Jb');
  });

  it.each([
    [0, '0 s'],
    [0.000_000_5, '0.5 us'],
    [0.000_137, '137 us'],
    [0.059_692, '59.7 ms'],
    [2.958_7, '2.96 s'],
    [599, '599 s'],
    [3600, '60 min'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(timeText(seconds)).toBe(text);
  });
});

describe('the drawing', () => {
  /** The heights of the strokes of a curve, in its order. */
  const heights = (path: string) => [...path.matchAll(/V([\d.]+)H/g)].map(([, y]) => Number(y));

  it('has two panels with a curve for each tracking, and the lines that they are held against', async () => {
    const svg = planSvg('t', await planOf(TRACE, { limit: 2, points: 10 }));
    const curves = [...svg.matchAll(/<path d="(M[\d. ]+(?:V[\d.]+H[\d.]+)+)"[^>]*stroke-width="1.5"/g)].map(
      ([, path]) => heights(path ?? ''),
    );
    expect(curves).toHaveLength(10);
    expect(new Set(curves.map((curve) => curve.length)).size).toBe(1);
    // The first: 2, then 3, then 2 and 1 more mappings. More is higher up.
    const [first = []] = curves;
    expect(Math.max(...first)).toBe(first[0]);
    expect(Math.min(...first)).toBeLessThan(first.at(-1) ?? 0);
    expect(svg).toContain('>limit 2<');
    expect(svg).toContain('>all RAM 1 GiB<');
  });

  it('of names that are no XML is XML', async () => {
    const svg = planSvg('<a href="x">&\u0000\ud800', await planOf(TRACE));
    expect(svg).toContain('What &lt;a href="x"&gt;&amp;?? needs');
  });

  it('of a trace of which nothing is applied has no number that is none', async () => {
    const svg = planSvg('t', await planOf(toShared(1, PAGE)));
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    expect(planText('t', await planOf(toShared(1, PAGE)))).not.toMatch(/NaN|Infinity|undefined/);
  });
});
