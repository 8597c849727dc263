// What a change that failed half way has left at its listeners, page by page: what to discard again, what to populate.
import { PageBitmap } from '../core/page-bitmap.ts';
import type { RamDiscardListener } from '../core/ram-discard-listener.ts';
import { mergeRuns, type PageRange } from '../core/section.ts';
import type { DeliveryType } from '../listeners/delivery.ts';
import type { Told } from './notifications.ts';

/** What one listener was told, as one. */
export interface Net {
  readonly listener: RamDiscardListener;
  /** What it may have mapped since, and had not before. */
  readonly added: readonly PageRange[];
  /** What it had mapped, and has not any more. */
  readonly removed: readonly PageRange[];
  /** What it was told last, where that got no usable answer: nothing is known of these pages. */
  readonly unanswered: { readonly type: DeliveryType; readonly runs: readonly PageRange[] } | null;
}

/** @param told in the order in which it was told; only the last of each listener may not be accepted */
export function netOf(told: readonly Told[]): Net[] {
  const ofListener = Map.groupBy(told, ({ call }) => call.listener);
  return [...ofListener].map(([listener, all]) => {
    const last = all.at(-1);
    if (last === undefined || last.answer.outcome === 'accepted') return { listener, ...sumOf(all), unanswered: null };
    const { added, removed } = sumOf(all.slice(0, -1));
    // Refused, it may have mapped a part: that is to be discarded, and then be again what it was before the change.
    const isRefused = last.answer.outcome === 'refused';
    if (isRefused) return { listener, added: mergeRuns([...added, ...last.sent]), removed, unanswered: null };
    return { listener, added, removed, unanswered: { type: last.type, runs: last.sent } };
  });
}

function sumOf(told: readonly Told[]): { added: readonly PageRange[]; removed: readonly PageRange[] } {
  const [first, ...rest] = told;
  if (first === undefined) return { added: [], removed: [] };
  if (rest.length === 0)
    return first.type === 'populate' ? { added: first.sent, removed: [] } : { added: [], removed: first.sent };
  const length = Math.max(...told.flatMap(({ sent }) => sent.map(({ end }) => end)));
  const added = new PageBitmap(length);
  const removed = new PageBitmap(length);
  for (const { type, sent } of told) {
    for (const run of sent)
      if (type === 'populate') move(run, removed, added);
      else move(run, added, removed);
  }
  return { added: [...added.allRuns(true)], removed: [...removed.allRuns(true)] };
}

/** Pages of `run` that are in `from` are out of it then; all others are in `to`. */
function move(run: PageRange, from: PageBitmap, to: PageBitmap): void {
  for (const piece of [...from.runs(run, false)]) to.set(piece);
  from.clear(run);
}
