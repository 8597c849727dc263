// How long one request holds up all others: the longest answer of /livez while it runs, beside the longest without it.
import { setTimeout as wait } from 'node:timers/promises';
import { request } from 'undici';
import { type Cluster, type Service, withCluster } from '../http/cluster.ts';
import { type Figure, median } from '../measure.ts';
import { Child } from '../processes/child.ts';
import { makeDataFolder, removeDataFolder } from '../processes/data-folder.ts';
import type { LivezProbe } from './livez-probe.ts';
import {
  batchRequests,
  bitmapRequests,
  eventRequests,
  type LargeRequest,
  machineRequests,
  unknownRequests,
} from './requests.ts';

const ROUNDS = 3;
/** Milliseconds that any single request may hold up all others, on a quiet machine. */
const GOAL = 100;
/** Milliseconds that are probed without a request. */
const QUIET = 500;
/** Milliseconds after a request in which what is left of it is done: events that are sent, records that are filed. */
const AFTER = 200;
/** Milliseconds until a start is looked at again. */
const READY_PAUSE = 20;
const SETTINGS = { RBA_EVENT_STREAMS: '10000', RBA_EVENT_LOOP_DELAY_LIMIT_MS: '0' };

export function sliceFigures(): Promise<Figure[]> {
  return withCluster(async (cluster) => {
    const probe = new Child<LivezProbe>('./livez-probe.ts', import.meta.url);
    const { port } = await cluster.startSink();
    const folder = makeDataFolder();
    const settings = { ...SETTINGS, RBA_DATA_DIR: folder };
    const service = await cluster.startService({ journal: 'sqlite', settings });
    const figures: Figure[] = [];
    const measure = async (requests: readonly LargeRequest[]): Promise<void> => {
      for (const each of requests) figures.push(await figureOf(probe, service, each));
    };
    await measure(await bitmapRequests(service, port));
    await measure(await batchRequests(service));
    await measure(await unknownRequests(cluster, service));
    await measure(await machineRequests(service));
    const { requests, close } = await eventRequests(service);
    await measure(requests);
    close();
    await service.close();
    figures.push(await startFigure(cluster, probe, settings));
    await probe.end();
    removeDataFolder(folder);
    return figures;
  });
}

/** A start with all that the requests left, from when it listens until it is ready. */
async function startFigure(
  cluster: Cluster,
  probe: Child<LivezProbe>,
  settings: Readonly<Record<string, string>>,
): Promise<Figure> {
  const during: number[] = [];
  const without: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const service = await cluster.startService({ journal: 'sqlite', settings });
    await probe.call('start', service.port);
    while ((await statusOf(`http://127.0.0.1:${service.port}/readyz`)) !== 200) await wait(READY_PAUSE);
    during.push(await probe.call('stop'));
    without.push(await quiet(probe, service));
    await service.close();
  }
  return figureWith('slices-start', 'a start with the journal of all these', during, without);
}

async function statusOf(url: string): Promise<number> {
  const { statusCode, body } = await request(url);
  await body.dump();
  return statusCode;
}

async function quiet(probe: Child<LivezProbe>, { port }: Service): Promise<number> {
  await probe.call('start', port);
  await wait(QUIET);
  return probe.call('stop');
}

async function figureOf(probe: Child<LivezProbe>, service: Service, { id, what, send }: LargeRequest): Promise<Figure> {
  const during: number[] = [];
  const without: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    without.push(await quiet(probe, service));
    await probe.call('start', service.port);
    await send(round);
    await wait(AFTER);
    during.push(await probe.call('stop'));
  }
  return figureWith(id, what, during, without);
}

function figureWith(id: string, what: string, during: readonly number[], without: readonly number[]): Figure {
  const [value, yardstick] = [median(during), median(without)];
  const reach = `at most ${GOAL} ms`;
  return { id, what, value, yardstick, unit: 'ms', ratio: value / yardstick, reach, holds: value <= GOAL };
}
