// What is asked of one source, planned: what changes, who would hear of it, and how it is answered and recorded.
import type { RamBlock } from '../core/ram-block.ts';
import type { Plan } from '../core/ram-discard-manager.ts';
import { asPageState, type RamDiscardSource } from '../core/ram-discard-source.ts';
import type { Conversion, DeliveryReason, PageState, Populatedness, SourceStep } from '../core/records.ts';
import { countPages, type PageRange, type Section, toSection } from '../core/section.ts';
import { Problem, type ProblemCode } from '../errors.ts';
import type { Answered } from '../journal/journal.ts';
import { carryOut, type Part } from './changes.ts';
import type { LiveBlock } from './live-block.ts';

/** What of a change fails because of a listener; events tell of it. */
const FAILURES: readonly ProblemCode[] = [
  'listener-refused',
  'listener-unreachable',
  'discard-unacknowledged',
  'listener-unsettled',
  'mapping-limit',
];
/** The steps of a change that the event of its failure shows. */
const FAILED_SHOWN = 100;

/** The runs that a Conversion shows. */
const CHANGED_SHOWN = 1000;

/** One step as it is asked for. `runs` are the pages of `section` (bytes) that it sets, where those are not all. */
export interface Asked<To> {
  readonly section: Section;
  readonly to: To;
  readonly runs?: readonly PageRange[];
}

/** A change of one source in one or several steps. Its records are empty where nothing changes. */
export interface Planned extends Part {
  readonly conversions: readonly Conversion[];
  readonly reason: DeliveryReason;
}

/**
 * Plans the steps, each on top of those before it.
 * @param newId of each conversion that changes anything; null where it is only to be shown
 * @throws Problem `invalid-range`; of several, it says of which
 */
export function planSteps(
  live: LiveBlock,
  source: RamDiscardSource,
  asked: readonly Asked<PageState | Populatedness>[],
  newId: () => string | null,
): Planned {
  const { block } = live;
  const { manager } = block;
  const steps = asked.map(({ section, to, runs }, index) => {
    const range = inBatch(asked.length, index, () => source.rangeOf(section, block.usedLength, block.pageSize));
    return { source, range, populate: to === 'shared' || to === 'populated', runs };
  });
  const { plans, peaks } = manager.rehearse(steps);
  const changing = plans.filter(({ changed }) => changed.length > 0);
  const generation = block.generation + (changing.length > 0 ? 1 : 0);
  const conversions = plans.map((plan, index) => {
    const id = plan.changed.length > 0 ? newId() : null;
    const { section, to } = asked[index] as Asked<PageState | Populatedness>;
    return describe(block, plan, section, to, id, generation);
  });
  const recorded: SourceStep[] = conversions.flatMap((conversion, index) => {
    const runs = asked[index]?.runs;
    if (plans[index]?.changed.length === 0) return [];
    return [runs === undefined ? { conversion } : { conversion, runs }];
  });
  const sourceId = source.definition.id;
  return {
    live,
    conversions,
    rounds: manager.rounds(changing),
    peaks,
    reason: source.isRamBlockAttributes ? 'conversion' : 'source',
    // What several conversions bring about together is of none of them.
    conversionId: recorded.length === 1 ? (recorded[0]?.conversion.id ?? null) : null,
    records: recorded.length === 0 ? [] : [{ ramBlockId: block.id, kind: 'source-changed', sourceId, steps: recorded }],
    plans: changing,
  };
}

/** {@link carryOut} of changes that were planned here; who follows events hears of a failure. */
export async function carryOutPlanned(
  parts: readonly Planned[],
  reason: DeliveryReason,
  answered: Answered | null,
): Promise<void> {
  try {
    await carryOut(parts, reason, answered);
  } catch (error) {
    if (error instanceof Problem && FAILURES.includes(error.code)) {
      for (const { live, conversions } of parts) {
        live.dependencies.events.failed(live.block, failedChange(conversions), error);
      }
    }
    throw error;
  }
}

function failedChange(conversions: readonly Conversion[]): object {
  const asked = conversions.slice(0, FAILED_SHOWN).map(({ offset, size, to }) => ({ offset, size, to }));
  const [only] = asked;
  if (only !== undefined && conversions.length === 1) return only;
  return { conversions: asked, conversionsTruncated: conversions.length > FAILED_SHOWN };
}

function describe(
  block: RamBlock,
  { changed, effective, from }: Plan,
  { offset, size }: Section,
  to: PageState | Populatedness,
  id: string | null,
  generation: number,
): Conversion {
  return {
    id,
    ramBlockId: block.id,
    offset,
    size,
    to,
    from: to === 'shared' || to === 'private' ? asPageState(from) : from,
    changedBytes: countPages(changed) * block.pageSize,
    changed: changed.slice(0, CHANGED_SHOWN).map((run) => toSection(run, block.pageSize)),
    changedTruncated: changed.length > CHANGED_SHOWN,
    generation,
    notified: block.manager.callsFor(effective).map(({ listener }) => listener.id),
  };
}

/** Runs `check` of one of `count` steps; what it throws names the step where there are several. */
export function inBatch<T>(count: number, index: number, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof Problem) || count === 1) throw error;
    const pointer = `#/conversions/${index}`;
    const errors = [{ pointer, detail: error.message }];
    throw new Problem(error.code, `conversion ${index}: ${error.message}`, { ...error.extras, errors });
  }
}
