// A delivery as the contract describes it, read by the receiver's own schema. Fields that it does not use may be anything:
// the service may add some.

import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { isPowerOfTwo } from '../../core/section.ts';
import { MAX_BLOCK_BYTES, MAX_BYTES, MIN_PAGE_SIZE } from '../../limits.ts';

const PageAligned = { multipleOf: MIN_PAGE_SIZE, maximum: MAX_BLOCK_BYTES };
const Sequence = Type.Integer({ minimum: 0, maximum: MAX_BYTES });

const Delivery = Type.Object({
  type: Type.Union([Type.Literal('ram_block.populate'), Type.Literal('ram_block.discard')]),
  data: Type.Object({
    ramBlockId: Type.String(),
    listenerId: Type.String(),
    sequence: Sequence,
    settledThrough: Sequence,
    granularity: Type.Integer({ minimum: MIN_PAGE_SIZE, maximum: MAX_BYTES }),
    reason: Type.String(),
    sections: Type.Array(
      Type.Object({
        offsetWithinRegion: Type.Integer({ ...PageAligned, minimum: 0 }),
        size: Type.Integer({ ...PageAligned, minimum: MIN_PAGE_SIZE }),
        offsetWithinAddressSpace: Type.Integer({ minimum: 0, maximum: MAX_BYTES }),
      }),
    ),
  }),
});

export type Delivery = Static<typeof Delivery>;

const validator = Compile(Delivery);

/** @throws Error that says what is wrong with it, when it is no delivery */
export function parseDelivery(body: Buffer): Delivery {
  const delivery: unknown = JSON.parse(body.toString());
  if (!validator.Check(delivery)) {
    const [error] = validator.Errors(delivery);
    throw new Error(`${error?.instancePath || 'the delivery'} ${error?.message}`);
  }
  const { granularity, sections } = delivery.data;
  if (!isPowerOfTwo(granularity)) throw new Error(`/data/granularity ${granularity} is not a power of two`);
  for (const { offsetWithinRegion, size } of sections) {
    const end = offsetWithinRegion + size;
    if (end > MAX_BLOCK_BYTES) throw new Error(`a section ends at ${end}, beyond ${MAX_BLOCK_BYTES} (64 TiB)`);
  }
  return delivery;
}
