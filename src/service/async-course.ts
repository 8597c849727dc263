// How far one async listener has come beyond what is durable, and what is under way for it.
import type { Backlog, Pending } from '../core/backlog.ts';
import type { RamDiscardListener } from '../core/ram-discard-listener.ts';
import type { Delivery } from '../listeners/delivery.ts';

export class AsyncCourse {
  readonly listener: RamDiscardListener;
  readonly backlog: Backlog;
  /** Every delivery up to here was accepted. */
  accepted: number;
  failingSince: string | null;
  /** Attempts that failed since one was accepted. */
  failures = 0;
  /** When the next attempt is due, on the clock `elapsed` of the dependencies. */
  due = 0;
  /** Breaks off the attempt that is under way; made anew once it has. */
  attempt = new AbortController();
  /** Ends the wait for the next one. */
  waiting: AbortController | null = null;
  /** What is under way: one thing at a time. */
  turn: Promise<unknown> = Promise.resolve();
  /** Those that wait for their turn. */
  queued = 0;
  keeping: NodeJS.Timeout | undefined;
  /** The last delivery that was put together: the one that comes next, while another is under way. */
  composed: { readonly pending: Pending; readonly delivery: Delivery } | null = null;

  constructor(listener: RamDiscardListener, backlog: Backlog) {
    this.listener = listener;
    this.backlog = backlog;
    this.accepted = backlog.acknowledged;
    this.failingSince = backlog.failingSince;
  }

  /** Deliveries that are known to be owed still. */
  get owed(): number {
    return this.backlog.size - Math.max(0, this.accepted - this.backlog.acknowledged);
  }

  /** Those of them that a replay would save: all but what the last one brought itself. */
  get behind(): number {
    return this.backlog.last - Math.max(this.accepted, this.backlog.replayThrough);
  }

  /** The runs of pages of these. */
  get runsBehind(): number {
    const { backlog } = this;
    let runs = backlog.runsBehind;
    for (let sequence = Math.max(backlog.acknowledged, backlog.replayThrough); sequence < this.accepted; ) {
      runs -= backlog.at(++sequence)?.runs.length ?? 0;
    }
    return runs;
  }
}
