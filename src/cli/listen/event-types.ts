// The events of the service, as its API names them.

export const EVENT_TYPES: readonly string[] = [
  ...['created', 'deleted', 'resized'].map((what) => `ram_block.${what}`),
  ...['committed', 'failed'].map((what) => `conversion.${what}`),
  ...['added', 'changed', 'removed'].map((what) => `source.${what}`),
  ...['created', 'updated', 'deleted', 'failing', 'settled'].map((what) => `listener.${what}`),
  'delivery.failed',
];

/** Whether the event type is `wanted`, or begins with it: `conversion.failed` is a `conversion`, and no `conv`. */
export function isOfType(type: string, wanted: string): boolean {
  return type === wanted || type.startsWith(`${wanted}.`);
}
