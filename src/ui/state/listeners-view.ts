// The listeners of the block that is looked at: as they are, against what is populated, and what was sent to them last.
import type { ServiceApi } from '../client/service-api.ts';
import { type Difference, differenceOf } from '../model/mapped-by.ts';
import type { Delivery, Listener, Page, RamBlock, RangeState } from '../model/resources.ts';

/** Sections that are compared with what is populated; a block with more listeners than this is no picture any more. */
const MOST_SECTIONS = 50;
const DELIVERIES_SHOWN = 25;

export class ListenersView {
  readonly #api: ServiceApi;
  #ramBlockId: string | null = null;
  /** Oldest first. */
  listeners: readonly Listener[] = [];
  /** Whose last deliveries are looked at. */
  readonly opened = new Set<string>();
  readonly deliveries = new Map<string, readonly Delivery[]>();
  /** Populated bytes of each section; empty while the block changes too fast to compare anything. */
  #populated = new Map<string, number>();

  constructor(api: ServiceApi) {
    this.#api = api;
  }

  setBlock(ramBlockId: string | null): void {
    if (this.#ramBlockId === ramBlockId) return;
    this.#ramBlockId = ramBlockId;
    this.listeners = [];
    this.opened.clear();
    this.deliveries.clear();
    this.#populated.clear();
  }

  /** Populated bytes in the section of a listener; null when it is not known. */
  populatedFor(listener: Listener): number | null {
    return this.#populated.get(keyOf(listener)) ?? null;
  }

  differenceFor(listener: Listener): Difference {
    return differenceOf(listener, this.populatedFor(listener));
  }

  /** `L1`, `L2` ...: what a listener is called on the map. */
  labelOf(listenerId: string): string {
    const index = this.listeners.findIndex(({ id }) => id === listenerId);
    return index === -1 ? listenerId : `L${index + 1}`;
  }

  /** Whether something is on its way of which no event will tell: what async listeners acknowledge, what settles. */
  get isRestless(): boolean {
    return this.listeners.some((listener) => {
      return listener.position.pending > 0 || this.differenceFor(listener).kind !== 'equal';
    });
  }

  /** @throws ServiceError */
  async load(): Promise<void> {
    const ramBlockId = this.#ramBlockId;
    if (ramBlockId === null) return;
    const path = `/v1/ram-blocks/${ramBlockId}`;
    // Between two looks at the generation: only what was read at one and the same can be compared.
    const { generation } = await this.#api.read<RamBlock>(path);
    const { items } = await this.#api.read<Page<Listener>>(`${path}/listeners?limit=1000`);
    const sections = new Map(items.map((listener) => [keyOf(listener), listener.section]));
    const states = await Promise.all(
      [...sections].slice(0, MOST_SECTIONS).map(async ([key, { offset, size }]) => {
        const state = await this.#api.read<RangeState>(`${path}/state?offset=${offset}&size=${size}`);
        return [key, state] as const;
      }),
    );
    await this.#loadDeliveries(path, items);
    if (this.#ramBlockId !== ramBlockId) return;
    this.listeners = items;
    const isOneMoment = states.every(([, state]) => state.generation === generation);
    this.#populated = new Map(isOneMoment ? states.map(([key, { populatedBytes }]) => [key, populatedBytes]) : []);
  }

  async #loadDeliveries(path: string, listeners: readonly Listener[]): Promise<void> {
    for (const { id } of listeners.filter((listener) => this.opened.has(listener.id))) {
      const deliveries = `${path}/listeners/${id}/deliveries?limit=${DELIVERIES_SHOWN}`;
      const { items } = await this.#api.read<Page<Delivery>>(deliveries);
      this.deliveries.set(id, items);
    }
  }
}

function keyOf({ section }: Listener): string {
  return `${section.offset}+${section.size}`;
}
