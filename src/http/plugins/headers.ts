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

/** First of all hooks: an answer that a later one refuses carries them too. */
export function setHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
  });
}

export async function negotiate(app: FastifyInstance): Promise<void> {
  await app.register(accepts);
  app.addHook('onRequest', async (request) => {
    const { produces = 'application/json' } = request.routeOptions.config;
    const { accept } = request.headers;
    if (accept === undefined || accept === '*/*' || produces === null) return;
    if (request.accepts().type([produces]) === false) {
      throw new Problem('not-acceptable', `this is answered as ${produces}, which Accept: ${accept} does not take`);
    }
  });
}
