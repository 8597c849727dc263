// Single conversions over HTTP: what the service costs beside a constant route, in memory and on disk.
import { alternate, type Figure, type Scale } from '../measure.ts';
import { type Cluster, type JournalKind, type Target, withCluster } from './cluster.ts';
import { loadFigures } from './load-figures.ts';
import type { RequestPlan } from './requests.ts';

export const CONNECTIONS = 64;
/** Of one connection. */
const RANGES = 256;

export function plan(prefix: RequestPlan['prefix'], ramBlockIds: readonly string[]): RequestPlan {
  return { prefix, connections: CONNECTIONS, ramBlockIds, ranges: RANGES, batch: 1 };
}

/** A yardstick does not look at ids. */
export const ANY_BLOCK = ['blk_01a2069582dc0000d37e5c0d'];

export function singleFigures(scale: Scale): Promise<Figure[]> {
  return withCluster(async (cluster) => {
    const app = await cluster.startService({ journal: 'memory' });
    const { bare, constant, ...service } = await alternate(scale.rounds, {
      bare: await cluster.target('bare', await cluster.startBare(), plan('/bare', ANY_BLOCK), scale),
      memory: await conversions(cluster, 'memory', CONNECTIONS, scale),
      memoryOne: await conversions(cluster, 'memory', 1, scale),
      constant: await cluster.target('constant', app, plan('/constant', ANY_BLOCK), scale),
      disk: await conversions(cluster, 'sqlite', CONNECTIONS, scale),
      diskOne: await conversions(cluster, 'sqlite', 1, scale),
    });
    const constants = { values: constant, yardsticks: bare, reach: { atLeast: 0.8 } };
    const compared = [
      ['memory', 'conversions of 64 blocks, in memory : constant route', service.memory, 0.85],
      ['memory-one-block', 'conversions of one block, in memory : constant route', service.memoryOne, 0.85],
      ['disk', 'conversions of 64 blocks, on disk : constant route', service.disk, 0.6],
      ['disk-one-block', 'conversions of one block, on disk : constant route', service.diskOne, 0.6],
    ] as const;
    return [
      ...loadFigures({ id: 'http-constant', what: 'constant route of the app : of a bare Fastify', ...constants }),
      ...compared.flatMap(([name, what, values, atLeast]) => {
        return loadFigures({ id: `http-${name}`, what, values, yardsticks: constant, reach: { atLeast } });
      }),
    ];
  });
}

async function conversions(cluster: Cluster, journal: JournalKind, blocks: number, scale: Scale): Promise<Target> {
  const service = await cluster.startService({ journal });
  const ids = await service.createBlocks(blocks);
  return cluster.target(`${journal}-${blocks}`, service, plan('/v1', ids), scale);
}
