// What is said of a URL when a listener registers, and what a look-up lets through when it is called.
import type { LookupAddress, LookupOptions } from 'node:dns';
import { describe, expect, it } from 'vitest';
import { Problem } from '../../src/errors.ts';
import { parseNetwork, type Resolve, TargetPolicy } from '../../src/listeners/target-policy.ts';

/** Names and their addresses; all others do not exist. */
function resolver(names: Record<string, string[]>): Resolve {
  return (name, _options, callback) => {
    const addresses = names[name];
    if (addresses === undefined) {
      callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' }), []);
    } else {
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    }
  };
}

function policyOf({ allowed = [] as string[], allowHttp = false, names = {} as Record<string, string[]> }) {
  return new TargetPolicy({ allowed: allowed.map(parseNetwork), allowHttp }, resolver(names));
}

/** What `check` objects to; null when nothing. */
async function objectionTo(policy: TargetPolicy, url: string): Promise<Problem | null> {
  try {
    await policy.check(url);
    return null;
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

describe('a URL that is none for a webhook', () => {
  const policy = policyOf({ allowed: ['0.0.0.0/0', '::/0'], allowHttp: true });

  it.each([
    '',
    ' ',
    'listener',
    '/hook',
    '//host/hook',
    'host:80',
    'http:',
    'http://',
    'http:///',
    'http://[::1',
    'http://host:65536/',
    'http://ho st/',
    'http://256.256.256.256/',
    'http://1.2.3.4.5.6.256/',
    'ftp://host/',
    'file:///etc/passwd',
    'ws://host/',
    'unix:/run/listener.sock',
    'data:text/plain,x',
    'javascript:alert(1)',
    'gopher://host/',
    'http://user@host/',
    'http://user:password@host/',
    'http://:password@host/',
    'https://user%40x@host/',
    'http://host/#fragment',
    'http://host/#',
    'http://host/hook?a=b#c',
  ])('is an invalid request that points at it: "%s"', async (url) => {
    const problem = await objectionTo(policy, url);
    expect(problem).toMatchObject({
      code: 'invalid-request',
      status: 400,
      extras: { errors: [{ path: ['url'], detail: expect.stringContaining('absolute http or https URL') }] },
    });
  });

  it('is not repeated in the answer, for it may hold a password', async () => {
    const problem = await objectionTo(policy, 'http://user:hunter2@host/');
    expect(JSON.stringify([problem?.message, problem?.extras])).not.toContain('hunter2');
  });
});

describe('a literal address', () => {
  it.each([
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0x7f.1/',
    'http://0177.0.0.1/',
    'http://017700000001/',
    'http://127.1/',
    'http://127.0.1/',
    'http://127.0.0.1./',
    'http://%31%32%37.0.0.1/',
    'http://１２７.０.０.１/',
    'http://[::1]/',
    'http://[0:0:0:0:0:0:0:1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[::127.0.0.1]/',
    'https://0/',
    'https://[::]/',
    'https://10.1/',
  ])('is seen however it is written: %s', async (url) => {
    const problem = await objectionTo(policyOf({}), url);
    expect(problem).toMatchObject({
      code: 'target-not-allowed',
      status: 422,
      message: expect.stringContaining('RBA_ALLOWED_TARGETS'),
    });
    expect(problem?.message.startsWith(`${url}: `)).toBe(true);
    const { protocol, hostname } = new URL(url);
    expect(policyOf({}).literalObjection(protocol, hostname)).toMatch(/is not public/);
  });

  it.each([
    'http://127.0.0.1:9000/',
    'http://2130706433/',
    'http://[::ffff:127.0.0.1]/',
    'https://127.0.0.1/',
    'http://[::1]/',
  ])('of a network that is listed is let through, with http too: %s', async (url) => {
    expect(await objectionTo(policyOf({ allowed: ['127.0.0.0/8', '::1/128'] }), url)).toBeNull();
  });

  it('is not looked up', async () => {
    const policy = new TargetPolicy({ allowed: [], allowHttp: false }, () => {
      throw new Error('looked up');
    });
    expect(await objectionTo(policy, 'https://93.184.216.34/')).toBeNull();
    expect(await objectionTo(policy, 'https://[2606:2800:220:1::1]/')).toBeNull();
    expect(await objectionTo(policy, 'https://10.0.0.1/')).toMatchObject({ code: 'target-not-allowed' });
  });

  it.each(['listener.test', 'localhost', '127.0.0.1.test', ''])('is none in a name: "%s"', (hostname) => {
    expect(policyOf({}).literalObjection('http:', hostname)).toBeNull();
  });
});

describe('a name', () => {
  const names = {
    'public.test': ['93.184.216.34', '2606:2800:220:1::1'],
    'internal.test': ['10.0.0.1', 'fd12::1'],
    'mixed.test': ['10.0.0.1', '93.184.216.34'],
    'metadata.test': ['169.254.169.254'],
    'nothing.test': [],
    localhost: ['::1', '127.0.0.1'],
  };

  it('with public addresses needs https, unless RBA_ALLOW_HTTP allows http', async () => {
    expect(await objectionTo(policyOf({ names }), 'https://public.test/')).toBeNull();
    expect(await objectionTo(policyOf({ names, allowHttp: true }), 'http://public.test/')).toBeNull();
    expect(await objectionTo(policyOf({ names }), 'http://public.test/')).toMatchObject({
      code: 'target-not-allowed',
      message: expect.stringContaining('RBA_ALLOW_HTTP'),
    });
  });

  it('with internal addresses only is objected to, without a word of what they are', async () => {
    const problem = await objectionTo(policyOf({ names }), 'https://internal.test/');
    expect(problem).toMatchObject({ code: 'target-not-allowed' });
    expect(problem?.message).toMatch(/: internal\.test is not public; RBA_ALLOWED_TARGETS can allow its network$/);
  });

  it('with an address that may be called among others is let through', async () => {
    expect(await objectionTo(policyOf({ names }), 'https://mixed.test/')).toBeNull();
    expect(await objectionTo(policyOf({ names }), 'http://mixed.test/')).toMatchObject({ code: 'target-not-allowed' });
  });

  it('of metadata is objected to whatever is listed', async () => {
    const policy = policyOf({ names, allowed: ['0.0.0.0/0', '::/0'], allowHttp: true });
    expect(await objectionTo(policy, 'http://metadata.test/')).toMatchObject({ code: 'target-not-allowed' });
  });

  it('of this machine is let through where loopback is listed', async () => {
    expect(await objectionTo(policyOf({ names, allowed: ['127.0.0.0/8'] }), 'http://localhost:9000/')).toBeNull();
    expect(await objectionTo(policyOf({ names }), 'http://localhost:9000/')).toMatchObject({
      code: 'target-not-allowed',
    });
  });

  it.each(['https://unknown.test/', 'https://nothing.test/'])(
    'that leads nowhere now is let through, for it may later: %s',
    async (url) => {
      expect(await objectionTo(policyOf({ names }), url)).toBeNull();
    },
  );
});

describe('the look-up of a socket', () => {
  const names = {
    'internal.test': ['10.0.0.1', 'fd12::1'],
    'mixed.test': ['10.0.0.1', '93.184.216.34', 'fe80::1', '2606:2800:220:1::1'],
    'nothing.test': [],
  };
  const lookUp = (policy: TargetPolicy, protocol: string, name: string, options: LookupOptions) => {
    return new Promise<[string | LookupAddress[], number | undefined]>((resolve, reject) => {
      policy.lookupFor(protocol)(name, options, (error, address, family) => {
        if (error === null) resolve([address, family]);
        else reject(error);
      });
    });
  };

  it('gives only the addresses that may be called', async () => {
    const policy = policyOf({ names });
    const usable = [
      { address: '93.184.216.34', family: 4 },
      { address: '2606:2800:220:1::1', family: 6 },
    ];
    expect(await lookUp(policy, 'https:', 'mixed.test', { all: true })).toEqual([usable, undefined]);
    expect(await lookUp(policy, 'https:', 'mixed.test', {})).toEqual(['93.184.216.34', 4]);
  });

  it('fails where none may be called, and says why', async () => {
    const policy = policyOf({ names });
    await expect(lookUp(policy, 'https:', 'internal.test', { all: true })).rejects.toThrow(
      /^internal\.test is not public; RBA_ALLOWED_TARGETS can allow its network$/,
    );
    await expect(lookUp(policy, 'http:', 'mixed.test', { all: true })).rejects.toThrow(/must be called with https/);
    await expect(lookUp(policy, 'https:', 'nothing.test', { all: true })).rejects.toThrow('nothing.test: no address');
    await expect(lookUp(policy, 'https:', 'unknown.test', { all: true })).rejects.toThrow('ENOTFOUND');
  });

  it('asks anew every time: a name that was public is objected to once it is not', async () => {
    const changing: Record<string, string[]> = { 'rebinding.test': ['93.184.216.34'] };
    const policy = policyOf({ names: changing });
    expect(await objectionTo(policy, 'https://rebinding.test/')).toBeNull();
    expect(await lookUp(policy, 'https:', 'rebinding.test', {})).toEqual(['93.184.216.34', 4]);
    changing['rebinding.test'] = ['127.0.0.1'];
    await expect(lookUp(policy, 'https:', 'rebinding.test', {})).rejects.toThrow('rebinding.test is not public');
  });

  it('passes on the wishes of the socket, and wants all addresses', async () => {
    const asked: unknown[] = [];
    const policy = new TargetPolicy({ allowed: [], allowHttp: false }, (name, options, callback) => {
      asked.push([name, options]);
      callback(null, [{ address: '2606:2800:220:1::1', family: 6 }]);
    });
    await lookUp(policy, 'https:', 'public.test', { family: 6, hints: 32 });
    expect(asked).toEqual([['public.test', { family: 6, hints: 32, all: true }]]);
  });

  it('finds real names by the system, where none other is given', async () => {
    const policy = new TargetPolicy({ allowed: ['127.0.0.0/8', '::1/128'].map(parseNetwork), allowHttp: false });
    expect(await objectionTo(policy, 'http://localhost/')).toBeNull();
    const [found] = await lookUp(policy, 'http:', 'localhost', { all: true });
    expect(found).toContainEqual({ address: expect.stringMatching(/^(127\.|::1$)/), family: expect.any(Number) });
  });
});
