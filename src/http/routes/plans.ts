// /v1/plans: what a trace needs. It is read while it comes; no block is needed, and nothing changes.

import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { Problem } from '../../errors.ts';
import { DMA_ENTRY_LIMIT } from '../../limits.ts';
import { DEFAULT_POINTS, MAX_POINTS, Planner } from '../../planner/planner.ts';
import { checkTraceLength, MAX_TRACE, type Plans } from '../../service/plans.ts';
import { checkIdstr, parseMapOption } from '../../traces/map-option.ts';
import { CONVERSION_EVENTS } from '../../traces/trace-event.ts';
import { refuseEncoded } from '../plugins/validation.ts';
import { answer, input, problems } from '../schemas/common.ts';
import { Plan } from '../schemas/plan.ts';
import type { TypedApp } from '../typed-app.ts';

const MEDIA_TYPES = ['text/plain', 'application/x-ndjson', 'application/octet-stream'];
const MAX_MAPS = 64;

const PlanQuery = input({
  map: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 400 }), {
      maxItems: MAX_MAPS,
      description:
        "GPA:SIZE[:IDSTR], a RAM block at these guest physical addresses; GPA:SIZE@OFFSET:IDSTR for a part of one. Sizes as ByteSize. Repeated for more. Without any, they are those of the trace's `kvm_set_user_memory` lines, else guessed from its addresses.",
      examples: [['0:2G:ram-low', '4G:14G:ram-high']],
    }),
  ),
  block: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      description: 'The idstr of the RAM block of `ram_block_attributes_state_change` lines.',
    }),
  ),
  limit: Type.Integer({
    format: 'int64',
    minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER,
    default: DMA_ENTRY_LIMIT,
    description: 'DMA mappings that there may be.',
  }),
  points: Type.Integer({
    minimum: 1,
    maximum: MAX_POINTS,
    default: DEFAULT_POINTS,
    description: 'Steps of each series, at most.',
  }),
});

/** In a scope of its own, for its body is read by the handler. */
export async function planRoutes(app: TypedApp, plans: Plans): Promise<void> {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(MEDIA_TYPES, async (request: FastifyRequest, body: Readable) => {
    const encoded = refuseEncoded(request);
    if (encoded !== null) throw encoded;
    checkTraceLength(Number(request.headers['content-length'] ?? 0));
    return body;
  });

  app.post(
    '/v1/plans',
    {
      // It changes nothing.
      config: { scope: 'read', streamed: true },
      // One `map` comes as a string, several as an array.
      preValidation: async (request) => {
        const query: { map?: unknown } = Object(request.query);
        if (query.map !== undefined) query.map = [query.map].flat();
      },
      schema: {
        operationId: 'planTrace',
        tags: ['Plans'],
        summary: 'Say what the conversions of a recorded trace would need',
        description: `The body is the trace, at most ${MAX_TRACE / 2 ** 20} MiB: lines of conversions as QEMU, KVM (ftrace, trace-cmd, perf) or Cloud Hypervisor log them, with anything in between. They are told apart by the event's name: ${CONVERSION_EVENTS.map((event) => `\`${event}\``).join(', ')}. Where several of these tell of the same conversions, \`lines.chosen\` says which are applied, and why. \`kvm_set_user_memory\` lines before the first conversion to shared are the memory layout, unless \`map\` is given. A line that names an event and cannot be read is \`invalid-request\`, with its number and text. Nothing is changed, so an Idempotency-Key is not looked at.`,
        consumes: MEDIA_TYPES,
        querystring: PlanQuery,
        body: Type.Unsafe<Readable>({ type: 'string', format: 'binary' }),
        response: {
          200: answer(Plan, 'The plan.'),
          ...problems('payload-too-large', 'unsupported-media-type', 'invalid-range', 'overloaded'),
        },
      },
    },
    async ({ query: { map = [], block = null, limit, points }, body }) => {
      const maps = map.map((text) => parsed('map', () => parseMapOption(text)));
      if (block !== null) parsed('block', () => checkIdstr(block));
      const planner = parsed('map', () => new Planner({ maps, block, limit, points }));
      try {
        return await plans.make(pieces(body), planner);
      } finally {
        // The rest of the body is read and thrown away; otherwise the client would not read the answer.
        body.resume();
      }
    },
  );
}

/** Names the parameter that is wrong. */
function parsed<T>(name: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'invalid-request') throw error;
    const { code, message } = error;
    throw new Problem(code, `query #/${name} ${message}`, { errors: [{ path: [name], detail: message }] });
  }
}

/** The body as it comes. Whoever else waits for this process has a turn after each piece. */
async function* pieces(body: Readable): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of body.iterator({ destroyOnReturn: false })) {
      yield piece;
      await setImmediate();
    }
  } catch (error) {
    if (!body.destroyed) throw error;
    throw new Problem('invalid-request', 'the body ended before its last byte', {}, { cause: error });
  }
}
