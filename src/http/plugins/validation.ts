// How requests are read: bodies exactly as they are sent, without coercion; query strings and paths, which are text, with
// it. Nothing that is unknown is dropped silently.
import { isUtf8 } from 'node:buffer';
import { Ajv, type Options } from 'ajv';
import addFormats from 'ajv-formats';
import type { FastifyInstance } from 'fastify';
import { Problem } from '../../errors.ts';
import { COMPONENTS } from '../schemas/components.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The bytes of a JSON body, kept where the request has an Idempotency-Key. */
    rawBody: Buffer | null;
  }
}

export function validateRequests(app: FastifyInstance): void {
  for (const component of COMPONENTS) app.addSchema(component);
  // An integer beyond the range of a double is still an integer, and too large by a rule, not by the schema.
  const body = compiler({ strictNumbers: false });
  const text = compiler({ coerceTypes: true });
  app.setValidatorCompiler(({ schema, httpPart }) => (httpPart === 'body' ? body : text).compile(schema));

  app.decorateRequest('rawBody', null);
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes: Buffer, done) => {
    // An empty body is none: many clients name a type with every POST.
    if (bytes.length === 0) {
      done(null, undefined);
      return;
    }
    if (!isUtf8(bytes)) {
      done(new Problem('invalid-request', 'the body is not UTF-8'));
      return;
    }
    if (request.headers['idempotency-key'] !== undefined) request.rawBody = bytes;
    void parse(request, bytes.toString(), done);
  });
}

function compiler(options: Options): Ajv {
  const ajv = new Ajv({ useDefaults: true, allowUnionTypes: true, verbose: true, ...options });
  addFormats.default(ajv);
  for (const component of COMPONENTS) ajv.addSchema(component);
  return ajv;
}
