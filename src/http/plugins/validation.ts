// How requests are read: bodies exactly as they are sent, without coercion; query strings and paths, which are text, with
// it. Nothing that is unknown is dropped silently.
import { isUtf8 } from 'node:buffer';
import { Readable } from 'node:stream';
import { Ajv, type Options } from 'ajv';
import type { DataValidationCxt } from 'ajv/dist/types/index.js';
import addFormats from 'ajv-formats';
import type { FastifyInstance, FastifyRequest, preParsingHookHandler, preValidationHookHandler } from 'fastify';
import fp from 'fastify-plugin';
import type { TSchema } from 'typebox';
import { BYTE_SIZE_PATTERN, parseByteSize } from '../../byte-size.ts';
import { Problem } from '../../errors.ts';
import { DEPTH_LIMIT, isNestedDeeper, UNREAD_BODY_LIMIT } from '../bodies.ts';
import { ByteSize, ByteSizeText, input } from '../schemas/common.ts';
import { COMPONENTS } from '../schemas/components.ts';
import { compiledOnce } from './compiled-once.ts';
import { pathOf } from './json-pointer.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The bytes of a JSON body, kept where the request has an Idempotency-Key. */
    rawBody: Buffer | null;
  }
}

/** A keyword of schemas: what is valid is replaced by the number of bytes that it stands for. */
const DECODED = 'decodedBytes';
const BYTE_SIZE = new RegExp(BYTE_SIZE_PATTERN);

// An integer beyond the range of a double is still an integer, and too large by a rule, not by the schema.
const bodies = ajvOf(withByteSize(ByteSize)).addFormat('int64', { type: 'number', validate: () => true });
const texts = ajvOf(withByteSize(ByteSizeText), { coerceTypes: true });
const bodyValidatorOf = compiledOnce((schema) => bodies.compile(schema));
const textValidatorOf = compiledOnce((schema) => texts.compile(schema));

export const validation = fp(
  async (app) => {
    for (const component of COMPONENTS) app.addSchema(component);
    app.setValidatorCompiler(({ schema, httpPart }) => {
      if (httpPart === 'body' && Object(schema).format === 'binary') return bytesOnly;
      return (httpPart === 'body' ? bodyValidatorOf : textValidatorOf)(Object(schema));
    });

    refuseWhatNobodyReads(app);
    takeWithoutType(app);
    readJson(app);
  },
  // A body that there is no room for is not read.
  { name: 'validation', dependencies: ['overload'] },
);

/** Takes a body without a Content-Type (`curl -T`, many generated clients) for the first type that the route takes. */
function takeWithoutType(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    const [type = 'application/json'] = route.schema?.consumes ?? [];
    const fillIn: preParsingHookHandler = ({ headers }, _reply, payload, done) => {
      const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
      if (hasBody) headers['content-type'] ??= type;
      done(null, payload);
    };
    if ([route.method].flat().some(isWithBody)) route.preParsing = [fillIn, route.preParsing ?? []].flat();
  });
}

const isWithBody = (method: string): boolean => method !== 'GET' && method !== 'HEAD';

/** A parameter or a field that a route does not know: a typing mistake, or something that this version cannot do. */
function refuseWhatNobodyReads(app: FastifyInstance): void {
  const noBody: preValidationHookHandler = ({ body }, _reply, done) => {
    if (body === undefined || isEmptyObject(body)) done();
    else done(new Problem('invalid-request', 'nothing of a body is read here; leave it out'));
  };
  app.addHook('onRoute', (route) => {
    const { schema, config } = route;
    // Probes ask for open routes, and may append what they like.
    if (schema?.operationId !== undefined && config?.open !== true) schema.querystring ??= input({});
    if (schema?.body !== undefined) return;
    route.bodyLimit ??= UNREAD_BODY_LIMIT;
    route.preValidation = [route.preValidation ?? [], noBody].flat();
  });
}

function isEmptyObject(body: unknown): boolean {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return false;
  return Object.keys(body).length === 0;
}

/** Bytes are no JSON, and say nothing that could be checked here but whether they are there. */
function bytesOnly(body: unknown): true | { error: Problem } {
  if (body instanceof Uint8Array || body instanceof Readable) return true;
  const detail = 'must be bytes';
  return { error: new Problem('invalid-request', `body # ${detail}`, { errors: [{ path: [], detail }] }) };
}

/** Returns the problem of a compressed body; null where the body is not compressed. */
export function refuseEncoded({ headers }: FastifyRequest): Problem | null {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') return null;
  return new Problem('unsupported-media-type', `the body is encoded as ${encoding}; send it as it is`);
}

function readJson(app: FastifyInstance): void {
  app.decorateRequest('rawBody', null);
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes: Buffer, done) => {
    const encoded = refuseEncoded(request);
    if (encoded !== null) {
      done(encoded);
      return;
    }
    // An empty body is none: many clients name a type with every POST.
    if (bytes.length === 0) {
      done(null, undefined);
      return;
    }
    if (!isUtf8(bytes)) {
      done(new Problem('invalid-request', 'the body is not UTF-8'));
      return;
    }
    if (isNestedDeeper(bytes, DEPTH_LIMIT)) {
      const detail = `has arrays and objects more than ${DEPTH_LIMIT} deep within each other`;
      done(new Problem('invalid-request', `the body ${detail}`, { errors: [{ path: [], detail }] }));
      return;
    }
    if (request.headers['idempotency-key'] !== undefined) request.rawBody = bytes;
    void parse(request, bytes.toString(), done);
  });
}

/**
 * Puts the number in the place of a byte size. Where it is none, the schema says so itself.
 * @throws Problem `invalid-range`, which Fastify passes on, where the number is too large
 */
function decode(_schema: unknown, value: unknown, _parent: unknown, at?: DataValidationCxt): true {
  const isWritten = typeof value === 'number' || (typeof value === 'string' && BYTE_SIZE.test(value));
  if (!isWritten || at === undefined) return true;
  try {
    at.parentData[at.parentDataProperty] = parseByteSize(value);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const { code, message } = error;
    throw new Problem(code, message, { errors: [{ path: pathOf(at.instancePath), detail: message }] });
  }
  return true;
}

/** Returns the components, with `byteSize` decoded wherever they refer to it. */
function withByteSize(byteSize: TSchema): TSchema[] {
  return COMPONENTS.map((component) => (component === ByteSize ? { ...byteSize, [DECODED]: true } : component));
}

function ajvOf(components: readonly TSchema[], options: Options = {}): Ajv {
  // Strict with numbers, Ajv would hold none that is not finite against a bound, such as that of ?limit=1e400.
  const common = { useDefaults: true, allowUnionTypes: true, verbose: true, strictNumbers: false };
  const ajv = new Ajv({ ...common, ...options });
  addFormats.default(ajv);
  ajv.addKeyword({ keyword: DECODED, modifying: true, validate: decode });
  for (const component of components) ajv.addSchema(component);
  return ajv;
}
