// Which addresses are public, which are not, and which are never called: every range with its first, a middle and its
// last address, and what lies right outside of it.
import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseNetwork, TargetPolicy } from '../../src/listeners/target-policy.ts';

const F = 'ffff:ffff:ffff:ffff:ffff:ffff';

/** Ranges that are not public: addresses in them, and public ones right beside them. */
const RANGES: [range: string, inside: string[], beside: string[]][] = [
  ['0.0.0.0/8', ['0.0.0.0', '0.1.2.3', '0.255.255.255'], ['1.0.0.0']],
  ['10.0.0.0/8', ['10.0.0.0', '10.128.0.1', '10.255.255.255'], ['9.255.255.255', '11.0.0.0']],
  ['100.64.0.0/10', ['100.64.0.0', '100.100.0.1', '100.127.255.255'], ['100.63.255.255', '100.128.0.0']],
  ['127.0.0.0/8', ['127.0.0.0', '127.0.0.1', '127.255.255.255'], ['126.255.255.255', '128.0.0.0']],
  ['169.254.0.0/16', ['169.254.0.0', '169.254.169.254', '169.254.255.255'], ['169.253.255.255', '169.255.0.0']],
  ['172.16.0.0/12', ['172.16.0.0', '172.24.1.1', '172.31.255.255'], ['172.15.255.255', '172.32.0.0']],
  ['192.0.0.0/24', ['192.0.0.0', '192.0.0.128', '192.0.0.255'], ['191.255.255.255', '192.0.1.0']],
  ['192.0.2.0/24', ['192.0.2.0', '192.0.2.128', '192.0.2.255'], ['192.0.1.255', '192.0.3.0']],
  ['192.88.99.0/24', ['192.88.99.0', '192.88.99.1', '192.88.99.255'], ['192.88.98.255', '192.88.100.0']],
  ['192.168.0.0/16', ['192.168.0.0', '192.168.1.1', '192.168.255.255'], ['192.167.255.255', '192.169.0.0']],
  ['198.18.0.0/15', ['198.18.0.0', '198.19.0.0', '198.19.255.255'], ['198.17.255.255', '198.20.0.0']],
  ['198.51.100.0/24', ['198.51.100.0', '198.51.100.7', '198.51.100.255'], ['198.51.99.255', '198.51.101.0']],
  ['203.0.113.0/24', ['203.0.113.0', '203.0.113.7', '203.0.113.255'], ['203.0.112.255', '203.0.114.0']],
  ['224.0.0.0/4', ['224.0.0.0', '232.1.2.3', '239.255.255.255'], ['223.255.255.255']],
  ['240.0.0.0/4', ['240.0.0.0', '250.1.2.3', '255.255.255.255'], []],
  ['::/128, unspecified', ['::'], []],
  ['::1/128, loopback', ['::1'], []],
  ['::/96, v4-compatible', ['::2', '::7f00:1', '::127.0.0.1', '::8.8.8.8', '::ffff:ffff'], []],
  ['::ffff:0:0/96 of what is not public', ['::ffff:0.0.0.0', '::ffff:127.0.0.1', '::ffff:a00:1'], ['::ffff:8.8.8.8']],
  ['::ffff:0:0:0/96, v4-translated', ['::ffff:0:0:0', '::ffff:0:8.8.8.8', '::ffff:0:ffff:ffff'], []],
  ['64:ff9b::/96', ['64:ff9b::', '64:ff9b::808:808', '64:ff9b::ffff:ffff'], []],
  ['64:ff9b:1::/48', ['64:ff9b:1::', '64:ff9b:1:8::1', '64:ff9b:1:ffff:ffff:ffff:ffff:ffff'], []],
  ['100::/64', ['100::', '100::8', '100::ffff:ffff:ffff:ffff'], []],
  ['2001::/23', ['2001::', '2001:100::1', `2001:1ff:${F}`], [`2000:ffff:${F}`, '2001:200::']],
  ['2001:db8::/32', ['2001:db8::', '2001:db8:8000::1', `2001:db8:${F}`], [`2001:db7:${F}`, '2001:db9::']],
  ['2002::/16', ['2002::', '2002:808:808::1', `2002:ffff:${F}`], [`2001:ffff:${F}`, '2003::']],
  ['3fff::/20', ['3fff::', '3fff:800::1', `3fff:fff:${F}`], [`3ffe:ffff:${F}`, '3fff:1000::']],
  ['5f00::/16', ['5f00::', '5f00:8000::1', `5f00:ffff:${F}`], []],
  ['fc00::/7', ['fc00::', 'fd12:3456::1', `fdff:ffff:${F}`], []],
  ['fe80::/10', ['fe80::', 'fe80::1', 'fe80::1%eth0', `febf:ffff:${F}`], []],
  ['fec0::/10', ['fec0::', 'fed0::1', `feff:ffff:${F}`], []],
  ['ff00::/8', ['ff00::', 'ff02::1', `ffff:ffff:${F}`], []],
  ['below 2000::/3', ['64:ff9b::1:0:0', '1000::1', `1fff:ffff:${F}`], ['2000::']],
  ['above 2000::/3', ['4000::', '8000::1', `fbff:ffff:${F}`], [`3fff:ffff:${F}`]],
];

