// What the crash test is about: three blocks of a machine, side by side, each with a second source and four listeners (sync
// and async, one of each failing now and then), whose devices outlive every crash of the service.
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
/** Milliseconds; short, because a held delivery takes as long. */
const TIMEOUT = 400;

/** What a block has of listeners. Offsets and sizes in pages. */
const LISTENERS = [
  { mode: 'sync', failRate: 0, section: {} },
  { mode: 'sync', failRate: 0.08, section: { offset: 8 * PAGE, size: 32 * PAGE } },
  { mode: 'async', failRate: 0, section: { offset: 4 * PAGE, size: 40 * PAGE } },
  { mode: 'async', failRate: 0.2, section: {} },
] as const;

const WEATHER = { held: 0.002, repeated: 0.02 };

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
    return world;
  }

  /** Pages of the machine's address space. */
  get end(): number {
    return this.blocks.length * MOST;
  }

  get resizeable(): BlockModel | null {
    return this.blocks[1] ?? null;
  }

  /** The id of the source beside RamBlockAttributes. */
  pluggedOf(block: BlockModel): string {
    return this.#sources.get(block) ?? '';
  }

  /** What the service serves of `block` is what the model has. */
  async checkState(api: Api, block: BlockModel): Promise<void> {
    const { usedLength, generation } = await api.ok('GET', block.path);
    assert.deepEqual({ usedLength, generation }, { usedLength: block.pages * PAGE, generation: block.generation });
    for (const [query, source] of [
      ['?source=ram-block-attributes', 'shared'],
      ['?source=virtio-mem0', 'plugged'],
      ['', null],
    ] as const) {
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
    for (const { mode, failRate, section } of LISTENERS) {
      const seed = Math.floor(random() * 2 ** 32);
      const device = await startDeviceSimulator({ secret: SECRET, mode, failRate, seed });
      const wire = await Wire.start(device.url, WEATHER, random);
      const body = { url: wire.url, secret: SECRET, mode, section, timeoutMs: TIMEOUT };
      const listener = await api.ok('POST', `${block.path}/listeners`, body);
      this.listeners.push({ block, path: `${block.path}/listeners/${listener.id}`, mode, device, wire });
    }
  }
}
