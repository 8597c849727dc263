// Which addresses a webhook may be sent to. Checked three times: the URL's literal, what a name resolves to, and the
// address that the socket really has; each alone can be got around.
import { type LookupAddress, type LookupAllOptions, lookup } from 'node:dns';
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

/** `dns.lookup` with `all`, or a stand-in for it. */
export type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** Never, whatever is allowed: link-local, and where clouds serve instance metadata and credentials. */
const NEVER = networks(
  ...['169.254.0.0/16', 'fe80::/10'],
  // AWS, Google Cloud, Scaleway; Alibaba, Oracle; the host of an Azure machine, which has an address that looks public.
  ...['fd00:ec2::/32', 'fd20:ce::254/128', 'fd00:42::42/128'],
  ...['100.100.100.200/32', '192.0.0.192/32', '168.63.129.16/32'],
);

/** Not public, of what has the form of a public address: private, special, or (2002::/16) IPv4 written in IPv6. */
const INTERNAL = networks(
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24'],
  ...['192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4'],
  ...['240.0.0.0/4', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'],
);

/** All that IANA has opened for global unicast in IPv6; nothing outside is public, whatever it may become. */
const GLOBAL_IPV6 = networks('2000::/3');

/** IPv6 networks that stand for IPv4 addresses (a gateway sends on to them), and at which byte those are. */
const EMBEDDING = [
  ...networks('::/96', '::ffff:0:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48').map((network) => [network, 12] as const),
  ...networks('2002::/16').map((network) => [network, 2] as const),
];

function networks(...cidrs: string[]): Network[] {
  return cidrs.map((cidr) => ipaddr.parseCIDR(cidr));
}

/** @throws Error when `cidr` is not a network */
export function parseNetwork(cidr: string): Network {
  return ipaddr.parseCIDR(cidr);
}

export class TargetPolicy {
  readonly #settings: TargetSettings;
  readonly #resolve: Resolve;

  constructor(settings: TargetSettings, resolve: Resolve = lookup) {
    this.#settings = settings;
    this.#resolve = resolve;
  }

  /**
   * Whether `url` may be a listener, as far as is known before it is called.
   * @throws Problem `target-not-allowed`, `invalid-request` when it is no http(s) URL
   */
  async check(text: string): Promise<void> {
    const url = parseUrl(text);
    const host = withoutBrackets(url.hostname);
    const addresses = ipaddr.isValid(host) ? [host] : await this.#addressesOf(host);
    const objections = addresses.map((address) => this.objection(url.protocol, address, host));
    if (objections.length === 0 || objections.includes(null)) return;
    throw new Problem('target-not-allowed', `${text}: ${[...new Set(objections)].join('; ')}`);
  }

  /** As {@link TargetPolicy.objection}, for a URL's host where that is an address itself: no look-up will see it. */
  literalObjection(protocol: string, hostname: string): string | null {
    const host = withoutBrackets(hostname);
    return ipaddr.isValid(host) ? this.objection(protocol, host) : null;
  }

  /**
   * Why `address` may not be called with `protocol` (`http:` or `https:`); null when it may.
   * @param host what a listener has in its URL: named in the place of the address that it has here, which is nobody's concern
   */
  objection(protocol: string, address: string, host: string = address): string | null {
    if (!ipaddr.isValid(address)) return `${address} is not an address`;
    // ipaddr.js takes ::192.0.2.1 for ::ffff:192.0.2.1, which is another address.
    const parsed = ipaddr.process(address.replace(/^::(?=[^:]+\.)/, '::0:'));
    if (destinations(parsed).some((destination) => isIn(NEVER, destination))) {
      return `${host} is link-local or serves metadata, which no setting allows`;
    }
    if (isIn(this.#settings.allowed, parsed)) return null;
    if (!isPublic(parsed)) {
      return `${host} is not public; RBA_ALLOWED_TARGETS can allow its network`;
    }
    if (protocol === 'https:' || this.#settings.allowHttp) return null;
    return `${host} must be called with https; RBA_ALLOW_HTTP=true allows http`;
  }

  /** A look-up for sockets that fails where every address is objected to. */
  lookupFor(protocol: string): LookupFunction {
    return (hostname, options, callback) => {
      this.#resolve(hostname, { ...options, all: true }, (error, found) => {
        if (error !== null) {
          callback(error, '', 0);
          return;
        }
        const objections = found.map(({ address }) => this.objection(protocol, address, hostname));
        const usable = found.filter((_, index) => objections[index] === null);
        const [first] = usable;
        if (first === undefined)
          callback(new Error([...new Set(objections)].join('; ') || `${hostname}: no address`), '', 0);
        else if (options.all) callback(null, usable);
        else callback(null, first.address, first.family);
      });
    };
  }

  /** Returns the addresses of a name; none where it has none now, for it may have some later. */
  #addressesOf(name: string): Promise<string[]> {
    return new Promise((resolve) => {
      this.#resolve(name, { all: true }, (error, found) => {
        resolve(error === null ? found.map(({ address }) => address) : []);
      });
    });
  }
}

/** An IPv6 address as a URL writes it, without the brackets. */
function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

function isPublic(address: Address): boolean {
  if (address.range() !== 'unicast' || isIn(INTERNAL, address)) return false;
  return address.kind() === 'ipv4' || isIn(GLOBAL_IPV6, address);
}

/** Where a packet to `address` may end up: there, or at an IPv4 address that is written into it. */
function destinations(address: Address): Address[] {
  const embedding = EMBEDDING.find(([network]) => isIn([network], address));
  if (embedding === undefined) return [address];
  const [, start] = embedding;
  return [address, new ipaddr.IPv4(address.toByteArray().slice(start, start + 4))];
}

function isIn(list: readonly Network[], address: Address): boolean {
  return list.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits));
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  // Not by `url.hash`, which is empty for an empty fragment, too.
  const isPlain = url !== null && url.username === '' && url.password === '' && !url.href.includes('#');
  if (url !== null && isPlain && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  const detail = 'must be an absolute http or https URL without user, password and fragment';
  throw new Problem('invalid-request', `url ${detail}`, { errors: [{ path: ['url'], detail }] });
}