const NEVER: [what: string, addresses: string[]][] = [
  ['link-local', ['169.254.0.0', '169.254.1.1', '169.254.255.255', 'fe80::', 'fe80::1', `febf:ffff:${F}`, 'fe80::1%1']],
  ['AWS', ['169.254.169.254', '169.254.170.2', 'fd00:ec2::254', 'fd00:ec2::23', `fd00:ec2:${F}`]],
  ['Google Cloud', ['169.254.169.254', 'fd20:ce::254']],
  ['Azure', ['169.254.169.254', '168.63.129.16']],
  ['Alibaba Cloud', ['100.100.100.200']],
  ['Oracle Cloud', ['192.0.0.192']],
  ['Scaleway', ['169.254.42.42', 'fd00:42::42']],
  ['IPv4 in IPv6', ['::ffff:169.254.169.254', '::ffff:a9fe:a9fe', '::169.254.169.254', '::ffff:0:169.254.169.254']],
  [
    'IPv4 behind a gateway',
    ['64:ff9b::169.254.169.254', '64:ff9b:1::a9fe:a9fe', '2002:a9fe:a9fe::1', '2002:6464:64c8::'],
  ],
];

const strict = new TargetPolicy({ allowed: [], allowHttp: false });
const everything = new TargetPolicy({ allowed: ['0.0.0.0/0', '::/0'].map(parseNetwork), allowHttp: true });

describe.each(RANGES)('%s', (_range, inside, beside) => {
  it.each(inside)('%s is not public', (address) => {
    expect(strict.objection('https:', address)).toMatch(/is not public|no setting allows/);
  });

  it.each(beside)('%s, right beside it, is', (address) => {
    expect(strict.objection('https:', address)).toBeNull();
  });
});

describe.each(NEVER)('%s', (_what, addresses) => {
  it.each(addresses)('%s is never called, not even when it is listed', (address) => {
    const listed = new TargetPolicy({
      allowed: ['169.254.0.0/16', 'fe80::/10', '::/0'].map(parseNetwork),
      allowHttp: true,
    });
    for (const policy of [strict, everything, listed]) {
      for (const protocol of ['http:', 'https:']) {
        expect(policy.objection(protocol, address)).toMatch(/no setting allows/);
      }
    }
  });
});

it.each(['168.63.129.15', '168.63.129.17', '100.100.100.199', '192.0.0.193', 'fd00:ec1::254', '64:ff9b::a9fd:ffff'])(
  '%s, right beside one that is never called, is called when it is listed',
  (address) => {
    expect(everything.objection('http:', address)).toBeNull();
  },
);

