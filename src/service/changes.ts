// How a change of what is populated is carried out: check, intent, callbacks, outcome. One way for conversions, changes of
// a source, and sources that come and go.
import type { RamDiscardListener } from '../core/ram-discard-listener.ts';
import type { Call, Plan } from '../core/ram-discard-manager.ts';
import type { BlockRecord } from '../core/records.ts';
import { countPages, type PageRange, type Section, toSection } from '../core/section.ts';
import { aboutListener, Problem } from '../errors.ts';
import type { Answered } from '../journal/journal.ts';
import type { DeliveryReason } from '../listeners/delivery.ts';
import type { LiveBlock } from './live-block.ts';

export interface Change {
  /** The pages that become populated, or discarded, as listeners see it. */
  readonly runs: readonly PageRange[];
  readonly populate: boolean;
  /** Who is told, newest first: `callsFor(runs)`. */
  readonly calls: readonly Call[];
  readonly reason: DeliveryReason;
  readonly conversionId: string | null;
  /** What is true once all listeners have accepted. */
  readonly records: readonly BlockRecord[];
  /** The plan behind a single `source-changed` record. */
  readonly plan?: Plan;
}

/** The sections of unknown state that a problem or a Listener shows. */
const SECTIONS_SHOWN = 1000;

/**
 * Carries `change` out, in turn. When it returns, the change is durable and every listener has accepted it; when it
 * throws, nothing has changed but what is recorded as unsettled.
 * @throws Problem `listener-unsettled`, `mapping-limit`: nobody was called. `listener-refused`, `listener-unreachable`,
 *   `discard-unacknowledged`: it was undone. `journal-unavailable`
 */
export async function carryOut(live: LiveBlock, change: Change, answered: Answered | null): Promise<void> {
  const { calls, runs, populate, reason, conversionId, records, plan } = change;
  for (const { listener } of calls) await settleFirst(live, listener);
  if (populate) for (const call of calls) checkMappings(live, call);
  if (calls.length === 0) {
    await live.commit(records, answered, plan);
    return;
  }
  const notifications = await live.begin(runs, calls, { conversionId });
  const problem = populate ? await notifications.populate(calls, reason) : await notifications.discard(calls, reason);
  if (problem !== null) {
    await live.commit([notifications.outcome]);
    throw problem;
  }
  await live.commit([notifications.outcome, ...records], answered, plan);
}

/**
 * Before anything is delivered to `listener`: no populate to it is under way, and nothing of it is unknown. In turn.
 * @throws Problem `listener-unsettled`
 */
export async function settleFirst(live: LiveBlock, listener: RamDiscardListener): Promise<void> {
  await live.settling.conclude(listener);
  if (!listener.isUnknown) return;
  const { block } = live;
  const bytes = countPages(listener.unknown) * block.pageSize;
  const detail = `listener ${listener.id} has ${bytes} bytes of unknown state; it is being asked to discard them`;
  throw new Problem('listener-unsettled', `${detail} (DELETE it with force=true if its device is gone)`, {
    ...aboutListener(block.id, listener.id),
    unsettled: [listener.id],
    sections: unsettledSections(listener.unknown, block.pageSize),
    retryAfterSeconds: 1,
  });
}

/** @throws Problem `mapping-limit` when a populate of `call` takes its listener beyond its `dmaMaxMappings` */
export function checkMappings(live: LiveBlock, { listener, runs }: Call): void {
  const needed = listener.mappingsWith(live.block.manager.populated, runs);
  const limit = listener.mappingLimit;
  if (needed <= limit) return;
  const detail = `listener ${listener.id} would need ${needed} DMA mappings at its granularity of ${listener.definition.granularity}; its dmaMaxMappings is ${limit}`;
  throw new Problem('mapping-limit', detail, { ...aboutListener(live.block.id, listener.id), needed, limit });
}

/** The first of `runs`, in bytes. */
export function unsettledSections(runs: readonly PageRange[], pageSize: number): Section[] {
  return runs.slice(0, SECTIONS_SHOWN).map((run) => toSection(run, pageSize));
}
