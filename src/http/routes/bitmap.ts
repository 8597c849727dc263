// The bitmap of a block, taken as a whole: the state of another one, or of an earlier time, is carried here.
import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Conversions } from '../../service/conversions.ts';
import { MAX_BITMAP } from '../../service/queries.ts';
import { readBytes } from '../bodies.ts';
import { etag, withoutKey } from '../change-requests.ts';
import { refuseEncoded } from '../plugins/validation.ts';
import { answer, input, problems, RamBlockParams, WindowQuery, WRITE_PROBLEMS } from '../schemas/common.ts';
import { ConversionBatch } from '../schemas/ram-block.ts';
import type { TypedApp } from '../typed-app.ts';

const OCTET_STREAM = 'application/octet-stream';

/** In a scope of its own, for its body is bytes. */
export async function bitmapRoutes(app: TypedApp, conversions: Conversions): Promise<void> {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(OCTET_STREAM, async (request: FastifyRequest, body: Readable) => {
    const encoded = refuseEncoded(request);
    if (encoded !== null) throw encoded;
    const { 'content-length': announced } = request.headers;
    return readBytes(body, announced === undefined ? null : Number(announced), MAX_BITMAP);
  });

  app.put(
    '/v1/ram-blocks/:ramBlockId/bitmap',
    {
      bodyLimit: MAX_BITMAP,
      schema: {
        operationId: 'setBitmap',
        tags: ['State'],
        summary: 'Make RamBlockAttributes what a bitmap says, as one change',
        description:
          'The bytes that GET gives, at most 64 MiB: bit i of byte j is page 8j+i from `offset` on, 1 = shared. `size` says where the window ends, in bytes of memory; left out, it ends where the block does. A body that does not have one bit for each page of the window changes nothing. Listeners are told of the differences: first of what turns private, then of what turns shared.',
        consumes: [OCTET_STREAM],
        params: RamBlockParams,
        querystring: input(WindowQuery),
        body: Type.Unsafe<Buffer>({ type: 'string', format: 'binary' }),
        response: {
          200: answer(ConversionBatch, 'At most two: what turned private, and what turned shared.', 'etag'),
          ...problems(
            'not-found',
            'no-attributes',
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
      const { params, query, body } = request;
      const { offset = 0, size } = query;
      const batch = await conversions.setBitmap(params.ramBlockId, { offset, size }, body, withoutKey(request, reply));
      reply.header('etag', etag(batch.generation));
      return batch;
    },
  );
}
