// Who may do what, where there are tokens: everything but what is open needs one, and what changes something needs one
// that may write.
import type { FastifyBaseLogger, FastifyContextConfig, FastifyInstance, FastifyReply } from 'fastify';
import { Problem } from '../../errors.ts';
import type { Scope, Token, Tokens } from '../../tokens.ts';
import type { Rule } from './admission.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Served to anybody: says nothing about blocks. */
    open?: boolean;
    /** What a token must be allowed, where the method does not say it: a POST that changes nothing. */
    scope?: Scope;
  }
  interface FastifyRequest {
    /** Whose token came with it; null without a token, or one that is known. */
    token: Token | null;
  }
  interface FastifyInstance {
    /** Reads RBA_TOKENS_FILE again. A file that is not valid is an error in the log, and changes nothing. */
    reloadTokens(): void;
  }
}

/** Visible ASCII: a token may be more than the base64 that RFC 6750 has it be. */
const BEARER = /^Bearer +([\x21-\x7e]+)$/i;

/** The scope that a route needs; null for one that is open. */
export function scopeOf(method: string, config: FastifyContextConfig = {}): Scope | null {
  if (config.open === true) return null;
  return config.scope ?? (method === 'GET' || method === 'HEAD' ? 'read' : 'write');
}

/** Finds out whose request it is; whether they may is asked later ({@link tokenIsEnough}), when they have been counted. */
export function authenticate(app: FastifyInstance, tokens: Tokens | null): void {
  app.decorateRequest('token', null);
  if (tokens === null) return;
  app.addHook('onRequest', (request, _reply, done) => {
    const presented = BEARER.exec(request.headers.authorization ?? '')?.[1];
    if (presented !== undefined) request.token = tokens.find(presented);
    done();
  });
}

/** Turns away who has no token, or one of the wrong scope. */
export function tokenIsEnough(app: FastifyInstance, tokens: Tokens, log: FastifyBaseLogger): Rule {
  /** Answers to reads that are under way: one of them, events, does not end by itself. */
  const reads = new Map<FastifyReply, Token>();

  app.decorate('reloadTokens', () => {
    try {
      tokens.reload();
    } catch (error) {
      log.error({ err: error }, 'the tokens are not read again; those that were known stay');
      return;
    }
    log.info({ tokens: tokens.size }, 'the tokens are read again');
    for (const [reply, token] of reads) {
      if (!tokens.has(token)) reply.raw.destroy();
    }
  });

  return (request, reply, route) => {
    const { method, token, headers } = request;
    const needed = scopeOf(method, route);
    if (needed === null) return null;
    if (token === null) {
      const known = headers.authorization === undefined ? 'there is none' : 'what there is is not known here';
      return new Problem('unauthorized', `a bearer token is needed, and ${known}`);
    }
    // What is not there needs no scope: 404 and 405 say more.
    if (needed === 'write' && token.scope === 'read' && !request.is404) {
      return new Problem('forbidden', `the token of ${token.name} may read, and this needs one that may write`);
    }
    if (needed === 'write') return null;
    reads.set(reply, token);
    reply.raw.once('close', () => reads.delete(reply));
    return null;
  };
}
