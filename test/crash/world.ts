// What the crash test is about: three blocks of a machine, side by side, each with a second source, and one without sources
// that can be resized; and their listeners (sync and async, one of each failing now and then, one slow), whose devices
// outlive every crash of the service.
import assert from 'node:assert/strict';
import { type DeviceSimulator, startDeviceSimulator } from '../../src/cli/simulator/server.ts';
import type { Api } from '../support/api.ts';
import { SECRET } from '../support/scripted-listener.ts';
import { until } from '../support/service.ts';
import { BlockModel, GRANULE, PAGE, runsOf } from './block-model.ts';
import { Wire } from './wire.ts';

/** Pages that each block reserves. */
const MOST = 96;
/** The block in the middle can be resized, and never has fewer pages than this: its listeners' sections are not cut. */
const LEAST = 48;
/** Pages of every block that a slow listener has, at its start. */
export const SLOW_PAGES = 8;
/** Milliseconds; short, because a held delivery takes as long. */
const TIMEOUT = 400;
/** Of registrations, and of slow listeners always: theirs are not held, but wait for an aimed kill. */
const LONG_TIMEOUT = 30_000;

interface ListenerPlan {
  readonly mode: 'sync' | 'async';
  readonly failRate: number;
  /** Bytes. */
  readonly section: { readonly offset?: number; readonly size?: number };
  /** Milliseconds that a delivery takes at most to reach the device. */
  readonly slowMs?: number;
}

/** What every block has of listeners. The newest is asked first: a change that waits for it is told to the others late. */
const LISTENERS: readonly ListenerPlan[] = [
  { mode: 'sync', failRate: 0, section: {} },
  { mode: 'sync', failRate: 0.08, section: { offset: 8 * PAGE, size: 32 * PAGE } },
  { mode: 'async', failRate: 0, section: { offset: 4 * PAGE, size: 40 * PAGE } },
  { mode: 'async', failRate: 0.2, section: {} },
  { mode: 'sync', failRate: 0, section: { offset: 0, size: SLOW_PAGES * PAGE }, slowMs: TIMEOUT / 2 },
];
/** What the block without sources has beside: growth is not always answered. */
const FOLLOWING: ListenerPlan = { mode: 'sync', failRate: 0.3, section: {} };

const WEATHER = { held: 0.002, repeated: 0.02 };
const CALM = { held: 0, repeated: 0, slowMs: 0 };

export interface Listener {
  readonly block: BlockModel;
  readonly path: string;
  readonly mode: 'sync' | 'async';
  readonly device: DeviceSimulator;
  readonly wire: Wire;
}

export class World {
  readonly blocks: BlockModel[] = [];
  readonly listeners: Listener[] = [];
  readonly #sources = new Map<BlockModel, string>();
  /** Pages of the block that can be resized, as its client knows it. */
  readonly lengths = new Map<BlockModel, number>();
  readonly least = LEAST;
  readonly most = MOST;

  static async make(api: Api, random: () => number): Promise<World> {
    const world = new World();
    for (const index of [0, 1, 2]) await world.#addBlock(api, index, random);
    await world.#addBlockWithoutSources(api, random);
    return world;
  }

  /** The blocks that have sources, and an address. */
  get converted(): readonly BlockModel[] {
    return this.blocks.filter(({ hasSources }) => hasSources);
  }

  /** Pages of the machine's address space. */
  get end(): number {
    return this.converted.length * MOST;
  }

  /** The blocks that can be resized. */
  get resizeable(): readonly BlockModel[] {
    return [...this.lengths.keys()];
  }

  /** The id of the source beside RamBlockAttributes. */
  pluggedOf(block: BlockModel): string {
    return this.#sources.get(block) ?? '';
  }

  /** The wires of `block` to the listener that is asked last, and to the slow one that is asked first. */
  wiresOf(block: BlockModel): { readonly last: Wire; readonly slow: Wire } {
    const wires = this.listeners.filter((listener) => listener.block === block).map(({ wire }) => wire);
    const [last, slow] = [wires[0], wires.at(-1)];
    assert.ok(last !== undefined && slow !== undefined);
    return { last, slow };
  }

  /** What the service serves of `block` is what the model has. */
  async checkState(api: Api, block: BlockModel): Promise<void> {
    const { usedLength, generation } = await api.ok('GET', block.path);
    assert.deepEqual({ usedLength, generation }, { usedLength: block.pages * PAGE, generation: block.generation });
    const ofSources = [
      ['?source=ram-block-attributes', 'shared'],
      ['?source=virtio-mem0', 'plugged'],
    ] as const;
    for (const [query, source] of [...(block.hasSources ? ofSources : []), ['', null] as const]) {
      const bytes = Buffer.from(await api.ok('GET', `${block.path}/bitmap${query}`), 'latin1');
      const bits = Array.from({ length: block.pages }, (_, page) => ((bytes[page >> 3] ?? 0) >> (page & 7)) % 2 === 1);
      assert.deepEqual(bits, block.bitmap(source), `${block.path}/bitmap${query}`);
    }
  }

