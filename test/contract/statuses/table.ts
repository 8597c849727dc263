// Every documented status of every route, with every code that it documents, and how it comes about.
import { PROBLEMS, Problem, type ProblemCode } from '../../../src/errors.ts';
import type { Answer } from '../../support/contract.ts';
import { SECRET } from '../../support/scripted-listener.ts';
import { until } from '../../support/service.ts';
import { bodyOf, sampleOf } from './samples.ts';
import { PAGE, startFaultyService, World } from './world.ts';

type Produce = (world: World, operationId: string) => Promise<Answer>;

export interface Row {
  readonly operationId: string;
  readonly status: number;
  /** null where all goes well. */
  readonly code: ProblemCode | null;
  readonly produce: (world: World) => Promise<Answer>;
}

const LISTS = ['listRamBlocks', 'listConversions', 'listSections', 'listSources', 'listListeners', 'listDeliveries'];
const READS = [...LISTS, 'getRamBlock', 'getState', 'getBitmap', 'getSource', 'getListener'];
const POSTS = ['createRamBlock', 'convert', 'changeSource', 'addSource', 'registerListener', 'replayListener'];
const DELETES = ['deleteRamBlock', 'removeSource', 'unregisterListener'];
const WRITES = [...POSTS, ...DELETES];
const OPEN = ['getLivez', 'getReadyz', 'getOpenApi'];
const POPULATES = ['convert', 'changeSource', 'removeSource', 'registerListener', 'replayListener'];
const DISCARDS = ['convert', 'changeSource', 'addSource', 'unregisterListener', 'replayListener'];

const fine = (status: number, operations: readonly string[]): Row[] =>
  operations.map((id) => ({ operationId: id, status, code: null, produce: (world) => world.send(id) }));

const problem = (code: ProblemCode, operations: readonly string[], produce: Produce): Row[] =>
  operations.map((id) => ({
    operationId: id,
    status: PROBLEMS[code].status,
    code,
    produce: (world) => produce(world, id),
  }));

