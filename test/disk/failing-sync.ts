// A disk on which every so many calls of fsync fail, as strace makes them: what was answered is there, also after a kill, and
// the service goes on whenever the journal could be read back.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Api } from '../support/api.ts';
import { until } from '../support/service.ts';
import { ServiceProcess, startProcess } from '../support/service-process.ts';
import { injecting } from './strace.ts';

const PAGE = 4096;
/** The fsync that fails first, and every so many after it. */
const FAILING = 40;
const REFUSALS = 8;

/** @returns what happened, in a line @throws Error where anything is not as it was answered, or there is no strace */
export async function failSyncs(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rba-failing-sync-'));
  try {
    const failing = await startProcess(folder, injecting(`error=EIO:when=${FAILING}+${FAILING}`));
    const { path, answered, kept } = await convertUntilRefused(failing.api);
    await failing.api.close();
    await failing.end('SIGKILL');
    const sound = await startProcess(folder);
    const { generation } = await sound.api.ok('GET', path);
    if (generation !== kept) throw new Error(`generation ${kept} was served before the kill, ${generation} after it`);
    await sound.api.close();
    await sound.end('SIGTERM');
    return `fsync fails: ${answered} conversions answered and kept, ${REFUSALS} refused, each time read back and gone on`;
  } finally {
    await ServiceProcess.endAll();
    await rm(folder, { recursive: true });
  }
}

/** Converts a page to and fro until so many were refused. @returns the generation that was served last */
async function convertUntilRefused(api: Api) {
  const { id } = await api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: PAGE });
  const path = `/v1/ram-blocks/${id}`;
  let answered = 0;
  let kept = 0;
  for (let refused = 0; refused < REFUSALS; ) {
    const to = kept % 2 === 0 ? 'shared' : 'private';
    const { status, body } = await api.post(`${path}/conversions`, { offset: 0, size: PAGE, to });
    if (status === 200) {
      answered++;
      if (body.generation !== ++kept) throw new Error(`generation ${body.generation} was answered after ${kept - 1}`);
      continue;
    }
    if (body.code !== 'journal-unavailable') throw new Error(`a change was answered ${status} ${body.code}`);
    refused++;
    await until('the journal is read back', async () => (await api.get('/readyz')).status === 200);
    const { generation, populated } = await api.ok('GET', path);
    // What was not answered was done or it was not; the bitmap goes with it.
    if (generation !== kept && generation !== kept + 1) throw new Error(`generation ${generation} after ${kept}`);
    if (populated.pages !== generation % 2) throw new Error(`${populated.pages} pages at generation ${generation}`);
    kept = generation;
  }
  return { path, answered, kept };
}
