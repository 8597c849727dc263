// Checks that a webhook comes from the service: Standard Webhooks 1.0.0. Shares no code with the service's signing, so that
// a mistake there cannot hide.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** How far the sender's clock may be off, seconds. */
const TOLERANCE_SECONDS = 300;
const SECRET_PREFIX = 'whsec_';
const MIN_KEY_BYTES = 24;
const MAX_KEY_BYTES = 64;

export type Verification =
  | { readonly ok: true; readonly webhookId: string }
  /** `reason` is for people; it says nothing of the expected signature. */
  | { readonly ok: false; readonly reason: string };

/** Returns a new secret with a key of 32 random bytes. */
export function newSecret(): string {
  return SECRET_PREFIX + randomBytes(32).toString('base64');
}

/**
 * Returns the key in a secret (`whsec_` and base64).
 * @throws Error when it is not of this form or the key has not 24 to 64 bytes
 */
export function decodeSecret(secret: string): Buffer {
  const encoded = secret.slice(SECRET_PREFIX.length);
  const key = Buffer.from(encoded, 'base64');
  // Node skips what is not base64; only what it writes back the same was base64 throughout.
  if (!secret.startsWith(SECRET_PREFIX) || key.toString('base64').replace(/=+$/, '') !== encoded.replace(/=+$/, '')) {
    throw new Error(`a secret is "${SECRET_PREFIX}" and base64`);
  }
  if (key.length < MIN_KEY_BYTES || key.length > MAX_KEY_BYTES) {
    throw new Error(`the secret has a key of ${key.length} bytes; it must have ${MIN_KEY_BYTES} to ${MAX_KEY_BYTES}`);
  }
  return key;
}

/**
 * Tells whether one of the signatures of a webhook was made with `key` over these very bytes, within five minutes of `nowMs`.
 * @param body as it arrived @param nowMs milliseconds since 1970
 */
export function verifyWebhook(key: Buffer, headers: IncomingHttpHeaders, body: Buffer, nowMs: number): Verification {
  const webhookId = headers['webhook-id'];
  const timestamp = headers['webhook-timestamp'];
  const signatures = headers['webhook-signature'];
  if (typeof webhookId !== 'string' || typeof timestamp !== 'string' || typeof signatures !== 'string') {
    return { ok: false, reason: 'webhook-id, webhook-timestamp or webhook-signature is missing' };
  }
  const seconds = secondsOf(timestamp);
  if (seconds === null) return { ok: false, reason: 'webhook-timestamp is not a number of seconds' };
  const secondsOff = Math.abs(nowMs / 1000 - seconds);
  if (secondsOff > TOLERANCE_SECONDS) {
    const off = Math.round(secondsOff);
    return { ok: false, reason: `webhook-timestamp is ${off} s off; at most ${TOLERANCE_SECONDS} s are accepted` };
  }
  const isRight = isSigned(key, webhookId, timestamp, signatures, body);
  return isRight ? { ok: true, webhookId } : { ok: false, reason: 'no signature matches' };
}

/** Returns the seconds since 1970 in a `webhook-timestamp`; null where it holds none. */
export function secondsOf(timestamp: string): number | null {
  return /^[0-9]{1,15}$/.test(timestamp) ? Number(timestamp) : null;
}

/** Tells whether one of the signatures of a `webhook-signature` was made with `key` over these headers and this very body. */
export function isSigned(key: Buffer, webhookId: string, timestamp: string, signatures: string, body: Buffer): boolean {
  const expected = createHmac('sha256', key).update(`${webhookId}.${timestamp}.`).update(body).digest();
  // All are compared, so that the time taken does not tell which one matched.
  return signatures.split(' ').filter((signature) => isSignature(signature, expected)).length > 0;
}

function isSignature(signature: string, expected: Buffer): boolean {
  if (!signature.startsWith('v1,')) return false;
  const given = Buffer.from(signature.slice('v1,'.length), 'base64');
  return given.length === expected.length && timingSafeEqual(given, expected);
}
