// What a client may attach to any change: a condition on the generation, a key for its answer, and its going away.
import type { RamBlock } from '../core/ram-block.ts';
import { Problem } from '../errors.ts';
import type { KeptAnswer } from '../journal/journal.ts';

/** The generations that a change is for, of which the block must have one; `any` where it only must not change before; null where that is no matter. */
export type Generations = readonly number[] | 'any' | null;

/** When a change may have its turn. */
export interface TurnOptions {
  readonly generations: Generations;
  /** Aborts when the client has gone. Asked for where a change has to wait: it is dropped then, unless it has begun. */
  readonly clientGone: () => AbortSignal;
}

export interface ChangeOptions<Resource> extends TurnOptions {
  /** The answer to keep with the change, for requests with an Idempotency-Key; else null. */
  readonly answered: (resource: Resource) => KeptAnswer | null;
}

/** @throws Problem `generation-mismatch` */
export function checkGeneration({ id, generation }: RamBlock, generations: Generations): void {
  if (generations === null || generations === 'any' || generations.includes(generation)) return;
  const asked = generations.length === 0 ? 'one that no block has' : generations.join(', ');
  const detail = `RAM block ${id} has generation ${generation}; the request is for ${asked}`;
  throw new Problem('generation-mismatch', detail, { ramBlockId: id });
}
