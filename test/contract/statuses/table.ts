// Every documented status of every route, with every code that it documents, and how it comes about.
import { once } from 'node:events';
import { type ClientRequest, get } from 'node:http';
import { Problem } from '../../../src/errors.ts';
import { answerTo, head } from '../../http/raw-socket.ts';
import type { Api } from '../../support/api.ts';
import { SECRET } from '../../support/scripted-listener.ts';
import { startService, until } from '../../support/service.ts';
import { PLAN_ROWS } from './plan-rows.ts';
import {
  BELOW_A_BLOCK,
  CLOSED,
  CONVERSIONS,
  CREATES,
  DELETES,
  DISCARDS,
  fine,
  LISTS,
  LISTS_OF_ALL,
  OPEN,
  POPULATES,
  POSTS,
  problem,
  READS,
  type Row,
  UPDATES,
  WINDOWS,
  WRITES,
} from './rows.ts';
import { bodyOf, ON_ASYNC, sampleOf, sendTo } from './samples.ts';
import { GPA, PAGE, startFaultyService, World } from './world.ts';

/** Requests of which the listener hears a discard. */
const DISCARDING: Record<string, object> = {
  convert: { offset: 0, size: PAGE, to: 'private' },
  convertBatch: { conversions: [{ offset: 0, size: PAGE, to: 'private' }] },
  convertGuestMemory: { gpa: GPA, size: PAGE, to: 'private' },
  setBitmap: Buffer.of(0x0e, 0),
  changeSource: { offset: 0, size: PAGE, to: 'discarded' },
  resizeRamBlock: { usedLength: PAGE },
};

/** Requests that turn or tell of three runs, where every other page of six is shared. */
const ON_SIX_PAGES: Record<string, object> = {
  convert: { offset: 0, size: 6 * PAGE, to: 'shared' },
  convertBatch: { conversions: [1, 3, 5].map((page) => ({ offset: page * PAGE, size: PAGE, to: 'shared' })) },
  convertGuestMemory: { gpa: GPA, size: 6 * PAGE, to: 'shared' },
  setBitmap: Buffer.of(0x3f, 0),
  changeSource: { offset: 0, size: 6 * PAGE, to: 'discarded' },
  resizeRamBlock: { usedLength: PAGE },
};