  /** Nothing changes any more: every listener is settled, and its device has mapped what is populated of its section. */
  async checkDevices(api: Api): Promise<void> {
    for (const { wire } of this.listeners) await wire.clear();
    await until('every listener is at rest', async () => (await this.#restless(api)).length === 0, 60_000);
    for (const { wire } of this.listeners) await wire.clear();
    for (const { block, path, device, wire, mode } of this.listeners) {
      const { section, mapped } = await api.ok('GET', path);
      const { offset, size } = section;
      const populated = runsOf(block.bitmap(null), offset / PAGE, (offset + size) / PAGE, true);
      const expected = populated.map((run) => ({ offsetWithinRegion: run.offset, size: run.size }));
      assert.deepEqual(device.mappings(), expected, `${mode} ${path}`);
      const bytes = populated.reduce((sum, run) => sum + run.size, 0);
      assert.deepEqual([mapped.bytes, mapped.runs], [bytes, populated.length], `${mode} ${path}`);
      const { violations, pendingGaps } = device.state();
      assert.deepEqual({ violations: violations.first, pendingGaps }, { violations: [], pendingGaps: [] }, path);
      assert.deepEqual(wire.reused, [], `${path}: sequences that came with another content`);
    }
  }

  /** @returns violations that show only when nothing comes any more */
  async close(): Promise<number> {
    await Promise.all(this.listeners.map(({ wire }) => wire.close()));
    const states = await Promise.all(this.listeners.map(({ device }) => device.close()));
    return states.reduce((sum, { violations }) => sum + violations.count, 0);
  }

  async #restless(api: Api): Promise<string[]> {
    const restless: string[] = [];
    for (const { path } of this.listeners) {
      const { state, unsettled, position } = await api.ok('GET', path);
      if (state !== 'active' || unsettled.bytes > 0 || position.pending > 0) restless.push(path);
    }
    return restless;
  }

  async #addBlock(api: Api, index: number, random: () => number): Promise<void> {
    const isResizeable = index === 1;
    const usedLength = (isResizeable ? LEAST : MOST) * PAGE;
    const { id } = await api.ok('POST', '/v1/ram-blocks', {
      ...{ idstr: `ram${index}`, gpa: index * MOST * PAGE, usedLength },
      ...(isResizeable ? { maxLength: MOST * PAGE } : {}),
    });
    const source = { name: 'virtio-mem0', granularity: GRANULE * PAGE, populated: [{ offset: 0, size: usedLength }] };
    const { id: sourceId } = await api.ok('POST', `/v1/ram-blocks/${id}/sources`, source);
    const { generation } = await api.ok('GET', `/v1/ram-blocks/${id}`);
    const block = new BlockModel(id, usedLength / PAGE, generation);
    this.blocks.push(block);
    this.#sources.set(block, sourceId);
    if (isResizeable) this.lengths.set(block, block.pages);
    await this.#addListeners(api, block, LISTENERS, random);
  }

  async #addBlockWithoutSources(api: Api, random: () => number): Promise<void> {
    const lengths = { usedLength: LEAST * PAGE, maxLength: MOST * PAGE };
    const { id } = await api.ok('POST', '/v1/ram-blocks', { idstr: 'rom', guestMemfd: false, ...lengths });
    const block = new BlockModel(id, LEAST, 0, false);
    this.blocks.push(block);
    this.lengths.set(block, block.pages);
    await this.#addListeners(api, block, [FOLLOWING, ...LISTENERS], random);
  }

  async #addListeners(
    api: Api,
    block: BlockModel,
    plans: readonly ListenerPlan[],
    random: () => number,
  ): Promise<void> {
    for (const { mode, failRate, section, slowMs = 0 } of plans) {
      const seed = Math.floor(random() * 2 ** 32);
      const device = await startDeviceSimulator({ secret: SECRET, mode, failRate, seed });
      const wire = await Wire.start(device.url, CALM, random);
      const body = { url: wire.url, secret: SECRET, mode, section, timeoutMs: LONG_TIMEOUT };
      const path = `${block.path}/listeners/${(await api.ok('POST', `${block.path}/listeners`, body)).id}`;
      // Bad only once it is registered: without all listeners there is no test.
      if (slowMs === 0) await api.ok('PATCH', path, { timeoutMs: TIMEOUT });
      wire.weather = { ...WEATHER, ...(slowMs === 0 ? {} : { held: 0 }), slowMs };
      this.listeners.push({ block, path, mode, device, wire });
    }
  }
}
