// What is asked of one source, planned: what changes, who would hear of it, and how it is answered and recorded.
import type { RamBlock } from '../core/ram-block.ts';
import type { Plan } from '../core/ram-discard-manager.ts';
import { asPageState, type RamDiscardSource } from '../core/ram-discard-source.ts';
import type { Conversion, DeliveryReason, NewRecord, PageState, Populatedness, SourceStep } from '../core/records.ts';
import type { RunBudget } from '../core/run-budget.ts';
import { countPages, type PageRange, type Section, toSection } from '../core/section.ts';
import { Problem, type ProblemCode } from '../errors.ts';
import type { KeptAnswer } from '../journal/journal.ts';
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
/** The runs that all conversions of one answer show together. */
const ANSWER_SHOWN = 65_536;
const NOBODY: readonly string[] = [];

/** One step as it is asked for, in bytes. */
export interface Asked<To> extends Section {
  readonly to: To;
  /** The pages of the section that it sets, where those are not all. */
  readonly runs?: readonly PageRange[];
  /** Where in the request the one with this index stands, where there may be several. */
  readonly pointer?: ((index: number) => string) | undefined;
}

/** A change of one source in one or several steps. */
export interface Planned extends Part {
  readonly asked: readonly Asked<PageState | Populatedness>[];
  readonly reason: DeliveryReason;
  /** How it is answered: with the generation that it brings, or would bring now. */
  conversions(): readonly Conversion[];
}

/**
 * Plans the steps, each on top of those before it.
 * @param newId of each conversion that changes anything; null where it is only to be shown
 * @param budget which its runs are taken from, where that is not its own alone
 * @throws Problem `invalid-range`; of several, it says of which. `too-many-runs`
 */
export function planSteps(
  live: LiveBlock,
  source: RamDiscardSource,
  asked: readonly Asked<PageState | Populatedness>[],
  newId: () => string | null,
  budget: RunBudget = live.newRunBudget(),
): Planned {
  const { block } = live;
  const { manager } = block;
  const steps = eachPointedAt(asked, asked[0]?.pointer, (one) => {
    const range = source.rangeOf(one, block.usedLength, block.pageSize);
    return { source, range, populate: one.to === 'shared' || one.to === 'populated', runs: one.runs };
  });
  const { plans, net, peaks } = manager.rehearse(steps, budget);
  const changing = plans.every(isChanging) ? plans : plans.filter(isChanging);
  const isChange = changing.length > 0;
  const ids = plans.map((plan) => (isChanging(plan) ? newId() : null));
  /** As they are recorded, once that is known. */
  let recorded: readonly Conversion[] | null = null;
  const described = (generation: number): Conversion[] => {
    let left = ANSWER_SHOWN;
    return plans.map((plan, index) => {
      const one = asked[index] as Asked<PageState | Populatedness>;
      const shown = Math.min(CHANGED_SHOWN, left, plan.changed.length);
      left -= shown;
      return describe(block, plan, one, ids[index] ?? null, generation, shown);
    });
  };
  const change = (generation: number): NewRecord => {
    recorded = described(generation);
    const steps = recorded
      .map((conversion, index): SourceStep => {
        const runs = asked[index]?.runs;
        return runs === undefined ? { conversion } : { conversion, runs };
      })
      .filter(({ conversion }) => conversion.id !== null);
    return { ramBlockId: block.id, kind: 'source-changed', sourceId: source.definition.id, steps };
  };
  return {
    live,
    asked,
    // The same at every call: what is kept under a key is what is answered, whatever other pages became meanwhile.
    conversions: () => {
      recorded ??= described(block.generation + (isChange ? 1 : 0));
      return recorded;
    },
    rounds: manager.rounds(changing, budget),
    peaks,
    reason: source.isRamBlockAttributes ? 'conversion' : 'source',
    // What several conversions bring about together is of none of them.
    conversionId: changing.length === 1 ? (ids.find((id) => id !== null) ?? null) : null,
    change: isChange ? change : null,
    planned: { plans: changing, net: net === plans ? changing : net },
  };
}

/**
 * {@link carryOut} of changes that were planned here; who follows events hears of a failure.
 * @returns what `outcome` gives then, and `answered` made the answer of
 */
export function carryOutPlanned<Outcome>(
  parts: readonly Planned[],
  reason: DeliveryReason,
  outcome: () => Outcome,
  answered: (outcome: Outcome) => KeptAnswer | null,
): Promise<Outcome> {
  return carryOut(parts, reason, () => answered(outcome())).then(outcome, (error: unknown) => {
    if (error instanceof Problem && FAILURES.includes(error.code)) {
      for (const { live, asked } of parts) live.dependencies.events.failed(live.block, failedChange(asked), error);
    }
    throw error;
  });
}

function isChanging({ changed }: Plan): boolean {
  return changed.length > 0;
}

function failedChange(asked: Planned['asked']): object {
  const conversions = asked.slice(0, FAILED_SHOWN).map(({ offset, size, to }) => ({ offset, size, to }));
  const [only] = conversions;
  if (only !== undefined && asked.length === 1) return only;
  return { conversions, conversionsTruncated: asked.length > FAILED_SHOWN };
}

function describe(
  block: RamBlock,
  { changed, effective, from }: Plan,
  { offset, size, to }: Asked<PageState | Populatedness>,
  id: string | null,
  generation: number,
  shown: number,
): Conversion {
  return {
    id,
    ramBlockId: block.id,
    offset,
    size,
    to,
    from: to === 'shared' || to === 'private' ? asPageState(from) : from,
    changedBytes: countPages(changed) * block.pageSize,
    changed: (shown < changed.length ? changed.slice(0, shown) : changed).map((run) => toSection(run, block.pageSize)),
    changedTruncated: shown < changed.length,
    generation,
    notified:
      block.manager.listeners.size === 0
        ? NOBODY
        : block.manager.callsFor(effective).map(({ listener }) => listener.id),
  };
}

/** Cuts the runs that `conversions`, which are one answer, show to as many as one answer has; the first of them stay. */
export function asOneAnswer(conversions: readonly Conversion[]): readonly Conversion[] {
  let left = ANSWER_SHOWN;
  return conversions.map((conversion) => {
    const { changed } = conversion;
    const shown = Math.min(left, changed.length);
    left -= shown;
    if (shown === changed.length) return conversion;
    return { ...conversion, changed: changed.slice(0, shown), changedTruncated: true };
  });
}

/** What `check` makes of each of `items`, which stand at `pointer(index)` in the request; what it throws says at which. */
export function eachPointedAt<Item, Result>(
  items: readonly Item[],
  pointer: ((index: number) => string) | undefined,
  check: (item: Item) => Result,
): Result[] {
  let checked = 0;
  try {
    return items.map((item) => {
      const result = check(item);
      checked++;
      return result;
    });
  } catch (error) {
    if (!(error instanceof Problem) || pointer === undefined) throw error;
    const { code, message, extras } = error;
    const at = pointer(checked);
    throw new Problem(code, `${at}: ${message}`, { ...extras, errors: [{ pointer: at, detail: message }] });
  }
}
