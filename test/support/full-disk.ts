// A course of changes on a disk that has no more room: what was answered stays, what was not is not there by half, the
// service says so and goes on reading, and takes changes again when there is room.
import type { Api } from './api.ts';
import { until } from './service.ts';
import type { StartedService } from './service-process.ts';

const PAGE = 4096;
const PAGES = 4096;
/** Conversions in one batch: of every other page, so that each is a run of its own. */
const STEPS = 400;

export interface FullDisk {
  /** Starts the service where there is little room. */
  start(): Promise<StartedService>;
  /** Starts it on the same folder where there is enough; `start` may not be called again. */
  startWithRoom(): Promise<StartedService>;
}

export interface FullDiskCourse {
  readonly answered: number;
  readonly refused: number;
  /** What readiness was answered meanwhile. */
  readonly readiness: ReadonlySet<number>;
}

/** @throws Error where anything is not as it was answered */
export async function fillDisk({ start, startWithRoom }: FullDisk): Promise<FullDiskCourse> {
  const full = await start();
  const { api } = full;
  const { id } = await api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: PAGES * 2 * PAGE });
  const path = `/v1/ram-blocks/${id}`;
  const readiness = new Set<number>();
  let answered = 0;
  let refused = 0;
  while (refused < 3) {
    const to = answered % 2 === 0 ? 'shared' : 'private';
    const conversions = Array.from({ length: STEPS }, (_, step) => ({ offset: step * 2 * PAGE, size: PAGE, to }));
    const { status, body } = await api.post(`${path}/conversion-batches`, { conversions });
    readiness.add((await api.get('/readyz')).status);
    await expectState(api, path, answered + (status === 200 ? 1 : 0));
    if (status === 200) answered++;
    else if (body.code !== 'journal-unavailable') throw new Error(`a change was answered ${status} ${body.code}`);
    else refused++;
    if (status !== 200) await until('the journal is read back', async () => (await api.get('/readyz')).status === 200);
  }
  await api.close();
  await full.end('SIGKILL');
  const service = await startWithRoom();
  const roomy = service.api;
  await expectState(roomy, path, answered);
  await roomy.ok('POST', `${path}/conversions`, { offset: PAGE, size: PAGE, to: 'shared' });
  await roomy.close();
  if ((await service.end('SIGTERM')) !== 0) throw new Error('the service did not end in order');
  return { answered, refused, readiness };
}

async function expectState(api: Api, path: string, answered: number): Promise<void> {
  const { generation, populated } = await api.ok('GET', path);
  const pages = answered % 2 === 0 ? 0 : STEPS;
  if (generation === answered && populated.pages === pages) return;
  throw new Error(`${answered} changes were answered; generation ${generation}, ${populated.pages} pages populated`);
}
