// The requests of a load, written out before it begins: every connection has pages of its own and turns its ranges shared,
// one by one, then private, and so on. So each conversion changes something, whichever of them meets whom.
import { createRandom } from '../random.ts';

const PAGE = 4096;
/** Pages from the beginning of one range to that of the next. */
const STRIDE = 1024;
const MAX_PAGES = 512;
/** The pages of a block of 1 TiB, which all blocks of a load have. */
export const BLOCK_BYTES = 2 ** 40;
const BLOCK_PAGES = BLOCK_BYTES / PAGE;

export interface RequestPlan {
  /** Of the path: which of the routes that take these requests. */
  readonly prefix: '/v1' | '/constant' | '/relay' | '/bare';
  readonly connections: number;
  /** Connection i converts the block i modulo their number. */
  readonly ramBlockIds: readonly string[];
  /** Of one connection. */
  readonly ranges: number;
  /** Conversions in one request. */
  readonly batch: number;
}

interface Conversion {
  readonly offset: number;
  readonly size: number;
  readonly to: 'shared' | 'private';
}

/** The requests of one connection, to be sent in this order again and again. */
export function requestsOf(plan: RequestPlan, connection: number): Buffer[] {
  const { prefix, connections, ramBlockIds, ranges, batch } = plan;
  const ramBlockId = ramBlockIds[connection % ramBlockIds.length];
  const stripes = Math.ceil(connections / ramBlockIds.length);
  const start = Math.floor(connection / ramBlockIds.length) * Math.floor(BLOCK_PAGES / stripes);
  const random = createRandom(connection + 1);
  const sections = Array.from({ length: ranges }, (_, index) => {
    const pages = 1 + random(MAX_PAGES);
    const first = start + index * STRIDE + random(STRIDE - pages);
    return { offset: first * PAGE, size: pages * PAGE };
  });
  const path = `${prefix}/ram-blocks/${ramBlockId}`;
  return (['shared', 'private'] as const).flatMap((to) => {
    const conversions = shuffled(sections, random).map((section) => ({ ...section, to }));
    if (batch === 1) return conversions.map((one) => post(`${path}/conversions`, one));
    return chunks(conversions, batch).map((some) => post(`${path}/conversion-batches`, { conversions: some }));
  });
}

export function post(path: string, body: Conversion | object): Buffer {
  const json = JSON.stringify(body);
  const head = [
    `POST ${path} HTTP/1.1`,
    'host: 127.0.0.1',
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(json)}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${json}`);
}

function shuffled<T>(items: readonly T[], random: (below: number) => number): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = random(last + 1);
    [result[last], result[other]] = [result[other] as T, result[last] as T];
  }
  return result;
}

function chunks<T>(items: readonly T[], length: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / length) }, (_, n) => items.slice(n * length, (n + 1) * length));
}
