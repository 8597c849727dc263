// Where a listener may not be, asked over the API: every network that is not public, in every way to write an address, and
// by redirects. What exactly each network is, is tested beside the policy (test/listeners).
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService } from '../support/service.ts';

/** One address of each network that is not public, and how else it can be written. */
const INTERNAL: [network: string, hosts: string[]][] = [
  ['0.0.0.0/8', ['0.0.0.0', '0', '0x0', '00', '0.1', '0.255.255.255']],
  ['10.0.0.0/8', ['10.0.0.1', '10.1', '167772161', '0xa000001', '012.0.0.1', '0xa.0.0.1', '10.255.255.255']],
  ['100.64.0.0/10', ['100.64.0.1', '1681915905', '0x64.0x40.0.1', '0144.0100.1', '100.127.255.255']],
  ['127.0.0.0/8', ['127.0.0.1', '127.1', '127.0.1', '2130706433', '0x7f000001', '017700000001', '0177.1', '0x7f.1']],
  ['169.254.0.0/16', ['169.254.0.1', '169.254.1', '2851995649', '0xa9fe0001', '0251.0376.1']],
  ['172.16.0.0/12', ['172.16.0.1', '172.16.1', '2886729729', '0xac100001', '0254.020.0.1', '172.31.255.255']],
  ['192.0.0.0/24', ['192.0.0.1', '192.1', '3221225473', '0xc0000001', '0300.0.0.1']],
  ['192.88.99.0/24', ['192.88.99.1', '3227017985', '0xc0586301', '0300.0130.0143.1']],
  ['192.168.0.0/16', ['192.168.0.1', '192.168.1', '3232235521', '0xc0a80001', '0300.0250.0.1']],
  ['198.18.0.0/15', ['198.18.0.1', '198.19.255.255', '3323068417', '0xc6120001', '0306.022.0.1']],
  ['224.0.0.0/4', ['224.0.0.1', '239.255.255.255', '3758096385', '0xe0000001', '0340.0.0.1']],
  ['240.0.0.0/4', ['240.0.0.1', '255.255.255.255', '4026531841', '0xffffffff', '0377.0377.0377.0377']],
  ['::', ['[::]', '[0:0:0:0:0:0:0:0]', '[::0.0.0.0]']],
  ['::1', ['[::1]', '[0:0:0:0:0:0:0:1]', '[0000::0001]', '[::0.0.0.1]']],
  ['mapped', ['[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[0:0:0:0:0:ffff:a00:1]', '[::ffff:192.168.0.1]']],
  ['compatible', ['[::127.0.0.1]', '[::7f00:1]', '[::8.8.8.8]', '[::a00:1]']],
  ['64:ff9b::/96', ['[64:ff9b::127.0.0.1]', '[64:ff9b::a00:1]', '[64:ff9b::8.8.8.8]']],
  ['2002::/16', ['[2002:7f00:1::]', '[2002:a00:1::1]', '[2002:808:808::1]']],
  ['2001:db8::/32', ['[2001:db8::1]', '[2001:0DB8::1]']],
  ['3fff::/20', ['[3fff::1]', '[3fff:fff::1]']],
  ['5f00::/16', ['[5f00::1]']],
  ['fc00::/7', ['[fc00::1]', '[fd00::1]', '[fdff:ffff::1]']],
  ['fe80::/10', ['[fe80::1]', '[febf::1]']],
  ['ff00::/8', ['[ff02::1]', '[ff00::]']],
  ['names of this machine', ['localhost', 'LOCALHOST']],
];

/** Where clouds serve credentials, and link-local: not even where everything is allowed. */
const NEVER = [
  ...['169.254.169.254', '169.254.43518', '2852039166', '0xa9fea9fe', '0xa9.0xfe.0xa9.0xfe', '025177524776'],
  ...['0251.0376.0251.0376', '169.16689662', '169.254.169.254.', '①⑥⑨.254.169.254', '%31%36%39.254.169.254'],
  ...[
    '[::ffff:169.254.169.254]',
    '[::ffff:a9fe:a9fe]',
    '[::169.254.169.254]',
    '[64:ff9b::a9fe:a9fe]',
    '[2002:a9fe:a9fe::]',
  ],
  ...['[fe80::1]', '[fd00:ec2::254]', '100.100.100.200', '168.63.129.16'],
];

