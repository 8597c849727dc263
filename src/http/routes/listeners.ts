// Listeners of a block: registered, listed, unregistered; and what was sent to them.
import { setImmediate } from 'node:timers/promises';
import { Type } from 'typebox';
import type { DeliveryLog } from '../../listeners/delivery-log.ts';
import { findListener, type Listeners, type RegisteredView } from '../../service/listeners.ts';
import type { Machines } from '../../service/machines.ts';
import { attemptView, type ListenerView, listenerView } from '../../service/views.ts';
import { type ChangeRequests, withoutKey } from '../change-requests.ts';
import { numberCursor, pageFrom, pageOf } from '../pages.ts';
import {
  answer,
  ForceQuery,
  IdempotencyKeyHeader,
  input,
  ListenerParams,
  PageQuery,
  POST_PROBLEMS,
  problems,
  RamBlockParams,
  ref,
  WRITE_PROBLEMS,
} from '../schemas/common.ts';
import { DeliveryList, Listener, ListenerList, NewListener, RegisteredListener } from '../schemas/listener.ts';
import type { TypedApp } from '../typed-app.ts';

/** Listeners that are looked at in one turn of the event loop. */
const VIEWS_AT_ONCE = 16;

export interface ListenerRoutesOptions {
  readonly machines: Machines;
  readonly listeners: Listeners;
  readonly changes: ChangeRequests;
  readonly deliveryLog: DeliveryLog;
}

export function listenerRoutes(app: TypedApp, options: ListenerRoutesOptions): void {
  const { machines, listeners, changes, deliveryLog } = options;

  app.post(
    '/v1/ram-blocks/:ramBlockId/listeners',
    {
      schema: {
        operationId: 'registerListener',
        tags: ['Listeners'],
        summary: 'Register a listener',
        description:
          'All that is populated in its section is replayed to it: to a sync one before this is answered, to an async one after that. Where it fails and certainly nothing was sent, no listener is left; where a sync one may have mapped something, it is `removing` until it acknowledges a discard of its section.',
        params: RamBlockParams,
        headers: Type.Object(IdempotencyKeyHeader),
        body: ref(NewListener),
        response: {
          201: answer(
            RegisteredListener,
            'The listener; a sync one has accepted the replay.',
            'location',
            'idempotent-replayed',
          ),
          ...problems(
            'not-found',
            'coordinated-discard-required',
            'listener-refused',
            'limit-reached',
            'mapping-limit',
            'invalid-range',
            'too-many-runs',
            'target-not-allowed',
            'listener-unreachable',
            ...POST_PROBLEMS,
          ),
        },
      },
    },
    (request, reply) => {
      const { ramBlockId } = request.params;
      return changes.post<RegisteredView>(request, reply, {
        status: 201,
        run: (common) => {
          const { section = {}, granularity, dmaMaxMappings, description, secret, ...body } = request.body;
          const wanted = {
            ...body,
            dmaMaxMappings: dmaMaxMappings ?? null,
            description: description ?? null,
            secret,
            granularity,
            section: {
              offset: section.offset ?? 0,
              size: section.size ?? null,
              offsetWithinAddressSpace: section.offsetWithinAddressSpace,
            },
          };
          return listeners.register(ramBlockId, wanted, common);
        },
        headers: ({ id }) => ({ location: `/v1/ram-blocks/${ramBlockId}/listeners/${id}` }),
      });
    },
  );

  app.get(
    '/v1/ram-blocks/:ramBlockId/listeners',
    {
      schema: {
        operationId: 'listListeners',
        tags: ['Listeners'],
        summary: 'List the listeners of a block, oldest first',
        params: RamBlockParams,
        querystring: input(PageQuery),
        response: { 200: answer(ListenerList, 'A page of listeners.'), ...problems('cursor-invalid', 'not-found') },
      },
    },
    async ({ params, query }) => {
      const { block } = machines.block(params.ramBlockId);
      const all = block.manager.listeners.values();
      const { items, nextCursor } = pageOf(
        `listeners of ${block.id}`,
        all,
        query,
        ({ id }) => id,
        (listener) => listener,
      );
      const views: ListenerView[] = [];
      for (const listener of items) {
        // One with unsettled pages takes a look at all chunks of its block: others have a turn in between.
        if (views.length % VIEWS_AT_ONCE === VIEWS_AT_ONCE - 1) await setImmediate();
        views.push(listenerView(listener, block));
      }
      return { items: views, nextCursor };
    },
  );

  app.get(
    '/v1/ram-blocks/:ramBlockId/listeners/:listenerId',
    {
      schema: {
        operationId: 'getListener',
        tags: ['Listeners'],
        summary: 'Get a listener',
        params: ListenerParams,
        response: { 200: answer(Listener, 'The listener.'), ...problems('not-found') },
      },
    },
    async ({ params }) => {
      const { block } = machines.block(params.ramBlockId);
      return listenerView(findListener(block, params.listenerId), block);
    },
  );

  app.delete(
    '/v1/ram-blocks/:ramBlockId/listeners/:listenerId',
    {
      schema: {
        operationId: 'unregisterListener',
        tags: ['Listeners'],
        summary: 'Unregister a listener',
        description:
          'A sync one must acknowledge the discard of its section, or it stays; an async one is `removing` until it has. Forced, the device is gone: what is being sent to it is broken off and counts as unanswered, and nothing more is sent to it.',
        params: ListenerParams,
        querystring: ForceQuery,
        response: {
          204: Type.Null({ description: 'The listener is unregistered.' }),
          ...problems('not-found', 'too-many-runs', 'discard-unacknowledged', 'listener-unsettled', ...WRITE_PROBLEMS),
        },
      },
    },
    async (request, reply) => {
      const { params, query } = request;
      await listeners.unregister(params.ramBlockId, params.listenerId, query.force, withoutKey(request, reply));
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/v1/ram-blocks/:ramBlockId/listeners/:listenerId/deliveries',
    {
      schema: {
        operationId: 'listDeliveries',
        tags: ['Listeners'],
        summary: 'The last 1000 attempts to send something to a listener, newest first',
        description: 'Best effort: attempts since the service started.',
        params: ListenerParams,
        querystring: input(PageQuery),
        response: { 200: answer(DeliveryList, 'A page of attempts.'), ...problems('cursor-invalid', 'not-found') },
      },
    },
    async ({ params, query }) => {
      const { block } = machines.block(params.ramBlockId);
      const listener = findListener(block, params.listenerId);
      const list = `deliveries of ${listener.id}`;
      const before = numberCursor(list, query.cursor, 0, Number.MAX_SAFE_INTEGER) ?? Number.MAX_SAFE_INTEGER;
      const found = deliveryLog.list(listener, before, query.limit + 1);
      const { items, nextCursor } = pageFrom(list, found, query.limit, ({ ordinal }) => ordinal);
      return { items: items.map(({ attempt }) => attemptView(attempt)), nextCursor };
    },
  );
}
