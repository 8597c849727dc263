// The headers that a sender puts on a webhook, made by the very code that signs the deliveries of the service.
import { isUtf8 } from 'node:buffer';
import { sign, signingKey } from '../../listeners/signature.ts';
import { CommandError } from '../command-error.ts';

export interface SignedHeaders {
  readonly 'webhook-id': string;
  readonly 'webhook-timestamp': string;
  readonly 'webhook-signature': string;
}

/**
 * @param secret `whsec_` and base64
 * @param timestamp seconds since 1970
 * @throws CommandError when `body` is not UTF-8, which JSON always is
 */
export function signedHeaders(secret: string, id: string, timestamp: number, body: Buffer): SignedHeaders {
  if (!isUtf8(body)) throw new CommandError('the body is not UTF-8, as the JSON of a webhook is');
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': sign(signingKey(secret), id, timestamp, body.toString()),
  };
}
