// The service as a process with a journal on disk, and what is asked of it before, while and after it is fuzzed.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Api } from '../support/api.ts';
import { ServiceProcess } from '../support/service-process.ts';

/** Runs in the service: whoever reached a prototype is told of at its end. */
const PROTOTYPE_WATCH = `
  const prototypes = [Object, Array, Function, String, Number, Promise, Map].map((type) => type.prototype);
  const names = () => JSON.stringify(prototypes.map((one) => Object.getOwnPropertyNames(one)));
  let before;
  setImmediate(() => { before = names(); });
  process.on('exit', () => {
    for (const name in {}) process.exitCode = 97;
    if (before !== names()) process.exitCode = 97;
  });`;

const SETTINGS = {
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(PROTOTYPE_WATCH)}`,
  RBA_QUEUE_WAIT_MS: '5000',
  RBA_SNAPSHOT_EVERY: '100',
  RBA_EVENTS_KEPT: '1000',
};

type Item = Record<string, unknown>;

/** What of a listener nobody but a client changes. */
function settled({ state: _, mapped: _mapped, unsettled: _unsettled, position: _position, ...rest }: Item): Item {
  return rest;
}

export class ServiceUnderTest {
  readonly #folder = mkdtempSync(join(tmpdir(), 'rba-fuzz-'));
  #process: ServiceProcess;
  api!: Api;

  static async start(): Promise<ServiceUnderTest> {
    const service = new ServiceUnderTest();
    service.api = await service.#process.ready;
    return service;
  }

  private constructor() {
    this.#process = new ServiceProcess(this.#folder, SETTINGS);
  }

  get port(): number {
    return Number(new URL(this.api.url).port);
  }

  /** Bytes of the heap and outside of it that are in use; what can be let go of counts until it is. */
  async memory(): Promise<number> {
    const text = String(await this.api.ok('GET', '/metrics'));
    const sum = (name: string) => Number(new RegExp(`^rba_${name} (\\S+)$`, 'm').exec(text)?.[1]);
    return sum('nodejs_heap_size_used_bytes') + sum('nodejs_external_memory_bytes');
  }

  /** What it has logged as an error, or said without logging it. */
  get complaints(): string[] {
    return this.#process.output.filter((line) => !/^\{"level":[1-4]0,/.test(line));
  }

  /** The most memory that the process has had, in bytes. */
  get peakResident(): number {
    const status = readFileSync(`/proc/${this.#process.pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  }

  /** All that clients are told of the blocks and their listeners, which a restart must not change. */
  async everything(): Promise<unknown[]> {
    const found: unknown[] = [];
    for (const block of await this.#all('/v1/ram-blocks')) {
      const path = `/v1/ram-blocks/${block.id}`;
      found.push({
        block,
        sources: await this.#all(`${path}/sources`),
        populated: await this.#all(`${path}/sections?state=populated`),
        conversions: await this.#all(`${path}/conversions`),
        listeners: (await this.#all(`${path}/listeners`)).map(settled),
      });
    }
    return found;
  }

  /** Whether it is alive and takes changes. @throws Error */
  async checkAlive(): Promise<void> {
    for (const path of ['/livez', '/readyz']) await this.api.ok('GET', path);
    const { id } = await this.api.ok('POST', '/v1/ram-blocks', { idstr: 'alive', machine: 'alive', usedLength: '64K' });
    const change = { offset: 0, size: '64K', to: 'shared' };
    const { changedBytes } = await this.api.ok('POST', `/v1/ram-blocks/${id}/conversions`, change);
    if (changedBytes !== 65_536) throw new Error('a conversion was answered and not done');
    await this.api.ok('DELETE', `/v1/ram-blocks/${id}`);
  }

  /** Ends it in order, and starts it again on the same folder. @throws Error when it does not end with 0 */
  async restart(): Promise<void> {
    await this.stop();
    this.#process = new ServiceProcess(this.#folder, SETTINGS);
    this.api = await this.#process.ready;
  }

  /** @throws Error when it does not end with 0, or has logged an error of its own */
  async stop(): Promise<void> {
    await this.api.close();
    const code = await this.#process.end('SIGTERM');
    if (code === 97) throw new Error('a prototype was reached');
    if (code !== 0 || this.complaints.length > 0) throw new Error(`the service ended with ${code}`);
  }

  /** Of all pages. */
  async #all(path: string): Promise<Item[]> {
    const found: Item[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const query: string = `limit=1000${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
      const { items, nextCursor } = await this.api.ok('GET', `${path}${path.includes('?') ? '&' : '?'}${query}`);
      found.push(...items);
      cursor = nextCursor;
    }
    return found;
  }

  async remove(): Promise<void> {
    await this.#process.end('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
