// A change of what is populated, over one block or several of a machine: planned, allowed, told and committed, in this
// order. The one way for conversions, changes of a source, sources that come and go, and resizing.
import type { RamDiscardListener } from '../core/ram-discard-listener.ts';
import type { DeliveryReason, NewRecord } from '../core/records.ts';
import { type Call, callsOf, type Round } from '../core/rounds.ts';
import { aboutListener, Problem } from '../errors.ts';
import type { KeptAnswer } from '../journal/journal.ts';
import { type Commit, commitRecords, commitTogether, type LiveBlock } from './live-block.ts';
import { Notifications } from './notifications.ts';
import { unknownSections } from './views.ts';

/** What a change comes to in one block. */
export interface PartPlan<Fact extends NewRecord> {
  readonly live: LiveBlock;
  /** What its listeners hear of it. */
  readonly rounds: readonly Round[];
  /** The most DMA mappings that a listener needs on the way. */
  readonly peaks?: ReadonlyMap<RamDiscardListener, number>;
  readonly conversionId?: string | null;
  /** Whether anything changes: then it is recorded, and brings a generation. */
  readonly isChange?: boolean;
  /** Makes what is recorded once its generation is known. */
  readonly factAt: (generation: number) => Fact;
}

/** One block's part of a change: its plan, the calls to listeners that are waited for, their intent and its outcome. */
class Part<Fact extends NewRecord> {
  readonly plan: PartPlan<Fact>;
  /** What sync listeners hear; async ones are told once it is true. */
  readonly rounds: readonly Round[];
  readonly calls: readonly Call[];
  /** There once the intent is made: who is called is notified under it. */
  notifications: Notifications | null = null;

  constructor(plan: PartPlan<Fact>) {
    this.plan = plan;
    this.rounds = plan.live.block.manager.hasAsync ? awaited(plan.rounds) : plan.rounds;
    this.calls = callsOf(this.rounds);
  }

  get live(): LiveBlock {
    return this.plan.live;
  }

  /** @throws Problem `listener-unsettled` */
  checkAllowed(): void {
    for (const { listener } of this.calls) checkSettled(this.live, listener);
  }

  /** @returns the record to be durable before the first call */
  intend(): Commit {
    const { live, plan, calls } = this;
    const { intent, notifications } = live.prepare(calls, { conversionId: plan.conversionId ?? null });
    this.notifications = notifications;
    return { live, records: [intent] };
  }

  /** What ends the intent; nothing where nobody was called. */
  get outcome(): readonly NewRecord[] {
    return this.notifications === null ? [] : [this.notifications.outcome];
  }

  /** What is true once all listeners have accepted. */
  fact(): Fact {
    const { live, plan } = this;
    return plan.factAt(plan.isChange === false ? live.block.generation : live.nextGeneration);
  }
}

export class Change<Fact extends NewRecord> {
  readonly #parts: readonly Part<Fact>[];
  readonly #reason: DeliveryReason;

  /** @param plans of blocks of one machine, in turn of all of them */
  constructor(plans: readonly PartPlan<Fact>[], reason: DeliveryReason) {
    this.#parts = plans.map((plan) => new Part(plan));
    this.#reason = reason;
  }

  /**
   * Carries the change out. When it returns, the change is durable and every listener that must accept it has; when it
   * throws, nothing has changed but what is recorded as unsettled.
   * @param answer makes what is answered of the facts; once, when they are made
   * @param keep makes what is kept of that answer, with the records
   * @throws Problem `listener-unsettled`, `mapping-limit`: nobody was called. `listener-refused`, `listener-unreachable`,
   *   `discard-unacknowledged`: it was undone. `journal-unavailable`
   */
  carryOut<Answer>(
    answer: (facts: readonly Fact[]) => Answer,
    keep: (answer: Answer) => KeptAnswer | null,
  ): Promise<Answer> {
    const isHeard = this.#parts.some(({ calls, plan }) => calls.length > 0 || (plan.peaks?.size ?? 0) > 0);
    return isHeard ? this.#whenAllowed(answer, keep) : this.#commit(answer, keep);
  }