export const TABLE: readonly Row[] = [
  ...PLAN_ROWS,
  ...fine(200, [...READS, ...OPEN, 'getMetrics', 'followEvents', ...UPDATES]),
  ...fine(
    200,
    POSTS.filter((id) => !CREATES.includes(id) && !ON_ASYNC.includes(id)),
  ),
  ...fine(201, CREATES),
  ...fine(202, ON_ASYNC),
  {
    operationId: 'replayListener',
    status: 202,
    code: null,
    produce: async (world) => {
      await world.addAsyncListener();
      return world.send('replayListener', {
        path: `/v1/ram-blocks/${world.blockId}/listeners/${world.asyncListenerId}/replay`,
      });
    },
  },
  ...fine(204, DELETES),

  ...problem('invalid-request', CLOSED, (world, id) => {
    const { path } = sampleOf(id, world);
    return world.send(id, { path: `${path}${path.includes('?') ? '&' : '?'}unknown=1` });
  }),
  ...problem('cursor-invalid', LISTS, (world, id) => {
    return world.send(id, { path: `${sampleOf(id, world).path}?cursor=unknown` });
  }),
  ...problem('unauthorized', CLOSED, (world, id, { guarded }) => sendTo(guarded, world, id)),
  ...problem('rate-limited', [...CLOSED, 'getOpenApi'], async (world, id, { limited }) => {
    let answer = await sendTo(limited, world, id);
    await until('it was one too many', async () => {
      if (answer.status !== 429) answer = await sendTo(limited, world, id);
      return answer.status === 429;
    });
    return answer;
  }),
  ...problem('forbidden', CLOSED, (world, id) => {
    return world.send(id, { headers: { host: 'somebody.example' } });
  }),
  ...problem(
    'not-found',
    [...READS, ...WRITES].filter((id) => id !== 'createRamBlock' && !LISTS_OF_ALL.includes(id)),
    (world, id) => {
      const { path } = sampleOf(id, world);
      return world.send(id, { path: path.replace(world.blockId, 'blk_unknown').replace(world.machine, 'unknown') });
    },
  ),
  ...problem('not-acceptable', [...CLOSED, ...OPEN], (world, id) => {
    return world.send(id, { headers: { accept: 'image/png' } });
  }),

  ...problem(
    'payload-too-large',
    WRITES.filter((id) => id !== 'setBitmap'),
    (world, id) => world.send(id, { body: `"${'a'.repeat(4 * 2 ** 20)}"` }),
  ),
  // Answered by its length: it need not come.
  ...problem('payload-too-large', ['setBitmap'], async (world, id) => {
    const { method, path, headers } = sampleOf(id, world);
    const tooLong = { ...headers, 'content-length': String(64 * 2 ** 20 + 1) };
    const answer = await answerTo(world.api.url, head(`${method} ${path} HTTP/1.1`, tooLong));
    return { ...answer, body: JSON.parse(answer.body) };
  }),
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
  ...problem('limit-reached', CREATES, async (_world, id) => {
    // A world has one block with two sources and a listener.
    const settings = { RBA_MAX_RAM_BLOCKS: '1', RBA_MAX_SOURCES_PER_BLOCK: '2', RBA_MAX_LISTENERS: '1' };
    const { service, journal } = await startFaultyService(settings);
    const full = await World.create(service, journal);
    const answer = await full.send(id);
    await full.close();
    await service.close();
    return answer;
  }),
  ...problem('has-listeners', ['deleteRamBlock'], (world, id) => {
    return world.send(id, { path: `/v1/ram-blocks/${world.blockId}` });
  }),
  ...problem('no-attributes', ['convert', 'convertBatch', 'setBitmap'], async (world, id) => {
    const other = await withoutAttributes(world);
    return world.send(id, { path: sampleOf(id, world).path.replace(world.blockId, other) });
  }),
  ...problem('no-attributes', ['convertGuestMemory'], async (world, id) => {
    await withoutAttributes(world, { gpa: 2 * GPA });
    return world.send(id, { body: { gpa: 2 * GPA, size: PAGE, to: 'shared' } });
  }),
  ...problem('not-resizeable', ['resizeRamBlock'], async (world, id) => {
    return world.send(id, { path: `/v1/ram-blocks/${await withoutAttributes(world)}` });
  }),
  ...problem('section-cut', ['resizeRamBlock'], async (world, id) => {
    await world.add('listeners', { url: world.device.url, secret: SECRET, section: { size: '64K' } });
    return world.send(id, { body: { usedLength: '60K' } });
  }),
  ...problem('listener-not-async', ON_ASYNC, (world, id) => {
    const { path } = sampleOf(id, world);
    return world.send(id, { path: path.replace(world.asyncListenerId, world.listenerId) });
  }),
  ...problem('listener-not-async', ['updateListener'], (world, id) => {
    return world.send(id, { body: { state: 'disabled' } });
  }),
  ...problem('events-expired', ['followEvents'], (world, id) => world.send(id, { path: '/v1/events?after=unknown' })),
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
  ...problem('generation-mismatch', BELOW_A_BLOCK, (world, id) => world.send(id, { headers: { 'if-match': '"999"' } })),

  ...problem('invalid-range', ['createRamBlock', 'resizeRamBlock'], (world, id) => {
    return world.send(id, { body: { ...bodyOf(id, world), usedLength: 0 } });
  }),
  ...problem('invalid-range', ['convert', 'convertGuestMemory', 'changeSource'], (world, id) => {
    return world.send(id, { body: { ...bodyOf(id, world), size: 0 } });
  }),
  ...problem('invalid-range', ['convertBatch'], (world, id) => {
    return world.send(id, { body: { conversions: [{ offset: 1, size: PAGE, to: 'shared' }] } });
  }),
  ...problem('invalid-range', ['addSource'], (world, id) => {
    return world.send(id, { body: { ...bodyOf(id, world), populated: [{ offset: 1, size: PAGE }] } });
  }),
  ...problem('invalid-range', ['registerListener'], (world, id) => {
    return world.send(id, { body: { ...bodyOf(id, world), section: { offset: '64K' } } });
  }),
  ...problem('invalid-range', [...WINDOWS, 'setBitmap'], (world, id) => {
    return world.send(id, { path: `${sampleOf(id, world).path}?size=0` });
  }),
  ...problem('target-not-allowed', ['registerListener', 'updateListener'], (world, id) => {
    return world.send(id, { body: { ...bodyOf(id, world), url: 'http://10.0.0.1/' } });
  }),

  ...problem('too-many-runs', [...DISCARDS, 'removeSource', 'registerListener'], async (world, id, { tight }) => {
    const there = await threeRuns(world, tight.api);
    const { method, path, headers = {} } = sampleOf(id, world);
    const elsewhere = path
      .replace(world.blockId, there.blockId)
      .replace(world.sourceId, id === 'removeSource' ? `${there.attributesId}?force=true` : there.sourceId)
      .replace(world.listenerId, there.listenerId);
    return tight.api.call(method, elsewhere, ON_SIX_PAGES[id] ?? bodyOf(id, world), { headers });
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
  ...problem('listener-refused', ['resizeRamBlock'], async (world, id) => {
    const path = await growing(world);
    world.answers(403, 200);
    return world.send(id, { path });
  }),
  ...problem('listener-unreachable', ['resizeRamBlock'], async (world, id) => {
    const path = await growing(world);
    world.answers(202, 200);
    return world.send(id, { path });
  }),
  ...problem('mapping-limit', ['resizeRamBlock'], async (world, id) => {
    return world.send(id, { path: await growing(world, { dmaMaxMappings: 16 }) });
  }),
  ...problem('mapping-limit', [...CONVERSIONS, 'changeSource', 'removeSource'], async (world, id) => {
    await world.add('listeners', { url: world.device.url, secret: SECRET, dmaMaxMappings: 2 });
    return world.send(id);
  }),
  ...problem('mapping-limit', ['registerListener'], (world, id) => {
    return world.send(id, { body: { ...bodyOf(id, world), dmaMaxMappings: 1 } });
  }),
  ...problem('discard-unacknowledged', DISCARDS, (world, id) => {
    world.answers(200, 404);
    return world.send(id, id in DISCARDING ? { body: DISCARDING[id] } : {});
  }),
  ...problem('listener-unsettled', [...DISCARDS, 'removeSource'], async (world, id) => {
    world.answers(202, 404);
    await world.send('convert');
    return world.send(id, id === 'resizeRamBlock' ? { body: DISCARDING[id] } : {});
  }),

  ...problem('journal-unavailable', WRITES, (world, id) => {
    world.journal.failOnce(new Error('no space left on device'));
    return world.send(id, written(world));
  }),
  ...problem('journal-unavailable', ['listConversions'], (world, id) => {
    world.journal.failOnce(new Problem('journal-unavailable', 'cannot be read', { retryAfterSeconds: 1 }));
    return world.send(id);
  }),
  ...problem('not-owner', WRITES, (world, id) => {
    world.journal.failOnce(new Problem('not-owner', 'another process writes to it'));
    return world.send(id, written(world));
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
      // What is forced does not wait.
      const answer = await world.send(id, { path: sampleOf(id, world).path.replace('?force=true', '') });
      world.journal.release();
      await Promise.all([running, waiting]);
      return answer;
    },
  ),
  ...problem('overloaded', ['getBitmap'], async ({ machine }) => {
    const service = await startService({ settings: { RBA_BITMAP_MEMORY_LIMIT: '1M' } });
    const readers: ClientRequest[] = [];
    try {
      const block = { machine, idstr: machine, usedLength: '2T' };
      const path = `/v1/ram-blocks/${(await service.api.ok('POST', '/v1/ram-blocks', block)).id}/bitmap`;
      // Readers that take their time: each holds what is under way to it.
      for (let reader = 0; reader < 8; reader++) {
        const request = get(`${service.url}${path}`, { agent: false });
        readers.push(request);
        await once(request, 'response');
      }
      return await service.api.get(path);
    } finally {
      for (const reader of readers) reader.destroy();
      await service.close();
    }
  }),
  ...problem('overloaded', ['createRamBlock', 'getReadyz'], async (_world, id) => {
    const { service, journal } = await startFaultyService();
    const draining = await World.create(service, journal);
    return draining.whileDraining(() => draining.send(id));
  }),
];

/** With a key there is an answer to be written, also where nothing else is. */
function written({ machine }: World) {
  return { headers: { 'idempotency-key': machine } };
}

/** The id of a block without RamBlockAttributes in the machine of `world`. */
async function withoutAttributes({ api, machine }: World, fields: object = {}): Promise<string> {
  const block = { machine, idstr: 'without', usedLength: '64K', guestMemfd: false, ...fields };
  return (await api.ok('POST', '/v1/ram-blocks', block)).id;
}

/** A block of six pages and more, where pages 0, 2 and 4 are populated and a listener has mapped them, in steps of two runs. */
async function threeRuns({ machine, device }: World, api: Api) {
  const block = { machine, idstr: machine, usedLength: '64K', maxLength: '128K', gpa: GPA };
  const { id: blockId } = await api.ok('POST', '/v1/ram-blocks', block);
  const add = (collection: string, body: object) => api.ok('POST', `/v1/ram-blocks/${blockId}/${collection}`, body);
  const share = (page: number) => add('conversions', { offset: page * PAGE, size: PAGE, to: 'shared' });
  const populated = [{ offset: 0, size: '64K' }];
  const { id: sourceId } = await add('sources', { name: 'virtio-mem0', granularity: PAGE, populated });
  for (const page of [0, 2]) await share(page);
  const { id: listenerId } = await add('listeners', {
    url: device.url,
    secret: SECRET,
    doubleDiscardSupported: false,
  });
  await share(4);
  const { items } = await api.ok('GET', `/v1/ram-blocks/${blockId}/sources`);
  return { blockId, sourceId, listenerId, attributesId: items[0].id };
}

/** The path of a block whose new pages are populated, with a listener that hears of them. */
async function growing(world: World, fields: object = {}): Promise<string> {
  const path = `/v1/ram-blocks/${await withoutAttributes(world, { maxLength: '128K' })}`;
  await world.api.ok('POST', `${path}/listeners`, { ...bodyOf('registerListener', world), ...fields });
  return path;
}
