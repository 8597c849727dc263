// Page conversions of a block and changes of its other sources: both are answered as a Conversion.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { parseByteSize } from '../../core/byte-size.ts';
import type { Conversion as ConversionView } from '../../core/records.ts';
import type { ProblemCode } from '../../errors.ts';
import type { Conversions } from '../../service/conversions.ts';
import { etag } from '../../service/options.ts';
import { type ChangeRequest, type ChangeRequests, prefersMinimal } from '../change-requests.ts';
import { numberCursor, pageFrom } from '../pages.ts';
import {
  answer,
  IdempotencyKeyHeader,
  IfMatchHeader,
  input,
  PageQuery,
  POST_PROBLEMS,
  problems,
  RamBlockParams,
  ref,
  SourceParams,
} from '../schemas/common.ts';
import { Conversion, ConversionList, NewConversion, SourceChange } from '../schemas/ram-block.ts';
import type { TypedApp } from '../typed-app.ts';

/** What a change that listeners are told of can meet. */
export const CHANGE_PROBLEMS = [
  'not-found',
  'listener-refused',
  'mapping-limit',
  'generation-mismatch',
  'invalid-range',
  'listener-unreachable',
  'discard-unacknowledged',
  'listener-unsettled',
  ...POST_PROBLEMS,
] as const satisfies ProblemCode[];

const ANSWERED_WITH = ['etag', 'idempotent-replayed', 'preference-applied'] as const;

const headers = Type.Object({
  ...IfMatchHeader,
  ...IdempotencyKeyHeader,
  prefer: Type.Optional(Type.String({ description: '`return=minimal` leaves `changed` out.' })),
});

export function conversionRoutes(app: TypedApp, conversions: Conversions, changes: ChangeRequests): void {
  const change = (request: FastifyRequest, reply: FastifyReply, run: ChangeRequest<ConversionView>['run']) => {
    const minimal = prefersMinimal(request);
    const show = ({ changed, ...rest }: ConversionView) => (minimal ? rest : { ...rest, changed });
    return changes.post<ReturnType<typeof show>>(request, reply, {
      status: 200,
      run: async ({ answered, ...options }) => {
        return show(await run({ ...options, answered: (conversion) => answered(show(conversion)) }));
      },
      headers: ({ generation }) => ({
        etag: etag(generation),
        ...(minimal ? { 'preference-applied': 'return=minimal' } : {}),
      }),
    });
  };

  app.post(
    '/v1/ram-blocks/:ramBlockId/conversions',
    {
      schema: {
        operationId: 'convert',
        tags: ['Conversions'],
        summary: 'Convert a range to shared or private',
        description: 'Listeners are told before it is answered. Already in the wanted state: 200, nothing is done.',
        params: RamBlockParams,
        headers,
        body: ref(NewConversion),
        response: {
          200: answer(Conversion, 'What changed.', ...ANSWERED_WITH),
          ...problems('no-attributes', ...CHANGE_PROBLEMS),
        },
      },
    },
    (request, reply) =>
      change(request, reply, (options) => {
        const { offset, size, to } = request.body;
        const section = { offset: parseByteSize(offset), size: parseByteSize(size) };
        return conversions.convert(request.params.ramBlockId, section, to, options);
      }),
  );

  app.post(
    '/v1/ram-blocks/:ramBlockId/sources/:sourceId/changes',
    {
      schema: {
        operationId: 'changeSource',
        tags: ['Sources'],
        summary: 'Populate or discard a range in one source',
        description: 'Listeners hear of it where all other sources are populated.',
        params: SourceParams,
        headers,
        body: ref(SourceChange),
        response: { 200: answer(Conversion, 'What changed.', ...ANSWERED_WITH), ...problems(...CHANGE_PROBLEMS) },
      },
    },
    (request, reply) =>
      change(request, reply, (options) => {
        const { params, body } = request;
        const section = { offset: parseByteSize(body.offset), size: parseByteSize(body.size) };
        return conversions.changeSource(params.ramBlockId, params.sourceId, section, body.to, options);
      }),
  );

  app.get(
    '/v1/ram-blocks/:ramBlockId/conversions',
    {
      schema: {
        operationId: 'listConversions',
        tags: ['Conversions'],
        summary: 'The last 10,000 committed changes, newest first',
        params: RamBlockParams,
        querystring: input(PageQuery),
        response: {
          200: answer(ConversionList, 'A page of the history.'),
          ...problems('cursor-invalid', 'not-found', 'journal-unavailable'),
        },
      },
    },
    async ({ params, query }) => {
      const list = `conversions of ${params.ramBlockId}`;
      const before = numberCursor(list, query.cursor, 0, Number.MAX_SAFE_INTEGER) ?? Number.MAX_SAFE_INTEGER;
      const found = await conversions.history(params.ramBlockId, before, query.limit + 1);
      return pageFrom(list, found, query.limit, ({ generation }) => generation);
    },
  );
}
