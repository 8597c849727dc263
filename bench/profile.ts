// node bench/profile.ts SCENARIO: loads the service under --cpu-prof and says where its threads spend their time, in
// microseconds of each request.
import { parseArgs } from 'node:util';
import { startBacklogged } from './http/async-drain.ts';
import { BATCH_CONNECTIONS, batchPlan } from './http/batches.ts';
import { type Cluster, type JournalKind, type Service, withCluster } from './http/cluster.ts';
import type { RequestPlan } from './http/requests.ts';
import { ANY_BLOCK, plan } from './http/single.ts';
import type { Scale } from './measure.ts';
import { Child } from './processes/child.ts';
import { makeDataFolder, removeDataFolders } from './processes/data-folder.ts';
import { readProfiles, type ThreadCosts } from './report/cpu-profile.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '5' }, top: { type: 'string', default: '25' } },
});

interface Loaded {
  readonly from: number;
  readonly to: number;
  readonly requests: number;
}

type Scenario = (cluster: Cluster, nodeOptions: string[]) => Promise<Loaded>;

const SCENARIOS: Record<string, Scenario> = {
  'http-bare': async (cluster, nodeOptions) => {
    const service = await cluster.startBare(nodeOptions);
    return load(cluster, service, '/bare', ANY_BLOCK);
  },
  'http-constant': async (cluster, nodeOptions) => {
    const service = await cluster.startService({ journal: 'memory', nodeOptions });
    return load(cluster, service, '/constant', ANY_BLOCK);
  },
  'http-memory': (cluster, nodeOptions) => conversions(cluster, nodeOptions, 'memory', 64, false),
  'http-memory-one-block': (cluster, nodeOptions) => conversions(cluster, nodeOptions, 'memory', 1, false),
  'http-disk': (cluster, nodeOptions) => conversions(cluster, nodeOptions, 'sqlite', 64, false),
  'http-disk-one-block': (cluster, nodeOptions) => conversions(cluster, nodeOptions, 'sqlite', 1, false),
  'listener-memory': (cluster, nodeOptions) => conversions(cluster, nodeOptions, 'memory', 64, true),
  'listener-disk': (cluster, nodeOptions) => conversions(cluster, nodeOptions, 'sqlite', 64, true),
  'batch-constant': (cluster, nodeOptions) => batches(cluster, nodeOptions, '/constant'),
  'batch-disk': (cluster, nodeOptions) => batches(cluster, nodeOptions, '/v1'),
  'async-drain': async (cluster, nodeOptions) => {
    const { port, sink } = await cluster.startSink();
    const deliveries = 40_000;
    await startBacklogged(cluster, port, deliveries, nodeOptions);
    await sink.call('pass', deliveries / 4);
    return timed(() => sink.call('pass', deliveries / 2), deliveries / 2);
  },
  'listener-relay': async (cluster, nodeOptions) => {
    const { port } = await cluster.startSink();
    const service = await cluster.startService({ journal: 'memory', sinkPort: port, nodeOptions });
    return load(cluster, service, '/relay', ANY_BLOCK);
  },
};

const [name = ''] = positionals;
const scenario = SCENARIOS[name];
if (scenario === undefined) throw new Error(`no scenario ${name}; there are ${Object.keys(SCENARIOS).join(', ')}`);
try {
  const folder = makeDataFolder();
  const nodeOptions = ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=250'];
  const { from, to, requests } = await withCluster((cluster) => scenario(cluster, nodeOptions));
  process.stdout.write(`${name}: ${requests} requests in ${((to - from) / 1e6).toFixed(2)} s\n`);
  for (const thread of readProfiles(folder, from, to)) print(thread, requests);
} finally {
  await Child.endAll();
  removeDataFolders();
}

async function conversions(
  cluster: Cluster,
  nodeOptions: string[],
  journal: JournalKind,
  blocks: number,
  listened: boolean,
): Promise<Loaded> {
  const service = await cluster.startService({ journal, nodeOptions });
  const ids = await service.createBlocks(blocks);
  if (listened) {
    const { port } = await cluster.startSink();
    for (const id of ids) await service.addListener(id, `http://127.0.0.1:${port}/hook`);
  }
  return load(cluster, service, '/v1', ids);
}

async function batches(cluster: Cluster, nodeOptions: string[], prefix: '/constant' | '/v1'): Promise<Loaded> {
  const service = await cluster.startService({ journal: 'sqlite', nodeOptions });
  return loadWith(cluster, service, batchPlan(prefix, await service.createBlocks(BATCH_CONNECTIONS)));
}

function load(cluster: Cluster, service: Service, prefix: RequestPlan['prefix'], ids: readonly string[]) {
  return loadWith(cluster, service, plan(prefix, ids));
}

async function loadWith(cluster: Cluster, service: Service, requests: RequestPlan): Promise<Loaded> {
  const windowMs = Number(options.seconds) * 1000;
  const scale: Scale = { rounds: 1, windowMs, warmUpMs: 3000, share: 1, isAwake: false };
  const run = await cluster.target('profiled', service, requests, scale);
  let cpu = 0;
  const loaded = await timed(async () => {
    const window = await run();
    cpu = window.cpuMicroseconds;
    return window.requests;
  });
  process.stdout.write(`the serving thread worked ${cpu.toFixed(1)} us for each, by the clock of the kernel\n`);
  return loaded;
}

/** @param run resolves to how many requests it made */
async function timed(run: () => Promise<number>, requests?: number): Promise<Loaded> {
  const now = () => Number(process.hrtime.bigint() / 1000n);
  const from = now();
  const made = await run();
  return { from, to: now(), requests: requests ?? made };
}

function print({ file, busy, costs }: ThreadCosts, requests: number): void {
  const each = (microseconds: number) => (microseconds / requests).toFixed(2).padStart(8);
  const share = (microseconds: number) => `${((100 * microseconds) / busy).toFixed(1).padStart(5)} %`;
  const line = (microseconds: number, name: string) => `${each(microseconds)} us  ${share(microseconds)}  ${name}\n`;
  process.stdout.write(`\n${file}: busy ${each(busy).trim()} us a request\n  by itself\n`);
  const top = Number(options.top);
  for (const { name, self } of costs.toSorted((a, b) => b.self - a.self).slice(0, top))
    process.stdout.write(line(self, name));
  process.stdout.write('  with what it calls\n');
  const own = costs.filter((cost) => / (?:src|bench)\//.test(cost.name));
  for (const { name, total } of own.toSorted((a, b) => b.total - a.total).slice(0, 2 * top))
    process.stdout.write(line(total, name));
}
