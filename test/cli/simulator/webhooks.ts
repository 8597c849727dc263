// Deliveries as the service sends them, signed by the standardwebhooks package: an implementation that is not ours.
import { Webhook } from 'standardwebhooks';
import type { Delivery } from '../../../src/cli/simulator/delivery.ts';

export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
export const PAGE = 4096;

/** Pages `start` to `end - 1` as a section that lies at `delta` bytes more in the address space. */
export function pages(start: number, end: number, delta = 0): Delivery['data']['sections'][number] {
  const offsetWithinRegion = start * PAGE;
  return { offsetWithinRegion, size: (end - start) * PAGE, offsetWithinAddressSpace: offsetWithinRegion + delta };
}

export function delivery(
  type: 'populate' | 'discard',
  sequence: number,
  sections: Delivery['data']['sections'],
  data: Partial<Delivery['data']> = {},
): Delivery {
  return {
    type: `ram_block.${type}`,
    data: {
      ramBlockId: 'block',
      listenerId: 'listener',
      sequence,
      settledThrough: sequence - 1,
      granularity: PAGE,
      reason: 'conversion',
      sections,
      ...data,
    },
  };
}

export const populate = delivery.bind(null, 'populate');
export const discard = delivery.bind(null, 'discard');

/** The headers of a webhook. @param at when it was signed */
export function signed(id: string, body: string, secret = SECRET, at = new Date()): Record<string, string> {
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, at, body),
  };
}

/** Sends a delivery as the service does. */
export function send(url: string, id: string, payload: Delivery): Promise<Response> {
  const body = JSON.stringify(payload);
  return fetch(url, { method: 'POST', headers: signed(id, body), body });
}
