// Every error is answered as a problem document, whoever raised it: a rule, a schema, the router, or the HTTP parser.
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type {
  FastifyError,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  FastifySchemaValidationError,
} from 'fastify';
import findMyWay from 'find-my-way';
import { PROBLEMS, Problem, type ProblemCode } from '../../errors.ts';

const MEDIA_TYPE = 'application/problem+json';

/** Codes for errors that Fastify raises itself. */
const BY_FASTIFY_CODE: Record<string, ProblemCode> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload-too-large',
};

export function answerProblems(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => sendProblem(request, reply, toProblem(error)));

  // All routes once more, without their methods: a path that is known is not "not found".
  const paths = findMyWay<findMyWay.HTTPVersion.V1>({ maxParamLength: 1000 });
  const methods = new Map<string, string[]>();
  app.addHook('onRoute', ({ method, url }) => {
    if (!methods.has(url)) paths.on('GET', url, () => undefined, { url });
    methods.set(url, [...(methods.get(url) ?? []), ...[method].flat()]);
  });
  // As early as this, for the 404 of Fastify would read the body first.
  app.addHook('onRequest', async (request) => {
    if (!request.is404) return;
    const path = request.url.split('?', 1)[0] ?? '';
    const allow = methods.get(paths.find('GET', path)?.store?.url)?.join(', ');
    if (allow === undefined) throw new Problem('not-found', `there is no ${path} here`);
    throw new Problem('method-not-allowed', `${path} has no ${request.method}, but ${allow}`, { allow });
  });
}

export function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  const { retryAfterSeconds, allow } = problem.extras;
  if (problem.code === 'internal') request.log.error({ err: problem.cause }, 'a request failed');
  if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds);
  if (allow !== undefined) reply.header('allow', allow);
  return reply.code(problem.status).type(MEDIA_TYPE).serializer(JSON.stringify).send(document(problem, request.id));
}

/** Answers what the HTTP parser refuses, where there is no request yet. */
export function answerParserErrors(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  let problem = new Problem('invalid-request', 'this is not HTTP/1.1');
  if (error.code === 'HPE_HEADER_OVERFLOW') problem = new Problem('headers-too-large', 'the headers are beyond 16 KiB');
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    problem = new Problem('request-timeout', 'the request did not arrive in time');
  }
  const body = JSON.stringify(document(problem, randomUUID()));
  const head = [
    `HTTP/1.1 ${problem.status} ${PROBLEMS[problem.code].title}`,
    `content-type: ${MEDIA_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'cache-control: no-store',
    'x-content-type-options: nosniff',
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function document({ code, status, message, extras }: Problem, requestId: string) {
  const { retryAfterSeconds: _seconds, allow: _allow, ...members } = extras;
  return {
    type: `urn:ram-block-attributes:problem:${code}`,
    title: PROBLEMS[code].title,
    status,
    detail: message,
    instance: `urn:uuid:${requestId}`,
    code,
    ...('errno' in PROBLEMS[code] ? { errno: PROBLEMS[code].errno } : {}),
    ...members,
  };
}

export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { validation, validationContext, code, statusCode, message } = Object(error) as Partial<FastifyError>;
  if (validation !== undefined) return invalid(validation, validationContext ?? 'body');
  const known = BY_FASTIFY_CODE[code ?? ''];
  if (known !== undefined) return new Problem(known, String(message));
  if (statusCode !== undefined && statusCode >= 400 && statusCode <= 499) {
    return new Problem('invalid-request', String(message));
  }
  return new Problem('internal', 'something went wrong here; the log has it under this instance', {}, { cause: error });
}

/** The last error of a schema is the outermost: of an anyOf, not of each of its branches. */
function invalid(validation: readonly FastifySchemaValidationError[], context: string): Problem {
  const { keyword, instancePath, params, message, parentSchema } = Object(validation.at(-1));
  let pointer = `#${instancePath}`;
  let detail = String(message);
  if (keyword === 'required') {
    pointer += `/${params.missingProperty}`;
    detail = 'is required';
  } else if (keyword === 'additionalProperties') {
    pointer += `/${params.additionalProperty}`;
    detail = 'is not known here';
  } else if (keyword === 'enum') {
    detail = `must be one of ${params.allowedValues.join(', ')}`;
  } else if (keyword === 'anyOf' && parentSchema?.description !== undefined) {
    detail = `must be: ${parentSchema.description}`;
  }
  const part = context === 'querystring' ? 'query' : context;
  return new Problem('invalid-request', `${part} ${pointer} ${detail}`, { errors: [{ pointer, detail }] });
}
