// A cell of the map in words: where it is, what its pages are, and who has them mapped.
import { formatBytes, formatShare, hex, plural } from './bytes.ts';
import type { PageRange } from './map-window.ts';
import { type Mapping, mappingsOf } from './mapped-by.ts';
import { type CellCounts, stateOf } from './page-states.ts';
import type { Listener, RamBlock } from './resources.ts';

export interface CellText {
  readonly offset: string;
  /** Guest physical address; null where the block has none. */
  readonly gpa: string | null;
  readonly size: string;
  readonly state: string;
  /** The listeners whose section it is in. */
  readonly mapped: readonly { readonly label: string; readonly state: Mapping['state']; readonly isBad: boolean }[];
}

export interface CellOptions {
  readonly block: RamBlock;
  readonly pages: PageRange;
  readonly counts: CellCounts;
  readonly listeners: readonly Listener[];
  readonly labelOf: (listenerId: string) => string;
}

export function cellText({ block, pages, counts, listeners, labelOf }: CellOptions): CellText {
  const { pageSize, gpa } = block;
  const offset = pages.start * pageSize;
  const size = (pages.end - pages.start) * pageSize;
  const mapped = mappingsOf(listeners, { offset, size }, counts).map(({ listener, state }) => {
    return { label: labelOf(listener.id), state, isBad: state === 'unknown' || state === 'behind' };
  });
  return {
    offset: `${hex(offset)} – ${hex(offset + size - 1)}`,
    gpa: gpa === null ? null : `${hex(gpa + offset)} – ${hex(gpa + offset + size - 1)}`,
    size: `${formatBytes(size)}, ${plural(counts.pages, 'page')}`,
    state: stateText(counts),
    mapped,
  };
}

function stateText(counts: CellCounts): string {
  const state = stateOf(counts);
  if (state !== 'mixture') return state;
  const { pages, shared, discarded, private: hidden, isExact } = counts;
  const parts = [`${plural(shared, 'page')} shared (${formatShare(shared, pages)})`];
  if (hidden > 0) parts.push(`${isExact ? '' : 'at most '}${plural(hidden, 'page')} private`);
  if (discarded > 0)
    parts.push(`${isExact ? '' : 'at least '}${plural(discarded, 'page')} discarded by another source`);
  return `mixture: ${parts.join(', ')}`;
}

/** All of it in one sentence, to be read out. */
export function spoken({ offset, gpa, size, state, mapped }: CellText): string {
  const where = gpa === null ? `offset ${offset}` : `offset ${offset}, guest physical address ${gpa}`;
  const who = mapped.length === 0 ? 'no listener' : mapped.map((one) => `${one.label} ${one.state}`).join(', ');
  return `${state}; ${where}; ${size}; ${who}`;
}
