// What happened over time, for the charts: one row a second, the last ten minutes.
import type { Listener, RamBlock } from './resources.ts';

/** Rows that are kept. */
const KEPT = 600;

/** What happened in a block since the last row. */
interface Happened {
  committed: number;
  refused: number;
  failed: number;
}

/** One value of each kind in a row; null where it was not known. */
export interface Row {
  /** Seconds since the epoch. */
  readonly at: number;
  readonly committed: number;
  readonly refused: number;
  readonly failed: number;
  readonly populatedBytes: number | null;
  /** By listener id. */
  readonly listeners: Readonly<Record<string, { readonly mappings: number; readonly runs: number }>>;
}

/** Milliseconds that half and nearly all of the answers took. */
export interface Latency {
  readonly at: number;
  readonly p50: number | null;
  readonly p99: number | null;
}

/** A refusal says no to the change; everything else that fails is an answer that did not come. */
const REFUSALS = ['listener-refused', 'mapping-limit'];

export class History {
  readonly #happened = new Map<string, Happened>();
  readonly #rows = new Map<string, Row[]>();
  readonly #latencies: Latency[] = [];
  #lastRow: number | null = null;

  get latencies(): readonly Latency[] {
    return this.#latencies;
  }

  rowsOf(ramBlockId: string): readonly Row[] {
    return this.#rows.get(ramBlockId) ?? [];
  }

  countCommitted(ramBlockId: string): void {
    this.#happenedIn(ramBlockId).committed++;
  }

  /** @param code of the problem */
  countFailed(ramBlockId: string, code: string): void {
    this.#happenedIn(ramBlockId)[REFUSALS.includes(code) ? 'refused' : 'failed']++;
  }

  addLatency(latency: Latency): void {
    push(this.#latencies, latency);
  }

  /**
   * Ends a row of every block. @param listeners of the block that is looked at: those of the others are not known
   * @param now milliseconds since the epoch
   */
  endRow(blocks: readonly RamBlock[], listeners: readonly Listener[], now: number): void {
    const seconds = this.#lastRow === null ? 1 : Math.max(0.001, (now - this.#lastRow) / 1000);
    this.#lastRow = now;
    for (const block of blocks) {
      const { committed, refused, failed } = this.#happenedIn(block.id);
      const own = listeners.filter(({ ramBlockId }) => ramBlockId === block.id);
      const rows = this.#rows.get(block.id) ?? [];
      this.#rows.set(block.id, rows);
      push(rows, {
        at: now / 1000,
        committed: committed / seconds,
        refused: refused / seconds,
        failed: failed / seconds,
        populatedBytes: block.populated.bytes,
        listeners: Object.fromEntries(own.map(({ id, mapped }) => [id, mapped])),
      });
    }
    this.#happened.clear();
  }

  /** Forgets blocks that are no more. */
  keepOnly(ramBlockIds: ReadonlySet<string>): void {
    for (const id of this.#rows.keys()) if (!ramBlockIds.has(id)) this.#rows.delete(id);
  }

  #happenedIn(ramBlockId: string): Happened {
    const happened = this.#happened.get(ramBlockId) ?? { committed: 0, refused: 0, failed: 0 };
    this.#happened.set(ramBlockId, happened);
    return happened;
  }
}

function push<T>(list: T[], item: T): void {
  list.push(item);
  // Cut in steps, so that a full list is not moved with every row.
  if (list.length >= 2 * KEPT) list.splice(0, list.length - KEPT);
}

/** The rows of the last `seconds`. */
export function latest<T extends { readonly at: number }>(rows: readonly T[], seconds: number): readonly T[] {
  const from = (rows.at(-1)?.at ?? 0) - seconds;
  return rows.slice(rows.findIndex(({ at }) => at >= from));
}
