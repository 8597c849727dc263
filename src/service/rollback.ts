// What a change that failed half way has left at its listeners, page by page: what to discard again, what to populate.
import { PageBitmap } from '../core/page-bitmap.ts';
import type { RamDiscardListener } from '../core/ram-discard-listener.ts';
import type { Call } from '../core/rounds.ts';
import type { PageRange } from '../core/section.ts';
import type { DeliveryAnswer, DeliveryType } from '../listeners/delivery.ts';

/** What one listener was notified of, up to the delivery that was not accepted, and its last answer. */
export interface Notified {
  readonly call: Call;
  readonly type: DeliveryType;
  /** The runs that were sent: all of them where every delivery was accepted. */
  readonly sent: readonly PageRange[];
  readonly answer: DeliveryAnswer;
}

/** What brings one listener back to where it was. */
export interface Rollback {
  readonly listener: RamDiscardListener;
  /** What it may have mapped since, and had not before. */
  readonly added: readonly PageRange[];
  /** What it had mapped, and has not any more, or once what it may have of `added` is discarded. */
  readonly removed: readonly PageRange[];
  /** What it was notified of last, where that got no usable answer: nothing is known of these pages. */
  readonly unanswered: { readonly type: DeliveryType; readonly runs: readonly PageRange[] } | null;
}

/**
 * Returns what to undo at one listener.
 * @param notified in the order in which it was notified; only the last may not be accepted
 */
export function rollbackOf(listener: RamDiscardListener, notified: readonly Notified[]): Rollback {
  const last = notified.at(-1);
  const owed = listener.unmapped;
  if (last?.answer.outcome !== 'unanswered') return { listener, ...sumOf(notified, owed), unanswered: null };
  const before = sumOf(notified.slice(0, -1), owed);
  return { listener, ...before, unanswered: { type: last.type, runs: last.sent } };
}

/** @param owed pages that were populated and not mapped: a discard takes nothing away there, a populate after it adds */
function sumOf(notified: readonly Notified[], owed: readonly PageRange[]): Pick<Rollback, 'added' | 'removed'> {
  const [first, ...rest] = notified;
  if (first === undefined) return { added: [], removed: [] };
  if (rest.length === 0 && (owed.length === 0 || first.type === 'populate'))
    return first.type === 'populate' ? { added: first.sent, removed: [] } : { added: [], removed: first.sent };
  // Runs ascend.
  const length = Math.max(...[owed, ...notified.map(({ sent }) => sent)].map((runs) => runs.at(-1)?.end ?? 0));
  const added = new PageBitmap(length);
  const removed = new PageBitmap(length);
  for (const { type, sent, answer } of notified) {
    for (const run of sent) {
      if (type === 'discard') move(run, added, removed);
      else if (answer.outcome === 'accepted') move(run, removed, added);
      // Of what was refused it may have mapped all or nothing: what was mapped before is to be discarded and given back.
      else added.set(run);
    }
    for (const run of owed) removed.clear(run);
  }
  return { added: [...added.allRuns(true)], removed: [...removed.allRuns(true)] };
}

/** Pages of `run` that are in `from` are out of it then; all others are in `to`. */
function move(run: PageRange, from: PageBitmap, to: PageBitmap): void {
  for (const piece of [...from.runs(run, false)]) to.set(piece);
  from.clear(run);
}
