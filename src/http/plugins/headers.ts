// Headers that every answer carries, and the media types that a client will take.
import accepts from '@fastify/accepts';
import type { FastifyInstance } from 'fastify';
import { Problem } from '../../errors.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The media type of the answer, where it is not JSON; null for one that is not negotiated. */
    produces?: string | null;
  }
}

export async function negotiateHeaders(app: FastifyInstance): Promise<void> {
  await app.register(accepts);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
    const { produces = 'application/json' } = request.routeOptions.config;
    const { accept } = request.headers;
    if (accept === undefined || accept === '*/*' || produces === null) return;
    if (request.accepts().type([produces]) === false) {
      throw new Problem('not-acceptable', `this is answered as ${produces}, which Accept: ${accept} does not take`);
    }
  });
}
