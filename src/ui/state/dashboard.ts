// The state of the page, and what keeps it up to date: events say what is stale, and what is stale is read again, as
// seldom as it may be. Nothing here knows of a document; the views draw what they find.
import { type Connection, EventFollower } from '../client/event-follower.ts';
import { type ServiceApi, ServiceError } from '../client/service-api.ts';
import { Activity, type ServiceEvent } from '../model/activity.ts';
import { inAddressOrder } from '../model/address-space.ts';
import type { Call, Outcome } from '../model/calls.ts';
import { Coalescer } from '../model/coalescer.ts';
import { History } from '../model/history.ts';
import { type Histogram, quantile, readHistogram, since } from '../model/latency.ts';
import type { Machine, MachineSummary, Page, ProblemDocument, RamBlock, Source } from '../model/resources.ts';
import { ListenersView } from './listeners-view.ts';
import { MapView } from './map-view.ts';
import { PlansView } from './plans-view.ts';
import { Strips } from './strips.ts';

export interface DashboardOptions {
  readonly api: ServiceApi;
  /** Something else is to be shown: all of it now or when there is time, or at once the cells of the map. */
  readonly onChange: (what: 'now' | 'soon' | 'map') => void;
  /** Another machine or block is looked at. */
  readonly onSelect?: () => void;
}

/** Seconds between two looks at the latency of callbacks. */
const LATENCY_EVERY = 2;