  /** @throws Problem `listener-unsettled`, `mapping-limit`, as {@link Change.carryOut} would, before it calls anybody */
  allow(): void {
    for (const part of this.#parts) part.checkAllowed();
    for (const { live, plan } of this.#parts) checkPeaks(live, plan.peaks);
  }

  async #whenAllowed<Answer>(
    answer: (facts: readonly Fact[]) => Answer,
    keep: (answer: Answer) => KeptAnswer | null,
  ): Promise<Answer> {
    const called = this.#parts.filter(({ calls }) => calls.length > 0);
    for (const { live, calls } of called) {
      // What settles a listener must not populate it meanwhile.
      if (calls.some(({ listener }) => live.settling.isPopulating(listener))) {
        for (const { listener } of calls) await live.settling.conclude(listener);
      }
    }
    this.allow();
    if (called.length > 0) await this.#tell(called);
    return this.#commit(answer, keep);
  }

  /** @throws Problem, when all is undone and what came of it is recorded */
  async #tell(called: readonly Part<Fact>[]): Promise<void> {
    await commitRecords(called.map((part) => part.intend()));
    const blocks = called.flatMap(({ notifications, rounds }) => (notifications ? { notifications, rounds } : []));
    const problem = await Notifications.tell(blocks, this.#reason);
    if (problem === null) return;
    await commitRecords(called.map(({ live, outcome }) => ({ live, records: outcome })));
    throw problem;
  }

  /** The answer is made of the facts, and what is kept of the answer: neither can be made too early. */
  async #commit<Answer>(
    answer: (facts: readonly Fact[]) => Answer,
    keep: (answer: Answer) => KeptAnswer | null,
  ): Promise<Answer> {
    const facts = this.#parts.map((part) => part.fact());
    const commits = this.#parts.map(({ live, outcome, plan }, index) => {
      const fact = facts[index];
      return { live, records: fact === undefined || plan.isChange === false ? outcome : [...outcome, recordOf(fact)] };
    });
    return commitTogether(commits, () => answer(facts), keep);
  }
}

/** The steps of a change that changed nothing are answered, and not recorded. */
function recordOf(fact: NewRecord): NewRecord {
  if (fact.kind !== 'source-changed' || fact.steps.every(({ id }) => id !== null)) return fact;
  return { ...fact, steps: fact.steps.filter(({ id }) => id !== null) };
}

/** Returns what of `rounds` is waited for. */
function awaited(rounds: readonly Round[]): readonly Round[] {
  return rounds
    .map(({ discards, populates }) => ({
      discards: discards.filter(isAwaited),
      populates: populates.filter(isAwaited),
    }))
    .filter(({ discards, populates }) => discards.length + populates.length > 0);
}

function isAwaited({ listener }: Call): boolean {
  return listener.backlog === null;
}

/** Returns the most DMA mappings that each listener needs when what it hears of in one round of populates is mapped. */
export function peaksOf(live: LiveBlock, { populates }: Round): Map<RamDiscardListener, number> {
  const { populated } = live.block.manager;
  return new Map(populates.map(({ listener, runs }) => [listener, listener.mappingsWith(populated, runs)]));
}

/**
 * Before an operator's request is delivered to `listener`, makes the next attempt to settle it now: no populate to it is
 * under way then, and nothing of it is unknown. In turn.
 * @throws Problem `listener-unsettled`
 */
export async function settleFirst(live: LiveBlock, listener: RamDiscardListener): Promise<void> {
  live.settling.hurry(listener.id);
  await live.settling.conclude(listener);
  checkSettled(live, listener);
}

function checkSettled({ block, settling }: LiveBlock, listener: RamDiscardListener): void {
  if (!listener.isUnknown) return;
  const { populated: pages = 0, runCount = 0 } = listener.unsettled?.unknown ?? {};
  const sections = unknownSections(listener, block.pageSize);
  const state = `${pages * block.pageSize} bytes of unknown state (sections: ${sections.length} of ${runCount})`;
  const remedy = 'it is being asked to discard them (DELETE it with force=true if its device is gone)';
  throw new Problem('listener-unsettled', `listener ${listener.id} has ${state}; ${remedy}`, {
    ...aboutListener(block.id, listener.id),
    unsettled: [listener.id],
    sections,
    retryAfterSeconds: settling.secondsToNext(listener.id),
  });
}

/** @throws Problem `mapping-limit` when a listener would go beyond its `dmaMaxMappings` */
export function checkPeaks({ block }: LiveBlock, peaks: PartPlan<NewRecord>['peaks'] = NO_PEAKS): void {
  for (const [listener, needed] of peaks) {
    const limit = listener.mappingLimit;
    if (needed <= limit) continue;
    const detail = `listener ${listener.id} would need ${needed} DMA mappings at its granularity of ${listener.definition.granularity}; its dmaMaxMappings is ${limit}`;
    throw new Problem('mapping-limit', detail, { ...aboutListener(block.id, listener.id), needed, limit });
  }
}

const NO_PEAKS: ReadonlyMap<RamDiscardListener, number> = new Map();
