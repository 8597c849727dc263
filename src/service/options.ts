// What a client may attach to any change: a condition on the generation, a key for its answer, and its going away.
import type { RamBlock } from '../core/ram-block.ts';
import { Problem } from '../errors.ts';
import type { KeptAnswer } from '../journal/journal.ts';

/** The entity tags of an If-Match header; `*` matches any; null where there was no such header. */
export type IfMatch = readonly string[] | '*' | null;

/** When a change may have its turn. */
export interface TurnOptions {
  readonly ifMatch: IfMatch;
  /** Aborts when the client has gone. Asked for where a change has to wait: it is dropped then, unless it has begun. */
  readonly clientGone: () => AbortSignal;
}

export interface ChangeOptions<Resource> extends TurnOptions {
  /** The answer to keep with the change, for requests with an Idempotency-Key; else null. */
  readonly answered: (resource: Resource) => KeptAnswer | null;
}

export function etag(generation: number): string {
  return `"${generation}"`;
}

/** @throws Problem `generation-mismatch` */
export function checkGeneration({ id, generation }: RamBlock, ifMatch: IfMatch): void {
  if (ifMatch === null || ifMatch === '*' || ifMatch.includes(etag(generation))) return;
  const detail = `RAM block ${id} has generation ${generation}; If-Match asks for ${ifMatch.join(', ')}`;
  throw new Problem('generation-mismatch', detail, { ramBlockId: id });
}
