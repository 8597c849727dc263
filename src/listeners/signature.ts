// Standard Webhooks 1.0.0: how a delivery is signed, and what a secret looks like.
import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';
const NEW_SECRET_BYTES = 32;

/**
 * `whsec_` and base64 of 24 to 64 bytes, as the API takes it: 8 to 20 groups and what follows them, or 21 groups (63
 * bytes) and at most one byte more.
 */
export const SECRET_PATTERN =
  '^whsec_(?:[A-Za-z0-9+/]{4}){8}(?:(?:[A-Za-z0-9+/]{4}){0,12}(?:[A-Za-z0-9+/]{3}=)?|(?:[A-Za-z0-9+/]{4}){0,13}(?:[A-Za-z0-9+/]{2}==)?)$';

export function newSecret(): string {
  return PREFIX + randomBytes(NEW_SECRET_BYTES).toString('base64');
}

/** The key of a secret; made once per secret, for it is used for every delivery. */
export function signingKey(secret: string): KeyObject {
  return createSecretKey(Buffer.from(secret.slice(PREFIX.length), 'base64'));
}

/** The value of `webhook-signature`. @param timestamp seconds since the epoch */
export function sign(key: KeyObject, id: string, timestamp: number, body: string): string {
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}
