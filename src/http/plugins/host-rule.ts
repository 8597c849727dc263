// Without tokens, only a browser page of the service itself may call it: a page of another site would come with a foreign
// Origin, or, after DNS rebinding, with a Host that is a name.
import { isIP } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { Problem } from '../../errors.ts';

/** @param allowedHosts names (lower case, without port) that are served beside addresses and localhost */
export function restrictHosts(app: FastifyInstance, allowedHosts: readonly string[]): void {
  const isAllowed = (authority: string): boolean => {
    // Anything that is more than a host and a port is not what a Host header holds.
    const url = /[/\\?#@]/.test(authority) ? null : URL.parse(`http://${authority}`);
    if (url === null) return false;
    const host = url.hostname.replace(/^\[|\]$/g, '');
    return isIP(host) !== 0 || host === 'localhost' || allowedHosts.includes(host);
  };
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.open === true) return;
    const { host, origin } = request.headers;
    if (host === undefined) {
      // HTTP/1.0 may leave it out, HTTP/1.1 may not (RFC 9112, 3.2).
      const code = request.raw.httpVersion === '1.0' ? 'forbidden' : 'invalid-request';
      throw new Problem(code, 'there is no Host header');
    }
    if (!isAllowed(host)) {
      throw new Problem('forbidden', `Host ${host} is not an address or localhost; RBA_ALLOWED_HOSTS can allow it`);
    }
    if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
      throw new Problem('forbidden', `Origin ${origin} is not ${host}; pages of other sites may not call this service`);
    }
  });
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Served to anybody: says nothing about blocks. */
    open?: boolean;
  }
}
