// Conversions that wait for a sync listener: of 64 blocks at once beside a relay that does nothing else, and of one block
// by 64 clients at once beside one client.
import { alternate, type Figure, figure, type Scale } from '../measure.ts';
import { type Cluster, type JournalKind, type Target, withCluster } from './cluster.ts';
import { loadFigures } from './load-figures.ts';
import { ANY_BLOCK, CONNECTIONS, plan } from './single.ts';

export function relayFigures(scale: Scale): Promise<Figure[]> {
  return withCluster(async (cluster) => {
    const { port } = await cluster.startSink();
    const app = await cluster.startService({ journal: 'memory', sinkPort: port });
    const { memory, relay, disk } = await alternate(scale.rounds, {
      memory: await listened(cluster, 'memory', port, scale),
      relay: await cluster.target('relay', app, plan('/relay', ANY_BLOCK), scale),
      disk: await listened(cluster, 'sqlite', port, scale),
    });
    const of = (id: string, what: string, values: typeof memory, atLeast: number) => {
      return loadFigures({ id: `listener-${id}`, what, values, yardsticks: relay, reach: { atLeast } });
    };
    return [
      ...of('memory', 'conversions of 64 blocks with a sync listener each, in memory : relay', memory, 0.6),
      ...of('disk', 'the same on disk, two commits each : relay', disk, 0.4),
    ];
  });
}

/** Blocks with a listener each, one for every connection. */
async function listened(cluster: Cluster, journal: JournalKind, sinkPort: number, scale: Scale): Promise<Target> {
  const service = await cluster.startService({ journal });
  const ids = await service.createBlocks(CONNECTIONS);
  for (const id of ids) await service.addListener(id, `http://127.0.0.1:${sinkPort}/hook`);
  return cluster.target(journal, service, plan('/v1', ids), scale);
}

export function disjointFigures(scale: Scale): Promise<Figure[]> {
  return withCluster(async (cluster) => {
    const { port } = await cluster.startSink();
    const service = await cluster.startService({ journal: 'memory' });
    const ids = await service.createBlocks(2);
    for (const id of ids) await service.addListener(id, `http://127.0.0.1:${port}/after/2`);
    const [together = '', alone = ''] = ids;
    const { many, one } = await alternate(scale.rounds, {
      many: await cluster.target('many', service, plan('/v1', [together]), scale),
      one: await cluster.target('one', service, { ...plan('/v1', [alone]), connections: 1 }, scale),
    });
    const about = {
      id: 'disjoint',
      what: 'disjoint conversions of one block, listener of 2 ms: 64 clients : one',
      unit: '/s',
    };
    const rate = (windows: typeof many) => windows.map(({ requestsPerSecond }) => requestsPerSecond);
    return [figure(about, rate(many), rate(one), { atLeast: 20 })];
  });
}
