// The constants that more than one room needs, each once. No imports: the page in the browser uses them, too.

/** The largest number that an answer, an offset, a sum or a sequence may be: 2^53 - 1. */
export const MAX_BYTES = Number.MAX_SAFE_INTEGER;

/** Bytes of the smallest page, and the least that a section, an address or a granularity is a multiple of. */
export const MIN_PAGE_SIZE = 4096;

/** Bytes of the largest RAM block: 64 TiB. */
export const MAX_BLOCK_BYTES = 64 * 2 ** 40;

/** Bytes of the longest idstr in UTF-8, as QEMU's RAMBlock keeps it with its closing 0. */
export const MAX_IDSTR_BYTES = 255;

/** DMA mappings that VFIO type1 allows a container unless it is told otherwise: its `dma_entry_limit`. */
export const DMA_ENTRY_LIMIT = 65_535;

/** Milliseconds that a timer can wait. One that is to wait longer is over at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** Milliseconds of the shortest and of the longest deadline of a delivery. */
export const DELIVERY_TIMEOUT_MS = { least: 100, most: 30_000 } as const;

/** Items of the largest page of a list. */
export const MAX_PAGE_ITEMS = 1000;

/** Conversions of the largest batch. */
export const MAX_BATCH = 10_000;

/** Cells of the finest density map. */
export const MAX_CELLS = 4096;
