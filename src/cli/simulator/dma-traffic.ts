// The device at work: DMA to random pages of its section, so many a second. A page that is not mapped is a fault.

import type { Section } from '../../core/section.ts';
import { MIN_PAGE_SIZE } from '../../limits.ts';
import { hex, type VfioContainer } from './vfio-container.ts';
import type { ViolationLog } from './violations.ts';

const TICK_MS = 20;

export interface DmaCounts {
  readonly hits: number;
  readonly faults: number;
}

export class DmaTraffic {
  readonly #container: VfioContainer;
  readonly #violations: ViolationLog | null;
  readonly #random: () => number;
  #hits = 0;
  #faults = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param violations null: a fault is none, only counted @param random numbers in [0, 1) */
  constructor(container: VfioContainer, violations: ViolationLog | null, random: () => number) {
    this.#container = container;
    this.#violations = violations;
    this.#random = random;
  }

  get counts(): DmaCounts {
    return { hits: this.#hits, faults: this.#faults };
  }

  /** Touches `perSecond` random pages of `section` a second until stopped. */
  start(section: Section, perSecond: number): void {
    this.stop();
    let last = performance.now();
    let owed = 0;
    this.#timer = setInterval(() => {
      const now = performance.now();
      // After a pause of the process no more than one second is made up for.
      owed = Math.min(owed + ((now - last) / 1000) * perSecond, perSecond);
      last = now;
      for (; owed >= 1; owed--) this.touch(section);
    }, TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** DMA to one random page of `section`. */
  touch({ offset, size }: Section): void {
    const page = offset + Math.floor((this.#random() * size) / MIN_PAGE_SIZE) * MIN_PAGE_SIZE;
    if (this.#container.isMapped(page)) {
      this.#hits++;
      return;
    }
    this.#faults++;
    const section = { offsetWithinRegion: page, size: MIN_PAGE_SIZE };
    const text = `DMA to ${hex({ offset: page, size: MIN_PAGE_SIZE })}, which is not mapped`;
    this.#violations?.record('dma-fault', text, { section });
  }
}
