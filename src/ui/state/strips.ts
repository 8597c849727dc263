// Each block of a machine in one line: its whole length in a few cells. Read one after the other, the stale ones again.
import type { ServiceApi } from '../client/service-api.ts';
import type { Page, RamBlock, Source } from '../model/resources.ts';
import { type Cells, readCells } from './cells.ts';

const STRIP_CELLS = 256;
/** Blocks that are read; of a machine with more, the others show their totals only. */
const MOST_STRIPS = 64;

export class Strips {
  readonly #api: ServiceApi;
  readonly #strips = new Map<string, Cells>();

  constructor(api: ServiceApi) {
    this.#api = api;
  }

  of(ramBlockId: string): Cells | null {
    return this.#strips.get(ramBlockId) ?? null;
  }

  /** Whether a block has changed since it was read. */
  isStale({ id, generation }: RamBlock): boolean {
    return this.#strips.get(id)?.generation !== generation;
  }

  /** @throws ServiceError */
  async load(blocks: readonly RamBlock[]): Promise<void> {
    for (const block of blocks.slice(0, MOST_STRIPS).filter((one) => this.isStale(one))) {
      const pages = block.usedLength / block.pageSize;
      const sources = block.sourceCount > 1 ? await this.#sources(block) : [];
      const range = { start: 0, end: pages };
      this.#strips.set(block.id, await readCells(this.#api, block, sources, range, Math.ceil(pages / STRIP_CELLS)));
    }
    for (const id of this.#strips.keys()) {
      if (!blocks.some((block) => block.id === id)) this.#strips.delete(id);
    }
  }

  async #sources({ id }: RamBlock): Promise<readonly Source[]> {
    return (await this.#api.read<Page<Source>>(`/v1/ram-blocks/${id}/sources?limit=1000`)).items;
  }
}
