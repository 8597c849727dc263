// The largest requests that there are, each with what it needs beforehand. Every one is sent several times: what it turns,
// the next one turns back.
import { request } from 'undici';
import { loadConfig } from '../../src/config.ts';
import type { Cluster, Service } from '../http/cluster.ts';

export interface LargeRequest {
  readonly id: string;
  /** The request, and its largest input. */
  readonly what: string;
  /** @param round from 0 on */
  readonly send: (round: number) => Promise<unknown>;
}

const PAGE = 4096;
const TIB = 2 ** 40;
const RUNS = loadConfig({}).changeRunsLimit;
const STEPS = 10_000;
const STREAMS = 1000;
const MACHINES = 10_000;
/** Requests that set something up at the same time. */
const AT_ONCE = 50;

/** Bits of a bitmap whose pages 0, 2, 4 ... are shared, or private again, in `runs` runs. */
function bitmapOf(runs: number, round: number): Uint8Array {
  return new Uint8Array((2 * runs) / 8).fill(round % 2 === 0 ? 0x55 : 0);
}

/** 64 MiB with `runs` runs that are spread over them. */
function largeBitmapOf(runs: number, round: number): Uint8Array {
  const bytes = new Uint8Array(64 * 2 ** 20);
  if (round % 2 === 0) for (let run = 0; run < runs; run++) bytes[Math.floor((run * bytes.length) / runs)] = 1;
  return bytes;
}

/** Whole-block steps in alternating directions, the last of which leaves all private. */
function wholeSteps(size: number): object {
  const conversions = Array.from({ length: STEPS }, (_, index) => {
    return { offset: 0, size, to: index % 2 === 0 ? 'shared' : 'private' };
  });
  return { conversions };
}

export async function bitmapRequests(service: Service, sinkPort: number): Promise<LargeRequest[]> {
  const kinds = [
    { name: 'none', what: 'with no listener', runs: RUNS, listener: null },
    { name: 'sync', what: 'with a sync listener', runs: RUNS / 2, listener: { mode: 'sync', timeoutMs: 30_000 } },
    { name: 'async', what: 'with an async listener', runs: RUNS / 2, listener: { mode: 'async', timeoutMs: 30_000 } },
  ];
  const requests: LargeRequest[] = [];
  for (const { name, what, runs, listener } of kinds) {
    const [id = ''] = await service.createBlocks(1, 2 * runs * PAGE, `bitmap-${name}`);
    if (listener !== null) await service.addListener(id, `http://127.0.0.1:${sinkPort}/`, listener);
    requests.push({
      id: `slices-bitmap-${name}`,
      what: `PUT bitmap that turns ${readable(runs)} runs, ${what}`,
      send: (round) => service.call('PUT', `/ram-blocks/${id}/bitmap`, bitmapOf(runs, round)),
    });
  }
  const [id = ''] = await service.createBlocks(1, 2 * TIB, 'large');
  requests.push({
    id: 'slices-bitmap-large',
    what: `PUT bitmap of 64 MiB that turns ${readable(RUNS)} runs`,
    send: (round) => service.call('PUT', `/ram-blocks/${id}/bitmap`, largeBitmapOf(RUNS, round)),
  });
  const refused = Buffer.alloc(64 * 2 ** 20, 0x55);
  requests.push({
    id: 'slices-bitmap-refused',
    what: 'PUT bitmap of 64 MiB, every page another: too-many-runs',
    send: () => refusal(service.call('PUT', `/ram-blocks/${id}/bitmap`, refused)),
  });
  for (const limit of [1, 1000]) {
    requests.push({
      id: `slices-history-${limit}`,
      what: `GET conversions?limit=${limit} after these uploads`,
      send: () => service.call('GET', `/ram-blocks/${id}/conversions?limit=${limit}`),
    });
  }
  return requests;
}

export async function batchRequests(service: Service): Promise<LargeRequest[]> {
  const requests: LargeRequest[] = [];
  for (const tib of [1, 64]) {
    const [id = ''] = await service.createBlocks(1, tib * TIB, `batch-${tib}`);
    for (const [kind, query] of Object.entries({ batch: '', 'batch-dry': '?dryRun=true' })) {
      requests.push({
        id: `slices-${kind}-${tib}`,
        what: `POST batch${query} of ${readable(STEPS)} steps over ${tib} TiB`,
        send: () => service.call('POST', `/ram-blocks/${id}/conversion-batches${query}`, wholeSteps(tib * TIB)),
      });
    }
  }
  requests.push(...(await mixedBatches(service)));
  const lines = Array.from({ length: 30 }, (_, index) => {
    const direction = index % 2 === 0 ? 'private_to_shared' : 'shared_to_private';
    return `kvm_convert_memory start 0x0 size 0x${(64 * TIB).toString(16)} ${direction}`;
  });
  requests.push({
    id: 'slices-plan',
    what: `POST plans of ${lines.length} lines of 64 TiB each`,
    send: () => plan(service, `${lines.join('\n')}\n`),
  });
  return requests;
}

