// One opinion on which pages of a block are populated, QEMU's RamDiscardSource: RamBlockAttributes (shared/private) is
// one, virtio-mem (plugged/unplugged) another.
import type { PageBitmap } from './page-bitmap.ts';
import type { SourceDefinition, Uniformity } from './records.ts';
import { checkSection, type PageRange, type Section, toPageRange } from './section.ts';

/** The name of the source that QEMU's RamBlockAttributes is. */
export const RAM_BLOCK_ATTRIBUTES = 'ram-block-attributes';

export class RamDiscardSource {
  readonly definition: SourceDefinition;
  #bitmap: PageBitmap;

  constructor(definition: SourceDefinition, bitmap: PageBitmap) {
    this.definition = definition;
    this.#bitmap = bitmap;
  }

  get bitmap(): PageBitmap {
    return this.#bitmap;
  }

  /** The block has another length (pages); what is new is discarded. */
  resize(length: number): void {
    this.#bitmap = this.#bitmap.resized(length);
  }

  get isRamBlockAttributes(): boolean {
    return this.definition.name === RAM_BLOCK_ATTRIBUTES;
  }

  /** What `range` is as a whole. An empty range is populated, as QEMU's is_populated has it. */
  stateOf(range: PageRange): Uniformity {
    return uniformityOf(this.bitmap, range);
  }

  /**
   * The pages of a section that this source can change.
   * @param usedLength bytes @param pageSize bytes
   * @throws Problem `invalid-range` (QEMU: `ram_block_attributes_is_valid_range`, EINVAL)
   */
  rangeOf(section: Section, usedLength: number, pageSize: number): PageRange {
    checkSection(section, usedLength, this.definition.granularity);
    return toPageRange(section, pageSize);
  }
}

/** What `range` is as a whole in `pages`. */
export function uniformityOf(pages: Pick<PageBitmap, 'next'>, range: PageRange): Uniformity {
  if (pages.next(range, false) === range.end) return 'populated';
  return pages.next(range, true) === range.end ? 'discarded' : 'mixture';
}
