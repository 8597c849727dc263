// What must be so whenever something is sent to a listener.
import type { Delivery } from '../../src/listeners/delivery.ts';
import type { Copy } from './device.ts';
import type { World } from './world.ts';

/** What is wrong with sending `copy` now. */
export function violationsInSending(
  { store, sent, process }: World,
  { listenerId, type, sequence, settledThrough, pages }: Copy,
  { ramBlockId, generation, sections }: Delivery,
): string[] {
  const block = store.ledger.blocks.get(ramBlockId);
  const listener = block?.listeners.get(listenerId);
  const before = sent.get(listenerId) ?? 0;
  const wrong: string[] = [];
  if (sequence <= before) wrong.push(`comes after ${before}`);
  if (settledThrough >= sequence) wrong.push('fences itself');
  const underWay = process.inFlight.map(({ copy }) => copy).filter((other) => other.listenerId === listenerId);
  if (underWay.some((other) => other.pages.some((page) => pages.includes(page)))) wrong.push('crosses another');
  if (underWay.some((other) => other.sequence <= settledThrough)) wrong.push('fences what is under way');
  if (block === undefined || listener === undefined) {
    wrong.push('is to nobody who is known');
  } else {
    const reserved = [...block.intents.values()].map((intent) => intent.reserved.get(listenerId) ?? 0);
    if (sequence > Math.max(0, ...reserved)) wrong.push('has a sequence that is not durable');
    if (generation !== block.generation) wrong.push(`says generation ${generation}, which is ${block.generation}`);
    const section = block.section(listener);
    // What grows is populated before it is there.
    const isInside = (page: number): boolean => section.includes(page) || (type === 'populate' && page >= block.length);
    if (pages.length === 0 || !pages.every(isInside)) wrong.push('is of pages outside its section');
    const { offset, offsetWithinAddressSpace } = listener.definition.section;
    const isMoved = sections.some((one) => {
      return one.offsetWithinAddressSpace - one.offsetWithinRegion !== offsetWithinAddressSpace - offset;
    });
    if (isMoved) wrong.push('has a wrong address');
  }
  return wrong.map((what) => `delivery ${sequence} to ${listenerId} ${what}`);
}
