// What there is at the service, as far as answers have told: the ids that requests are made with.
import type { Chance } from './chance.ts';

export interface KnownBlock {
  readonly id: string;
  readonly machine: string;
  readonly pageSize: number;
  usedLength: number;
  readonly sources: Set<string>;
  readonly listeners: Set<string>;
}

/** What another request could have been answered. */
const FOREIGN = ['blk_01a2069582dc0000d37e5c0d', 'lsn_01a206958401000032636fb0', 'src_1', 'x'];
/** Blocks that are kept; what is made beyond them is deleted. */
const MOST_BLOCKS = 40;

export class Pool {
  readonly blocks = new Map<string, KnownBlock>();
  /** Cursors of any list. */
  readonly cursors: string[] = [];

  get isFull(): boolean {
    return this.blocks.size > MOST_BLOCKS;
  }

  /** @param template of the path: what is in a block is asked for where there may be some of it */
  block(chance: Chance, template: string): KnownBlock {
    let some = [...this.blocks.values()];
    const having = some.filter(({ listeners }) => listeners.size > 0);
    if (template.includes('{listenerId}') && having.length > 0) some = having;
    if (some.length > 0 && !chance.is(0.02)) return chance.pick(some);
    const id = chance.pick(FOREIGN);
    return { id, machine: 'default', pageSize: 4096, usedLength: 2 ** 24, sources: new Set(), listeners: new Set() };
  }

  /** The id of one of `ids`, or one that is of something else. */
  idOf(ids: ReadonlySet<string>, chance: Chance): string {
    return ids.size > 0 && !chance.is(0.03) ? chance.pick([...ids]) : chance.pick([...FOREIGN, ...this.blocks.keys()]);
  }

  /** Learns from the answer to an operation on `path`. */
  learn(operationId: string, path: string, status: number, body: unknown): void {
    const [, , , ramBlockId = '', , id = ''] = (path.split('?', 1)[0] ?? '').split('/');
    const block = this.blocks.get(ramBlockId);
    const made = Object(body);
    if (typeof made.nextCursor === 'string') this.#keepCursor(made.nextCursor);
    if (operationId === 'createRamBlock' && status === 201) {
      const { machine, pageSize, usedLength } = made;
      this.blocks.set(made.id, {
        id: made.id,
        machine,
        pageSize,
        usedLength,
        sources: new Set(),
        listeners: new Set(),
      });
    }
    if (operationId === 'deleteRamBlock' && [204, 404].includes(status)) this.blocks.delete(ramBlockId);
    if (operationId === 'resizeRamBlock' && status === 200 && block) block.usedLength = made.usedLength;
    if (operationId === 'addSource' && status === 201) block?.sources.add(made.id);
    if (operationId === 'listSources' && status === 200) for (const one of made.items) block?.sources.add(one.id);
    if (operationId === 'removeSource' && status === 204) block?.sources.delete(id);
    if (operationId === 'registerListener' && status === 201) block?.listeners.add(made.id);
    if (operationId === 'unregisterListener' && [204, 404].includes(status)) block?.listeners.delete(id);
  }

  #keepCursor(cursor: string): void {
    this.cursors.unshift(cursor);
    this.cursors.length = Math.min(this.cursors.length, 20);
  }
}