describe('what is public', () => {
  it('is called with https, and with http only when RBA_ALLOW_HTTP allows it', () => {
    for (const address of ['93.184.216.34', '2606:2800:220:1::1']) {
      expect(strict.objection('https:', address)).toBeNull();
      expect(strict.objection('http:', address)).toMatch(/https; RBA_ALLOW_HTTP=true/);
      expect(new TargetPolicy({ allowed: [], allowHttp: true }).objection('http:', address)).toBeNull();
    }
  });

  it('by RBA_ALLOW_HTTP is no more than without: internal networks stay closed', () => {
    const policy = new TargetPolicy({ allowed: [], allowHttp: true });
    for (const address of ['127.0.0.1', '10.0.0.1', '::1', 'fd12::1']) {
      expect(policy.objection('http:', address)).toMatch(/is not public; RBA_ALLOWED_TARGETS/);
    }
  });
});

describe('a network that is listed', () => {
  const policy = new TargetPolicy({
    allowed: ['10.1.0.0/16', '::1/128', 'fd12::/16'].map(parseNetwork),
    allowHttp: false,
  });

  it.each(['10.1.0.0', '10.1.128.1', '10.1.255.255', '::ffff:10.1.0.1', '::1', 'fd12::', `fd12:ffff:${F}`])(
    'is called with http and https: %s',
    (address) => {
      expect([policy.objection('http:', address), policy.objection('https:', address)]).toEqual([null, null]);
    },
  );

  it.each([
    '10.0.255.255',
    '10.2.0.0',
    '127.0.0.1',
    '::',
    '::2',
    'fd11::',
    'fd13::',
    '64:ff9b::10.1.0.1',
    '::10.1.0.1',
  ])('opens nothing beside it: %s', (address) => {
    expect(policy.objection('https:', address)).toMatch(/is not public/);
  });

  it.each(['', 'x', '10.0.0.0', '10.0.0.0/33', '::/129', '10.0.0.0/x', '10.0.0.0/-1', 'example.com/8'])(
    'is a network and nothing else: "%s"',
    (text) => {
      expect(() => parseNetwork(text)).toThrow();
    },
  );
});

it.each(['', 'localhost', 'example.com', '1.2.3.4.5', '1.2.3.256', ':::', '[::1]', '1.2.3.4/8', '127.0.0.1:80'])(
  '"%s" is no address and never called',
  (text) => {
    expect(everything.objection('https:', text)).toMatch(/is not an address/);
  },
);

it('agrees with a list of blocks of Node.js on any address', () => {
  const blocked = new BlockList();
  for (const [range] of RANGES) {
    const [, network = '', bits = ''] = /^([0-9a-f.:]+)\/(\d+)(?!.* of )/.exec(range) ?? [];
    if (network !== '') blocked.addSubnet(network, Number(bits), network.includes(':') ? 'ipv6' : 'ipv4');
  }
  for (const [, addresses] of NEVER) {
    for (const address of addresses)
      blocked.addAddress(address.replace(/%.*/, ''), address.includes(':') ? 'ipv6' : 'ipv4');
  }
  const global = new BlockList();
  global.addSubnet('2000::', 3, 'ipv6');
  // Three addresses that ipaddr.js knows for what they are, and that nobody would have a webhook at (RFC 7450, 7534, 7535).
  for (const network of ['192.31.196.0', '192.52.193.0', '192.175.48.0']) blocked.addSubnet(network, 24);
  blocked.addSubnet('2620:4f:8000::', 48, 'ipv6');
  const publicV4 = (address: string) => !blocked.check(address, 'ipv4');
  const publicV6 = (address: string) => global.check(address, 'ipv6') && !blocked.check(address, 'ipv6');
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      expect(strict.objection('https:', address) === null).toBe(publicV4(address));
    }),
    { numRuns: 5000 },
  );
  const hextets = fc.tuple(
    fc.integer({ min: 0x2000, max: 0x3fff }),
    fc.array(fc.nat(0xffff), { minLength: 7, maxLength: 7 }),
  );
  const inGlobal = hextets.map(([first, rest]) => [first, ...rest].map((part) => part.toString(16)).join(':'));
  fc.assert(
    fc.property(fc.oneof(fc.ipV6(), inGlobal), (address) => {
      const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1];
      const expected = mapped === undefined ? publicV6(address) : publicV4(mapped);
      expect(strict.objection('https:', address) === null).toBe(expected);
    }),
    { numRuns: 5000 },
  );
});
