// /v1/ram-blocks: blocks themselves.

import { Type } from 'typebox';
import { MIN_PAGE_SIZE } from '../../limits.ts';
import type { Machines } from '../../service/machines.ts';
import type { RamBlocks } from '../../service/ram-blocks.ts';
import { type RamBlockView, ramBlockView } from '../../service/views.ts';
import { type ChangeRequests, etag, withoutKey } from '../change-requests.ts';
import { pageOf } from '../pages.ts';
import {
  answer,
  ForceQuery,
  IdempotencyKeyHeader,
  input,
  PageQuery,
  POST_PROBLEMS,
  problems,
  RamBlockParams,
  ref,
  WRITE_PROBLEMS,
} from '../schemas/common.ts';
import { NewRamBlock, RamBlock, RamBlockList, RamBlockUpdate } from '../schemas/ram-block.ts';
import type { TypedApp } from '../typed-app.ts';

export function ramBlockRoutes(app: TypedApp, machines: Machines, ramBlocks: RamBlocks, changes: ChangeRequests): void {
  app.post(
    '/v1/ram-blocks',
    {
      schema: {
        operationId: 'createRamBlock',
        tags: ['RAM blocks'],
        summary: 'Create a RAM block, all private',
        headers: Type.Object(IdempotencyKeyHeader),
        body: ref(NewRamBlock),
        response: {
          201: answer(RamBlock, 'The block, all private.', 'location', 'etag', 'idempotent-replayed'),
          ...problems('already-exists', 'limit-reached', 'invalid-range', ...POST_PROBLEMS),
        },
      },
    },
    (request, reply) =>
      changes.post<RamBlockView>(request, reply, {
        status: 201,
        run: (options) => {
          const { pageSize = MIN_PAGE_SIZE, gpa = null, ...body } = request.body;
          return ramBlocks.create({ ...body, pageSize, gpa }, options);
        },
        headers: (block) => ({ location: `/v1/ram-blocks/${block.id}`, etag: etag(block.generation) }),
      }),
  );

  app.get(
    '/v1/ram-blocks',
    {
      schema: {
        operationId: 'listRamBlocks',
        tags: ['RAM blocks'],
        summary: 'List RAM blocks, oldest first',
        querystring: input({
          machine: Type.Optional(Type.String()),
          idstr: Type.Optional(Type.String()),
          ...PageQuery,
        }),
        response: { 200: answer(RamBlockList, 'A page of blocks.'), ...problems('cursor-invalid') },
      },
    },
    async ({ query }) => {
      const wanted = [...machines.blocks.values()].filter(({ block: { definition } }) => {
        return (
          (query.machine ?? definition.machine) === definition.machine &&
          (query.idstr ?? definition.idstr) === definition.idstr
        );
      });
      // Blocks of two machines become durable in any order; in pages, one with a smaller id must not come behind.
      wanted.sort((a, b) => (a.block.id < b.block.id ? -1 : 1));
      return pageOf(
        'ram-blocks',
        wanted,
        query,
        (live) => live.block.id,
        (live) => ramBlockView(live.block),
      );
    },
  );

  app.get(
    '/v1/ram-blocks/:ramBlockId',
    {
      schema: {
        operationId: 'getRamBlock',
        tags: ['RAM blocks'],
        summary: 'Get a RAM block',
        params: RamBlockParams,
        response: { 200: answer(RamBlock, 'The block.', 'etag'), ...problems('not-found') },
      },
    },
    async ({ params }, reply) => {
      const { block } = machines.block(params.ramBlockId);
      reply.header('etag', etag(block.generation));
      return ramBlockView(block);
    },
  );

  app.patch(
    '/v1/ram-blocks/:ramBlockId',
    {
      schema: {
        operationId: 'resizeRamBlock',
        tags: ['RAM blocks'],
        summary: 'Resize a RAM block within its maxLength',
        description:
          'New pages are discarded in every source. Pages that are cut off are discarded at the listeners first. Sections without a size of their own follow the end.',
        params: RamBlockParams,
        body: ref(RamBlockUpdate),
        response: {
          200: answer(RamBlock, 'The block.', 'etag'),
          ...problems(
            'not-found',
            'not-resizeable',
            'section-cut',
            'listener-refused',
            'mapping-limit',
            'invalid-range',
            'too-many-runs',
            'listener-unreachable',
            'discard-unacknowledged',
            'listener-unsettled',
            ...WRITE_PROBLEMS,
          ),
        },
      },
    },
    async (request, reply) => {
      const { usedLength } = request.body;
      const block = await ramBlocks.resize(request.params.ramBlockId, usedLength, withoutKey(request, reply));
      reply.header('etag', etag(block.generation));
      return block;
    },
  );

  app.delete(
    '/v1/ram-blocks/:ramBlockId',
    {
      schema: {
        operationId: 'deleteRamBlock',
        tags: ['RAM blocks'],
        summary: 'Delete a RAM block',
        description:
          'A block with listeners is deleted by force only: they are unregistered first, without waiting for dead ones.',
        params: RamBlockParams,
        querystring: ForceQuery,
        response: {
          204: Type.Null({ description: 'The block is deleted.' }),
          ...problems('not-found', 'has-listeners', ...WRITE_PROBLEMS),
        },
      },
    },
    async (request, reply) => {
      await ramBlocks.delete(request.params.ramBlockId, request.query.force, withoutKey(request, reply));
      return reply.code(204).send(null);
    },
  );
}
