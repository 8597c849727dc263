// What listeners have mapped, as far as it is known here: all of it follows from what they acknowledged, and where that is
// not what is populated, the difference is what the dashboard is there to show.
import { formatBytes, plural } from './bytes.ts';
import type { CellCounts } from './page-states.ts';
import type { Listener, Section } from './resources.ts';

export interface Mapping {
  readonly listener: Listener;
  /** unknown: it may or may not be mapped. behind: an async one, which is told later. */
  readonly state: 'mapped' | 'partly' | 'not mapped' | 'unknown' | 'behind';
}

function overlaps(a: Section, b: Section): boolean {
  return a.offset < b.offset + b.size && b.offset < a.offset + a.size;
}

/** Whether a part of `range` is unsettled for the listener. */
export function isUnsettled(listener: Listener, range: Section): boolean {
  if (listener.state === 'removing') return overlaps(listener.section, range);
  return listener.unsettled.sections.some((section) => overlaps(section, range));
}

/** Of each listener whose section has a part of `range`: does it have it mapped? */
export function mappingsOf(listeners: readonly Listener[], range: Section, counts: CellCounts): Mapping[] {
  return listeners
    .filter(({ section }) => overlaps(section, range))
    .map((listener) => ({ listener, state: mappingState(listener, range, counts) }));
}

function mappingState(listener: Listener, range: Section, counts: CellCounts): Mapping['state'] {
  if (isUnsettled(listener, range) || listener.state === 'registering') return 'unknown';
  const { mode, state, position } = listener;
  if (mode === 'async' && (position.pending > 0 || state !== 'active')) return 'behind';
  if (counts.shared === 0) return 'not mapped';
  const { section } = listener;
  const isInside = section.offset <= range.offset && section.offset + section.size >= range.offset + range.size;
  return counts.shared === counts.pages && isInside ? 'mapped' : 'partly';
}

/** What a listener has mapped against what it should have. */
export interface Difference {
  /** moving: the two were read while the block changed, and cannot be compared. */
  readonly kind: 'equal' | 'different' | 'moving';
  readonly text: string;
}

/** @param populated bytes that are populated in its section, read at the same generation; null when it was not */
export function differenceOf(listener: Listener, populated: number | null): Difference {
  const { unsettled, mapped, state, mode, position } = listener;
  if (unsettled.unknownBytes > 0) {
    const text = `${formatBytes(unsettled.unknownBytes)} may still be mapped: the discard is not acknowledged`;
    return { kind: 'different', text };
  }
  if (unsettled.bytes > 0) {
    return { kind: 'different', text: `${formatBytes(unsettled.bytes)} populated, but not mapped` };
  }
  if (state === 'removing') return { kind: 'different', text: 'its section may still be mapped: it is being removed' };
  if (populated === null) return { kind: 'moving', text: 'the block is changing' };
  if (mapped.bytes === populated && !(mode === 'async' && position.pending > 0)) {
    return { kind: 'equal', text: 'mapped = populated' };
  }
  return { kind: 'different', text: behindBy(listener, mapped.bytes - populated) };
}

function behindBy({ position, state }: Listener, bytes: number): string {
  const more = bytes === 0 ? 'as much' : `${formatBytes(Math.abs(bytes))} ${bytes > 0 ? 'more' : 'less'}`;
  const why = position.pending > 0 ? `, ${plural(position.pending, 'delivery', 'deliveries')} behind` : '';
  return `${more} mapped than populated${why}${state === 'disabled' ? ', and told nothing' : ''}`.replace(
    'as much mapped than',
    'as much mapped as',
  );
}
