// Refuses a request whose Accept does not take what its route answers.
import accepts from '@fastify/accepts';
import fp from 'fastify-plugin';
import { Problem } from '../../errors.ts';
import { addRule } from './rules.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The media type of the answer, where it is not JSON; null for one that is not negotiated. */
    produces?: string | null;
  }
}

export const mediaTypes = fp(
  async (app) => {
    await app.register(accepts);
    addRule(app, (request) => {
      const { accept } = request.headers;
      if (accept === undefined || accept === '*/*') return null;
      // With its parameters, for many clients name the charset that they take.
      const { produces = 'application/json; charset=utf-8' } = request.routeOptions.config ?? {};
      if (produces === null) return null;
      const accepted = request.accepts();
      if (accepted.type([produces]) !== false) return null;
      const named = [accepted.types()].flat();
      if (namedInstead(produces).some((type) => named.includes(type))) return null;
      return new Problem('not-acceptable', `this is answered as ${produces}, which Accept: ${accept} does not take`);
    });
  },
  { name: 'media-types', dependencies: ['unknown-paths'] },
);

/**
 * Returns the types that a client names in Accept and is answered with `produces` all the same: generated clients ask for
 * JSON wherever a problem may come, also where the answer is bytes, and some for the type of problems alone.
 */
function namedInstead(produces: string): string[] {
  return ['application/problem+json', ...(produces === 'application/octet-stream' ? ['application/json'] : [])];
}