let closed: TestService;
let open: TestService;
/** The path of the listeners of a block in each. */
const listeners = new Map<TestService, string>();

beforeAll(async () => {
  closed = await startService({ settings: { RBA_ALLOWED_TARGETS: '' } });
  open = await startService({ settings: { RBA_ALLOWED_TARGETS: '0.0.0.0/0,::/0', RBA_ALLOW_HTTP: 'true' } });
  for (const service of [closed, open]) {
    const { id } = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '64K' });
    listeners.set(service, `/v1/ram-blocks/${id}/listeners`);
  }
});
afterAll(async () => {
  await closed.close();
  await open.close();
});

async function register(service: TestService, url: string) {
  const { status, body } = await service.api.post(String(listeners.get(service)), { url, secret: SECRET });
  return { status, code: body.code, errno: body.errno, detail: String(body.detail) };
}

describe.each(INTERNAL)('%s', (_network, hosts) => {
  it.each(hosts)('%s is no target where nothing is allowed, neither with http nor with https', async (host) => {
    for (const url of [`http://${host}/`, `https://${host}/hook`, `https://${host}:8443/`]) {
      const answer = await register(closed, url);
      expect(answer).toMatchObject({ status: 422, code: 'target-not-allowed', errno: 'EACCES' });
      expect(answer.detail).toMatch(/RBA_ALLOWED_TARGETS|no setting allows/);
    }
  });
});

it.each(NEVER)('%s is no target, even where everything is allowed', async (host) => {
  for (const service of [closed, open]) {
    const answer = await register(service, `http://${host}/latest/meta-data/`);
    expect(answer).toMatchObject({ status: 422, code: 'target-not-allowed' });
    expect(answer.detail).toContain('no setting allows');
  }
});

it('nothing of that was registered', async () => {
  for (const [service, path] of listeners) expect((await service.api.ok('GET', path)).items).toEqual([]);
});

describe('a listener that moves', () => {
  let device: ScriptedListener;
  let elsewhere: ScriptedListener;

  beforeEach(async () => {
    device = await ScriptedListener.start();
    elsewhere = await ScriptedListener.start();
  });
  afterEach(async () => {
    await device.close();
    await elsewhere.close();
  });

  it.each([300, 301, 302, 303, 307, 308])('by %i is not followed: it gave no answer', async (status) => {
    const { api } = open;
    const { id } = await api.ok('POST', '/v1/ram-blocks', { idstr: `moves by ${status}`, usedLength: '64K' });
    await api.ok('POST', `/v1/ram-blocks/${id}/listeners`, { url: device.url, secret: SECRET });
    device.script = ({ type }) =>
      type === 'ram_block.populate' ? { status, headers: { location: elsewhere.url } } : 200;
    const answer = await api.post(`/v1/ram-blocks/${id}/conversions`, { offset: 0, size: 4096, to: 'shared' });
    expect(answer).toMatchObject({ status: 502, body: { code: 'listener-unreachable', listenerStatus: status } });
    expect(elsewhere.received).toEqual([]);
    expect(device.received.filter(({ type }) => type === 'ram_block.populate')).toHaveLength(1);
    await api.ok('DELETE', `/v1/ram-blocks/${id}?force=true`);
  });

  it('by its update is looked at as a new one', async () => {
    const { api } = open;
    const path = String(listeners.get(open));
    const { id } = await api.ok('POST', path, { url: device.url, secret: SECRET });
    for (const host of NEVER) {
      const { status, body } = await api.call('PATCH', `${path}/${id}`, { url: `http://${host}/` });
      expect(`${host} ${status} ${body.code}`).toBe(`${host} 422 target-not-allowed`);
    }
    expect((await api.ok('GET', `${path}/${id}`)).url).toBe(device.url);
    await api.ok('DELETE', `${path}/${id}`);
  });
});
