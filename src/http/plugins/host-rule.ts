// Which requests are for this service at all. One that two readers could take for different requests is not, nor one that a
// browser sends for a page of another site: that comes with a foreign Origin or Sec-Fetch-Site, or, after DNS rebinding,
// with a Host that is a name. (With tokens it would need one, and browsers add none.)
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import fp from 'fastify-plugin';
import { Problem } from '../../errors.ts';
import { addRule, isOpen, type Rule } from './rules.ts';

export interface HostRuleOptions {
  /** Names (lower case, without port) that are served beside addresses and localhost; null where any Host is. */
  readonly allowedHosts: readonly string[] | null;
}

/** Refuses requests that have more than one meaning, or that a browser sends for a page of another site. */
export const hostRule = fp<HostRuleOptions>(
  async (app, { allowedHosts }) => {
    for (const rule of [hostIsThere, hasOneMeaning, siteIsOwn]) addRule(app, rule);
    if (allowedHosts !== null) addRule(app, hostIsAllowed(allowedHosts));
  },
  { name: 'host-rule', dependencies: ['problems', 'rate-limit'] },
);

/** HTTP/1.1 does not leave out the Host (RFC 9112, 3.2). */
const hostIsThere: Rule = (request) => {
  const { headers, raw } = request;
  if (headers.host !== undefined || raw.httpVersion === '1.0' || isOpen(request)) return null;
  return new Problem('invalid-request', 'there is no Host header');
};

/**
 * There is one way to read the request: one Host, no authority in its target but that, no transfer coding that is not
 * undone here (RFC 9112, 3.2.2, 3.2, 6.1). A proxy in front may have decided by the other one.
 */
const hasOneMeaning: Rule = ({ headers, raw }) => {
  if (hostsIn(raw.rawHeaders) > 1) return new Problem('invalid-request', 'there is more than one Host header');
  const { host, 'transfer-encoding': coding } = headers;
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
    const detail = `Transfer-Encoding: ${coding} is not read here; the only coding of a transfer is chunked`;
    return new Problem('invalid-request', detail);
  }
  const target = raw.url ?? '';
  if (target.startsWith('/') || target === '*' || host === undefined) return null;
  const url = URL.parse(target);
  if (url !== null && /^https?:$/.test(url.protocol) && url.host === URL.parse(`${url.protocol}//${host}`)?.host) {
    return null;
  }
  return new Problem('invalid-request', `the target ${target} is not of the Host ${host}`);
};

function hostsIn(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === 'host') count++;
  }
  return count;
}

/**
 * No page of another site sent it. Browsers add no Origin to what `<img>`, `<object>` or a form with GET ask for, but say
 * in Sec-Fetch-Site whose page asks: to https and loopback addresses, that is. `none` is the user.
 */
const siteIsOwn: Rule = (request) => {
  const site = request.headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none' || isOpen(request)) return null;
  return new Problem('forbidden', `Sec-Fetch-Site is ${site}; pages of other sites may not call this service`);
};

/** The Host is an address, localhost or an allowed name, and an Origin is the same. */
function hostIsAllowed(allowedHosts: readonly string[]): Rule {
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
  return (request) => {
    const problem = objection(request.headers);
    return problem === null || isOpen(request) ? null : problem;
  };
}
