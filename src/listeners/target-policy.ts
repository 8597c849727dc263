// Which addresses a webhook may be sent to. Checked three times: the URL's literal, what a name resolves to, and the
// address that the socket really has; each alone can be got around.
import { promises, lookup as resolve } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { Problem } from '../errors.ts';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
export type Network = readonly [Address, number];

export interface TargetSettings {
  /** RBA_ALLOWED_TARGETS: networks that may be reached although they are not public. */
  readonly allowed: readonly Network[];
  /** RBA_ALLOW_HTTP: plain http outside of them too. */
  readonly allowHttp: boolean;
}

/** Never, whatever is allowed: link-local, and where clouds serve instance metadata. */
const NEVER = networks('169.254.0.0/16', 'fe80::/10', 'fd00:ec2::254/128', '100.100.100.200/32', '192.0.0.192/32');

/** Not public: private, special, or a way to write an IPv4 address in IPv6. */
const INTERNAL = networks(
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24'],
  ...['192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4'],
  ...['240.0.0.0/4', '::/96', '::1/128', '::ffff:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48', '100::/64'],
  ...['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20', '5f00::/16', 'fc00::/7', 'ff00::/8'],
);

function networks(...cidrs: string[]): Network[] {
  return cidrs.map((cidr) => ipaddr.parseCIDR(cidr));
}

/** @throws Error when `cidr` is not a network */
export function parseNetwork(cidr: string): Network {
  return ipaddr.parseCIDR(cidr);
}

export class TargetPolicy {
  readonly #settings: TargetSettings;

  constructor(settings: TargetSettings) {
    this.#settings = settings;
  }

  /**
   * Whether `url` may be a listener, as far as is known before it is called.
   * @throws Problem `target-not-allowed`, `invalid-request` when it is no http(s) URL
   */
  async check(text: string): Promise<void> {
    const url = parseUrl(text);
    const host = withoutBrackets(url.hostname);
    const addresses = ipaddr.isValid(host) ? [host] : await addressesOf(host);
    const objections = addresses.map((address) => this.objection(url.protocol, address));
    if (objections.length === 0 || objections.includes(null)) return;
    throw new Problem('target-not-allowed', `${text}: ${objections.join('; ')}`);
  }

  /** As {@link TargetPolicy.objection}, for a URL's host where that is an address itself: no look-up will see it. */
  literalObjection(protocol: string, hostname: string): string | null {
    const host = withoutBrackets(hostname);
    return ipaddr.isValid(host) ? this.objection(protocol, host) : null;
  }

  /** Why `address` may not be called with `protocol` (`http:` or `https:`); null when it may. */
  objection(protocol: string, address: string): string | null {
    if (!ipaddr.isValid(address)) return `${address} is not an address`;
    const parsed = ipaddr.process(address);
    if (NEVER.some((network) => contains(network, parsed))) {
      return `${address} is link-local or serves metadata, which no setting allows`;
    }
    if (this.#settings.allowed.some((network) => contains(network, parsed))) return null;
    if (parsed.range() !== 'unicast' || INTERNAL.some((network) => contains(network, parsed))) {
      return `${address} is not public; RBA_ALLOWED_TARGETS can allow its network`;
    }
    if (protocol === 'https:' || this.#settings.allowHttp) return null;
    return `${address} must be called with https; RBA_ALLOW_HTTP=true allows http`;
  }

  /** A look-up for sockets that fails where every address is objected to. */
  lookupFor(protocol: string): LookupFunction {
    return (hostname, options, callback) => {
      resolve(hostname, { ...options, all: true }, (error, found) => {
        if (error !== null) {
          callback(error, '', 0);
          return;
        }
        const objections = found.map(({ address }) => this.objection(protocol, address));
        const usable = found.filter((_, index) => objections[index] === null);
        const [first] = usable;
        if (first === undefined) callback(new Error(`${hostname}: ${objections.join('; ')}`), '', 0);
        else if (options.all) callback(null, usable);
        else callback(null, first.address, first.family);
      });
    };
  }
}

/** An IPv6 address as a URL writes it, without the brackets. */
function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

function contains([network, bits]: Network, address: Address): boolean {
  return network.kind() === address.kind() && address.match(network, bits);
}

/** What a name resolves to now; nothing where it does not, for it may later. */
async function addressesOf(name: string): Promise<string[]> {
  const found = await promises.lookup(name, { all: true }).catch(() => []);
  return found.map(({ address }) => address);
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isPlain = url !== null && url.username === '' && url.password === '' && url.hash === '';
  if (url !== null && isPlain && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  const detail = 'must be an absolute http or https URL without user, password and fragment';
  throw new Problem('invalid-request', `url ${detail}`, { errors: [{ pointer: '#/url', detail }] });
}
