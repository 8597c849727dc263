// Page conversions of a block, alone, in batches and by guest physical address, and changes of its other sources.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { ProblemCode } from '../../errors.ts';
import type { Conversions } from '../../service/conversions.ts';
import type {
  MachineConversions,
  MachineConversion as MachineConversionView,
} from '../../service/machine-conversions.ts';
import { asOneAnswer, type Conversion as ConversionView } from '../../service/views.ts';
import { LIST_BODY_LIMIT } from '../bodies.ts';
import { type ChangeRequest, type ChangeRequests, etag, parseIfMatch, prefersMinimal } from '../change-requests.ts';
import { numberCursor, pageFrom } from '../pages.ts';
import {
  answer,
  DryRunQuery,
  IdempotencyKeyHeader,
  input,
  MachineParams,
  PageQuery,
  POST_PROBLEMS,
  problems,
  RamBlockParams,
  ref,
  SourceParams,
} from '../schemas/common.ts';
import {
  Conversion,
  ConversionBatch,
  ConversionList,
  MachineConversion,
  NewConversion,
  NewConversionBatch,
  NewMachineConversion,
  SourceChange,
} from '../schemas/ram-block.ts';
import type { TypedApp } from '../typed-app.ts';

/** Problems of a change that listeners are told of. */
const CHANGE_PROBLEMS = [
  'not-found',
  'listener-refused',
  'mapping-limit',
  'invalid-range',
  'too-many-runs',
  'listener-unreachable',
  'discard-unacknowledged',
  'listener-unsettled',
  ...POST_PROBLEMS,
] as const satisfies ProblemCode[];

const ANSWERED_WITH = ['etag', 'idempotent-replayed', 'preference-applied'] as const;

const PreferHeader = {
  prefer: Type.Optional(Type.String({ description: '`return=minimal` leaves `changed` out.' })),
};
const headers = Type.Object({ ...IdempotencyKeyHeader, ...PreferHeader });

const inBlock = { params: RamBlockParams, headers, querystring: DryRunQuery };
const changeProblems = problems('no-attributes', ...CHANGE_PROBLEMS);

/** The schema of a conversion's request and answer. */
export const CONVERT = {
  ...inBlock,
  body: ref(NewConversion),
  response: { 200: answer(Conversion, 'What changed.', ...ANSWERED_WITH), ...changeProblems },
};

/** The schema of a batch's request and answer. */
export const CONVERT_BATCH = {
  ...inBlock,
  body: ref(NewConversionBatch),
  response: { 200: answer(ConversionBatch, 'What each of them changed.', ...ANSWERED_WITH), ...changeProblems },
};

const MINIMAL = { 'preference-applied': 'return=minimal' };

/** Conversions as they are answered: with the runs that changed, or without. */
type Shown = Omit<ConversionView, 'changed'> & Partial<Pick<ConversionView, 'changed'>>;
type ShownBatch = { readonly conversions: readonly Shown[]; readonly generation: number };
type ShownGuestMemory = Omit<MachineConversionView, 'conversions'> & { readonly conversions: readonly Shown[] };

export interface ConversionRoutesOptions {
  readonly conversions: Conversions;
  readonly machineConversions: MachineConversions;
  readonly changes: ChangeRequests;
}

