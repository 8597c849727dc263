// Steps of changes of a source as tests record them.
import type { SourceStep } from '../../src/core/records.ts';
import type { PageRange } from '../../src/core/section.ts';

/** A step that turned all of `range`, and told nobody. */
export function turned(range: PageRange, populate: boolean, id: string | null = 'cnv_1'): SourceStep {
  const from = populate ? 'discarded' : 'populated';
  return { id, range, populate, from, changed: [range], changedPages: range.end - range.start, notified: [] };
}

/** A step of which it is not recorded what it turned, as where there was too much of it. */
export function unplanned(range: PageRange, populate: boolean): SourceStep {
  return { ...turned(range, populate), changed: [], changedPages: 1 };
}
