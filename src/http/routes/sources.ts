// Sources of a block: listed, added, removed.
import { Type } from 'typebox';
import { findSource } from '../../service/conversions.ts';
import type { Machines } from '../../service/machines.ts';
import type { Sources } from '../../service/sources.ts';
import { type SourceView, sourceView } from '../../service/views.ts';
import { LIST_BODY_LIMIT } from '../bodies.ts';
import { type ChangeRequests, withoutKey } from '../change-requests.ts';
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
  SourceParams,
  WRITE_PROBLEMS,
} from '../schemas/common.ts';
import { NewSource, Source, SourceList } from '../schemas/ram-block.ts';
import type { TypedApp } from '../typed-app.ts';

export function sourceRoutes(app: TypedApp, machines: Machines, sources: Sources, changes: ChangeRequests): void {
  app.post(
    '/v1/ram-blocks/:ramBlockId/sources',
    {
      bodyLimit: LIST_BODY_LIMIT,
      schema: {
        operationId: 'addSource',
        tags: ['Sources'],
        summary: 'Add a source',
        description:
          'Listeners are told to discard the pages that it takes away; if one does not acknowledge, the source is not added.',
        params: RamBlockParams,
        headers: Type.Object(IdempotencyKeyHeader),
        body: ref(NewSource),
        response: {
          201: answer(Source, 'The source.', 'location', 'idempotent-replayed'),
          ...problems(
            'not-found',
            'already-exists',
            'limit-reached',
            'coordinated-discard-required',
            'invalid-range',
            'too-many-runs',
            'discard-unacknowledged',
            'listener-unsettled',
            ...POST_PROBLEMS,
          ),
        },
      },
    },
    (request, reply) => {
      const { ramBlockId } = request.params;
      return changes.post<SourceView>(request, reply, {
        status: 201,
        run: (options) => {
          const { name, granularity, populated = [] } = request.body;
          return sources.add(ramBlockId, { name, granularity, populated }, options);
        },
        headers: ({ id }) => ({ location: `/v1/ram-blocks/${ramBlockId}/sources/${id}` }),
      });
    },
  );

  app.get(
    '/v1/ram-blocks/:ramBlockId/sources',
    {
      schema: {
        operationId: 'listSources',
        tags: ['Sources'],
        summary: 'List the sources of a block, oldest first',
        params: RamBlockParams,
        querystring: input(PageQuery),
        response: { 200: answer(SourceList, 'A page of sources.'), ...problems('cursor-invalid', 'not-found') },
      },
    },
    async ({ params, query }) => {
      const { block } = machines.block(params.ramBlockId);
      const list = `sources of ${block.id}`;
      const all = block.manager.sources.values();
      return pageOf(
        list,
        all,
        query,
        (source) => source.definition.id,
        (source) => sourceView(source, block),
      );
    },
  );

  app.get(
    '/v1/ram-blocks/:ramBlockId/sources/:sourceId',
    {
      schema: {
        operationId: 'getSource',
        tags: ['Sources'],
        summary: 'Get a source',
        params: SourceParams,
        response: { 200: answer(Source, 'The source.'), ...problems('not-found') },
      },
    },
    async ({ params }) => {
      const { block } = machines.block(params.ramBlockId);
      return sourceView(findSource(block, params.sourceId), block);
    },
  );

  app.delete(
    '/v1/ram-blocks/:ramBlockId/sources/:sourceId',
    {
      schema: {
        operationId: 'removeSource',
        tags: ['Sources'],
        summary: 'Remove a source',
        description:
          'Listeners are told to populate the pages that this gives back; if one refuses, the source stays. RamBlockAttributes is removed by force only, because all private memory becomes populated.',
        params: SourceParams,
        querystring: ForceQuery,
        response: {
          204: Type.Null({ description: 'The source is removed.' }),
          ...problems(
            'not-found',
            'listener-refused',
            'mapping-limit',
            'too-many-runs',
            'listener-unreachable',
            'listener-unsettled',
            ...WRITE_PROBLEMS,
          ),
        },
      },
    },
    async (request, reply) => {
      const { params, query } = request;
      await sources.remove(params.ramBlockId, params.sourceId, query.force, withoutKey(request, reply));
      return reply.code(204).send(null);
    },
  );
}
