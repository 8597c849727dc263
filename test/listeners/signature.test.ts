// Signatures by Standard Webhooks 1.0.0, held against its own package, and the form of a secret.
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { newSecret, SECRET_PATTERN, sign, signingKey } from '../../src/listeners/signature.ts';

const secretOf = (bytes: Uint8Array): string => `whsec_${Buffer.from(bytes).toString('base64')}`;
const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength });

describe('a signature', () => {
  it('is the one of the example that implementations are tested with', () => {
    const key = signingKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    expect(sign(key, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, '{"test": 2432232314}')).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    );
  });

  it('is the one of the standardwebhooks package, for any secret, id, time and body', () => {
    const id = fc.stringMatching(/^[!-~]{1,64}$/);
    const seconds = fc.integer({ min: 0, max: 4_000_000_000 });
    const body = fc.string({ unit: 'grapheme', maxLength: 300 });
    fc.assert(
      fc.property(bytes(24, 64), id, seconds, body, (key, messageId, timestamp, text) => {
        const secret = secretOf(key);
        const expected = new Webhook(secret).sign(messageId, new Date(timestamp * 1000), text);
        expect(sign(signingKey(secret), messageId, timestamp, text)).toBe(expected);
      }),
    );
  });

  it('changes with each of secret, id, time and body', () => {
    const key = signingKey(newSecret());
    const signatures = [
      sign(key, 'msg_1', 1, 'a'),
      sign(key, 'msg_2', 1, 'a'),
      sign(key, 'msg_1', 2, 'a'),
      sign(key, 'msg_1', 1, 'b'),
      sign(signingKey(newSecret()), 'msg_1', 1, 'a'),
    ];
    expect(new Set(signatures).size).toBe(signatures.length);
  });
});

describe.each(['', 'u'])('the pattern of secrets, with flags "%s"', (flags) => {
  const pattern = new RegExp(SECRET_PATTERN, flags);

  it('takes base64 of 24 to 64 bytes', () => {
    for (let length = 24; length <= 64; length++) expect(secretOf(Buffer.alloc(length, 0xfb))).toMatch(pattern);
    fc.assert(fc.property(bytes(24, 64), (key) => pattern.test(secretOf(key))));
  });

  it('takes no fewer and no more', () => {
    for (const length of [0, 1, 22, 23, 65, 66, 67, 68, 96, 200]) {
      expect(secretOf(Buffer.alloc(length, 0xfb))).not.toMatch(pattern);
    }
    fc.assert(fc.property(fc.oneof(bytes(0, 23), bytes(65, 300)), (key) => !pattern.test(secretOf(key))));
  });

  it('takes nothing that is not base64 of 24 to 64 bytes', () => {
    fc.assert(
      fc.property(fc.stringMatching(pattern), (secret) => {
        const encoded = secret.slice('whsec_'.length);
        const key = Buffer.from(encoded, 'base64');
        expect(key.length).toBeGreaterThanOrEqual(24);
        expect(key.length).toBeLessThanOrEqual(64);
        // Up to the bits of the last character that mean nothing, which decoders pass over.
        const again = key.toString('base64');
        expect(again).toHaveLength(encoded.length);
        expect(again.replace(/.=*$/, '')).toBe(encoded.replace(/.=*$/, ''));
      }),
      { numRuns: 1000 },
    );
  });

  it('takes nothing that was changed in one place', () => {
    const place = fc.nat(200);
    // Not '=': that can make another right end.
    const other = fc.constantFrom('-', '_', ' ', '\n', '\0', '.', ',', 'é', '\u{1f600}');
    fc.assert(
      fc.property(bytes(24, 64), place, other, (key, at, character) => {
        const secret = secretOf(key);
        const index = at % (secret.length + 1);
        const changed = [
          secret.slice(0, index) + character + secret.slice(index),
          secret.slice(0, index) + character + secret.slice(index + 1),
        ];
        // Unless it was put in the place of itself: the prefix has a "_".
        for (const text of changed) expect(text === secret || !pattern.test(text)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['no prefix', Buffer.alloc(32).toString('base64')],
    ['another prefix', `WHSEC_${Buffer.alloc(32).toString('base64')}`],
    ['the prefix twice', `whsec_whsec_${Buffer.alloc(32).toString('base64')}`],
    ['nothing behind the prefix', 'whsec_'],
    ['base64url', `whsec_${Buffer.alloc(24, 0xfb).toString('base64url')}`],
    ['no padding', `whsec_${Buffer.alloc(25).toString('base64').replaceAll('=', '')}`],
    ['a space before it', ` ${secretOf(Buffer.alloc(32))}`],
    ['a line end behind it', `${secretOf(Buffer.alloc(32))}\n`],
    ['two of them', `${secretOf(Buffer.alloc(32))} ${secretOf(Buffer.alloc(32))}`],
    ['hexadecimal digits of an odd number', `whsec_${'a'.repeat(33)}`],
  ])('takes no secret with %s', (_, secret) => {
    expect(secret).not.toMatch(pattern);
  });
});

describe('a new secret', () => {
  it('has the form of one, 32 bytes, and is another one every time', () => {
    const secrets = Array.from({ length: 100 }, newSecret);
    expect(new Set(secrets).size).toBe(100);
    for (const secret of secrets) {
      expect(secret).toMatch(new RegExp(SECRET_PATTERN));
      expect(signingKey(secret).symmetricKeySize).toBe(32);
    }
  });
});
