// Sources of a block: they come and go, and with them what is populated.
import type { RamBlock } from '../core/ram-block.ts';
import { RAM_BLOCK_ATTRIBUTES, type RamDiscardSource } from '../core/ram-discard-source.ts';
import type { NewRecord } from '../core/records.ts';
import { checkPowerOfTwo, type Section } from '../core/section.ts';
import { aboutListener, Problem } from '../errors.ts';
import { type Bounds, checkBound, DEFAULT_BOUNDS } from './bounds.ts';
import { Change, peaksOf } from './change.ts';
import { findSource } from './conversions.ts';
import type { Machines } from './machines.ts';
import type { ChangeOptions } from './options.ts';
import { type SourceView, sourceView } from './views.ts';

export interface NewSource {
  readonly name: string;
  /** Bytes; only RamBlockAttributes has a default, the page size. */
  readonly granularity: number | undefined;
  /** What it has populated at first; bytes. */
  readonly populated: readonly Section[];
}

export class Sources {
  readonly #machines: Machines;
  readonly #bounds: Bounds;

  constructor(machines: Machines, bounds: Bounds = DEFAULT_BOUNDS) {
    this.#machines = machines;
    this.#bounds = bounds;
  }

  /**
   * Adds a source; listeners hear a discard of what it takes away (unacknowledged: it is not added).
   * @throws Problem `already-exists`, `limit-reached`, `coordinated-discard-required`, `invalid-request`,
   *   `invalid-range`, `generation-mismatch`, `too-many-runs`, and what {@link Change.carryOut} throws
   */
  add(ramBlockId: string, wanted: NewSource, options: ChangeOptions<SourceView>): Promise<SourceView> {
    const live = this.#machines.block(ramBlockId);
    const { block } = live;
    return live.inTurn(async () => {
      const source = this.#make(block, wanted);
      const view = sourceView(source, block);
      const budget = live.newRunBudget();
      const runs = block.manager.takenAwayBy(source, budget);
      const populated = [...source.bitmap.allRuns(true)];
      const round = { discards: block.manager.callsFor(runs), populates: [] };
      budget.takeCalls(round.discards);
      const added: NewRecord = { ramBlockId, kind: 'source-added', source: source.definition, populated };
      const change = new Change([{ live, rounds: [round], factAt: () => added }], 'source');
      await change.carryOut(() => view, options.answered);
      this.#machines.dependencies.log.info({ ramBlockId, sourceId: view.id, name: view.name }, 'source added');
      return view;
    }, options);
  }

  /**
   * Removes a source; listeners hear a populate of what that gives back (refused: it stays).
   * @param force needed for RamBlockAttributes: all private memory becomes populated
   * @throws Problem `not-found`, `invalid-request`, `generation-mismatch`, `too-many-runs`, and what
   *   {@link Change.carryOut} throws
   */
  remove(ramBlockId: string, sourceId: string, force: boolean, options: ChangeOptions<null>): Promise<void> {
    const live = this.#machines.block(ramBlockId);
    const { block } = live;
    return live.inTurn(async () => {
      const source = findSource(block, sourceId);
      if (source.isRamBlockAttributes && !force) {
        const detail = 'deleting RamBlockAttributes makes all private memory populated; ask for it with ?force=true';
        throw new Problem('invalid-request', detail, { errors: [{ path: ['force'], detail }] });
      }
      const budget = live.newRunBudget();
      const runs = block.manager.givenBackBy(source, budget);
      const round = { discards: [], populates: block.manager.callsFor(runs) };
      budget.takeCalls(round.populates);
      const removed: NewRecord = { ramBlockId, kind: 'source-removed', sourceId };
      const plan = { live, rounds: [round], peaks: peaksOf(live, round), factAt: () => removed };
      await new Change([plan], 'source').carryOut(() => null, options.answered);
      this.#machines.dependencies.log.info({ ramBlockId, sourceId }, 'source removed');
    }, options);
  }

  #make(block: RamBlock, wanted: NewSource): RamDiscardSource {
    const { name, populated } = wanted;
    if (block.sourceNamed(name) !== undefined) {
      const detail = `RAM block ${block.id} has a source named ${JSON.stringify(name)} already`;
      throw new Problem('already-exists', detail, { ramBlockId: block.id });
    }
    const { sourcesPerBlock } = this.#bounds;
    const what = `sources of RAM block ${block.id}`;
    checkBound(block.manager.sources.size, sourcesPerBlock, what, 'RBA_MAX_SOURCES_PER_BLOCK');
    const granularity = checkGranularity(block, wanted);
    const pinning = [...block.manager.listeners.values()].find(({ definition }) => !definition.coordinatedDiscard);
    if (pinning !== undefined) {
      const detail = `listener ${pinning.id} pins all memory (coordinatedDiscard false) and cannot live with the discards of a source`;
      throw new Problem('coordinated-discard-required', detail, aboutListener(block.id, pinning.id));
    }
    const source = block.makeSource({ id: this.#machines.dependencies.newId('src'), name, granularity }, []);
    for (const section of populated) source.bitmap.set(source.rangeOf(section, block.usedLength, block.pageSize));
    return source;
  }
}

/** The granularity in bytes. @throws Problem `invalid-request` when it is missing, `invalid-range` when it cannot be */
function checkGranularity(block: RamBlock, { name, granularity }: NewSource): number {
  if (name === RAM_BLOCK_ATTRIBUTES) {
    if (granularity === undefined || granularity === block.pageSize) return block.pageSize;
    const detail = `granularity is ${granularity}; that of ${name} is the page size, ${block.pageSize}`;
    throw new Problem('invalid-range', detail);
  }
  if (granularity === undefined) {
    const detail = `is required, but for ${RAM_BLOCK_ATTRIBUTES}`;
    throw new Problem('invalid-request', `granularity ${detail}`, { errors: [{ path: ['granularity'], detail }] });
  }
  checkPowerOfTwo('granularity', granularity, block.pageSize);
  return granularity;
}
