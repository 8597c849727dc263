import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { decodeSecret, newSecret, verifyWebhook } from '../../src/client/webhook-signature.ts';
import { SECRET, signed } from '../cli/simulator/webhooks.ts';

const NOW = Date.UTC(2026, 0, 1);
const BODY = '{"grüße":1}';
const KEY = decodeSecret(SECRET);

const verify = (headers: Record<string, string>, body = BODY) => verifyWebhook(KEY, headers, Buffer.from(body), NOW);
const sign = (secret = SECRET, secondsOff = 0) => signed('msg_1', BODY, secret, new Date(NOW + secondsOff * 1000));

describe('verifyWebhook', () => {
  it('accepts what the standardwebhooks package signs', () => {
    expect(verify(sign())).toEqual({ ok: true, webhookId: 'msg_1' });
  });

  it('accepts a secret of its own making', () => {
    const secret = newSecret();
    const headers = signed('msg_2', BODY, secret, new Date(NOW));
    expect(verifyWebhook(decodeSecret(secret), headers, Buffer.from(BODY), NOW).ok).toBe(true);
  });

  it('accepts one right signature among several, as while a rotation lasts', () => {
    const other = new Webhook(newSecret()).sign('msg_1', new Date(NOW), BODY);
    const headers = sign();
    for (const signatures of [
      `${other} ${headers['webhook-signature']}`,
      `v1a,abc ${headers['webhook-signature']} ${other}`,
    ]) {
      expect(verify({ ...headers, 'webhook-signature': signatures }).ok).toBe(true);
    }
  });

  it.each([
    ['another secret', sign(newSecret())],
    ['another version', { ...sign(), 'webhook-signature': sign()['webhook-signature']?.replace('v1,', 'v2,') ?? '' }],
    ['a cut signature', { ...sign(), 'webhook-signature': sign()['webhook-signature']?.slice(0, -6) ?? '' }],
    ['an empty signature', { ...sign(), 'webhook-signature': 'v1,' }],
    ['another id', { ...sign(), 'webhook-id': 'msg_2' }],
    ['another time', { ...sign(), 'webhook-timestamp': String(NOW / 1000 + 1) }],
  ])('refuses %s', (_, headers) => {
    expect(verify(headers)).toEqual({ ok: false, reason: 'no signature matches' });
  });

  it('refuses another body', () => {
    expect(verify(sign(), `${BODY} `).ok).toBe(false);
  });

  it.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])('refuses without %s', (header) => {
    const { [header]: _, ...rest } = sign();
    expect(verify(rest).ok).toBe(false);
  });

  it('accepts clocks that are five minutes apart, and no more', () => {
    for (const off of [-300, 300]) expect(verify(sign(SECRET, off)).ok).toBe(true);
    for (const off of [-301, 301]) {
      const reason = 'webhook-timestamp is 301 s off; at most 300 s are accepted';
      expect(verify(sign(SECRET, off))).toEqual({ ok: false, reason });
    }
    for (const timestamp of ['', '-1', '1e9', 'now', '9'.repeat(40)]) {
      expect(verify({ ...sign(), 'webhook-timestamp': timestamp }).ok).toBe(false);
    }
  });
});

describe('decodeSecret', () => {
  it('takes keys of 24 to 64 bytes, padded or not', () => {
    for (const size of [24, 25, 26, 64]) {
      const encoded = Buffer.alloc(size, 251).toString('base64');
      expect(decodeSecret(`whsec_${encoded}`)).toHaveLength(size);
      expect(decodeSecret(`whsec_${encoded.replace(/=+$/, '')}`)).toHaveLength(size);
    }
  });

  it.each([
    ['no prefix', 'A'.repeat(32)],
    ['a short key', `whsec_${Buffer.alloc(23).toString('base64')}`],
    ['a long key', `whsec_${Buffer.alloc(65).toString('base64')}`],
    ['what is not base64', `whsec_${'!'.repeat(40)}`],
  ])('refuses %s', (_, secret) => {
    expect(() => decodeSecret(secret)).toThrow();
  });
});
