// kill -9, again and again, while clients change things, while the service starts and while it writes snapshots. After each
// crash everything that was answered must be there, and of all that was not answered either all or nothing.
import assert from 'node:assert/strict';
import { watch } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '../../src/cli/simulator/random.ts';
import type { Conversion } from '../../src/service/views.ts';
import type { Api } from '../support/api.ts';
import { until } from '../support/service.ts';
import { ServiceProcess } from '../support/service-process.ts';
import type { BlockModel, Unknown } from './block-model.ts';
import { Client } from './client.ts';
import { SLOW_PAGES, World } from './world.ts';

const CLIENTS = 8;
/** Snapshots all the time, so that crashes come while they are written; a mirror is soon so far behind that it is replayed. */
const SETTINGS = {
  RBA_SNAPSHOT_EVERY: '5',
  RBA_ASYNC_RETRY_SCHEDULE: '5ms,20ms,100ms',
  RBA_ASYNC_BACKLOG_LIMIT: '40',
  LOG_LEVEL: 'debug',
};
/** What the service logs before and after. */
const SNAPSHOT_BEGINS = 'a snapshot is being saved';
const SNAPSHOT_ENDS = 'a snapshot is saved';
/** The share of the kills that are aimed at what a device has mapped and not answered. */
const AIMED = 0.3;
/** Deliveries to others meanwhile, at least: more than any intent reserves for itself. */
const MEANWHILE = 24;
/** Requests of others after which an aim is given up: they may be refused, or change nothing. */
const MOST_MEANWHILE = 400;
/** Pages of the history that are asked for at once. */
const PAGE_LIMIT = 1000;

export interface Figures {
  rounds: number;
  requests: number;
  /** Before any crash. */
  answered: number;
  /** Of those answered: that nothing was done, because of a listener or a range. */
  excused: number;
  unanswered: number;
  /** Of those unanswered: done, as was found after the crash. */
  doneUnanswered: number;
  kills: number;
  killsDuringStart: number;
  /** Between the line that a snapshot is being saved and the one that it is. */
  killsDuringSnapshot: number;
  /** When a device had mapped for a change that others had overtaken, and had not answered. */
  killsAimed: number;
  /** Intents that a start found open and ended. */
  recoveredIntents: number;
  deliveries: number;
  lateCopies: number;
  generations: number;
  /** Milliseconds from the start of a process until it takes requests. */
  readyMs: number[];
}

export interface CampaignOptions {
  readonly rounds: number;
  readonly seed: number;
  /** Called after every round. */
  readonly onRound?: (figures: Figures) => void;
}

/** @throws AssertionError that says what did not hold */
export async function runCampaign(options: CampaignOptions): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), 'rba-crash-'));
  const campaign = new Campaign(folder, seededRandom(options.seed));
  try {
    const figures = await campaign.run(options);
    assert.equal(await campaign.end(), 0, 'violations that show only when nothing comes any more');
    return figures;
  } finally {
    await ServiceProcess.endAll();
    await campaign.end();
    await rm(folder, { recursive: true });
  }
}

