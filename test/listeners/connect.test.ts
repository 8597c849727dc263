// The connection to a listener: its address is looked at again when it stands, whatever led there, and TLS trusts the
// usual roots and those of RBA_CA_FILE.
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { createAgent } from '../../src/listeners/connect.ts';
import { exchange } from '../../src/listeners/exchange.ts';
import { UnderWay } from '../../src/listeners/limits.ts';
import type { Resolve } from '../../src/listeners/target-policy.ts';
import { TargetPolicy } from '../../src/listeners/target-policy.ts';
import { answering, Receiver, type ReceiverOptions } from './receiver.ts';
import { Sender, type SenderOptions } from './sender.ts';

const certificate = new URL('../fixtures/tls/listener-certificate.pem', import.meta.url);
const key = new URL('../fixtures/tls/listener-key.pem', import.meta.url);
const tls = { cert: readFileSync(certificate), key: readFileSync(key) };
const caFile = fileURLToPath(certificate);

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function receiver(options?: ReceiverOptions): Promise<Receiver> {
  const started = await Receiver.start(answering(200), options);
  closing.push(() => started.close());
  return started;
}

function sender(options: SenderOptions): Sender {
  const made = new Sender(options);
  closing.push(() => made.close());
  return made;
}

/** Resolves names to these addresses, one list after the other, the last again and again. */
function resolving(...answers: string[][]): Resolve {
  let asked = 0;
  return (_name, _options, callback) => {
    const addresses = answers[Math.min(asked++, answers.length - 1)] ?? [];
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
}

describe('the address of a connection', () => {
  it('is objected to when it stands, even if nothing before saw it', async () => {
    const { url, arrived } = await receiver();
    // A literal, which no look-up sees; the webhook client, which looks at literals, is left out here.
    const pools = createAgent(new TargetPolicy({ allowed: [], allowHttp: true }), null);
    closing.push(() => pools.destroy());
    const { origin, pathname: path } = new URL(url);
    const outgoing = { origin, path, method: 'POST', headers: {}, body: 'secret' } as const;
    const limits = new UnderWay().begin(30_000, new AbortController().signal);
    closing.push(async () => limits.lift());
    const exchanged = await exchange(pools, outgoing, limits);
    expect(exchanged).toMatchObject({ end: 'failed', status: null, why: expect.stringContaining('is not public') });
    expect(arrived).toEqual([]);
  });

  it('that a name has rebound to after it was checked is not called', async () => {
    const target = await receiver();
    const rebinding = sender({ allowed: [], resolve: resolving(['93.184.216.34'], ['127.0.0.1']) });
    const url = `https://rebinding.test:${target.port}/`;
    await expect(rebinding.policy.check(url)).resolves.toBeUndefined();
    const answer = await rebinding.deliver(url, { once: true });
    expect(answer).toMatchObject({
      outcome: 'unanswered',
      status: null,
      detail: expect.stringContaining('rebinding.test is not public'),
    });
    expect(target.connections).toBe(0);
  });

  it('that is allowed is called where a name has others, too', async () => {
    const { port, arrived } = await receiver();
    const mixed = sender({ resolve: resolving(['10.0.0.1', '127.0.0.1', 'fe80::1']) });
    expect(await mixed.deliver(`http://mixed.test:${port}/`)).toEqual({ outcome: 'accepted' });
    expect(arrived).toHaveLength(1);
  });

  it.each(['2130706433', '0x7f.1', '0177.0.0.1', '127.1', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]'])(
    'is seen in the literal %s, too: no attempt is made, nor repeated',
    async (host) => {
      const target = await receiver();
      const answer = await sender({ allowed: [] }).deliver(`http://${host}:${target.port}/`);
      expect(answer).toMatchObject({ outcome: 'unanswered', detail: expect.stringContaining('is not public') });
      expect(target.connections).toBe(0);
    },
  );
});

describe('TLS', () => {
  it('with a certificate that nobody vouches for is no connection', async () => {
    const { url, arrived } = await receiver({ tls });
    const answer = await sender({}).deliver(url, { once: true });
    expect(answer).toMatchObject({ outcome: 'unanswered', status: null, detail: expect.stringMatching(/self.signed/) });
    expect(arrived).toEqual([]);
  });

  it('with a certificate of RBA_CA_FILE works', async () => {
    const { url, arrived } = await receiver({ tls });
    const trusting = sender({ caFile });
    expect(await trusting.deliver(url, { sequence: 1 })).toEqual({ outcome: 'accepted' });
    expect(await trusting.deliver(url, { type: 'discard', sequence: 2 })).toEqual({ outcome: 'accepted' });
    expect(arrived).toHaveLength(2);
  });

  it('with a certificate of RBA_CA_FILE works by name, and only by a name that is in it', async () => {
    const { port, arrived } = await receiver({ tls });
    const trusting = sender({ caFile, resolve: resolving(['127.0.0.1']) });
    expect(await trusting.deliver(`https://listener.test:${port}/`)).toEqual({ outcome: 'accepted' });
    const other = await trusting.deliver(`https://other.test:${port}/`, { once: true });
    expect(other).toMatchObject({ outcome: 'unanswered', status: null, detail: expect.stringContaining('other.test') });
    expect(arrived).toHaveLength(1);
  });

  it('to a listener that speaks plain HTTP is no connection, and the other way round', async () => {
    const plain = await receiver();
    const secure = await receiver({ tls });
    const trusting = sender({ caFile });
    const wrong = [`https://127.0.0.1:${plain.port}/`, `http://127.0.0.1:${secure.port}/`];
    const answers = await Promise.all(wrong.map((url) => trusting.deliver(url, { once: true })));
    expect(answers).toMatchObject(Array(2).fill({ outcome: 'unanswered', status: null }));
  });

  it('that fails is told in words, without the places in OpenSSL where it was noticed', async () => {
    const { port } = await receiver({ greeting: 'HTTP/1.1 400 Bad Request\r\n\r\n' });
    const answer = await sender({ caFile }).deliver(`https://127.0.0.1:${port}/`, { once: true });
    expect(answer).toMatchObject({ detail: expect.stringMatching(/TLS failed: wrong version number/) });
    expect(answer).toMatchObject({ detail: expect.not.stringMatching(/[\n/]/) });
  });
});

describe('RBA_CA_FILE', () => {
  const policy = new TargetPolicy({ allowed: [], allowHttp: false });

  it.each([
    ['no certificate', 'not a certificate\n', /holds no PEM certificate/],
    ['nothing', '', /holds no PEM certificate/],
    ['a key', readFileSync(key, 'utf8'), /holds no PEM certificate/],
    [
      'one that is broken',
      `${readFileSync(certificate, 'utf8')}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
      /cannot be read/,
    ],
  ])('with %s is refused at once', async (_, content, message) => {
    const folder = await mkdtemp(join(tmpdir(), 'rba-ca-'));
    closing.push(() => rm(folder, { recursive: true }));
    const file = join(folder, 'ca.pem');
    await writeFile(file, content);
    expect(() => createAgent(policy, file)).toThrow(message);
  });

  it('that is not there is refused at once', () => {
    expect(() => createAgent(policy, join(tmpdir(), 'no-such-file.pem'))).toThrow('ENOENT');
  });
});
