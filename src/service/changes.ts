// How a change of what is populated is carried out: check, intent, callbacks, outcome. One way for conversions, changes of
// a source, sources that come and go, and resizing; over one block or several of a machine.
import type { RamDiscardListener } from '../core/ram-discard-listener.ts';
import type { PlannedSteps } from '../core/ram-discard-manager.ts';
import type { BlockRecord, DeliveryReason, NewRecord } from '../core/records.ts';
import { type Call, callsOf, type Round } from '../core/rounds.ts';
import { aboutListener, Problem } from '../errors.ts';
import type { KeptAnswer } from '../journal/journal.ts';
import { beginTogether, type Commit, commitTogether, type LiveBlock } from './live-block.ts';
import { unknownSections } from './views.ts';

/** What a change comes to in one block. */
export interface Part {
  readonly live: LiveBlock;
  /** What its listeners hear of it. */
  readonly rounds: readonly Round[];
  /** The most DMA mappings that a listener needs on the way. */
  readonly peaks: ReadonlyMap<RamDiscardListener, number>;
  readonly conversionId: string | null;
  /** What is true once all listeners have accepted, and brings this generation; null where nothing changes. */
  readonly change: ((generation: number) => NewRecord) | null;
  /** The steps behind a `source-changed` record. */
  readonly planned?: PlannedSteps;
}

/**
 * Carries a change out, in turn of all its blocks, which are of one machine. When it returns, the change is durable and
 * every listener that must accept it has; when it throws, nothing has changed but what is recorded as unsettled.
 * @param answered the answer to keep with it, asked for once its generation is known
 * @throws Problem `listener-unsettled`, `mapping-limit`: nobody was called. `listener-refused`, `listener-unreachable`,
 *   `discard-unacknowledged`: it was undone. `journal-unavailable`
 */
export function carryOut(
  parts: readonly Part[],
  reason: DeliveryReason,
  answered: (records: readonly BlockRecord[]) => KeptAnswer | null,
): Promise<void> {
  const isUnheard = parts.every(({ rounds, peaks }) => rounds.length === 0 && peaks.size === 0);
  return isUnheard ? commitTogether(parts, answered) : commitWhenAllowed(parts, reason, answered);
}

/** Commits `parts` when their listeners allow it. @throws as {@link carryOut} */
async function commitWhenAllowed(
  parts: readonly Part[],
  reason: DeliveryReason,
  answered: (records: readonly BlockRecord[]) => KeptAnswer | null,
): Promise<void> {
  const told = toldOf(parts);
  if (told.some(isBeingPopulated)) await concludePopulates(told);
  checkAllowed(told, parts);
  const outcomes = isAny(told) ? await tell(told, reason) : [];
  await commitTogether(endedWith(outcomes, parts), answered);
}

function isBeingPopulated({ live, rounds }: Part): boolean {
  return callsOf(rounds).some(({ listener }) => live.settling.isPopulating(listener));
}

/** Waits until what settles the listeners of `told` populates none of them. */
async function concludePopulates(told: readonly Part[]): Promise<void> {
  for (const { live, rounds } of told) {
    for (const { listener } of callsOf(rounds)) await live.settling.conclude(listener);
  }
}

function isAny<T>(list: readonly T[]): list is readonly [T, ...T[]] {
  return list.length > 0;
}

/** Tells the listeners of `told`. @returns the outcomes that end the intents @throws as {@link carryOut} */
async function tell(told: readonly [Part, ...Part[]], reason: DeliveryReason): Promise<readonly NewRecord[]> {
  const notifications = await beginTogether(told);
  const problem = await notifications.tell(inStep(told.map(({ rounds }) => rounds)), reason);
  if (problem === null) return notifications.outcomes;
  const unchanged = told.map(({ live }) => ({ live }));
  await commitTogether(endedWith(notifications.outcomes, unchanged));
  throw problem;
}

/** `commits`, each with those of `outcomes` that are of its block. */
function endedWith<T extends Commit>(outcomes: readonly NewRecord[], commits: readonly T[]): T[] {
  return commits.map((commit) => {
    const records = outcomes.filter(({ ramBlockId }) => ramBlockId === commit.live.block.id);
    return { ...commit, records };
  });
}

/**
 * What {@link carryOut} would throw before it calls anybody.
 * @throws Problem `listener-unsettled`, `mapping-limit`
 */
export function foresee(parts: readonly Part[]): void {
  checkAllowed(toldOf(parts), parts);
}

/** @throws as {@link foresee} */
function checkAllowed(told: readonly Part[], parts: readonly Part[]): void {
  for (const { live, rounds } of told) {
    for (const { listener } of callsOf(rounds)) checkSettled(live, listener);
  }
  for (const part of parts) checkPeaks(part);
}

/** The most DMA mappings that each listener needs when what it hears of in one round of populates is mapped. */
export function peaksOf(live: LiveBlock, { populates }: Round): Map<RamDiscardListener, number> {
  const { populated } = live.block.manager;
  return new Map(populates.map(({ listener, runs }) => [listener, listener.mappingsWith(populated, runs)]));
}

/**
 * Before an operator's request is delivered to `listener`, which makes the next attempt to settle it now: no populate to it is under way, and nothing of it is unknown. In turn.
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
export function checkPeaks({ live, peaks }: Pick<Part, 'live' | 'peaks'>): void {
  for (const [listener, needed] of peaks) {
    const limit = listener.mappingLimit;
    if (needed <= limit) continue;
    const detail = `listener ${listener.id} would need ${needed} DMA mappings at its granularity of ${listener.definition.granularity}; its dmaMaxMappings is ${limit}`;
    throw new Problem('mapping-limit', detail, { ...aboutListener(live.block.id, listener.id), needed, limit });
  }
}

/** What of `parts` listeners are told of before it is true. */
function toldOf(parts: readonly Part[]): Part[] {
  return parts.map(awaited).filter(({ rounds }) => callsOf(rounds).length > 0);
}

/** `part` with what of its rounds is waited for: async listeners are told once it is true. */
function awaited(part: Part): Part {
  if (!part.live.block.manager.hasAsync) return part;
  const rounds = part.rounds
    .map(({ discards, populates }) => ({
      discards: discards.filter(isAwaited),
      populates: populates.filter(isAwaited),
    }))
    .filter(({ discards, populates }) => discards.length + populates.length > 0);
  return { ...part, rounds };
}

function isAwaited({ listener }: Call): boolean {
  return listener.backlog === null;
}

/** The rounds of several blocks as one: the first of each together, and so on. */
function inStep(all: readonly (readonly Round[])[]): readonly Round[] {
  const [only = [], ...others] = all;
  if (others.length === 0) return only;
  const count = Math.max(...all.map((rounds) => rounds.length));
  return Array.from({ length: count }, (_, index) => ({
    discards: all.flatMap((rounds) => rounds[index]?.discards ?? []),
    populates: all.flatMap((rounds) => rounds[index]?.populates ?? []),
  }));
}
