// A disk on which one fsync hangs, as strace makes it: readyz says so meanwhile, changes that wait for it are neither
// answered nor lost, and all goes on when the disk answers again.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Api } from '../support/api.ts';
import { until } from '../support/service.ts';
import { ServiceProcess, startProcess } from '../support/service-process.ts';
import { injecting } from './strace.ts';

const PAGE = 4096;
const JOURNAL_WAIT_MS = 500;
const HANGING_MS = 4000;
/** The fsync that hangs, and after how many conversions there should have been so many. */
const HANGING = 20;
const MOST_CONVERSIONS = 10 * HANGING;

/** @returns what happened, in a line @throws Error where anything is not as it was answered, or there is no strace */
export async function hangSync(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rba-hanging-sync-'));
  try {
    const under = injecting(`delay_enter=${HANGING_MS * 1000}:when=${HANGING}`);
    const hanging = await startProcess(folder, under, { RBA_JOURNAL_WAIT_MS: String(JOURNAL_WAIT_MS) });
    const { path, answered } = await convertUntilHanging(hanging.api);
    await hanging.api.close();
    await hanging.end('SIGKILL');
    const sound = await startProcess(folder);
    const { generation } = await sound.api.ok('GET', path);
    if (generation !== answered) throw new Error(`${answered} conversions were answered, ${generation} are kept`);
    await sound.api.close();
    await sound.end('SIGTERM');
    return `fsync hangs: readyz 503 while it does and 200 after it; all ${answered} conversions answered and kept`;
  } finally {
    await ServiceProcess.endAll();
    await rm(folder, { recursive: true });
  }
}

/** Converts pages until the disk hangs, and one more when it does not any more. @returns how many were answered */
async function convertUntilHanging(api: Api) {
  const { id } = await api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: 2 * MOST_CONVERSIONS * PAGE });
  const path = `/v1/ram-blocks/${id}`;
  let begun = 0;
  let answered = 0;
  const convert = async (): Promise<void> => {
    await api.ok('POST', `${path}/conversions`, { offset: begun++ * PAGE, size: PAGE, to: 'shared' });
    answered++;
  };
  const isReady = async () => (await api.get('/readyz')).status === 200;
  while (begun < MOST_CONVERSIONS) {
    const first = convert();
    const before = answered;
    await until('it is answered or the service is not ready', async () => answered > before || !(await isReady()));
    if (answered > before) continue;
    // Of another page: it does not wait for the first, but for the disk.
    const second = convert();
    const { status, body } = await api.get('/readyz');
    const { generation } = await api.ok('GET', path);
    // It was a slow disk.
    if (answered > before) {
      await Promise.all([first, second]);
      continue;
    }
    if (status !== 503 || !body.detail.includes('RBA_JOURNAL_WAIT_MS')) throw new Error(`readyz: ${status}`);
    if (generation !== before) throw new Error(`generation ${generation} was served, ${before} are answered`);
    await Promise.all([first, second]);
    await until('the service is ready', isReady);
    await convert();
    return { path, answered };
  }
  throw new Error(`no fsync hung in ${begun} conversions`);
}
