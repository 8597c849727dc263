// Headers that every answer carries, and the media types that a client will take.
import accepts from '@fastify/accepts';
import type { FastifyInstance } from 'fastify';
import { Problem } from '../../errors.ts';
import type { Rule } from './admission.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The media type of the answer, where it is not JSON; null for one that is not negotiated. */
    produces?: string | null;
  }
}

export const HEADERS_OF_ALL = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** The last word, so that no plugin (the static files of /docs) says something else. */
export function setHeaders(app: FastifyInstance): void {
  app.addHook('onSend', (_request, reply, _payload, done) => {
    reply.headers(HEADERS_OF_ALL);
    done();
  });
}

/** The client takes what the route answers. */
export async function answerIsTaken(app: FastifyInstance): Promise<Rule> {
  await app.register(accepts);
  return (request, _reply, route) => {
    const { accept } = request.headers;
    // With its parameters, for many clients name the charset that they take.
    const { produces = 'application/json; charset=utf-8' } = route;
    if (accept === undefined || accept === '*/*' || produces === null) return null;
    if (request.accepts().type([produces]) !== false) return null;
    return new Problem('not-acceptable', `this is answered as ${produces}, which Accept: ${accept} does not take`);
  };
}
