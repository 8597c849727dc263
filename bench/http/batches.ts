// Batches of 1,000 conversions over HTTP, on disk: beside a constant route that reads and answers as much, and beside
// single conversions.
import { alternate, type Figure, figure, type Scale } from '../measure.ts';
import { withCluster } from './cluster.ts';
import { loadFigures } from './load-figures.ts';
import type { RequestPlan } from './requests.ts';
import { CONNECTIONS, plan } from './single.ts';

const BATCH = 1000;
/** Each converts a block of its own. */
export const BATCH_CONNECTIONS = 8;

/** What batches are loaded with. @param ramBlockIds as many as there are connections */
export function batchPlan(prefix: '/constant' | '/v1', ramBlockIds: readonly string[]): RequestPlan {
  return { prefix, connections: BATCH_CONNECTIONS, ramBlockIds, ranges: 2 * BATCH, batch: BATCH };
}

export function batchFigures(scale: Scale): Promise<Figure[]> {
  return withCluster(async (cluster) => {
    const app = await cluster.startService({ journal: 'memory' });
    const service = await cluster.startService({ journal: 'sqlite' });
    const ids = await service.createBlocks(CONNECTIONS);
    const batches = (prefix: '/constant' | '/v1') => batchPlan(prefix, ids.slice(0, BATCH_CONNECTIONS));
    const { constant, batch, single } = await alternate(scale.rounds, {
      constant: await cluster.target('constant', app, batches('/constant'), scale),
      batch: await cluster.target('batch', service, batches('/v1'), scale),
      // Of other blocks: what a batch finds shared must be what the batch before it left.
      single: await cluster.target('single', service, plan('/v1', ids.slice(BATCH_CONNECTIONS)), scale),
    });
    const what = 'batches of 1,000 conversions, on disk : constant route';
    const rates = batch.map(({ requestsPerSecond }) => requestsPerSecond * BATCH);
    return [
      ...loadFigures({ id: 'batch-disk', what, values: batch, yardsticks: constant, reach: { atLeast: 0.4 } }),
      figure(
        { id: 'batch-single', what: 'conversions in batches of 1,000 : single ones, on disk', unit: '/s' },
        rates,
        single.map(({ requestsPerSecond }) => requestsPerSecond),
        { atLeast: 8 },
      ),
    ];
  });
}
