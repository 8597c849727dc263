// The RAM blocks that are served, by id and by machine. What is asked of one machine costs what that machine has, however
// many others there are.
import type { LiveBlock } from './live-block.ts';

/** The part of a live block that the index looks at. */
type Indexed = Pick<LiveBlock, 'block' | 'machine'>;

export class BlockIndex<Live extends Indexed = LiveBlock> {
  /** In the order in which they became durable; after a restart, of their ids. */
  readonly #byId = new Map<string, Live>();
  readonly #byMachine = new Map<string, Set<Live>>();
  /** The names of machines that have blocks, in order; null where a machine came or went since they were put in order. */
  #names: readonly string[] | null = null;

  constructor(lives: Iterable<Live> = []) {
    for (const live of lives) this.add(live);
  }

  /** All blocks by id. */
  get all(): ReadonlyMap<string, Live> {
    return this.#byId;
  }

  /** The names of all machines that have blocks, in order. */
  get machineNames(): readonly string[] {
    this.#names ??= [...this.#byMachine.keys()].sort();
    return this.#names;
  }

  /** Whether the machine called `name` has any block. */
  hasMachine(name: string): boolean {
    return this.#byMachine.has(name);
  }

  /** Returns the blocks of the machine called `name`, oldest first. */
  ofMachine(name: string): Live[] {
    return [...(this.#byMachine.get(name) ?? [])].sort((a, b) => (a.block.id < b.block.id ? -1 : 1));
  }

  add(live: Live): void {
    const { name } = live.machine;
    this.#byId.set(live.block.id, live);
    const others = this.#byMachine.get(name);
    if (others !== undefined) {
      others.add(live);
      return;
    }
    this.#byMachine.set(name, new Set([live]));
    this.#names = null;
  }

  remove(live: Live): void {
    const { name } = live.machine;
    this.#byId.delete(live.block.id);
    const others = this.#byMachine.get(name);
    others?.delete(live);
    if (others?.size !== 0) return;
    this.#byMachine.delete(name);
    this.#names = null;
  }
}
