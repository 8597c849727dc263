// What must be so whenever something is sent to a listener.
import type { Delivery } from '../../src/listeners/delivery.ts';
import type { Copy } from './device.ts';
import type { World } from './world.ts';

/** What is wrong with sending `copy` now. */
export function violationsInSending(
  { store, sent, process, late }: World,
  { listenerId, sequence, settledThrough, pages }: Copy,
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
  // What is over is fenced as soon as nothing older is under way.
  const oldest = Math.min(sequence, ...underWay.map((other) => other.sequence));
  const open = late.find((other) => {
    return other.listenerId === listenerId && other.sequence > settledThrough && other.sequence < oldest;
  });
  if (open !== undefined) wrong.push(`does not fence ${open.sequence}, which was given up`);
  if (block === undefined || listener === undefined) {
    wrong.push('is to nobody who is known');
  } else {
    if (sequence > listener.reservedThrough) wrong.push('has a sequence that is not durable');
    if (generation !== block.generation) wrong.push(`says generation ${generation}, which is ${block.generation}`);
    const section = block.section(listener);
    // What grows is populated before it is there, and taken back where that failed.
    const isBeyondEnd = (page: number): boolean => {
      return listener.definition.section.size === null && page >= block.length && page < block.maxLength;
    };
    const isInside = (page: number): boolean => section.includes(page) || isBeyondEnd(page);
    if (pages.length === 0 || !pages.every(isInside)) wrong.push('is of pages outside its section');
    if (!pages.every((page) => block.isBeingTold(listenerId, page))) wrong.push('is of pages that no intent names');
    const { offset, offsetWithinAddressSpace } = listener.definition.section;
    const isMoved = sections.some((one) => {
      return one.offsetWithinAddressSpace - one.offsetWithinRegion !== offsetWithinAddressSpace - offset;
    });
    if (isMoved) wrong.push('has a wrong address');
  }
  return wrong.map((what) => `delivery ${sequence} to ${listenerId} ${what}`);
}
