// The events that the service tells of, by name: the log of events, the API's description and the readers share this list.

export const EVENT_TYPES = [
  'ram_block.created',
  'ram_block.deleted',
  'ram_block.resized',
  'conversion.committed',
  'conversion.failed',
  'source.added',
  'source.changed',
  'source.removed',
  'listener.created',
  'listener.updated',
  'listener.deleted',
  'listener.failing',
  'listener.settled',
  'delivery.failed',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** Returns whether `type` is `wanted` or begins with it: `conversion.failed` is a `conversion`, and no `conv`. */
export function isOfType(type: string, wanted: string): boolean {
  return type === wanted || type.startsWith(`${wanted}.`);
}
