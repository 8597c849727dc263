// Changes of a source's bits: page conversions (of RamBlockAttributes), alone, in batches or as a whole bitmap, and changes
// of any other source.
import { type Differences, differences } from '../core/bitmap-differences.ts';
import type { RamBlock } from '../core/ram-block.ts';
import type { RamDiscardSource } from '../core/ram-discard-source.ts';
import { RunBudget } from '../core/run-budget.ts';
import { checkSection, toPageRange, toSection } from '../core/section.ts';
import { Problem } from '../errors.ts';
import type { Lock } from './block-queue.ts';
import { Change } from './change.ts';
import { type ConversionRequest, planConversions, tellOfFailure } from './conversion-plans.ts';
import type { LiveBlock } from './live-block.ts';
import type { Machines } from './machines.ts';
import { type ChangeOptions, checkGeneration, type Generations } from './options.ts';
import { Turns } from './turns.ts';
import {
  type Conversion,
  type Change as ConversionFact,
  conversionOf,
  conversionsOf,
  type PageState,
  type Populatedness,
} from './views.ts';

/** What a batch, or a bitmap, came to. */
export interface ConversionBatch {
  readonly conversions: readonly Conversion[];
  readonly generation: number;
}

/** A conversion and its place in the history of its block, which grows. */
export interface PastConversion {
  readonly position: number;
  readonly conversion: Conversion;
}

export class Conversions {
  readonly #machines: Machines;
  readonly #newId: () => string;

  constructor(machines: Machines) {
    this.#machines = machines;
    this.#newId = () => machines.dependencies.newId('cnv');
  }

  /**
   * Converts `section` (bytes) to shared or private and tells the listeners (QEMU: ram_block_attributes_state_change).
   * @throws Problem `invalid-range`, `no-attributes`, `generation-mismatch`, `too-many-runs`, and what
   *   {@link Change.carryOut} throws
   */
  convert(
    ramBlockId: string,
    asked: ConversionRequest<PageState>,
    options: ChangeOptions<Conversion>,
  ): Promise<Conversion> {
    return this.#changeOne(this.#machines.block(ramBlockId), attributesOf, asked, options);
  }

  /**
   * Converts several sections, in order and all or none, as one change. @throws as {@link Conversions.convert}
   */
  convertAll(
    ramBlockId: string,
    asked: readonly ConversionRequest<PageState>[],
    options: ChangeOptions<ConversionBatch>,
  ): Promise<ConversionBatch> {
    const live = this.#machines.block(ramBlockId);
    return live.inTurn(async () => {
      return this.#carryOut(live, attributesOf(live.block), asked, true, batchOf, options.answered);
    }, options);
  }

  /** What {@link Conversions.convert} would do now. @throws as that, but nobody is called */
  preview(ramBlockId: string, asked: ConversionRequest<PageState>, generations: Generations): Conversion {
    return only(this.#preview(ramBlockId, [asked], generations, false).conversions[0]);
  }

  /** What {@link Conversions.convertAll} would do now. @throws as that, but nobody is called */
  previewAll(
    ramBlockId: string,
    asked: readonly ConversionRequest<PageState>[],
    generations: Generations,
  ): ConversionBatch {
    return this.#preview(ramBlockId, asked, generations, true);
  }

  /**
   * Makes a window of RamBlockAttributes what `bytes` say (bit i of byte j: its page 8j+i), as one change: what is private
   * in it is discarded first, so that no more is mapped on the way than before or after.
   * @param size of the window in bytes; left out, it ends where the block does: a body that is no bitmap changes nothing
   * @throws as {@link Conversions.convert}
   */
  setBitmap(
    ramBlockId: string,
    window: { readonly offset: number; readonly size: number | undefined },
    bytes: Uint8Array,
    options: ChangeOptions<ConversionBatch>,
  ): Promise<ConversionBatch> {
    const live = this.#machines.block(ramBlockId);
    const { block } = live;
    return live.inTurn(async () => {
      const source = attributesOf(block);
      const pages = pagesOfBitmap(block, window, bytes);
      const turning = await this.#differences(source, window.offset / block.pageSize, bytes, pages);
      const asked = (['private', 'shared'] as const).flatMap((to) => {
        const runs = to === 'private' ? turning.discard : turning.populate;
        if (runs.length === 0) return [];
        const hull = { start: runs[0]?.start ?? 0, end: runs.at(-1)?.end ?? 0 };
        return [{ ...toSection(hull, block.pageSize), to, runs }];
      });
      return this.#carryOut(live, source, asked, false, batchOf, options.answered);
    }, options);
  }

  /**
   * Populates or discards `section` (bytes, at the source's granularity) in one source; listeners hear of it where all
   * other sources are populated. @throws as {@link Conversions.convert}, and `not-found`
   */
  changeSource(
    ramBlockId: string,
    sourceId: string,
    asked: ConversionRequest<Populatedness>,
    options: ChangeOptions<Conversion>,
  ): Promise<Conversion> {
    const live = this.#machines.block(ramBlockId);
    return this.#changeOne(live, (block) => findSource(block, sourceId), asked, options);
  }

  /** Committed changes with a position below `before`, newest first. @throws Problem `not-found`, `journal-unavailable` */
  async history(ramBlockId: string, before: number, limit: number): Promise<PastConversion[]> {
    const { pageSize } = this.#machines.block(ramBlockId).block;
    const found = await this.#machines.journal.history(ramBlockId, before, limit);
    return found.map(({ position, change, step }) => ({ position, conversion: conversionOf(change, step, pageSize) }));
  }

  /** One step alone, while others may change other pages. */
  #changeOne(
    live: LiveBlock,
    sourceOf: (block: RamBlock) => RamDiscardSource,
    asked: ConversionRequest,
    options: ChangeOptions<Conversion>,
  ): Promise<Conversion> {
    const change = (): Promise<Conversion> => {
      const source = sourceOf(live.block);
      return this.#carryOut(live, source, [asked], false, ([conversion]) => only(conversion), options.answered);
    };
    return live.inTurn(change, options, lockOf(live, asked, options));
  }