/** Batches that begin with one step over as many runs as one change may turn. */
async function mixedBatches(service: Service): Promise<LargeRequest[]> {
  const runs = RUNS / 4;
  const [id = ''] = await service.createBlocks(1, 2 * runs * PAGE, 'batch-mixed');
  await service.call('PUT', `/ram-blocks/${id}/bitmap`, bitmapOf(runs, 0));
  const { conversions } = wholeSteps(2 * runs * PAGE) as { readonly conversions: object[] };
  return [
    {
      id: 'slices-batch-mixed',
      what: `POST batch?dryRun=true of ${readable(STEPS)} steps over a block of ${readable(runs)} runs`,
      send: () => service.call('POST', `/ram-blocks/${id}/conversion-batches?dryRun=true`, { conversions }),
    },
  ];
}

/** A listener that accepted all but the last delivery of a change, and is not answering since. */
export async function unknownRequests(cluster: Cluster, service: Service): Promise<LargeRequest[]> {
  const runs = RUNS / 2;
  const maxSections = 512;
  const { port, sink } = await cluster.startSink();
  const [id = ''] = await service.createBlocks(1, 2 * runs * PAGE, 'unknown');
  await service.addListener(id, `http://127.0.0.1:${port}/gate`, { timeoutMs: 500, maxSections });
  const passed = sink.call('pass', runs / maxSections - 1);
  await refusal(service.call('PUT', `/ram-blocks/${id}/bitmap`, bitmapOf(runs, 0)));
  await passed;
  return [
    {
      id: 'slices-unknown',
      what: `GET listeners of a block with ${readable(runs)} unknown runs`,
      send: () => service.call('GET', `/ram-blocks/${id}/listeners`),
    },
  ];
}

export async function machineRequests(service: Service): Promise<LargeRequest[]> {
  const parts = Array.from({ length: AT_ONCE }, (_, part) => `many-${part}`);
  await Promise.all(parts.map((prefix) => service.createBlocks(MACHINES / AT_ONCE, 2 ** 21, prefix)));
  return [
    {
      id: 'slices-machines',
      what: `GET machines?limit=1000 of ${readable(MACHINES)}`,
      send: () => service.call('GET', '/machines?limit=1000'),
    },
  ];
}

/** A batch while many read its events. @returns it, and what ends the streams */
export async function eventRequests(service: Service): Promise<{ requests: LargeRequest[]; close: () => void }> {
  const [id = ''] = await service.createBlocks(1, 2 ** 30, 'events');
  const end = new AbortController();
  const { signal } = end;
  for (let opened = 0; opened < STREAMS; opened += AT_ONCE) {
    const streams = Array.from({ length: AT_ONCE }, async () => {
      const url = `http://127.0.0.1:${service.port}/v1/events?ramBlockId=${id}`;
      const { body, statusCode } = await request(url, { signal });
      if (statusCode !== 200) throw new Error(`GET events: ${statusCode} ${await body.text()}`);
      body.on('error', () => undefined).resume();
    });
    await Promise.all(streams);
  }
  const conversions = Array.from({ length: STEPS }, (_, index) => {
    return { offset: index * PAGE, size: PAGE, to: 'shared' };
  });
  const send = (round: number): Promise<unknown> => {
    const all = conversions.map((one) => ({ ...one, to: round % 2 === 0 ? 'shared' : 'private' }));
    return service.call('POST', `/ram-blocks/${id}/conversion-batches`, { conversions: all });
  };
  const what = `POST batch of ${readable(STEPS)} steps, ${readable(STREAMS)} filtered event streams`;
  return { requests: [{ id: 'slices-events', what, send }], close: () => end.abort() };
}

async function plan(service: Service, lines: string): Promise<void> {
  const url = `http://127.0.0.1:${service.port}/v1/plans?map=0:${64 * TIB}`;
  const headers = { 'content-type': 'text/plain' };
  const { body, statusCode } = await request(url, { method: 'POST', headers, body: lines });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`POST plans: ${statusCode} ${text}`);
}

/** @throws Error when `call` is not refused */
async function refusal(call: Promise<unknown>): Promise<void> {
  const refused = await call.then(
    () => false,
    () => true,
  );
  if (!refused) throw new Error('a request was taken that is to be refused');
}

function readable(count: number): string {
  return count.toLocaleString('en-US');
}
