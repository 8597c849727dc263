// Finds out whose token came with a request. Whether that is enough is asked later, when the request has been counted.
import fp from 'fastify-plugin';
import type { Token, Tokens } from '../../tokens.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The token that came with the request; null where there is none that is known. */
    token: Token | null;
  }
}

/** Visible ASCII: a token may be more than the base64 that RFC 6750 has it be. */
const BEARER = /^Bearer +([\x21-\x7e]+)$/i;

/** @param tokens null where requests need none */
export const authentication = fp<{ readonly tokens: Tokens | null }>(
  async (app, { tokens }) => {
    app.decorateRequest('token', null);
    if (tokens === null) return;
    app.addHook('onRequest', (request, _reply, done) => {
      const presented = BEARER.exec(request.headers.authorization ?? '')?.[1];
      if (presented !== undefined) request.token = tokens.find(presented);
      done();
    });
  },
  { name: 'authentication', dependencies: ['problems'] },
);
