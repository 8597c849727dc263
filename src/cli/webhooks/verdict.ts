// Whether a webhook is valid, and if not, why, for the person who debugs a sender: first whether it is signed, then when.
import { isSigned, secondsOf } from '../../client/webhook-signature.ts';
import type { VerifyOptions } from './verify-arguments.ts';

export type Verdict =
  | { readonly valid: true; readonly reason: null; readonly detail: string }
  | {
      readonly valid: false;
      readonly reason: 'malformed' | 'signature-mismatch' | 'too-old' | 'in-the-future';
      /** For people; it says nothing of the signature that was expected. */
      readonly detail: string;
    };

/** The headers of a webhook, and how far its time may be off. */
export type SignedWebhook = Pick<VerifyOptions, 'id' | 'timestamp' | 'signatures' | 'tolerance'>;

/** @param key of the secret @param body as it came @param nowMs milliseconds since 1970 */
export function judge(key: Buffer, webhook: SignedWebhook, body: Buffer, nowMs: number): Verdict {
  const { id, timestamp, signatures, tolerance } = webhook;
  const seconds = secondsOf(timestamp);
  if (id === '') return invalid('malformed', 'webhook-id is empty');
  if (seconds === null) return invalid('malformed', 'webhook-timestamp is not a number of seconds');
  if (!/(?:^| )v1,/.test(signatures)) return invalid('malformed', 'webhook-signature has no signature of version v1');
  if (!isSigned(key, id, timestamp, signatures, body)) {
    return invalid('signature-mismatch', 'the signature does not match: another secret, id, timestamp or body');
  }
  const age = nowMs / 1000 - seconds;
  if (tolerance !== null && Math.abs(age) > tolerance) {
    const limit = `--tolerance is ${tolerance} s`;
    return age > 0
      ? invalid('too-old', `too old: signed ${Math.round(age)} s ago, ${limit}`)
      : invalid('in-the-future', `in the future: signed for ${Math.round(-age)} s from now, ${limit}`);
  }
  const when = age >= 0 ? `${Math.round(age)} s ago` : `for ${Math.round(-age)} s from now`;
  return { valid: true, reason: null, detail: `${id}, signed ${when}` };
}

function invalid(reason: Exclude<Verdict['reason'], null>, detail: string): Verdict {
  return { valid: false, reason, detail };
}
