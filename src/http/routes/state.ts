// Routes for the state of a block: of a range, as sections, as a bitmap, as a picture.

import { Readable } from 'node:stream';
import { Type } from 'typebox';
import { MAX_BYTES, MAX_CELLS } from '../../limits.ts';
import type { FrozenBitmaps } from '../../service/frozen-bitmaps.ts';
import type { Machines } from '../../service/machines.ts';
import { bitmap, density, rangeState, sections } from '../../service/queries.ts';
import { etag } from '../change-requests.ts';
import { numberCursor, pageFrom } from '../pages.ts';
import {
  answer,
  input,
  PageQuery,
  problems,
  RamBlockParams,
  SourceQuery,
  stringEnum,
  WindowQuery,
} from '../schemas/common.ts';
import { Density, RangeState, SectionList } from '../schemas/ram-block.ts';
import type { TypedApp } from '../typed-app.ts';

const ETAG = { type: 'string', description: 'The generation, for If-Match.' };
const OCTET_STREAM = 'application/octet-stream';

export function stateRoutes(app: TypedApp, machines: Machines, frozen: FrozenBitmaps): void {
  app.get(
    '/v1/ram-blocks/:ramBlockId/state',
    {
      schema: {
        operationId: 'getState',
        tags: ['State'],
        summary: 'Whether a range is populated, and what RamBlockAttributes says of it',
        params: RamBlockParams,
        querystring: input({ ...WindowQuery, ...SourceQuery }),
        response: {
          200: answer(RangeState, 'The state of the range.', 'etag'),
          ...problems('not-found', 'invalid-range'),
        },
      },
    },
    async ({ params, query }, reply) => {
      const { block } = machines.block(params.ramBlockId);
      const state = rangeState(block, query);
      reply.header('etag', etag(state.generation));
      return state;
    },
  );

  app.get(
    '/v1/ram-blocks/:ramBlockId/sections',
    {
      schema: {
        operationId: 'listSections',
        tags: ['State'],
        summary: 'Maximal runs of populated or discarded pages, ascending',
        description:
          'Cut to the window. Send the ETag of the first page as If-Match with the next ones: they fit together then.',
        params: RamBlockParams,
        querystring: input({
          state: stringEnum(['populated', 'discarded'], { default: 'populated' }),
          ...WindowQuery,
          ...SourceQuery,
          ...PageQuery,
        }),
        response: {
          200: answer(SectionList, 'A page of runs.', 'etag'),
          ...problems('cursor-invalid', 'not-found', 'invalid-range'),
        },
      },
    },
    async (request, reply) => {
      const { params, query } = request;
      const { block } = machines.block(params.ramBlockId);
      const list = `${query.state} sections of ${params.ramBlockId}`;
      const from = numberCursor(list, query.cursor, 0, MAX_BYTES);
      const found = sections(block, query, query.state === 'populated', from, query.limit + 1);
      reply.header('etag', etag(block.generation));
      const page = pageFrom(list, found, query.limit, ({ offset, size }) => offset + size);
      return { ...page, generation: block.generation };
    },
  );

  app.get(
    '/v1/ram-blocks/:ramBlockId/density',
    {
      schema: {
        operationId: 'getDensity',
        tags: ['State'],
        summary: 'How many pages are populated in each cell of a window',
        params: RamBlockParams,
        querystring: input({
          ...WindowQuery,
          ...SourceQuery,
          cells: Type.Integer({
            minimum: 1,
            maximum: MAX_CELLS,
            default: 1024,
            description: 'The most cells that the answer has.',
          }),
        }),
        response: { 200: answer(Density, 'The cells.', 'etag'), ...problems('not-found', 'invalid-range') },
      },
    },
    async ({ params, query }, reply) => {
      const { block } = machines.block(params.ramBlockId);
      const found = density(block, query, query.cells);
      reply.header('etag', etag(found.generation));
      return found;
    },
  );

  app.get(
    '/v1/ram-blocks/:ramBlockId/bitmap',
    {
      config: { produces: OCTET_STREAM },
      schema: {
        operationId: 'getBitmap',
        tags: ['State'],
        summary: 'The bitmap of a window, one bit per page',
        description:
          'Bit i of byte j is page 8j+i of the window, 1 = populated. The window is page aligned; at most 64 MiB.',
        params: RamBlockParams,
        querystring: input({ ...WindowQuery, ...SourceQuery }),
        response: {
          200: {
            description: 'The bitmap.',
            headers: { etag: ETAG },
            content: { [OCTET_STREAM]: { schema: Type.Unsafe<Readable>({ type: 'string', format: 'binary' }) } },
          },
          ...problems('not-found', 'payload-too-large', 'invalid-range', 'overloaded'),
        },
      },
    },
    async ({ params, query }, reply) => {
      const { block } = machines.block(params.ramBlockId);
      const { bytes, reading } = bitmap(block, query, frozen);
      reply.headers({ etag: etag(block.generation), 'content-length': bytes }).type(OCTET_STREAM);
      const stream = Readable.from(reading.pieces);
      stream.once('close', () => reading.release());
      return reply.send(stream);
    },
  );
}
