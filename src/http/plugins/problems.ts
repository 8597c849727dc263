// Every error is answered as a problem document, whoever raised it: a rule, a schema, the router, or the HTTP parser.
import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type {
  FastifyBaseLogger,
  FastifyError,
  FastifyReply,
  FastifyRequest,
  FastifySchemaValidationError,
} from 'fastify';
import fp from 'fastify-plugin';
import { PROBLEMS, Problem, type ProblemCode } from '../../errors.ts';
import { HEADERS_OF_ALL } from './answer-headers.ts';
import { pathOf, pointerTo } from './json-pointer.ts';

const MEDIA_TYPE = 'application/problem+json';

/** Characters of a `detail`: what a client sent is not sent back at any length. */
const LONGEST_DETAIL = 1000;

/** Milliseconds that a body may go on for after it was refused. */
const LINGER_MS = 5000;

/** Problems for errors that Fastify raises itself, whatever the route. */
const BY_FASTIFY_CODE: Record<string, readonly [ProblemCode, string]> = {
  FST_ERR_MAX_PARAM_LENGTH: ['invalid-request', 'an id in the path is longer than 100 characters'],
};

export const problems = fp<{ readonly log: FastifyBaseLogger }>(
  async (app, { log }) => {
    app.setErrorHandler((error: FastifyError, request, reply) => {
      // Fastify would close the connection, and whoever is still sending a body then never reads why it is refused.
      if (reply.hasHeader('connection') && reply.raw.shouldKeepAlive) {
        reply.header('connection', 'keep-alive');
        reply.raw.once('finish', () => linger(request.raw));
      }
      return sendProblem(reply, aboutBody(error, request) ?? toProblem(error), log);
    });
    // A route did not find it: a static file of /docs.
    app.setNotFoundHandler((request, reply) => sendProblem(reply, notFound(request.url), log));
    const { server } = app;
    server.prependListener('request', noteExchange);
    // Node would answer 417 without a problem document; an expectation may be ignored (RFC 9110, 10.1.1).
    server.on('checkExpectation', (request, response) => {
      noteExchange(request, response);
      app.routing(request, response);
    });
    // Where another answer comes first, Node would write "100 Continue" in the middle of this one. Nobody has to wait for it.
    server.on('checkContinue', (request, response) => {
      noteExchange(request, response);
      if (response.socket !== null) response.writeContinue();
      app.routing(request, response);
    });
  },
  { name: 'problems', dependencies: ['answer-headers'] },
);

export function notFound(path: string): Problem {
  return new Problem('not-found', `there is no ${path} here`);
}

export function sendProblem(reply: FastifyReply, problem: Problem, log: FastifyBaseLogger): FastifyReply {
  const { retryAfterSeconds, allow } = problem.extras;
  const instance = `urn:uuid:${randomUUID()}`;
  if (problem.code === 'internal') log.error({ err: problem.cause, instance }, 'a request failed');
  if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds);
  if (allow !== undefined) reply.header('allow', allow);
  if (problem.code === 'unauthorized') reply.header('www-authenticate', 'Bearer');
  // Not left to the hook: what the router refuses passes none.
  reply.headers(HEADERS_OF_ALL);
  return reply.code(problem.status).type(MEDIA_TYPE).serializer(JSON.stringify).send(document(problem, instance));
}

/** Gives a body that is refused, and thrown away as it comes (overload.ts), some time to come to its end. */
function linger(request: IncomingMessage): void {
  if (request.complete) return;
  const timer = setTimeout(() => request.socket.destroy(), LINGER_MS);
  request.once('close', () => clearTimeout(timer));
}

/** An exchange: a request, and the response to it. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** By connection: the exchanges that are not over, oldest first, and at least the one that began last. */
const exchanges = new WeakMap<Socket, Exchange[]>();

function noteExchange(request: IncomingMessage, response: ServerResponse): void {
  const known = exchanges.get(request.socket);
  if (known === undefined) {
    exchanges.set(request.socket, [{ request, response }]);
    return;
  }
  known.push({ request, response });
  while (known.length > 1 && known[0]?.response.closed === true) known.shift();
}