  /** @param answer makes what is answered of the conversions, which are of `generation` */
  #carryOut<Answer>(
    live: LiveBlock,
    source: RamDiscardSource,
    asked: readonly ConversionRequest[],
    isBatch: boolean,
    answer: (conversions: readonly Conversion[], generation: number) => Answer,
    answered: ChangeOptions<Answer>['answered'],
  ): Promise<Answer> {
    const plan = planConversions(live, source, asked, this.#newId, { isBatch });
    const change = new Change([plan], source.isRamBlockAttributes ? 'conversion' : 'source');
    const made = ([fact]: readonly ConversionFact[]): Answer => {
      if (fact === undefined) throw new Error('a change of a block has no fact');
      return answer(conversionsOf(fact, live.block.pageSize), fact.generation);
    };
    return change.carryOut(made, answered).catch(tellOfFailure([{ live, asked }]));
  }

  #preview(
    ramBlockId: string,
    asked: readonly ConversionRequest<PageState>[],
    generations: Generations,
    isBatch: boolean,
  ): ConversionBatch {
    const live = this.#machines.block(ramBlockId);
    checkGeneration(live.block, generations);
    const plan = planConversions(live, attributesOf(live.block), asked, () => null, { isBatch });
    new Change([plan], 'conversion').allow();
    const { factAt, isChange } = plan;
    const { generation, pageSize } = live.block;
    const fact = factAt(isChange ? generation + 1 : generation);
    return batchOf(conversionsOf(fact, pageSize), fact.generation);
  }

  /** In slices: the block is locked meanwhile. @throws Problem `too-many-runs` */
  async #differences(source: RamDiscardSource, at: number, bytes: Uint8Array, pages: number): Promise<Differences> {
    const { changeRunsLimit, elapsed } = this.#machines.dependencies;
    const turns = new Turns(elapsed);
    const finding = differences(source.bitmap, at, bytes, pages, changeRunsLimit);
    let step = finding.next();
    while (!step.done) {
      if (turns.isOver) await turns.give();
      step = finding.next();
    }
    const { discard, populate } = step.value;
    for (const { length } of [discard, populate]) new RunBudget(changeRunsLimit).take(length);
    return step.value;
  }
}

/** @throws Problem `no-attributes` */
export function attributesOf(block: RamBlock): RamDiscardSource {
  if (block.attributes !== undefined) return block.attributes;
  const detail = `RAM block ${block.id} has no RamBlockAttributes (guestMemfd false, or the source was deleted)`;
  throw new Problem('no-attributes', detail, { ramBlockId: block.id });
}

/** @throws Problem `not-found` */
export function findSource(block: RamBlock, sourceId: string): RamDiscardSource {
  const source = block.manager.sources.get(sourceId);
  if (source === undefined) throw new Problem('not-found', `RAM block ${block.id} has no source ${sourceId}`);
  return source;
}

/**
 * What a single step needs of its block: its pages alone, that others may change theirs meanwhile. Everything where it is
 * conditional on the generation, or where listeners count their mappings: what fits is not known before the others are done.
 */
function lockOf(
  { block }: LiveBlock,
  asked: ConversionRequest,
  { generations }: Pick<ChangeOptions<never>, 'generations'>,
): () => Lock {
  const pages = toPageRange(asked, block.pageSize);
  const isPopulate = asked.to === 'shared' || asked.to === 'populated';
  return () => {
    if (generations !== null || (isPopulate && block.manager.hasMappingLimits)) return null;
    return pages;
  };
}

function batchOf(conversions: readonly Conversion[], generation: number): ConversionBatch {
  return { conversions, generation };
}

function only(conversion: Conversion | undefined): Conversion {
  if (conversion === undefined) throw new Error('a conversion was asked for and none was made');
  return conversion;
}

/** Returns how many pages the window has. @throws Problem `invalid-range` when `bytes` do not fit it, or it the block */
function pagesOfBitmap(
  block: RamBlock,
  { offset, size }: { readonly offset: number; readonly size: number | undefined },
  bytes: Uint8Array,
): number {
  const { usedLength, pageSize } = block;
  const window = { offset, size: size ?? Math.max(0, usedLength - offset) };
  checkSection(window, usedLength, pageSize);
  const pages = window.size / pageSize;
  const needed = Math.ceil(pages / 8);
  if (bytes.length !== needed) {
    const taken = size === undefined ? 'to the end of the block (size, in bytes of memory, says less)' : `on`;
    const detail = `the bitmap has ${bytes.length} bytes; ${pages} pages from offset ${offset} ${taken} take ${needed}`;
    throw new Problem('invalid-range', detail);
  }
  if (pages % 8 !== 0 && (bytes.at(-1) ?? 0) >>> (pages % 8) !== 0) {
    throw new Problem('invalid-range', `the last byte of the bitmap has bits beyond the ${pages} pages of the window`);
  }
  return pages;
}
