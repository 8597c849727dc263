// How often one client may ask: requests a second of a token, or of an address where there is none. Everything counts that
// the router sees, also what is not found and who is not known.
import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import type { FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { Problem } from '../../errors.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Not counted: whoever watches the service must be answered, however much others ask at the same address. */
    unlimited?: boolean;
  }
}

const WINDOW_SECONDS = 1;
/** Clients that are counted at once, those seen last; 200 bytes each. */
const CLIENTS = 10_000;

/** Returns whom a request is counted for: its token, or its address; of IPv6 the network of 64 bits, which one client has. */
export function clientOf({ token, ip }: FastifyRequest): string {
  return token === null ? `address ${normalizeIP(ip)}` : `token ${token.name}`;
}

/** @param limit requests a second; 0: as many as they like */
export const rateLimits = fp<{ readonly limit: number }>(
  async (app, { limit }) => {
    if (limit === 0) return;
    // The plugin counts; its headers are those of an older draft than draft-ietf-httpapi-ratelimit-headers-11.
    await app.register(rateLimit, {
      global: false,
      cache: CLIENTS,
      max: limit,
      timeWindow: WINDOW_SECONDS * 1000,
      keyGenerator: clientOf,
    });
    const count = app.createRateLimit();
    app.addHook('onRequest', async (request, reply) => {
      if (request.routeOptions.config.unlimited === true) return;
      const counted = await count(request);
      if (counted.isAllowed) return;
      const { remaining, ttlInSeconds, isExceeded } = counted;
      reply.header('ratelimit-policy', `"default";q=${limit};w=${WINDOW_SECONDS}`);
      reply.header('ratelimit', `"default";r=${remaining};t=${ttlInSeconds}`);
      if (!isExceeded) return;
      const whose = request.token === null ? 'address' : 'token';
      const detail = `more than ${limit} requests a second of this ${whose} (RBA_RATE_LIMIT)`;
      throw new Problem('rate-limited', detail, { retryAfterSeconds: ttlInSeconds });
    });
  },
  { name: 'rate-limit', dependencies: ['authentication'] },
);
