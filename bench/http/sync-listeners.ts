// Conversions that wait for a sync listener: of 64 blocks at once beside a relay that does nothing else, and of one block
// by 64 clients at once beside one client.
import { alternate, type Figure, figure, type Scale } from '../measure.ts';
import { type Cluster, type JournalKind, type Target, withCluster } from './cluster.ts';
import { loadFigures } from './load-figures.ts';
import { ANY_BLOCK, CONNECTIONS, plan } from './single.ts';

/** What sends webhooks does more for each request, and fewer of them: it takes longer until all of it is compiled. */
function warmedLonger(scale: Scale): Scale {
  return { ...scale, warmUpMs: 3 * scale.warmUpMs };
}

export function relayFigures(scale: Scale): Promise<Figure[]> {
  return withCluster(async (cluster) => {
    const longer = warmedLonger(scale);
    const { port } = await cluster.startSink();
    const app = await cluster.startService({ journal: 'memory', sinkPort: port });
    const { memory, relay, disk } = await alternate(scale.rounds, {
      memory: await listened(cluster, 'memory', port, longer),
      relay: await cluster.target('relay', app, plan('/relay', ANY_BLOCK), longer),
      disk: await listened(cluster, 'sqlite', port, longer),
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
    const longer = warmedLonger(scale);
    const { port } = await cluster.startSink();
    const service = await cluster.startService({ journal: 'memory', sinkPort: port });
    const ids = await service.createBlocks(2);
    for (const id of ids) await service.addListener(id, `http://127.0.0.1:${port}/after/2`);
    const [together = '', alone = ''] = ids;
    const { many, one, relay } = await alternate(scale.rounds, {
      many: await cluster.target('many', service, plan('/v1', [together]), longer),
      one: await cluster.target('one', service, { ...plan('/v1', [alone]), connections: 1 }, scale),
      relay: await cluster.target('relay', service, plan('/relay', ANY_BLOCK), longer),
    });
    const rate = (windows: typeof many) => windows.map(({ requestsPerSecond }) => requestsPerSecond);
    const what = 'disjoint conversions of one block, listener of 2 ms: 64 clients : one';
    const limit = '  what the machine has room for: the relay, which only sends, and waits for no 2 ms : that one';
    return [
      figure({ id: 'disjoint', what, unit: '/s' }, rate(many), rate(one), { atLeast: 20 }),
      figure({ id: 'disjoint-limit', what: limit, unit: '/s' }, rate(relay), rate(one), null),
    ];
  });
}
