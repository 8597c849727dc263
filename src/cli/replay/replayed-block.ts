// What a replay knows of a block's state: a bitmap of its own that takes every conversion which the service accepted. So
// the figures cost no question to the service. Only RamBlockAttributes is followed, and nobody else's changes.
import { PageBitmap } from '../../core/page-bitmap.ts';
import { type Section, toPageRange } from '../../core/section.ts';
import type { ConversionTarget } from '../../traces/trace-event.ts';
import type { RamBlockAnswer } from './answers.ts';

export class ReplayedBlock {
  readonly ramBlock: RamBlockAnswer;
  /** Whether the replay created it. */
  readonly created: boolean;
  readonly #bitmap: PageBitmap;

  /** @param shared what is shared at the start; on page borders of the block */
  constructor(ramBlock: RamBlockAnswer, created: boolean, shared: readonly Section[] = []) {
    this.ramBlock = ramBlock;
    this.created = created;
    this.#bitmap = new PageBitmap(Math.ceil(ramBlock.usedLength / ramBlock.pageSize));
    for (const section of shared) this.apply(section, 'shared');
  }

  get usedLength(): number {
    return this.ramBlock.usedLength;
  }

  get pageSize(): number {
    return this.ramBlock.pageSize;
  }

  /** Shared pages. */
  get pages(): number {
    return this.#bitmap.populated;
  }

  /** Shared bytes. */
  get populatedBytes(): number {
    return this.#bitmap.populated * this.pageSize;
  }

  /** Maximal runs of shared pages. */
  get runs(): number {
    return this.#bitmap.runCount;
  }

  /** @param section within the block, on its page borders @returns how many bytes it changed */
  apply(section: Section, to: ConversionTarget): number {
    const before = this.pages;
    const range = toPageRange(section, this.pageSize);
    if (to === 'shared') this.#bitmap.set(range);
    else this.#bitmap.clear(range);
    return Math.abs(this.pages - before) * this.pageSize;
  }
}