export class Dashboard {
  readonly api: ServiceApi;
  readonly history = new History();
  readonly activity = new Activity();
  readonly map: MapView;
  readonly listenersView: ListenersView;
  readonly strips: Strips;
  readonly plans: PlansView;
  connection: Connection = 'connecting';
  /** Why the last reading failed; null when it did not. */
  trouble: ProblemDocument | null = null;
  machines: readonly MachineSummary[] = [];
  /** Whether the machines have been read at all. */
  isLoaded = false;
  machine: string | null = null;
  /** Of the machine, in address order. */
  blocks: readonly RamBlock[] = [];
  ramBlockId: string | null = null;
  sources: readonly Source[] = [];
  readonly #options: DashboardOptions;
  readonly #follower: EventFollower;
  readonly #machinesLoader = this.#loader(1000, () => this.#loadMachines());
  readonly #machineLoader = this.#loader(200, () => this.#loadMachine());
  readonly #mapLoader = this.#loader(40, async () => {
    await this.map.load();
    this.#options.onChange('map');
  });
  readonly #listenersLoader = this.#loader(200, () => this.listenersView.load());
  readonly #stripsLoader = this.#loader(500, () => this.strips.load(this.blocks));
  /** What the sources were read of. */
  #sourcesOf = '';
  #histogram: Histogram | null = null;
  #ticks = 0;

  constructor(options: DashboardOptions) {
    const { api } = options;
    this.#options = options;
    this.api = api;
    this.map = new MapView(api, () => this.#mapLoader.ask());
    this.listenersView = new ListenersView(api);
    this.strips = new Strips(api);
    this.plans = new PlansView(api);
    api.onUnauthorized = () => this.#setConnection('unauthorized');
    this.#follower = new EventFollower({
      client: api.client,
      onEvents: (events) => this.handle(events),
      onConnection: (connection) => {
        this.#setConnection(connection);
        // What was missed is read, and what is unknown.
        if (connection === 'live') this.refresh();
      },
    });
  }

  /** The block that is looked at. */
  get block(): RamBlock | null {
    return this.blocks.find(({ id }) => id === this.ramBlockId) ?? null;
  }

  /** Follows the service. Call `tick` once a second from then on. */
  start(): void {
    this.#follower.start();
  }

  stop(): void {
    this.#follower.stop();
  }

  /** From now on with another token; null: without. */
  useToken(token: string | null): void {
    this.api.client.token = token;
    this.start();
  }

  /** Looks at another machine, or another block of it. @param ramBlockId null: the first */
  select(machine: string, ramBlockId: string | null = null): void {
    if (machine !== this.machine) {
      this.machine = machine;
      this.blocks = [];
      this.#selectBlock(null);
    }
    if (ramBlockId !== null) this.#selectBlock(ramBlockId);
    this.#machineLoader.ask();
    this.#options.onSelect?.();
    this.#options.onChange('now');
  }

  refresh(): void {
    this.#machinesLoader.ask();
    this.#machineLoader.ask();
    this.#listenersLoader.ask();
  }

  /** Shows the last deliveries of a listener, or no longer. */
  open(listenerId: string, isOpen: boolean): void {
    if (isOpen) this.listenersView.opened.add(listenerId);
    else this.listenersView.opened.delete(listenerId);
    this.#listenersLoader.ask();
  }

  /** Makes a call that changes something; what it may have changed is read again. */
  async act<Body>(call: Call): Promise<Outcome<Body>> {
    const outcome = await this.api.call<Body>(call);
    this.refresh();
    this.#options.onChange('now');
    return outcome;
  }

  /** Events cost no more than a few numbers each. */
  handle(events: readonly ServiceEvent[]): void {
    for (const event of events) this.#note(event);
    this.#options.onChange('soon');
  }

  /** Once a second. @param isVisible whether anybody sees the page */
  tick(now: number, isVisible: boolean): void {
    this.history.endRow(this.blocks, this.listenersView.listeners, now);
    this.#ticks++;
    if (this.connection !== 'live') return;
    if (this.listenersView.isRestless) this.#listenersLoader.ask();
    if (isVisible && this.#ticks % LATENCY_EVERY === 0) void this.#readLatency(now).catch(() => {});
    this.#options.onChange('soon');
  }

  #note(event: ServiceEvent): void {
    const { type, data } = event;
    const { machine, ramBlockId = '' } = data;
    this.activity.add(event);
    const isShown = ramBlockId === this.ramBlockId;
    if (type === 'conversion.committed' || type === 'source.changed') this.history.countCommitted(ramBlockId);
    if (type === 'conversion.failed') this.history.countFailed(ramBlockId, data.problem?.code ?? '');
    if (type === 'ram_block.created' || type === 'ram_block.deleted') this.#machinesLoader.ask();
    if (type === 'ram_block.deleted') {
      this.#forgetBlock(ramBlockId);
      return;
    }
    if (machine === this.machine) this.#machineLoader.ask();
    if (!isShown) return;
    this.#listenersLoader.ask();
    if (/^(conversion\.committed|source\.|ram_block\.)/.test(type)) this.#mapLoader.ask();
  }

  async #loadMachines(): Promise<void> {
    const { items } = await this.api.read<Page<MachineSummary>>('/v1/machines?limit=1000');
    this.machines = items;
    this.isLoaded = true;
    const isThere = items.some(({ name }) => name === this.machine);
    const [first] = items;
    if (!isThere && first !== undefined) this.select(first.name);
    if (first === undefined) this.#nothingLeft();
  }

  async #loadMachine(): Promise<void> {
    const name = this.machine;
    if (name === null) return;
    let ramBlocks: readonly RamBlock[];
    try {
      ({ ramBlocks } = await this.api.read<Machine>(`/v1/machines/${encodeURIComponent(name)}`));
    } catch (error) {
      // Its last block is gone.
      if (!(error instanceof ServiceError) || error.problem.status !== 404) throw error;
      this.#machinesLoader.ask();
      return;
    }
    if (this.machine !== name) return;
    this.blocks = inAddressOrder(ramBlocks);
    this.history.keepOnly(new Set(this.blocks.map(({ id }) => id)));
    if (this.block === null) this.#selectBlock(this.blocks[0]?.id ?? null);
    await this.#loadSources();
    this.map.setBlock(this.block, this.sources);
    if (this.map.shown?.generation !== this.block?.generation) this.#mapLoader.ask();
    if (this.blocks.some((block) => this.strips.isStale(block))) this.#stripsLoader.ask();
  }

  /** A single source says no more than its block. */
  async #loadSources(): Promise<void> {
    const { block } = this;
    const known = `${block?.id} ${block?.sourceCount} ${block?.attributes === null}`;
    if (known === this.#sourcesOf && this.sources.length < 2) return;
    this.sources = [];
    if (block !== null && block.sourceCount > 0) {
      this.sources = (await this.api.read<Page<Source>>(`/v1/ram-blocks/${block.id}/sources?limit=1000`)).items;
    }
    this.#sourcesOf = known;
  }

  async #readLatency(now: number): Promise<void> {
    const histogram = readHistogram(await this.api.read<string>('/metrics'));
    if (this.#histogram !== null) {
      const latest = since(this.#histogram, histogram);
      this.history.addLatency({ at: now / 1000, p50: quantile(latest, 0.5), p99: quantile(latest, 0.99) });
    }
    this.#histogram = histogram;
  }

  #selectBlock(ramBlockId: string | null): void {
    if (this.ramBlockId === ramBlockId) return;
    this.ramBlockId = ramBlockId;
    this.sources = [];
    this.#sourcesOf = '';
    this.map.setBlock(null, []);
    this.listenersView.setBlock(ramBlockId);
    this.#listenersLoader.ask();
    this.#options.onSelect?.();
  }

  /** Nothing is asked any more of a block that is gone, nor of a machine without blocks. */
  #forgetBlock(ramBlockId: string): void {
    this.blocks = this.blocks.filter(({ id }) => id !== ramBlockId);
    if (ramBlockId === this.ramBlockId) this.#selectBlock(this.blocks[0]?.id ?? null);
    if (this.blocks.length > 0) this.#machineLoader.ask();
  }

  #nothingLeft(): void {
    this.machine = null;
    this.blocks = [];
    this.#selectBlock(null);
  }

  #setConnection(connection: Connection): void {
    this.connection = connection;
    this.#options.onChange('now');
  }

  #loader(restMs: number, run: () => Promise<void>): Coalescer {
    const load = async (): Promise<void> => {
      await run();
      this.trouble = null;
      this.#options.onChange('soon');
    };
    const onError = (error: unknown): void => {
      if (!(error instanceof ServiceError)) {
        // A mistake in the page is none of the service's: the console says it.
        queueMicrotask(() => {
          throw error;
        });
        return;
      }
      const { status } = error.problem;
      // Gone, or of another size, since the page was told of it: what there is now will be read.
      if (status === 404 || status === 422) this.#machineLoader.ask();
      else if (status !== 401) this.trouble = error.problem;
      this.#options.onChange('now');
    };
    return new Coalescer(load, { restMs, onError });
  }
}
