// The yardsticks of the HTTP figures: routes with the schemas of the conversion routes that answer a constant, with or
// without sending a webhook first. What the service does beside them is what it costs.
import type { KeyObject } from 'node:crypto';
import { Pool } from 'undici';
import { CONVERT, CONVERT_BATCH } from '../../src/http/routes/conversions.ts';
import type { TypedApp } from '../../src/http/typed-app.ts';
import { sign, signingKey } from '../../src/listeners/signature.ts';

const RAM_BLOCK_ID = 'blk_01a2069582dc0000d37e5c0d';
const LISTENER_ID = 'lsn_01a206958401000032636fb0';
const SECTION = { offset: 2_097_152, size: 1_048_576 };
const ETAG = { etag: '"123456"' };

export const CONVERSION = {
  id: 'cnv_01a206958adf0000bbe475f4',
  ramBlockId: RAM_BLOCK_ID,
  ...SECTION,
  to: 'shared' as const,
  from: 'private' as const,
  changedBytes: SECTION.size,
  changed: [SECTION],
  changedTruncated: false,
  generation: 123_456,
  notified: [] as string[],
};
const BATCH = { conversions: new Array(1000).fill(CONVERSION), generation: CONVERSION.generation };
const RELAYED = { ...CONVERSION, notified: [LISTENER_ID] };

/** A delivery as the service sends it for one conversion. */
export const DELIVERY = JSON.stringify({
  type: 'ram_block.populate',
  timestamp: '2026-11-23T01:26:26.637Z',
  data: {
    ramBlockId: RAM_BLOCK_ID,
    listenerId: LISTENER_ID,
    machine: 'default',
    idstr: 'pc.ram',
    sequence: 123_457,
    settledThrough: 123_456,
    generation: 123_456,
    granularity: 4096,
    reason: 'conversion',
    conversionId: CONVERSION.id,
    sections: [{ offsetWithinRegion: SECTION.offset, size: SECTION.size, offsetWithinAddressSpace: SECTION.offset }],
  },
});

/** In the app of the service, with all of its hooks. @param sinkPort where the relay sends its webhooks */
export function constantRoutes(app: TypedApp, sinkPort: number | null): void {
  app.post(
    '/constant/ram-blocks/:ramBlockId/conversions',
    { schema: { ...CONVERT, operationId: 'constant' } },
    async (_request, reply) => {
      reply.headers(ETAG);
      return CONVERSION;
    },
  );
  app.post(
    '/constant/ram-blocks/:ramBlockId/conversion-batches',
    { schema: { ...CONVERT_BATCH, operationId: 'constantBatch' } },
    async (_request, reply) => {
      reply.headers(ETAG);
      return BATCH;
    },
  );
  if (sinkPort === null) return;
  const relay = new Relay(sinkPort);
  app.post(
    '/relay/ram-blocks/:ramBlockId/conversions',
    { schema: { ...CONVERT, operationId: 'relay' } },
    async (_request, reply) => {
      await relay.send();
      reply.headers(ETAG);
      return RELAYED;
    },
  );
}

/** Sends one signed webhook after the other. */
class Relay {
  readonly #pool: Pool;
  readonly #key: KeyObject = signingKey(`whsec_${Buffer.alloc(32, 'secret').toString('base64')}`);
  #count = 0;

  constructor(sinkPort: number) {
    this.#pool = new Pool(`http://127.0.0.1:${sinkPort}`);
  }

  async send(): Promise<void> {
    const id = `msg_${LISTENER_ID}_${++this.#count}`;
    const timestamp = Math.floor(Date.now() / 1000);
    const { body, statusCode } = await this.#pool.request({
      path: '/hook',
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': sign(this.#key, id, timestamp, DELIVERY),
      },
      body: DELIVERY,
    });
    await body.dump();
    if (statusCode !== 204) throw new Error(`the sink answered ${statusCode}`);
  }
}
