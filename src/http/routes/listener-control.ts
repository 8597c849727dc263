// Routes for a listener that is registered: it is replayed, changed, given another secret, hurried, moved on.
import { Type } from 'typebox';
import type { ListenerControl, SecretRotation as SecretRotationView } from '../../service/listener-control.ts';
import type { ListenerView } from '../../service/views.ts';
import { type ChangeRequests, withoutKey } from '../change-requests.ts';
import {
  answer,
  IdempotencyKeyHeader,
  ListenerParams,
  POST_PROBLEMS,
  problems,
  ref,
  WRITE_PROBLEMS,
} from '../schemas/common.ts';
import { Listener, ListenerUpdate, NewSecretRotation, SecretRotation } from '../schemas/listener.ts';
import type { TypedApp } from '../typed-app.ts';

export function listenerControlRoutes(app: TypedApp, control: ListenerControl, changes: ChangeRequests): void {
  app.post(
    '/v1/ram-blocks/:ramBlockId/listeners/:listenerId/replay',
    {
      schema: {
        operationId: 'replayListener',
        tags: ['Listeners'],
        summary: 'Discard the section at the listener and populate it again',
        params: ListenerParams,
        headers: Type.Object(IdempotencyKeyHeader),
        response: {
          200: answer(Listener, 'The listener, which has accepted the replay.', 'idempotent-replayed'),
          202: answer(Listener, 'The listener, which is async: the replay will follow.', 'idempotent-replayed'),
          ...problems(
            'not-found',
            'listener-refused',
            'too-many-runs',
            'listener-unreachable',
            'discard-unacknowledged',
            'listener-unsettled',
            ...POST_PROBLEMS,
          ),
        },
      },
    },
    (request, reply) => {
      const { ramBlockId, listenerId } = request.params;
      return changes.post<ListenerView>(request, reply, {
        status: ({ mode }) => (mode === 'async' ? 202 : 200),
        run: (common) => control.replay(ramBlockId, listenerId, common),
      });
    },
  );

  app.patch(
    '/v1/ram-blocks/:ramBlockId/listeners/:listenerId',
    {
      schema: {
        operationId: 'updateListener',
        tags: ['Listeners'],
        summary: 'Change the address, deadline or description of a listener; pause and resume an async one',
        params: ListenerParams,
        body: ref(ListenerUpdate),
        response: {
          200: answer(Listener, 'The listener.'),
          ...problems('not-found', 'listener-not-async', 'target-not-allowed', ...WRITE_PROBLEMS),
        },
      },
    },
    async (request, reply) => {
      const { params, body } = request;
      return control.update(params.ramBlockId, params.listenerId, body, withoutKey(request, reply));
    },
  );

  app.post(
    '/v1/ram-blocks/:ramBlockId/listeners/:listenerId/secret-rotations',
    {
      schema: {
        operationId: 'rotateSecret',
        tags: ['Listeners'],
        summary: 'Give a listener another secret',
        description: 'Deliveries are signed with both while the grace lasts, space separated.',
        params: ListenerParams,
        headers: Type.Object(IdempotencyKeyHeader),
        body: ref(NewSecretRotation),
        response: {
          200: answer(SecretRotation, 'The new secret.', 'idempotent-replayed'),
          ...problems('not-found', ...POST_PROBLEMS),
        },
      },
      // Nothing need be said.
      preValidation: async (request) => {
        if (request.body === undefined) Object.assign(request, { body: {} });
      },
    },
    (request, reply) => {
      const { ramBlockId, listenerId } = request.params;
      return changes.post<SecretRotationView>(request, reply, {
        status: 200,
        run: (common) => {
          const { secret, gracePeriodSeconds } = request.body;
          return control.rotateSecret(ramBlockId, listenerId, { secret, graceSeconds: gracePeriodSeconds }, common);
        },
      });
    },
  );

  for (const [verb, operationId, summary, description] of [
    [
      'retry',
      'retryListener',
      'Send what is pending to an async listener, or what settles a sync one, now',
      'Not when the schedule has it. A sync listener must have something unsettled.',
    ],
    [
      'skip',
      'skipDelivery',
      'Give up the oldest pending delivery to an async listener',
      'Its ranges follow behind all that is pending, with reason `recovery`, as they are then.',
    ],
  ] as const) {
    app.post(
      `/v1/ram-blocks/:ramBlockId/listeners/:listenerId/${verb}`,
      {
        schema: {
          operationId,
          tags: ['Listeners'],
          summary,
          description,
          params: ListenerParams,
          headers: Type.Object(IdempotencyKeyHeader),
          response: {
            202: answer(Listener, 'The listener as it was.', 'idempotent-replayed'),
            ...problems('not-found', 'listener-not-async', ...POST_PROBLEMS),
          },
        },
      },
      (request, reply) => {
        const { ramBlockId, listenerId } = request.params;
        return changes.post<ListenerView>(request, reply, {
          status: 202,
          run: (common) => control[verb](ramBlockId, listenerId, common),
        });
      },
    );
  }
}
