// What a dry run knows beyond single previews: whether the conversions of a block would be accepted on top of each other,
// asked as the preview of one batch. A limit that only their sum exceeds shows here.

import type { Section } from '../../core/section.ts';
import { MAX_BATCH } from '../../limits.ts';
import type { ConversionTarget } from '../../traces/trace-event.ts';
import type { BatchStep, Converter } from './converter.ts';
import type { ReplayedBlock } from './replayed-block.ts';
import type { BatchPreview } from './summary.ts';

interface Steps {
  /** From the first one on, at most {@link MAX_BATCH}. */
  readonly steps: BatchStep[];
  total: number;
}

export class BatchPreviews {
  readonly #blocks = new Map<ReplayedBlock, Steps>();

  /** Takes a conversion whose own preview was not refused; in the order of the trace. */
  add(block: ReplayedBlock, { offset, size }: Section, to: ConversionTarget): void {
    const kept = this.#blocks.get(block) ?? { steps: [], total: 0 };
    this.#blocks.set(block, kept);
    kept.total++;
    if (kept.steps.length < MAX_BATCH) kept.steps.push({ offset, size, to });
  }

  /** Asks, block by block. @throws ReplayError as the converter does */
  async ask(converter: Converter): Promise<BatchPreview[]> {
    const previews: BatchPreview[] = [];
    for (const [{ ramBlock }, { steps, total }] of this.#blocks) {
      const refusal = await converter.previewBatch(ramBlock, steps);
      const { id: ramBlockId, idstr } = ramBlock;
      previews.push({ ramBlockId, idstr, conversions: steps.length, total, refusal });
    }
    return previews;
  }
}
