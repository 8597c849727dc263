// Without tokens, only a browser page of the service itself may call it: a page of another site would come with a foreign
// Origin, or, after DNS rebinding, with a Host that is a name. (With tokens it would need one, and browsers add none.)
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { Problem } from '../../errors.ts';
import type { Rule } from './admission.ts';

/** HTTP/1.1 does not leave out the Host (RFC 9112, 3.2). */
export const hostIsThere: Rule = ({ headers, raw }, _reply, { open }) => {
  if (headers.host !== undefined || raw.httpVersion === '1.0' || open === true) return null;
  return new Problem('invalid-request', 'there is no Host header');
};

/** @param allowedHosts names (lower case, without port) that are served beside addresses and localhost */
export function hostIsAllowed(allowedHosts: readonly string[]): Rule {
  const isAllowed = (authority: string): boolean => {
    // Anything that is more than a host and a port is not what a Host header holds.
    const url = /[/\\?#@]/.test(authority) ? null : URL.parse(`http://${authority}`);
    if (url === null) return false;
    const host = url.hostname.replace(/^\[|\]$/g, '');
    return isIP(host) !== 0 || host === 'localhost' || allowedHosts.includes(host);
  };
  // Most requests come with the Host of the one before.
  let lastAllowed = '';
  const objection = ({ host, origin }: IncomingHttpHeaders): Problem | null => {
    if (host === undefined) return new Problem('forbidden', 'there is no Host header');
    if (host !== lastAllowed) {
      if (!isAllowed(host)) {
        const detail = `Host ${host} is not an address or localhost; RBA_ALLOWED_HOSTS can allow it`;
        return new Problem('forbidden', detail);
      }
      lastAllowed = host;
    }
    if (origin === undefined || origin === `http://${host}` || origin === `https://${host}`) return null;
    return new Problem('forbidden', `Origin ${origin} is not ${host}; pages of other sites may not call this service`);
  };
  return ({ headers }, _reply, { open }) => (open === true ? null : objection(headers));
}
