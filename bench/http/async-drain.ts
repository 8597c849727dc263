// How fast the backlog of an async listener drains, beside a loop that sends the same bodies over one connection.
import { alternate, type Figure, figure, type Scale, scaled } from '../measure.ts';
import { Child } from '../processes/child.ts';
import { type Cluster, type Service, withCluster } from './cluster.ts';
import type { DeliveryLoop } from './delivery-loop.ts';

const PAGE = 4096;
const BACKLOG = 100_000;
/** Conversions of a batch: what a block takes at most, in alternating directions, so that each is a delivery. */
const BATCH = 10_000;

export function drainFigures(scale: Scale): Promise<Figure[]> {
  return withCluster(async (cluster) => {
    const { port, sink } = await cluster.startSink();
    const backlog = scaled(BACKLOG, scale, BATCH);
    // One window warms up.
    const window = Math.floor(backlog / (scale.rounds + 1));
    await startBacklogged(cluster, port, backlog, []);
    const loop = new Child<DeliveryLoop>('./delivery-loop.ts', import.meta.url);
    try {
      const measured = {
        drain: async () => window / ((await sink.call('pass', window)) / 1000),
        loop: async () => window / ((await loop.call('run', port, window)) / 1000),
      };
      await alternate(1, measured);
      const { drain, loop: yardstick } = await alternate(scale.rounds, measured);
      const about = {
        id: 'async-drain',
        what: `drain of a backlog of ${backlog.toLocaleString('en-US')} deliveries, on disk : undici loop`,
        unit: '/s',
      };
      return [figure(about, drain, yardstick, { atLeast: 0.8 })];
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
): Promise<{ readonly service: Service }> {
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
  return { service };
}
