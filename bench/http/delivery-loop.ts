// The process that the drain of a backlog is compared with: one connection of undici, one request after the other, with
// bodies and headers that are written beforehand.
import { Client } from 'undici';
import { median } from '../measure.ts';
import { answer, threadMicroseconds } from '../processes/child.ts';
import { DELIVERY } from './constant-routes.ts';

const HEADERS = {
  'content-type': 'application/json',
  'webhook-id': 'msg_lsn_01a206958401000032636fb0_123457',
  'webhook-timestamp': '1795397186',
  'webhook-signature': 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
};

let client: Client | undefined;

export type DeliveryLoop = typeof handlers;

const handlers = {
  cpu: threadMicroseconds,

  /** Sends `count` deliveries to the sink. @returns the median of the milliseconds of each */
  run: async (sinkPort: number, count: number): Promise<number> => {
    client ??= new Client(`http://127.0.0.1:${sinkPort}`);
    const took: number[] = [];
    let last = performance.now();
    for (let sent = 0; sent < count; sent++) {
      const { body } = await client.request({ path: '/hook', method: 'POST', headers: HEADERS, body: DELIVERY });
      await body.dump();
      const now = performance.now();
      took.push(now - last);
      last = now;
    }
    return median(took);
  },
};

answer(handlers);
