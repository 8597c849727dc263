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

const CONTENT_SECURITY_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** No page of another site can load an answer, not even to see whether that fails; shown as a page, it loads nothing. */
export const HEADERS_OF_ALL = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': CONTENT_SECURITY_POLICY,
};

/** The last word, so that no plugin (the static files of /docs) says something else; but pages have their own policy. */
export function setHeaders(app: FastifyInstance): void {
  app.addHook('onSend', (_request, reply, _payload, done) => {
    const policy = reply.getHeader('content-security-policy') ?? CONTENT_SECURITY_POLICY;
    reply.headers(HEADERS_OF_ALL).header('content-security-policy', policy);
    done();
  });
}

/**
 * Types that a client names in Accept and is answered with `produces` all the same: generated clients ask for JSON wherever
 * a problem may come, also where the answer is bytes, and some for the type of problems alone.
 */
function namedInstead(produces: string): string[] {
  return ['application/problem+json', ...(produces === 'application/octet-stream' ? ['application/json'] : [])];
}

/** The client takes what the route answers, or names what stands for it ({@link namedInstead}). */
export async function answerIsTaken(app: FastifyInstance): Promise<Rule> {
  await app.register(accepts);
  return (request, _reply, route) => {
    const { accept } = request.headers;
    // With its parameters, for many clients name the charset that they take.
    const { produces = 'application/json; charset=utf-8' } = route;
    if (accept === undefined || accept === '*/*' || produces === null) return null;
    const accepted = request.accepts();
    if (accepted.type([produces]) !== false) return null;
    const named = [accepted.types()].flat();
    if (namedInstead(produces).some((type) => named.includes(type))) return null;
    return new Problem('not-acceptable', `this is answered as ${produces}, which Accept: ${accept} does not take`);
  };
}
