// A scripted service that has blocks and machines, and converts as it is asked to: without listeners, holes and ranges that
// are not valid, which a test brings about itself.
import { fieldOf, numberOf, stringOf } from '../../../src/client/json-fields.ts';
import { PageBitmap } from '../../../src/core/page-bitmap.ts';
import { problem, ramBlock, type Script } from './scripted-service.ts';

const PAGE = 4096;

/** Blocks that convert as they are asked to; `refuse` may object. A block's `shared` is what is shared at the start. */
export function convertingScript(blocks: object[] = [], refuse: Script = () => null): Script {
  const bitmaps = new Map<string, PageBitmap>();

  /** @returns the part of a conversion in one block */
  const convert = (block: object, start: number, end: number, to: string | null): object => {
    const id = stringOf(block, 'id') ?? '';
    const bitmap = bitmaps.get(id) ?? new PageBitmap((numberOf(block, 'usedLength') ?? 0) / PAGE);
    bitmaps.set(id, bitmap);
    const before = bitmap.populated;
    const range = { start: start / PAGE, end: end / PAGE };
    if (to === 'shared') bitmap.set(range);
    else bitmap.clear(range);
    const changedBytes = Math.abs(bitmap.populated - before) * PAGE;
    return { ramBlockId: id, offset: start, size: end - start, changedBytes };
  };

  const convertMachine = (machine: string, gpa: number, size: number, to: string | null): object => {
    const conversions = blocks.flatMap((block) => {
      const base = numberOf(block, 'gpa');
      if (base === null || stringOf(block, 'machine') !== machine) return [];
      const start = Math.max(gpa, base) - base;
      const end = Math.min(gpa + size, base + (numberOf(block, 'usedLength') ?? 0)) - base;
      return start < end ? [convert(block, start, end, to)] : [];
    });
    return { gpa, size, to, conversions, unassigned: [] };
  };

  return (request) => {
    const { method, path, body } = request;
    const { pathname, searchParams } = new URL(path, 'http://service');
    if (method === 'POST' && pathname === '/v1/ram-blocks') {
      // The contract's request body, as the client under test sends it.
      const created = ramBlock({ ...(body as object), id: `b${blocks.length + 1}` });
      blocks.push(created);
      return { status: 201, body: created };
    }
    if (pathname === '/v1/ram-blocks') {
      const found = blocks.filter((block) => stringOf(block, 'idstr') === searchParams.get('idstr'));
      return { status: 200, body: { items: found } };
    }
    const [, kind, id = '', what] = /^\/v1\/(ram-blocks|machines)\/([^/]+)\/?(.*)$/.exec(pathname) ?? [];
    const isIn = kind === 'machines' ? 'machine' : 'id';
    const named = blocks.filter((block) => stringOf(block, isIn) === id);
    const [block] = named;
    if (block === undefined) return problem(404, 'not-found');
    if (what === 'sections') {
      return { status: 200, body: { items: fieldOf(block, 'shared') ?? [], nextCursor: null, generation: 1 } };
    }
    if (method === 'GET') return { status: 200, body: kind === 'machines' ? { ramBlocks: named } : block };
    const refusal = refuse(request);
    if (refusal !== null) return refusal;
    const size = numberOf(body, 'size') ?? 0;
    const to = stringOf(body, 'to');
    if (kind === 'machines') return { status: 200, body: convertMachine(id, numberOf(body, 'gpa') ?? 0, size, to) };
    const offset = numberOf(body, 'offset') ?? 0;
    return { status: 200, body: convert(block, offset, offset + size, to) };
  };
}