export function conversionRoutes(app: TypedApp, options: ConversionRoutesOptions): void {
  const { conversions, machineConversions, changes } = options;

  /** Answers what `run` comes to as the client wants to see it, with the runs that changed or without. */
  const change = <Resource>(
    request: FastifyRequest,
    reply: FastifyReply,
    shorten: (resource: Resource) => Resource,
    run: ChangeRequest<Resource>['run'],
  ) => {
    if (!prefersMinimal(request)) return changes.post<Resource>(request, reply, { status: 200, run, headers: tagOf });
    return changes.post<Resource>(request, reply, {
      status: 200,
      run: async (options) => shorten(await run({ ...options, answered: (one) => options.answered(shorten(one)) })),
      headers: (resource) => ({ ...tagOf(resource), ...MINIMAL }),
    });
  };

  /** Answers what would happen; an Idempotency-Key means nothing then. */
  const preview = <Resource>(
    request: FastifyRequest,
    reply: FastifyReply,
    shorten: (resource: Resource) => Resource,
    resource: Resource,
  ): Resource => {
    const minimal = prefersMinimal(request);
    reply.headers(minimal ? MINIMAL : {});
    return minimal ? shorten(resource) : resource;
  };

  app.post(
    '/v1/ram-blocks/:ramBlockId/conversions',
    {
      schema: {
        ...CONVERT,
        operationId: 'convert',
        tags: ['Conversions'],
        summary: 'Convert a range to shared or private',
        description:
          'Listeners are told before the answer. Pages that are in the wanted state already are left alone, and nobody is told.',
      },
    },
    (request, reply) => {
      const { params, query, body } = request;
      if (query.dryRun) {
        const shown = conversions.preview(params.ramBlockId, body, parseIfMatch(request));
        return preview<Shown>(request, reply, shortened, shown);
      }
      return change<Shown>(request, reply, shortened, (common) => conversions.convert(params.ramBlockId, body, common));
    },
  );

  app.post(
    '/v1/ram-blocks/:ramBlockId/conversion-batches',
    {
      bodyLimit: LIST_BODY_LIMIT,
      schema: {
        ...CONVERT_BATCH,
        operationId: 'convertBatch',
        tags: ['Conversions'],
        summary: 'Convert several ranges, in order, all of them or none',
        description:
          'One change of the block and one durable write; a listener gets one delivery for each change of direction.',
      },
    },
    (request, reply) => {
      const { params, query, body } = request;
      const { conversions: asked } = body;
      if (query.dryRun) {
        const shown = conversions.previewAll(params.ramBlockId, asked, parseIfMatch(request));
        return preview<ShownBatch>(request, reply, shortenedAll, shown);
      }
      return change<ShownBatch>(request, reply, shortenedAll, (common) => {
        return conversions.convertAll(params.ramBlockId, asked, common);
      });
    },
  );

  app.post(
    '/v1/machines/:machine/conversions',
    {
      schema: {
        operationId: 'convertGuestMemory',
        tags: ['Conversions'],
        summary: 'Convert a range of guest physical addresses',
        description:
          'Cut at the borders of blocks, and done in all of them or none. A hole is ignored when converting to shared and an error to private. If-Match is refused here: a machine has no generation.',
        params: MachineParams,
        headers,
        querystring: DryRunQuery,
        body: ref(NewMachineConversion),
        response: {
          200: answer(MachineConversion, 'What changed in each block.', 'idempotent-replayed', 'preference-applied'),
          ...changeProblems,
        },
      },
    },
    (request, reply) => {
      const { params, query, body } = request;
      const range = { gpa: body.gpa, size: body.size };
      if (query.dryRun) {
        const shown = machineConversions.preview(params.machine, range, body.to);
        return preview<ShownGuestMemory>(request, reply, shortenedAll, shown);
      }
      return change<ShownGuestMemory>(request, reply, shortenedAll, (common) => {
        return machineConversions.convert(params.machine, range, body.to, common);
      });
    },
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
    (request, reply) => {
      const { params, body } = request;
      return change<Shown>(request, reply, shortened, (common) => {
        return conversions.changeSource(params.ramBlockId, params.sourceId, body, common);
      });
    },
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
      const { items, nextCursor } = pageFrom(list, found, query.limit, ({ position }) => position);
      return { items: [...asOneAnswer(items.map(({ conversion }) => conversion))], nextCursor };
    },
  );
}

function shortened({ changed: _changed, ...rest }: Shown): Shown {
  return rest;
}

function shortenedAll<T extends { readonly conversions: readonly Shown[] }>(all: T): T {
  return { ...all, conversions: all.conversions.map(shortened) };
}

/** @param resource a machine has no generation of its own */
function tagOf(resource: unknown): Record<string, string> {
  const { generation } = Object(resource);
  return generation === undefined ? {} : { etag: etag(generation) };
}
