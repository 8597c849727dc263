// Reads what the pages of a range are, cell by cell: one density of the block, and where other sources discard too, one of
// each source.
import type { ServiceApi } from '../client/service-api.ts';
import type { PageRange } from '../model/map-window.ts';
import { type CellCounts, cellCounts } from '../model/page-states.ts';
import type { Density, RamBlock, Source } from '../model/resources.ts';

/** The source that says shared or private; all others say whether there is memory at all. */
const ATTRIBUTES = 'ram-block-attributes';

export interface Cells {
  readonly cells: readonly CellCounts[];
  readonly generation: number;
}

/** @param sources of the block @param range not empty @throws ServiceError */
export async function readCells(
  api: ServiceApi,
  block: RamBlock,
  sources: readonly Source[],
  range: PageRange,
  pagesPerCell: number,
): Promise<Cells> {
  const others = sources.filter(({ name }) => name !== ATTRIBUTES).map(({ name }) => name);
  const hasAttributes = block.attributes !== null;
  // Without others, what is populated is what is shared; without RamBlockAttributes, what is not populated is discarded.
  const names = hasAttributes && others.length > 0 ? [ATTRIBUTES, ...others] : [];
  const densityOf = (name: string | null) => density(api, block, range, pagesPerCell, name);
  const [all, ...each] = await Promise.all([densityOf(null), ...names.map(densityOf)]);
  const [attributes = all, ...inOthers] = each;
  const cells = all.cells.map((populated, cell) => {
    const start = range.start + cell * pagesPerCell;
    return cellCounts({
      pages: Math.min(pagesPerCell, range.end - start),
      populated,
      attributes: hasAttributes ? (attributes.cells[cell] ?? 0) : null,
      others: inOthers.map((counts) => counts.cells[cell] ?? 0),
    });
  });
  return { cells, generation: all.generation };
}

/** Populated pages in each cell; the last one, which may be shorter, is asked for on its own. */
async function density(
  api: ServiceApi,
  { id, pageSize }: RamBlock,
  { start, end }: PageRange,
  pagesPerCell: number,
  source: string | null,
): Promise<Omit<Density, 'pagesPerCell'>> {
  const whole = Math.floor((end - start) / pagesPerCell);
  const middle = start + whole * pagesPerCell;
  const parts = [
    { from: start, to: middle, cells: whole },
    { from: middle, to: end, cells: 1 },
  ].filter(({ from, to }) => to > from);
  const densities = await Promise.all(
    parts.map(({ from, to, cells }) => {
      const query = new URLSearchParams({
        offset: String(from * pageSize),
        size: String((to - from) * pageSize),
        cells: String(cells),
        ...(source === null ? {} : { source }),
      });
      return api.read<Density>(`/v1/ram-blocks/${id}/density?${query}`);
    }),
  );
  return { cells: densities.flatMap(({ cells }) => cells), generation: densities[0]?.generation ?? 0 };
}
