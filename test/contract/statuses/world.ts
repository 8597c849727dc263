// What the table of statuses plays with: a service whose journal obeys, and for every row a block of its own, in its own
// machine, with a source beside RamBlockAttributes and a listener that obeys too.

import { Api, type CallOptions } from '../../support/api.ts';
import { FaultyJournal } from '../../support/faulty-journal.ts';
import { ScriptedListener, SECRET } from '../../support/scripted-listener.ts';
import { startService, type TestService, until } from '../../support/service.ts';
import { ON_ASYNC, type Sample, sampleOf } from './samples.ts';

export const PAGE = 4096;
/** Where the block of a world begins in its machine. */
export const GPA = 2 ** 30;

let machines = 0;

export class World {
  readonly journal: FaultyJournal;
  readonly api: Api;
  readonly device: ScriptedListener;
  readonly machine = `machine-${machines++}`;
  blockId = '';
  sourceId = '';
  listenerId = '';
  /** Once there is one ({@link World.prepare}). */
  asyncListenerId = '';
  readonly #service: TestService;

  /** A world in `service`; closing the world does not close that. */
  static async create(service: TestService, journal: FaultyJournal): Promise<World> {
    const world = new World(service, journal, await ScriptedListener.start());
    await world.#fill();
    return world;
  }

  private constructor(service: TestService, journal: FaultyJournal, device: ScriptedListener) {
    this.#service = service;
    this.journal = journal;
    this.device = device;
    this.api = new Api(service.url);
  }

  async close(): Promise<void> {
    this.journal.fault = null;
    this.journal.release();
    await until('the service is ready', async () => (await this.api.get('/readyz')).status === 200);
    await this.api.delete(`/v1/ram-blocks/${this.blockId}?force=true`);
    await this.api.close();
    await this.device.close();
  }

  /** Shared are pages 0 to 3, of which the source has 2 and 3 discarded: 0 and 1 are populated. */
  async #fill(): Promise<void> {
    const block = { machine: this.machine, idstr: 'pc.ram', usedLength: '64K', maxLength: '128K', gpa: GPA };
    this.blockId = (await this.api.ok('POST', '/v1/ram-blocks', block)).id;
    await this.add('conversions', { offset: 0, size: 4 * PAGE, to: 'shared' });
    const populated = [
      { offset: 0, size: 2 * PAGE },
      { offset: 4 * PAGE, size: 12 * PAGE },
    ];
    this.sourceId = (await this.add('sources', { name: 'virtio-mem0', granularity: PAGE, populated })).id;
    this.listenerId = (await this.add('listeners', { url: this.device.url, secret: SECRET, timeoutMs: 1000 })).id;
  }

  /** Sees to it that the request that stands for `operationId` finds what it needs. */
  async prepare(operationId: string): Promise<void> {
    if (ON_ASYNC.includes(operationId) && this.asyncListenerId === '') await this.addAsyncListener();
  }

  /** Registers an async listener that cannot be reached, and waits until its first delivery has failed. */
  async addAsyncListener(): Promise<void> {
    const { id } = await this.add('listeners', { url: 'http://127.0.0.1:9/', secret: SECRET, mode: 'async' });
    this.asyncListenerId = id;
    const path = `/v1/ram-blocks/${this.blockId}/listeners/${id}`;
    await until('its first delivery has failed', async () => (await this.api.ok('GET', path)).state === 'failing');
  }

  /** Posts something to the block, which must succeed. */
  add(collection: string, body: object) {
    return this.api.ok('POST', `/v1/ram-blocks/${this.blockId}/${collection}`, body);
  }

  /** Sends the request that stands for `operationId`, with changes. */
  send(operationId: string, change: Partial<Sample> & CallOptions = {}) {
    const sample = sampleOf(operationId, this);
    const { method, path, body } = { ...sample, ...change };
    return this.api.call(method, path, body, { ...change, headers: { ...sample.headers, ...change.headers } });
  }

  /** What the listener answers to populates and to discards. */
  answers(populate: number, discard: number): void {
    this.device.script = ({ type }) => (type === 'ram_block.populate' ? populate : discard);
  }

  /** The value of a metric without labels. */
  async metric(name: string): Promise<number> {
    const { body } = await this.api.get('/metrics');
    return Number(new RegExp(`^${name} (.*)$`, 'm').exec(body)?.[1]);
  }

  /** While a change is being written, the service begins to shut down; `send` is called then. */
  async whileDraining<T>(send: () => Promise<T>): Promise<T> {
    this.journal.hold();
    const underWay = this.add('conversions', { offset: 5 * PAGE, size: PAGE, to: 'shared' });
    await until('the change is being written', () => this.journal.held > 0);
    const closed = this.#service.close();
    await until('it drains', async () => (await this.api.get('/readyz')).status === 503);
    const answer = await send();
    this.journal.release();
    await underWay;
    await this.api.close();
    await closed;
    await this.device.close();
    return answer;
  }
}

export async function startFaultyService(
  more: Record<string, string> = {},
): Promise<{ service: TestService; journal: FaultyJournal }> {
  const journal = new FaultyJournal();
  // What failed once is not tried again while a test looks at it.
  const settings = { RBA_BLOCK_QUEUE_LIMIT: '1', RBA_ASYNC_RETRY_SCHEDULE: '1h', ...more };
  return { journal, service: await startService({ settings, openJournal: journal.open }) };
}
