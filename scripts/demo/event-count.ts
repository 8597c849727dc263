// Follows the events of one machine, from before its first block to the end of its last, and counts them.
import { followEvents } from '../../src/cli/listen/follow.ts';

export interface EventCount {
  /** Resolves when events are followed. */
  readonly ready: Promise<void>;
  /** How many of each type came; resolves when all blocks are deleted, or the signal ends it. */
  readonly counts: Promise<ReadonlyMap<string, number>>;
}

/** @param blocks that the machine will have had */
export function countEvents(service: URL, machine: string, blocks: number, signal: AbortSignal): EventCount {
  const following = Promise.withResolvers<void>();
  const count = async () => {
    const counts = new Map<string, number>();
    const onNotice = () => following.resolve();
    for await (const { event } of followEvents({
      ...{ service, token: null, machine, ramBlockId: null, after: null, signal, onNotice },
    })) {
      counts.set(event, (counts.get(event) ?? 0) + 1);
      if (counts.get('ram_block.deleted') === blocks) break;
    }
    return counts;
  };
  const counts = count();
  counts.catch((error: unknown) => following.reject(error));
  return { ready: following.promise, counts };
}
