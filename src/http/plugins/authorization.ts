// Refuses requests whose token is not enough: everything but what is open needs one, and whatever changes something needs
// one that may write.
import type { FastifyBaseLogger, FastifyContextConfig, FastifyReply } from 'fastify';
import fp from 'fastify-plugin';
import { Problem } from '../../errors.ts';
import type { Scope, Token, Tokens } from '../../tokens.ts';
import { addRule } from './rules.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The scope that a token must have, where the method does not say it: a POST that changes nothing. */
    scope?: Scope;
  }
  interface FastifyInstance {
    /** Reads RBA_TOKENS_FILE again. A file that is not valid is an error in the log, and changes nothing. */
    reloadTokens(): void;
  }
}

/** Returns the scope that a route needs; null for one that is open. */
export function scopeOf(method: string, config: FastifyContextConfig = {}): Scope | null {
  if (config.open === true) return null;
  return config.scope ?? (method === 'GET' || method === 'HEAD' ? 'read' : 'write');
}

/** @param tokens null where requests need none */
export const authorization = fp<{ readonly tokens: Tokens | null; readonly log: FastifyBaseLogger }>(
  async (app, { tokens, log }) => {
    if (tokens === null) return;
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

    addRule(app, (request, reply) => {
      const { method, token, headers } = request;
      const needed = scopeOf(method, request.routeOptions.config);
      if (needed === null) return null;
      if (token === null) {
        const known = headers.authorization === undefined ? 'there is none' : 'what there is is not known here';
        return new Problem('unauthorized', `a bearer token is needed, and ${known}`);
      }
      // A path that does not exist needs no scope: 404 and 405 say more.
      if (needed === 'write' && token.scope === 'read' && !request.is404) {
        return new Problem('forbidden', `the token of ${token.name} may read, and this needs one that may write`);
      }
      if (needed === 'write') return null;
      reads.set(reply, token);
      reply.raw.once('close', () => reads.delete(reply));
      return null;
    });
  },
  { name: 'authorization', dependencies: ['authentication'] },
);
