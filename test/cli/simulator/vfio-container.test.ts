import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VfioContainer } from '../../../src/cli/simulator/vfio-container.ts';
import type { Section } from '../../../src/core/section.ts';
import { MAX_BLOCK_BYTES, MAX_BYTES } from '../../../src/limits.ts';
import { byDepth } from '../../support/depth.ts';

const PAGE = 4096;
const section = (start: number, end: number): Section => ({ offset: start * PAGE, size: (end - start) * PAGE });
const none = { dmaMaxMappings: 65_535, memlock: null };

/** The obvious implementation: which mapping each page belongs to, plain loops. */
class NaiveContainer {
  readonly pages = new Map<number, number>();
  readonly dmaMaxMappings: number;
  readonly memlock: number;
  peak = 0;
  #nextId = 1;

  constructor(dmaMaxMappings: number, memlock: number | null) {
    this.dmaMaxMappings = dmaMaxMappings;
    this.memlock = memlock ?? Number.POSITIVE_INFINITY;
  }

  get mappings(): number {
    return new Set(this.pages.values()).size;
  }

  map(sections: readonly Section[], granularity: number): string | null {
    const made: number[] = [];
    for (const { offset, size } of sections) {
      let from = offset;
      while (from < offset + size) {
        let to = from + PAGE;
        while (to % granularity !== 0 && to < offset + size) to += PAGE;
        const errno = this.#mapOne(from, to);
        if (errno !== null) {
          for (const [page, id] of this.pages) if (made.includes(id)) this.pages.delete(page);
          return errno;
        }
        made.push(this.#nextId++);
        from = to;
      }
    }
    return null;
  }

  #mapOne(from: number, to: number): string | null {
    for (let at = from; at < to; at += PAGE) if (this.pages.has(at / PAGE)) return 'EEXIST';
    if (this.mappings >= this.dmaMaxMappings) return 'ENOSPC';
    if (this.pages.size * PAGE + (to - from) > this.memlock) return 'ENOSPC';
    for (let at = from; at < to; at += PAGE) this.pages.set(at / PAGE, this.#nextId);
    this.peak = Math.max(this.peak, this.mappings);
    return null;
  }

  mapMissing(sections: readonly Section[], granularity: number): void {
    for (const { offset, size } of sections) {
      let id = 0;
      for (let at = offset; at < offset + size; at += PAGE) {
        const isMissing = !this.pages.has(at / PAGE);
        // A mapping goes on while pages are missing, up to the next multiple of the granularity.
        if (!isMissing || at % granularity === 0) id = 0;
        if (!isMissing) continue;
        if (id === 0) id = this.#nextId++;
        this.pages.set(at / PAGE, id);
      }
    }
    this.peak = Math.max(this.peak, this.mappings);
  }

  /** The mappings that are cut, each as its first and last page. */
  unmap({ offset, size }: Section): string[] {
    const isInside = (page: number) => page * PAGE >= offset && page * PAGE < offset + size;
    const cuts: string[] = [];
    const rests: number[][] = [];
    for (const id of new Set(this.pages.values())) {
      const own = [...this.pages].filter(([, other]) => other === id).map(([page]) => page);
      if (!own.some(isInside) || own.every(isInside)) continue;
      cuts.push(`${Math.min(...own)}-${Math.max(...own)}`);
      const behind = own.filter((page) => page * PAGE >= offset + size);
      if (behind.length > 0) rests.push(behind);
    }
    for (const page of [...this.pages.keys()]) if (isInside(page)) this.pages.delete(page);
    for (const rest of rests) {
      for (const page of rest) this.pages.delete(page);
      if (this.mappings >= this.dmaMaxMappings) continue;
      for (const page of rest) this.pages.set(page, this.#nextId);
      this.#nextId++;
      this.peak = Math.max(this.peak, this.mappings);
    }
    return cuts.sort();
  }

  runs(): Section[] {
    const sorted = [...this.pages.keys()].sort((a, b) => a - b);
    const runs: { offset: number; size: number }[] = [];
    for (const page of sorted) {
      const last = runs.at(-1);
      if (last !== undefined && last.offset + last.size === page * PAGE) last.size += PAGE;
      else runs.push({ offset: page * PAGE, size: PAGE });
    }
    return runs;
  }
}

const somePage = fc.oneof(fc.nat({ max: 70 }), fc.integer({ min: 32_740, max: 32_800 }));
const someSection = fc.tuple(somePage, fc.integer({ min: 1, max: 40 })).map(([at, count]) => section(at, at + count));
const someStep = fc.oneof(
  fc.record({
    map: fc.array(someSection, { maxLength: 4 }),
    granularity: fc.constantFrom(PAGE, PAGE, 2 * PAGE, 8 * PAGE, 16 * PAGE),
  }),
  fc.record({ unmap: someSection }),
);

describe('VfioContainer', () => {
  it('does what the naive model does', () => {
    fc.assert(
      fc.property(
        fc.array(someStep, { maxLength: 25 }),
        fc.constantFrom(3, 20, 1000),
        fc.constantFrom(null, 12 * PAGE, 60 * PAGE),
        (steps, dmaMaxMappings, memlock) => {
          const container = new VfioContainer({ dmaMaxMappings, memlock });
          const naive = new NaiveContainer(dmaMaxMappings, memlock);
          for (const step of steps) {
            if ('map' in step) {
              const errno = container.map(step.map, step.granularity)?.errno ?? null;
              expect(errno).toBe(naive.map(step.map, step.granularity));
            } else {
              const cuts = container.unmap(step.unmap).map((cut) => {
                const first = cut.offset / PAGE;
                return `${first}-${first + cut.size / PAGE - 1}`;
              });
              expect(cuts.sort()).toEqual(naive.unmap(step.unmap));
            }
            expect(container.mappings).toBe(naive.mappings);
            expect(container.mappedBytes).toBe(naive.pages.size * PAGE);
            expect(container.runCount).toBe(naive.runs().length);
            expect(container.peakMappings).toBe(naive.peak);
          }
          expect([...container.runs()]).toEqual(naive.runs());
        },
      ),
      { numRuns: byDepth(60, 800) },
    );
  });

  it('maps what is missing as the naive model does, beyond every limit', () => {
    const someMirrorStep = fc.oneof(
      fc.record({
        map: fc.array(someSection, { maxLength: 4 }),
        granularity: fc.constantFrom(PAGE, 4 * PAGE, 16 * PAGE),
      }),
      fc.record({ unmap: someSection }),
    );
    fc.assert(
      fc.property(fc.array(someMirrorStep, { maxLength: 25 }), (steps) => {
        const container = new VfioContainer({ dmaMaxMappings: MAX_BYTES, memlock: null });
        const naive = new NaiveContainer(MAX_BYTES, null);
        for (const step of steps) {
          if ('map' in step) {
            container.mapMissing(step.map, step.granularity);
            naive.mapMissing(step.map, step.granularity);
          } else {
            expect(container.unmap(step.unmap)).toHaveLength(naive.unmap(step.unmap).length);
          }
          expect(container.mappings).toBe(naive.mappings);
          expect(container.mappedBytes).toBe(naive.pages.size * PAGE);
          expect(container.peakMappings).toBe(naive.peak);
        }
        expect([...container.runs()]).toEqual(naive.runs());
      }),
      { numRuns: byDepth(40, 400) },
    );
    const full = new VfioContainer({ dmaMaxMappings: 1, memlock: PAGE });
    full.mapMissing([section(0, 3), section(2, 5)], PAGE);
    expect(full.mappings).toBe(5);
  });

  it('cuts a section at multiples of the granularity of the region, not of the section', () => {
    const container = new VfioContainer(none);
    expect(container.map([section(3, 10)], 4 * PAGE)).toBeNull();
    // 3, 4-7, 8-9
    expect(container.mappings).toBe(3);
    expect(container.unmap(section(4, 8))).toEqual([]);
    expect(container.mappings).toBe(2);
  });

  it('says which mapping overlaps which', () => {
    const container = new VfioContainer(none);
    container.map([section(4, 8)], 4 * PAGE);
    const failure = container.map([section(0, 1), section(6, 7)], PAGE);
    expect(failure).toMatchObject({ errno: 'EEXIST', section: section(6, 7) });
    expect(failure?.text).toBe('mapping 0x6000+0x1000 overlaps the mapping 0x4000+0x4000');
  });

  it('unmaps what the call had mapped when a later mapping fails', () => {
    const container = new VfioContainer({ dmaMaxMappings: 10, memlock: null });
    container.map([section(100, 104)], PAGE);
    const failure = container.map([section(0, 3), section(50, 60)], PAGE);
    expect(failure?.text).toBe('mapping 0x35000+0x1000 would be DMA mapping 11; --dma-max-mappings allows 10');
    expect([...container.runs()]).toEqual([section(100, 104)]);
    expect(container.peakMappings).toBe(10);
  });

  it('counts pinned bytes against --memlock', () => {
    const container = new VfioContainer({ dmaMaxMappings: 10, memlock: 3 * PAGE });
    expect(container.map([section(0, 3)], PAGE)).toBeNull();
    expect(container.map([section(3, 4)], PAGE)?.text).toBe(
      'mapping 0x3000+0x1000 would make it 16384 pinned bytes; --memlock allows 12288',
    );
    container.unmap(section(0, 1));
    expect(container.map([section(3, 4)], PAGE)).toBeNull();
  });

  it('maps the rest of a cut mapping again, where there is room for it', () => {
    const roomy = new VfioContainer(none);
    roomy.map([section(0, 8)], 8 * PAGE);
    expect(roomy.unmap(section(3, 4))).toEqual([section(0, 8)]);
    expect([...roomy.runs()]).toEqual([section(0, 3), section(4, 8)]);
    expect(roomy.mappings).toBe(2);

    const full = new VfioContainer({ dmaMaxMappings: 1, memlock: null });
    full.map([section(0, 8)], 8 * PAGE);
    full.unmap(section(3, 4));
    expect([...full.runs()]).toEqual([section(0, 3)]);
  });

  it('reaches to the end of the largest block', () => {
    const container = new VfioContainer(none);
    const last = { offset: MAX_BLOCK_BYTES - PAGE, size: PAGE };
    expect(container.map([last], PAGE)).toBeNull();
    expect(container.isMapped(MAX_BLOCK_BYTES - 1)).toBe(true);
    expect(container.isMapped(MAX_BLOCK_BYTES - PAGE - 1)).toBe(false);
    expect([...container.runs()]).toEqual([last]);
    expect(container.unmap({ offset: 0, size: MAX_BLOCK_BYTES })).toEqual([]);
    expect(container.mappings).toBe(0);
  });

  it('holds a million mappings', () => {
    const container = new VfioContainer({ dmaMaxMappings: 2 ** 20, memlock: null });
    for (let delivery = 0; delivery < 128; delivery++) {
      const scattered = Array.from({ length: 8192 }, (_, i) => {
        const page = 2 * (delivery * 8192 + i);
        return section(page, page + 1);
      });
      expect(container.map(scattered, PAGE)).toBeNull();
    }
    expect(container.mappings).toBe(2 ** 20);
    expect(container.map([section(1, 2)], PAGE)?.errno).toBe('ENOSPC');
    expect(container.unmap(section(0, 2 ** 21))).toEqual([]);
    expect(container.mappings).toBe(0);
  });
});
