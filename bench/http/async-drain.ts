// How fast the backlog of an async listener drains, beside a loop that sends the same bodies over one connection.
import { alternate, type Figure, rateAt, type Scale, scaled } from '../measure.ts';
import { Child } from '../processes/child.ts';
import { type Cluster, type Service, withCluster } from './cluster.ts';
import type { DeliveryLoop } from './delivery-loop.ts';
import { loadFigures, type Sent } from './load-figures.ts';

const PAGE = 4096;
const BACKLOG = 100_000;
/** What is drained before, until all of it is compiled. */
const WARM_UP = 30_000;
/** Conversions of a batch: what a block takes at most, in alternating directions, so that each is a delivery. */
const BATCH = 10_000;

export function drainFigures(scale: Scale): Promise<Figure[]> {
  return withCluster(async (cluster) => {
    const { port, sink } = await cluster.startSink();
    const backlog = scaled(BACKLOG, scale, BATCH);
    const window = Math.floor(backlog / scale.rounds);
    const warmUp = scaled(WARM_UP, scale, BATCH);
    const { server } = await startBacklogged(cluster, port, warmUp + backlog, []);
    const loop = new Child<DeliveryLoop>('./delivery-loop.ts', import.meta.url);
    const sample = async (cpu: () => Promise<number>, run: () => Promise<number>): Promise<Sent> => {
      const before = await cpu();
      const medianMs = await run();
      return { requestsPerSecond: rateAt(medianMs, 1), cpuMicroseconds: ((await cpu()) - before) / window };
    };
    const measured = {
      drain: () =>
        sample(
          () => server.call('cpu'),
          () => sink.call('pass', window),
        ),
      loop: () =>
        sample(
          () => loop.call('cpu'),
          () => loop.call('run', port, window),
        ),
    };
    try {
      await sink.call('pass', warmUp);
      await loop.call('run', port, warmUp);
      const { drain: values, loop: yardsticks } = await alternate(scale.rounds, measured);
      const what = `drain of a backlog of ${backlog.toLocaleString('en-US')} deliveries, on disk : undici loop`;
      return loadFigures({ id: 'async-drain', what, values, yardsticks, reach: { atLeast: 0.8 } });
    } finally {
      await loop.end();
    }
  });
}

/** A service whose one async listener, at the gate of the sink, is owed `backlog` deliveries of one page each. */
export async function startBacklogged(
  cluster: Cluster,
  sinkPort: number,
  backlog: number,
  nodeOptions: readonly string[],
): Promise<Service> {
  const settings = { RBA_ASYNC_BACKLOG_LIMIT: String(2 * backlog) };
  const service = await cluster.startService({ journal: 'sqlite', settings, nodeOptions });
  const [id = ''] = await service.createBlocks(1);
  await service.addListener(id, `http://127.0.0.1:${sinkPort}/gate`, { mode: 'async', timeoutMs: 30_000 });
  for (let sent = 0; sent < backlog; sent += BATCH) {
    const conversions = Array.from({ length: BATCH }, (_, index) => {
      const to = index % 2 === 0 ? 'shared' : 'private';
      return { offset: Math.floor(index / 2) * 2 * PAGE, size: PAGE, to };
    });
    await service.call('POST', `/ram-blocks/${id}/conversion-batches`, { conversions });
  }
  return service;
}