/** Answers what the HTTP parser refuses: bytes that are no request, or one that breaks off in its body. */
export function answerParserErrors(error: NodeJS.ErrnoException, socket: Socket): void {
  const known = exchanges.get(socket) ?? [];
  const pending = known.find(({ response }) => !response.closed);
  const last = known.at(-1);
  // A request that is answered before its body has come is not answered again.
  const isAnswered = last?.request.complete === false && last.response.writableEnded;
  if (error.code === 'ECONNRESET' || !socket.writable || (isAnswered && (pending === undefined || pending === last))) {
    socket.destroySoon();
    return;
  }
  if (pending?.request.complete === true) {
    // The error is in a request behind one that is still being answered: its answer must not be taken for that one's.
    pending.response.once('close', () => setImmediate(answerParserErrors, error, socket));
    return;
  }
  let problem = new Problem('invalid-request', `this cannot be read as HTTP/1.1 (${error.code})`);
  if (error.code === 'HPE_HEADER_OVERFLOW') problem = new Problem('headers-too-large', 'the headers are beyond 16 KiB');
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    problem = new Problem('request-timeout', 'the request did not arrive in time');
  }
  const body = JSON.stringify(document(problem, `urn:uuid:${randomUUID()}`));
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    `content-type: ${MEDIA_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    ...Object.entries(HEADERS_OF_ALL).map(([name, value]) => `${name}: ${value}`),
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function document({ code, status, message, extras }: Problem, instance: string) {
  const { retryAfterSeconds: _seconds, allow: _allow, step, errors, ...members } = extras;
  // Only batches have several steps.
  const wrong = step === undefined ? errors : [{ path: ['conversions', step], detail: message }];
  const pointed = wrong?.map(({ path, detail }) => ({ pointer: pointerTo(path), detail }));
  return {
    type: `urn:ram-block-attributes:problem:${code}`,
    title: PROBLEMS[code].title,
    status,
    detail: shortened(step === undefined ? message : `${pointed?.[0]?.pointer}: ${message}`),
    instance,
    code,
    ...('errno' in PROBLEMS[code] ? { errno: PROBLEMS[code].errno } : {}),
    ...(pointed === undefined ? {} : { errors: pointed }),
    ...members,
  };
}

/** Returns the problem for an error of Fastify about a body that was not read yet; null for any other error. */
function aboutBody({ code }: FastifyError, { routeOptions }: FastifyRequest): Problem | null {
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    const [taken = 'application/json'] = routeOptions.schema?.consumes ?? [];
    return new Problem('unsupported-media-type', `the body must be ${taken}, and its type say so`);
  }
  if (code !== 'FST_ERR_CTP_BODY_TOO_LARGE') return null;
  const { bodyLimit } = routeOptions;
  const limit = bodyLimit < 2 ** 20 ? `${bodyLimit / 1024} KiB` : `${bodyLimit / 2 ** 20} MiB`;
  return new Problem('payload-too-large', `the body is larger than ${limit}, the most that this takes`);
}

export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { validation, validationContext, code, statusCode, message } = Object(error) as Partial<FastifyError>;
  if (validation !== undefined) return invalid(validation, validationContext ?? 'body');
  const known = BY_FASTIFY_CODE[code ?? ''];
  if (known !== undefined) return new Problem(...known);
  if (statusCode !== undefined && statusCode >= 400 && statusCode <= 499) {
    return new Problem('invalid-request', String(message));
  }
  return new Problem('internal', 'something went wrong here; the log has it under this instance', {}, { cause: error });
}

/** The last error of a schema is the outermost: of an anyOf, not of each of its branches. */
function invalid(validation: readonly FastifySchemaValidationError[], context: string): Problem {
  const { keyword, instancePath, params, message, parentSchema } = Object(validation.at(-1));
  const path = pathOf(instancePath);
  let detail = String(message);
  if (keyword === 'required') {
    path.push(params.missingProperty);
    detail = 'is required';
  } else if (keyword === 'additionalProperties') {
    path.push(params.additionalProperty);
    detail = 'is not known here';
  } else if (keyword === 'enum') {
    detail = `must be one of ${params.allowedValues.join(', ')}`;
  } else if ((keyword === 'anyOf' || keyword === 'pattern') && parentSchema?.description !== undefined) {
    detail = `must be: ${parentSchema.description}`;
  }
  const part = context === 'querystring' ? 'query' : context;
  return new Problem('invalid-request', `${part} ${pointerTo(path)} ${detail}`, { errors: [{ path, detail }] });
}

function shortened(text: string): string {
  return text.length > LONGEST_DETAIL ? `${text.slice(0, LONGEST_DETAIL)}...` : text;
}
