// What rba sign signs and rba verify judges, held against the standardwebhooks package in both directions.
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { signedHeaders } from '../../../src/cli/webhooks/signed-headers.ts';
import { judge, type SignedWebhook } from '../../../src/cli/webhooks/verdict.ts';
import { decodeSecret } from '../../../src/client/webhook-signature.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const NOW = 1_767_225_600;
const BODY = '{"grüße":1}';

const secrets = fc
  .uint8Array({ minLength: 24, maxLength: 64 })
  .map((key) => `whsec_${Buffer.from(key).toString('base64')}`);
const ids = fc.stringMatching(/^[!-\-/-~]{1,64}$/);
const bodies = fc.oneof(fc.json(), fc.string({ unit: 'grapheme', maxLength: 300 }));

/** What the package signs, as rba verify gets it. */
function signedByOther(secret: string, id: string, seconds: number, body: string): SignedWebhook {
  const signatures = new Webhook(secret).sign(id, new Date(seconds * 1000), body);
  return { id, timestamp: String(seconds), signatures, tolerance: 300 };
}

const verdict = (webhook: SignedWebhook, body = BODY, secret = SECRET, now = NOW) =>
  judge(decodeSecret(secret), webhook, Buffer.from(body), now * 1000);

describe('what rba sign signs', () => {
  it('is accepted by the standardwebhooks package', () => {
    const now = Math.floor(Date.now() / 1000);
    fc.assert(
      fc.property(secrets, ids, bodies, fc.integer({ min: -250, max: 250 }), (secret, id, body, off) => {
        const headers = signedHeaders(secret, id, now + off, Buffer.from(body));
        expect(() => new Webhook(secret).verify(body, { ...headers }, { jsonParse: false })).not.toThrow();
      }),
    );
  });

  it('is the example that implementations are tested with', () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const body = Buffer.from('{"test": 2432232314}');
    expect(signedHeaders(secret, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, body)).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('is UTF-8, every byte of it, the mark at its beginning and the line feed at its end included', () => {
    const sign = (body: Buffer) => signedHeaders(SECRET, 'a', NOW, body)['webhook-signature'];
    const texts = ['{}', '{}\n', '\u{feff}{}', ''];
    expect(new Set(texts.map((text) => sign(Buffer.from(text)))).size).toBe(texts.length);
    expect(() => sign(Buffer.from([0x7b, 0xff, 0x7d]))).toThrow('not UTF-8');
  });

  it('is valid for rba verify', () => {
    fc.assert(
      fc.property(secrets, ids, bodies, fc.integer({ min: 0, max: 253_402_300_799 }), (secret, id, body, seconds) => {
        const headers = signedHeaders(secret, id, seconds, Buffer.from(body));
        const [timestamp, signatures] = [headers['webhook-timestamp'], headers['webhook-signature']];
        const webhook = { id, timestamp, signatures, tolerance: 1 };
        expect(verdict(webhook, body, secret, seconds)).toMatchObject({ valid: true, reason: null });
      }),
    );
  });
});

describe('rba verify', () => {
  it('takes what the standardwebhooks package signs', () => {
    fc.assert(
      fc.property(secrets, ids, bodies, fc.integer({ min: -300, max: 300 }), (secret, id, body, off) => {
        expect(verdict(signedByOther(secret, id, NOW + off, body), body, secret).valid).toBe(true);
      }),
    );
  });

  it('takes nothing that was changed afterwards', () => {
    const what = fc.constantFrom('id', 'timestamp', 'body', 'secret', 'signature');
    fc.assert(
      fc.property(secrets, ids, bodies, what, fc.nat(), (secret, id, body, changed, at) => {
        const webhook = signedByOther(secret, id, NOW, body);
        const bits = Buffer.from(webhook.signatures.slice('v1,'.length), 'base64');
        bits[at % bits.length] = (bits[at % bits.length] ?? 0) ^ (1 << (at % 8));
        const forged: SignedWebhook = {
          ...webhook,
          ...(changed === 'id' ? { id: `${id}x` } : {}),
          ...(changed === 'timestamp' ? { timestamp: String(NOW + 1) } : {}),
          ...(changed === 'signature' ? { signatures: `v1,${bits.toString('base64')}` } : {}),
        };
        const key = changed === 'secret' ? SECRET : secret;
        fc.pre(changed !== 'secret' || secret !== SECRET);
        const result = verdict(forged, changed === 'body' ? `${body} ` : body, key);
        expect(result).toMatchObject({ valid: false, reason: 'signature-mismatch' });
      }),
    );
  });

  it('takes one right signature among others, and those of other versions for none', () => {
    const webhook = signedByOther(SECRET, 'a', NOW, BODY);
    const wrong = `v1,${Buffer.alloc(32).toString('base64')}`;
    for (const signatures of [`${wrong} ${webhook.signatures}`, `v1a,x v2,y ${webhook.signatures} ${wrong}`]) {
      expect(verdict({ ...webhook, signatures }).valid).toBe(true);
    }
    for (const version of ['v1a', 'v2', 'V1', 'xv1']) {
      const signatures = webhook.signatures.replace('v1', version);
      expect(verdict({ ...webhook, signatures })).toMatchObject({ valid: false, reason: 'malformed' });
      expect(verdict({ ...webhook, signatures: `${signatures} ${wrong}` }).reason).toBe('signature-mismatch');
    }
  });

  it.each([
    ['no id', { id: '' }, 'webhook-id is empty'],
    ['no timestamp', { timestamp: '' }, 'webhook-timestamp is not a number of seconds'],
    ['a timestamp in words', { timestamp: 'now' }, 'webhook-timestamp is not a number of seconds'],
    ['a timestamp below 0', { timestamp: '-5' }, 'webhook-timestamp is not a number of seconds'],
    ['a timestamp with a fraction', { timestamp: '1.5' }, 'webhook-timestamp is not a number of seconds'],
    ['a timestamp of too many digits', { timestamp: '9'.repeat(400) }, 'webhook-timestamp is not a number of seconds'],
    ['no signature', { signatures: '' }, 'webhook-signature has no signature of version v1'],
    ['a signature without its version', { signatures: 'AAAA' }, 'webhook-signature has no signature of version v1'],
  ])('says what is wrong with %s', (_, changed, detail) => {
    const webhook = { ...signedByOther(SECRET, 'a', NOW, BODY), ...changed };
    expect(verdict(webhook)).toEqual({ valid: false, reason: 'malformed', detail });
  });

  it.each(['v1,', 'v1,!', 'v1,AAAA', 'v1', `v1,${'A'.repeat(100_000)}`, 'v1,AAAA v1,BBBB'])(
    'takes no signature such as %.20s',
    (signatures) => {
      expect(verdict({ ...signedByOther(SECRET, 'a', NOW, BODY), signatures }).valid).toBe(false);
    },
  );

  it('looks at the time in both directions, to the second of the tolerance', () => {
    const at = (off: number, tolerance: number | null) =>
      verdict({ ...signedByOther(SECRET, 'a', NOW + off, BODY), tolerance });
    for (const off of [-300, 0, 300]) expect(at(off, 300).valid).toBe(true);
    expect(at(-301, 300)).toMatchObject({
      reason: 'too-old',
      detail: 'too old: signed 301 s ago, --tolerance is 300 s',
    });
    expect(at(301, 300)).toMatchObject({
      reason: 'in-the-future',
      detail: 'in the future: signed for 301 s from now, --tolerance is 300 s',
    });
    expect(at(-2, 1).reason).toBe('too-old');
    for (const off of [-NOW, 4_000_000_000]) expect(at(off, null).valid).toBe(true);
  });

  it('says that the signature is wrong, whatever the time', () => {
    const webhook = { ...signedByOther(SECRET, 'b', NOW - 5000, BODY), id: 'a' };
    expect(verdict(webhook).reason).toBe('signature-mismatch');
  });
});