class Campaign {
  readonly #folder: string;
  readonly #random: () => number;
  readonly #figures: Figures = {
    ...{ rounds: 0, requests: 0, answered: 0, excused: 0, unanswered: 0, doneUnanswered: 0 },
    ...{ kills: 0, killsDuringStart: 0, killsDuringSnapshot: 0, killsAimed: 0, recoveredIntents: 0 },
    ...{ deliveries: 0, lateCopies: 0, generations: 0 },
    readyMs: [],
  };
  #world: World | null = null;
  #clients: Client[] = [];

  constructor(folder: string, random: () => number) {
    this.#folder = folder;
    this.#random = random;
  }

  async run({ rounds, onRound }: CampaignOptions): Promise<Figures> {
    let { service, api } = await this.#start();
    const world = await World.make(api, this.#random);
    this.#world = world;
    this.#clients = Array.from({ length: CLIENTS }, (_, index) => {
      return new Client(world, this.#random, world.resizeable[index] ?? null);
    });
    for (let round = 1; round <= rounds; round++) {
      if (this.#random() < AIMED) await this.#aimAndKill(service, api, world);
      else await this.#loadUntilKilled(service, api);
      await api.close();
      ({ service, api } = await this.#start());
      await this.#reckon(api, world);
      // Every third time the next crash comes before the dust has settled.
      if (this.#random() < 2 / 3 || round === rounds) await world.checkDevices(api);
      this.#count(world, round);
      onRound?.(this.#figures);
    }
    assert.equal(await service.end('SIGTERM'), 0);
    await api.close();
    return this.#figures;
  }

  /** @returns what the devices saw that a kernel would not forgive */
  async end(): Promise<number> {
    const world = this.#world;
    this.#world = null;
    return (await world?.close()) ?? 0;
  }

  /** Starts the service; sometimes it is killed before that is done, and started again. */
  async #start(): Promise<{ readonly service: ServiceProcess; readonly api: Api }> {
    while (this.#world !== null && this.#random() < 0.4) {
      const typical = this.#figures.readyMs.at(-1) ?? 1000;
      const short = new ServiceProcess(this.#folder, SETTINGS);
      const isReady = await within(short, this.#random() * 1.2 * typical);
      await short.end('SIGKILL');
      this.#figures.kills++;
      if (!isReady) this.#figures.killsDuringStart++;
      this.#countIntents(short);
    }
    const started = performance.now();
    const service = new ServiceProcess(this.#folder, SETTINGS);
    const api = await service.ready;
    this.#figures.readyMs.push(performance.now() - started);
    this.#countIntents(service);
    return { service, api };
  }

  async #loadUntilKilled(service: ServiceProcess, api: Api): Promise<void> {
    let answers = 0;
    const enough = Math.floor(this.#random() * 200);
    const kill = () => void service.end('SIGKILL');
    const killSoon = (): void => {
      // Some of them while the journal is being written, intents and outcomes or a snapshot. The others anywhere.
      const chance = this.#random();
      if (chance < 0.4) setTimeout(kill, this.#random() * 30);
      else if (chance < 0.7) this.#afterWrites(1 + Math.floor(this.#random() * 8), kill);
      else service.atLine(SNAPSHOT_BEGINS, kill);
    };
    const killed = this.#clients.map((client) =>
      client.run(api, () => {
        if (++answers === enough) killSoon();
      }),
    );
    if (enough === 0) killSoon();
    await Promise.all(killed);
    await service.end('SIGKILL');
    this.#figures.kills++;
    if (isSavingSnapshot(service)) this.#figures.killsDuringSnapshot++;
  }

  /**
   * A change waits for the slow listener while others come and go, then its other listener maps, and the service is killed
   * before it hears of that: what it sends after the crash must be nothing that this listener takes for a repetition.
   */
  async #aimAndKill(service: ServiceProcess, api: Api, world: World): Promise<void> {
    await world.checkDevices(api);
    const block = world.converted[Math.floor(this.#random() * world.converted.length)];
    const [first, ...others] = this.#clients;
    assert.ok(block !== undefined && first !== undefined);
    const { last, slow } = world.wiresOf(block);
    const plugged = block.bitmap('plugged').indexOf(true);
    const page = plugged >= 0 && plugged < SLOW_PAGES ? plugged : 0;
    await first.convert(api, block, page, 'private');

    const held = Promise.withResolvers<string | null>();
    const release = Promise.withResolvers<void>();
    slow.aim = {
      arrived: ({ conversionId }) => {
        held.resolve(conversionId);
        return release.promise;
      },
    };
    const asked = first.convert(api, block, page, 'shared');
    // The page may be in a hole of the other source: then nobody hears of it.
    const conversionId = await Promise.race([held.promise, asked.then(() => null)]);
    const before = last.deliveries;
    let requests = 0;
    const overtake = async (client: Client): Promise<void> => {
      while (conversionId !== null && last.deliveries - before < MEANWHILE && requests++ < MOST_MEANWHILE) {
        const other = SLOW_PAGES + Math.floor(this.#random() * (block.pages - SLOW_PAGES));
        await client.convert(api, block, other, this.#random() < 0.5 ? 'shared' : 'private');
      }
    };
    await Promise.all(others.map(overtake));
    last.aim = {
      mapped: async (told) => {
        if (conversionId === null || told.conversionId !== conversionId) return;
        this.#figures.killsAimed++;
        await service.end('SIGKILL');
      },
    };
    release.resolve();
    await asked;
    await service.end('SIGKILL');
    this.#figures.kills++;
    last.aim = {};
    slow.aim = {};
  }

  /** Calls `then` as soon as the journal has been written to so many times. */
  #afterWrites(writes: number, then: () => void): void {
    let left = writes;
    const watcher = watch(join(this.#folder, 'journal.sqlite-wal'), () => {
      if (--left > 0) return;
      watcher.close();
      then();
    });
  }

  /** What is there now is what was answered, and of what was not, each as a whole or not at all. */
  async #reckon(api: Api, world: World): Promise<void> {
    const unknown = await this.#catchUp(api, world);
    for (const client of this.#clients) {
      const { open } = client;
      if (open === null) continue;
      this.#figures.unanswered++;
      if (open.key === null) await this.#endResize(client, api, unknown);
      else await this.#endPost(client, api, unknown);
    }
    assert.deepEqual([...unknown.values()].flat(), [], 'changes that nobody asked for, or that were done by halves');
    await this.#catchUp(api, world);
    for (const client of this.#clients) await this.#askAgain(client, api);
  }

  /** Reads what the service has, into the models. @returns the changes of which no answer came */
  async #catchUp(api: Api, world: World): Promise<Map<BlockModel, Unknown[]>> {
    const unknown = new Map<BlockModel, Unknown[]>();
    for (const block of world.blocks) {
      const { generation } = await api.ok('GET', block.path);
      const history = await historyBehind(api, block);
      unknown.set(block, block.catchUp(generation, history, this.#openResizeOf(block)));
      await world.checkState(api, block);
      if (world.lengths.has(block)) world.lengths.set(block, block.pages);
    }
    return unknown;
  }

  #openResizeOf(block: BlockModel): number | null {
    const open = this.#clients.find(({ resizes }) => resizes === block)?.open ?? null;
    if (open === null || open.key !== null) return null;
    return Number((open.body as { usedLength: number }).usedLength) / 4096;
  }

  /** Nothing but the length can show whether it was done, and the model has seen that. */
  async #endResize(client: Client, api: Api, unknown: Map<BlockModel, Unknown[]>): Promise<void> {
    for (const [block, changes] of unknown) {
      if (block !== client.resizes) continue;
      const others = changes.filter(({ ids }) => ids.length > 0);
      if (others.length < changes.length) this.#figures.doneUnanswered++;
      unknown.set(block, others);
    }
    client.open = null;
    assert.equal((await api.get('/readyz')).status, 200);
  }

  /** With its key it is answered now: as it was done before the crash, or as it is done now. Never both. */
  async #endPost(client: Client, api: Api, unknown: Map<BlockModel, Unknown[]>): Promise<void> {
    const answer = await client.send(api);
    assert.ok(answer !== null, 'a service that was not killed answers');
    const claimed = new Set(answer.ids);
    const before = [...unknown.values()].flat().flatMap(({ ids }) => ids);
    const found = before.filter((id) => claimed.has(id));
    assert.equal(found.length, answer.isReplayed ? claimed.size : 0, 'an answer that is repeated is of what is there');
    for (const [block, changes] of unknown) {
      unknown.set(
        block,
        changes.filter(({ ids }) => ids.length === 0 || !ids.every((id) => claimed.has(id))),
      );
    }
    if (answer.isReplayed) this.#figures.doneUnanswered++;
  }

  /** Something that was answered long ago is answered the same. */
  async #askAgain({ sample }: Client, api: Api): Promise<void> {
    if (sample === null) return;
    const { path, body, key, text } = sample;
    const again = await api.post(path, body, { headers: { 'idempotency-key': key } });
    assert.equal(again.headers['idempotent-replayed'], 'true');
    assert.equal(JSON.stringify(again.body), text);
  }

  #countIntents({ output }: ServiceProcess): void {
    const [, count] = /"intents":([0-9]+),.*"the journal is read back"/.exec(output.join('\n')) ?? [];
    this.#figures.recoveredIntents += Number(count ?? 0);
  }

  #count({ listeners, blocks }: World, round: number): void {
    const sum = <T>(all: readonly T[], of: (one: T) => number) => all.reduce((total, one) => total + of(one), 0);
    Object.assign(this.#figures, {
      rounds: round,
      requests: sum(this.#clients, ({ requests }) => requests),
      answered: sum(this.#clients, ({ answered }) => answered),
      excused: sum(this.#clients, ({ excused }) => excused),
      deliveries: sum(listeners, ({ wire }) => wire.deliveries),
      lateCopies: sum(listeners, ({ wire }) => wire.lateCopies),
      generations: sum(blocks, ({ generation }) => generation),
    });
  }
}

/** Whether the last words of a service that was killed say so. */
function isSavingSnapshot({ output }: ServiceProcess): boolean {
  const count = (text: string) => output.filter((line) => line.includes(text)).length;
  return count(SNAPSHOT_BEGINS) > count(SNAPSHOT_ENDS);
}

/** All conversions behind the generation of the model, oldest first. */
async function historyBehind(api: Api, { path, generation }: BlockModel): Promise<Conversion[]> {
  const found: Conversion[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query: string = `limit=${PAGE_LIMIT}${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
    const page = await api.ok('GET', `${path}/conversions?${query}`);
    const later = page.items.filter((conversion: Conversion) => conversion.generation > generation);
    found.push(...later);
    cursor = later.length < page.items.length ? null : page.nextCursor;
  }
  return found.reverse();
}

/** Whether the service is ready by then. */
async function within(service: ServiceProcess, milliseconds: number): Promise<boolean> {
  let isReady = false;
  void service.ready.then(
    (api) => {
      isReady = true;
      return api.close();
    },
    () => undefined,
  );
  const end = performance.now() + milliseconds;
  await until('its time has come', () => isReady || performance.now() >= end);
  return isReady;
}
