// What is asked of one source, planned: what changes, who would hear of it, and how it is answered and recorded.
import type { Plan } from '../core/ram-discard-manager.ts';
import type { RamDiscardSource } from '../core/ram-discard-source.ts';
import type { RunBudget } from '../core/run-budget.ts';
import { countPages, type PageRange, type Section } from '../core/section.ts';
import { Problem, type ProblemCode } from '../errors.ts';
import type { PartPlan } from './change.ts';
import type { LiveBlock } from './live-block.ts';
import type { Change, PageState, Populatedness } from './views.ts';

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

const NOBODY: readonly string[] = [];

/** One step as it is asked for, in bytes. */
export interface ConversionRequest<To = PageState | Populatedness> extends Section {
  readonly to: To;
  /** The pages of the section that it sets, where those are not all. */
  readonly runs?: readonly PageRange[];
}

/**
 * Plans the steps, each on top of those before it.
 * @param newId of each conversion that changes anything; null where it is only to be shown
 * @param isBatch whether what is wrong is said of one of them
 * @param budget which its runs are taken from, where that is not its own alone
 * @throws Problem `invalid-range`; of several, it says of which. `too-many-runs`
 */
export function planConversions(
  live: LiveBlock,
  source: RamDiscardSource,
  asked: readonly ConversionRequest[],
  newId: () => string | null,
  {
    isBatch = false,
    budget = live.newRunBudget(),
  }: { readonly isBatch?: boolean; readonly budget?: RunBudget | undefined } = {},
): PartPlan<Change> {
  const { block } = live;
  const { manager } = block;
  const steps = checkEach(asked, isBatch, (one) => {
    const range = source.rangeOf(one, block.usedLength, block.pageSize);
    return { source, range, populate: one.to === 'shared' || one.to === 'populated', runs: one.runs };
  });
  const { plans, peaks } = manager.planAll(steps, budget);
  const changing = plans.filter(isChanging);
  const ids = plans.map((plan) => (isChanging(plan) ? newId() : null));
  const factAt = (generation: number): Change => ({
    ramBlockId: block.id,
    kind: 'source-changed',
    sourceId: source.definition.id,
    isConversion: asked.every(({ to }) => to === 'shared' || to === 'private'),
    generation,
    steps: plans.map(({ range, populate, from, changed, calls }, index) => ({
      id: ids[index] ?? null,
      range,
      populate,
      from,
      changed,
      changedPages: countPages(changed),
      notified: calls.length === 0 ? NOBODY : calls.map(({ listener }) => listener.id),
    })),
  });
  return {
    live,
    rounds: manager.rounds(changing),
    peaks,
    // What several conversions bring about together is of none of them.
    conversionId: changing.length === 1 ? (ids.find((id) => id !== null) ?? null) : null,
    isChange: changing.length > 0,
    factAt,
  };
}

/** Tells those who follow events that a change of `blocks` failed because of a listener. @throws what it was told */
export function tellOfFailure(
  blocks: readonly { readonly live: LiveBlock; readonly asked: readonly ConversionRequest[] }[],
): (error: unknown) => never {
  return (error) => {
    if (error instanceof Problem && FAILURES.includes(error.code)) {
      for (const { live, asked } of blocks) live.dependencies.events.failed(live.block, failedChange(asked), error);
    }
    throw error;
  };
}

function isChanging({ changed }: Plan): boolean {
  return changed.length > 0;
}

function failedChange(asked: readonly ConversionRequest[]): object {
  const conversions = asked.slice(0, FAILED_SHOWN).map(({ offset, size, to }) => ({ offset, size, to }));
  const [only] = conversions;
  if (only !== undefined && asked.length === 1) return only;
  return { conversions, conversionsTruncated: asked.length > FAILED_SHOWN };
}

/** Returns what `check` makes of each of `items`; what it throws says of which, where that is asked for. */
function checkEach<Item, Result>(items: readonly Item[], isNumbered: boolean, check: (item: Item) => Result): Result[] {
  let step = 0;
  try {
    return items.map((item) => {
      const result = check(item);
      step++;
      return result;
    });
  } catch (error) {
    if (!(error instanceof Problem) || !isNumbered) throw error;
    throw new Problem(error.code, error.message, { ...error.extras, step });
  }
}
