// The processes of one HTTP figure: a load generator, servers, a webhook sink; with what is needed to set them up.
import { Pool } from 'undici';
import { rateAt, type Scale } from '../measure.ts';
import { Child } from '../processes/child.ts';
import { makeDataFolder, removeDataFolder } from '../processes/data-folder.ts';
import type { AppServer } from './app-server.ts';
import type { Load, LoadGenerator } from './load-generator.ts';
import { BLOCK_BYTES, type RequestPlan } from './requests.ts';
import type { WebhookSink } from './webhook-sink.ts';

export type JournalKind = 'memory' | 'sqlite';

export interface ServiceOptions {
  readonly journal: JournalKind;
  readonly settings?: Readonly<Record<string, string>>;
  readonly sinkPort?: number;
  readonly nodeOptions?: readonly string[];
}

/** What one window of load came to, at the server too. */
export interface Window extends Load {
  readonly requestsPerSecond: number;
  /** Of the thread that answers, for each request: it hardly depends on what else the machine does. */
  readonly cpuMicroseconds: number;
}

/** Loads a server for one window. */
export type Target = () => Promise<Window>;

/** A service on a port of 127.0.0.1. */
export class Service {
  readonly port: number;
  readonly server: Child<AppServer>;
  readonly #pool: Pool;

  constructor(port: number, server: Child<AppServer>) {
    this.port = port;
    this.server = server;
    this.#pool = new Pool(`http://127.0.0.1:${port}`);
  }

  async call(method: 'POST' | 'GET' | 'PUT', path: string, body?: object): Promise<{ readonly id: string }> {
    const isBytes = body instanceof Uint8Array;
    const answered = await this.#pool.request({
      path: `/v1${path}`,
      method,
      headers: body === undefined ? {} : { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' },
      body: body === undefined || isBytes ? (body ?? null) : JSON.stringify(body),
    });
    const text = await answered.body.text();
    if (answered.statusCode >= 300) throw new Error(`${method} ${path}: ${answered.statusCode} ${text}`);
    return JSON.parse(text);
  }

  /** Makes `count` blocks, each in a machine of its own, whose name begins with `prefix`. @returns their ids */
  async createBlocks(count: number, usedLength = BLOCK_BYTES, prefix = 'machine'): Promise<string[]> {
    const ids: string[] = [];
    for (let n = 0; n < count; n++) {
      const body = { idstr: 'pc.ram', usedLength, machine: `${prefix}-${n}` };
      ids.push((await this.call('POST', '/ram-blocks', body)).id);
    }
    return ids;
  }

  async addListener(ramBlockId: string, url: string, more: object = {}): Promise<string> {
    return (await this.call('POST', `/ram-blocks/${ramBlockId}/listeners`, { url, ...more })).id;
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
    await this.server.end();
  }
}

export class Cluster {
  readonly generator = new Child<LoadGenerator>('./load-generator.ts', import.meta.url);
  readonly #services: Service[] = [];
  readonly #sinks: Child<WebhookSink>[] = [];
  readonly #folders: string[] = [];

  async startService({ journal, settings = {}, sinkPort, nodeOptions = [] }: ServiceOptions): Promise<Service> {
    const server = new Child<AppServer>('./app-server.ts', import.meta.url, { nodeOptions });
    const all: Record<string, string> = { RBA_JOURNAL: journal, ...settings };
    if (journal === 'sqlite' && all.RBA_DATA_DIR === undefined) {
      all.RBA_DATA_DIR = makeDataFolder();
      this.#folders.push(all.RBA_DATA_DIR);
    }
    return this.#keep(new Service(await server.call('startService', all, sinkPort ?? null), server));
  }

  async startBare(nodeOptions: readonly string[] = []): Promise<Service> {
    const server = new Child<AppServer>('./app-server.ts', import.meta.url, { nodeOptions });
    return this.#keep(new Service(await server.call('startBare'), server));
  }

  async startSink(): Promise<{ readonly port: number; readonly sink: Child<WebhookSink> }> {
    const sink = new Child<WebhookSink>('./webhook-sink.ts', import.meta.url);
    this.#sinks.push(sink);
    return { port: await sink.call('start'), sink };
  }

  /** Connects the load generator to a server and warms both up. */
  async target(name: string, service: Service, plan: RequestPlan, scale: Scale): Promise<Target> {
    await this.generator.call('open', name, service.port, plan);
    await this.generator.call('run', name, scale.warmUpMs, scale.isAwake);
    return async () => {
      const before = await service.server.call('cpu');
      const load = await this.generator.call('run', name, scale.windowMs, scale.isAwake);
      const cpuMicroseconds = ((await service.server.call('cpu')) - before) / load.requests;
      return { ...load, requestsPerSecond: rateAt(load.medianMs, plan.connections), cpuMicroseconds };
    };
  }

  async close(): Promise<void> {
    await this.generator.end();
    await Promise.all(this.#services.map((service) => service.close()));
    await Promise.all(this.#sinks.map((sink) => sink.end()));
    for (const folder of this.#folders) removeDataFolder(folder);
  }

  #keep(service: Service): Service {
    this.#services.push(service);
    return service;
  }
}

/** Runs `task` with processes that end with it. */
export async function withCluster<T>(task: (cluster: Cluster) => Promise<T>): Promise<T> {
  const cluster = new Cluster();
  try {
    return await task(cluster);
  } finally {
    await cluster.close();
  }
}