export const TABLE: readonly Row[] = [
  ...fine(200, [...READS, ...OPEN, 'getMetrics', 'convert', 'changeSource', 'replayListener']),
  ...fine(201, ['createRamBlock', 'addSource', 'registerListener']),
  ...fine(204, DELETES),

  ...problem('invalid-request', [...READS, ...WRITES, 'getMetrics'], (world, id) => {
    const { path } = sampleOf(id, world);
    return world.send(id, { path: `${path}${path.includes('?') ? '&' : '?'}unknown=1` });
  }),
  ...problem('cursor-invalid', LISTS, (world, id) => {
    return world.send(id, { path: `${sampleOf(id, world).path}?cursor=unknown` });
  }),
  ...problem('forbidden', [...READS, ...WRITES, 'getMetrics'], (world, id) => {
    return world.send(id, { headers: { host: 'somebody.example' } });
  }),
  ...problem(
    'not-found',
    [...READS, ...WRITES].filter((id) => id !== 'createRamBlock' && id !== 'listRamBlocks'),
    (world, id) => world.send(id, { path: sampleOf(id, world).path.replace(world.blockId, 'blk_unknown') }),
  ),
  ...problem('not-acceptable', [...READS, ...WRITES, ...OPEN, 'getMetrics'], (world, id) => {
    return world.send(id, { headers: { accept: 'image/png' } });
  }),

  ...problem('payload-too-large', WRITES, (world, id) => world.send(id, { body: `"${'a'.repeat(4 * 2 ** 20)}"` })),
  ...problem('payload-too-large', ['getBitmap'], async ({ api, machine }) => {
    const { id } = await api.ok('POST', '/v1/ram-blocks', { machine, idstr: 'large', usedLength: '4T' });
    return api.get(`/v1/ram-blocks/${id}/bitmap`);
  }),
  ...problem('unsupported-media-type', WRITES, (world, id) => {
    return world.send(id, { body: '{}', headers: { 'content-type': 'text/plain' } });
  }),

  ...problem('already-exists', ['createRamBlock'], (world, id) => {
    return world.send(id, { body: { ...bodyOf(id, world), idstr: 'pc.ram' } });
  }),
  ...problem('already-exists', ['addSource'], (world, id) => {
    return world.send(id, { body: { ...bodyOf(id, world), name: 'virtio-mem0' } });
  }),
  ...problem('has-listeners', ['deleteRamBlock'], (world, id) => {
    return world.send(id, { path: `/v1/ram-blocks/${world.blockId}` });
  }),
  ...problem('no-attributes', ['convert'], async (world, id) => {
    const other = await withoutAttributes(world);
    return world.send(id, { path: `/v1/ram-blocks/${other}/conversions` });
  }),
  ...problem('coordinated-discard-required', ['registerListener'], (world, id) => {
    return world.send(id, { body: { ...bodyOf(id, world), coordinatedDiscard: false } });
  }),
  ...problem('coordinated-discard-required', ['addSource'], async (world, id) => {
    const path = `/v1/ram-blocks/${await withoutAttributes(world)}`;
    const pinning = { ...bodyOf('registerListener', world), coordinatedDiscard: false };
    await world.api.ok('POST', `${path}/listeners`, pinning);
    return world.send(id, { path: `${path}/sources` });
  }),

  ...problem('idempotency-key-in-use', POSTS, async (world, id) => {
    world.journal.hold();
    const headers = { 'idempotency-key': world.machine };
    const first = world.send(id, { headers });
    await until('the first is being written', () => world.journal.held > 0);
    const second = await world.send(id, { headers });
    world.journal.release();
    await first;
    return second;
  }),
  ...problem('idempotency-key-reused', POSTS, async (world, id) => {
    const headers = { 'idempotency-key': world.machine };
    await world.send(id, { headers });
    return world.send(id, { headers, body: ` ${JSON.stringify(bodyOf(id, world) ?? {})}` });
  }),
  ...problem(
    'generation-mismatch',
    ['convert', 'changeSource', 'addSource', 'removeSource', 'listSections'],
    (w, id) => {
      return w.send(id, { headers: { 'if-match': '"999"' } });
    },
  ),

  ...problem('invalid-range', ['createRamBlock'], (world, id) => {
    return world.send(id, { body: { ...bodyOf(id, world), usedLength: 0 } });
  }),
  ...problem('invalid-range', ['convert', 'changeSource'], (world, id) => {
    return world.send(id, { body: { ...bodyOf(id, world), size: 0 } });
  }),
  ...problem('invalid-range', ['addSource'], (world, id) => {
    return world.send(id, { body: { ...bodyOf(id, world), populated: [{ offset: 1, size: PAGE }] } });
  }),
  ...problem('invalid-range', ['registerListener'], (world, id) => {
    return world.send(id, { body: { ...bodyOf(id, world), section: { offset: '64K' } } });
  }),
  ...problem('invalid-range', ['getState', 'listSections', 'getBitmap'], (world, id) => {
    return world.send(id, { path: `${sampleOf(id, world).path}?size=0` });
  }),
  ...problem('target-not-allowed', ['registerListener'], (world, id) => {
    return world.send(id, { body: { ...bodyOf(id, world), url: 'http://10.0.0.1/' } });
  }),

  ...problem('listener-refused', POPULATES, (world, id) => {
    world.answers(403, 200);
    return world.send(id);
  }),
  // 202 is no acceptance, and is not tried again.
  ...problem('listener-unreachable', POPULATES, (world, id) => {
    world.answers(202, 200);
    return world.send(id);
  }),
  ...problem('mapping-limit', ['convert', 'changeSource', 'removeSource'], async (world, id) => {
    await world.add('listeners', { url: world.device.url, secret: SECRET, dmaMaxMappings: 2 });
    return world.send(id);
  }),
  ...problem('mapping-limit', ['registerListener'], (world, id) => {
    return world.send(id, { body: { ...bodyOf(id, world), dmaMaxMappings: 1 } });
  }),
  ...problem('discard-unacknowledged', DISCARDS, (world, id) => {
    world.answers(200, 404);
    const discard: Record<string, object> = {
      convert: { offset: 0, size: PAGE, to: 'private' },
      changeSource: { offset: 0, size: PAGE, to: 'discarded' },
    };
    return world.send(id, id in discard ? { body: discard[id] } : {});
  }),
  ...problem('listener-unsettled', [...DISCARDS, 'removeSource'], async (world, id) => {
    world.answers(202, 404);
    await world.send('convert');
    return world.send(id);
  }),

  ...problem('journal-unavailable', WRITES, (world, id) => {
    world.journal.failOnce(new Error('no space left on device'));
    return world.send(id);
  }),
  ...problem('journal-unavailable', ['listConversions'], (world, id) => {
    world.journal.failOnce(new Problem('journal-unavailable', 'cannot be read', { retryAfterSeconds: 1 }));
    return world.send(id);
  }),
  ...problem('not-owner', WRITES, (world, id) => {
    world.journal.failOnce(new Problem('not-owner', 'another process writes to it'));
    return world.send(id);
  }),
  ...problem('journal-unavailable', ['getReadyz'], async (world, id) => {
    world.journal.fault = new Error('no space left on device');
    await world.send('convert');
    return world.send(id);
  }),
  ...problem('not-owner', ['getReadyz'], async (world, id) => {
    world.journal.fault = new Problem('not-owner', 'another process writes to it');
    await world.send('convert');
    return world.send(id);
  }),
  ...problem(
    'overloaded',
    WRITES.filter((id) => id !== 'createRamBlock'),
    async (world, id) => {
      world.journal.hold();
      const running = world.send('convert');
      await until('the first is being written', () => world.journal.held > 0);
      const waiting = world.send('convert');
      await until('the second waits', async () => (await world.metric('rba_queue_length')) === 1);
      const answer = await world.send(id);
      world.journal.release();
      await Promise.all([running, waiting]);
      return answer;
    },
  ),
  ...problem('overloaded', ['createRamBlock', 'getReadyz'], async (_world, id) => {
    const { service, journal } = await startFaultyService();
    const draining = await World.create(service, journal);
    return draining.whileDraining(() => draining.send(id));
  }),
];

/** The id of a block without RamBlockAttributes in the machine of `world`. */
async function withoutAttributes({ api, machine }: World): Promise<string> {
  const block = { machine, idstr: 'without', usedLength: '64K', guestMemfd: false };
  return (await api.ok('POST', '/v1/ram-blocks', block)).id;
}
