// The state of a block as plainly as it can be said: one boolean a page for every source, and loops.

export interface Run {
  readonly offset: number;
  readonly size: number;
}

export class PageModel {
  readonly pageSize: number;
  readonly usedLength: number;
  /** By the name of the source. */
  readonly sources: Record<string, boolean[]> = {};

  constructor(pages: number, pageSize: number) {
    this.pageSize = pageSize;
    this.usedLength = pages * pageSize;
    this.addSource('ram-block-attributes');
  }

  addSource(name: string): void {
    this.sources[name] = Array(this.usedLength / this.pageSize).fill(false);
  }

  /** @param run page aligned */
  set(name: string, run: Run, value: boolean): void {
    this.#of(name).fill(value, run.offset / this.pageSize, (run.offset + run.size) / this.pageSize);
  }

  /** Of one source, or where all are populated. */
  pages(name?: string): boolean[] {
    if (name !== undefined) return this.#of(name);
    const all = Object.values(this.sources);
    return this.#of('ram-block-attributes').map((_, page) => all.every((pages) => pages[page]));
  }

  state(window: Run, name?: string) {
    const touched = this.#touched(window, this.pages(name));
    const shared = this.#touched(window, this.pages('ram-block-attributes'));
    const word = shared.every(Boolean) ? 'shared' : 'private';
    return {
      ...window,
      populated: touched.every(Boolean),
      populatedBytes: touched.filter(Boolean).length * this.pageSize,
      state: shared.every((page) => page === shared[0]) ? word : 'mixture',
    };
  }

  /** Maximal runs of pages that are `value`, cut to the window. */
  sections(window: Run, value: boolean, name?: string): Run[] {
    const pages = this.pages(name);
    const runs: Run[] = [];
    const end = window.offset + window.size;
    for (let at = window.offset; at < end; ) {
      const page = Math.floor(at / this.pageSize);
      const next = Math.min(end, (page + 1) * this.pageSize);
      const last = runs.at(-1);
      if (pages[page] === value) {
        if (last !== undefined && last.offset + last.size === at)
          runs[runs.length - 1] = { ...last, size: next - last.offset };
        else runs.push({ offset: at, size: next - at });
      }
      at = next;
    }
    return runs;
  }

  /** Bit i of byte j is page 8j+i of the window. */
  bitmap(window: Run, name?: string): Buffer {
    const pages = this.#touched(window, this.pages(name));
    const bytes = Buffer.alloc(Math.ceil(pages.length / 8));
    pages.forEach((page, index) => {
      const byte = Math.floor(index / 8);
      if (page) bytes[byte] = (bytes[byte] ?? 0) + 2 ** (index % 8);
    });
    return bytes;
  }

  #touched({ offset, size }: Run, pages: boolean[]): boolean[] {
    return pages.slice(Math.floor(offset / this.pageSize), Math.ceil((offset + size) / this.pageSize));
  }

  #of(name: string): boolean[] {
    const pages = this.sources[name];
    if (pages === undefined) throw new Error(`no source ${name}`);
    return pages;
  }
}
