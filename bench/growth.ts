// How the latency of one conversion grows with what the service holds: the size of its block, the runs in it, its
// listeners, the number of blocks. One client, so that nothing waits for anything else; the journal in memory.
import { type Cluster, type Service, type Target, withCluster } from './http/cluster.ts';
import { BLOCK_BYTES } from './http/requests.ts';
import { ANY_BLOCK, plan } from './http/single.ts';
import { alternate, median, type Scale } from './measure.ts';
import type { Chart, Panel } from './report/line-chart.ts';

const GIB = 2 ** 30;
const SIZES = [GIB, 16 * GIB, 256 * GIB, 4096 * GIB, 65_536 * GIB];
const RUNS = [1, 100, 10_000, 100_000, 1_000_000];
const LISTENERS = [1, 2, 4, 8, 16];
const BLOCKS = [1, 10, 100, 1000, 10_000];

export function growthChart(scale: Scale): Promise<Chart> {
  return withCluster(async (cluster) => {
    const panels = [
      await overSizes(cluster, scale),
      await overRuns(cluster, scale),
      await overListeners(cluster, scale),
      await overBlocks(cluster, scale),
    ];
    return {
      title: 'Latency of one conversion over HTTP, one client, journal in memory (medians)',
      unit: 'us',
      yardstickName: 'constant route',
      panels,
    };
  });
}

async function overSizes(cluster: Cluster, scale: Scale): Promise<Panel> {
  const service = await cluster.startService({ journal: 'memory' });
  const at = async (bytes: number) => (await service.createBlocks(1, bytes, `size-${bytes}`))[0] ?? '';
  return panel(cluster, service, scale, { title: 'size of the block', xs: SIZES, at, label: sizeLabel });
}

async function overRuns(cluster: Cluster, scale: Scale): Promise<Panel> {
  const service = await cluster.startService({ journal: 'memory' });
  const at = async (runs: number) => {
    const [id = ''] = await service.createBlocks(1, BLOCK_BYTES, `runs-${runs}`);
    // Every other page, from the beginning on.
    const bitmap = new Uint8Array(Math.ceil(runs / 4)).fill(0b0101_0101);
    await service.call('PUT', `/ram-blocks/${id}/bitmap?offset=0`, bitmap);
    return id;
  };
  return panel(cluster, service, scale, {
    title: 'runs of shared pages in the block',
    xs: RUNS,
    at,
    label: countLabel,
  });
}

async function overListeners(cluster: Cluster, scale: Scale): Promise<Panel> {
  const { port } = await cluster.startSink();
  const service = await cluster.startService({ journal: 'memory' });
  const at = async (count: number) => {
    const [id = ''] = await service.createBlocks(1, BLOCK_BYTES, `listeners-${count}`);
    for (let n = 0; n < count; n++) await service.addListener(id, `http://127.0.0.1:${port}/hook`);
    return id;
  };
  const title = 'sync listeners (one after the other for populates)';
  return panel(cluster, service, scale, { title, xs: LISTENERS, at, label: countLabel });
}

async function overBlocks(cluster: Cluster, scale: Scale): Promise<Panel> {
  const services = new Map<number, Service>();
  const at = async (count: number) => {
    const service = await cluster.startService({ journal: 'memory' });
    services.set(count, service);
    const [id = ''] = await service.createBlocks(1);
    await service.createBlocks(count - 1, GIB, 'others');
    return id;
  };
  const serviceAt = (count: number) => services.get(count);
  const service = await cluster.startService({ journal: 'memory' });
  return panel(cluster, service, scale, {
    title: 'blocks of the service',
    xs: BLOCKS,
    at,
    label: countLabel,
    serviceAt,
  });
}

interface Asked {
  readonly title: string;
  readonly xs: readonly number[];
  readonly label: (x: number) => string;
  /** Makes the block that is converted at `x`. */
  readonly at: (x: number) => Promise<string>;
  /** The service that has it, where each has its own. */
  readonly serviceAt?: (x: number) => Service | undefined;
}

async function panel(cluster: Cluster, service: Service, scale: Scale, asked: Asked): Promise<Panel> {
  const { title, xs, label, at, serviceAt = () => service } = asked;
  const targets: Record<string, Target> = {
    constant: await cluster.target(
      `${title} constant`,
      service,
      { ...plan('/constant', ANY_BLOCK), connections: 1 },
      scale,
    ),
  };
  for (const x of xs) {
    const id = await at(x);
    const requests = { ...plan('/v1', [id]), connections: 1 };
    targets[x] = await cluster.target(`${title} ${x}`, serviceAt(x) ?? service, requests, scale);
  }
  const windows = await alternate(scale.rounds, targets);
  const microseconds = (name: string) => median((windows[name] ?? []).map(({ medianMs }) => medianMs * 1000));
  const points = xs.map((x) => ({ x, y: microseconds(String(x)) }));
  return { title, label, points, yardstick: microseconds('constant') };
}

function countLabel(count: number): string {
  return count.toLocaleString('en-US', { notation: 'compact' });
}

function sizeLabel(bytes: number): string {
  return bytes >= 1024 * GIB ? `${bytes / (1024 * GIB)} TiB` : `${bytes / GIB} GiB`;
}
