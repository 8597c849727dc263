// Builds the service from its settings: the journal, the rules, the HTTP app around them. Nothing listens yet.
import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyBaseLogger, LogController } from 'fastify';
import type { Config } from './config.ts';
import { ChangeRequests } from './http/change-requests.ts';
import { negotiate, setHeaders } from './http/plugins/headers.ts';
import { restrictHosts } from './http/plugins/host-rule.ts';
import { describeApi } from './http/plugins/openapi.ts';
import { answerParserErrors, answerProblems, sendProblem, toProblem } from './http/plugins/problems.ts';
import { serializeAnswers } from './http/plugins/serialization.ts';
import { validateRequests } from './http/plugins/validation.ts';
import { bitmapRoutes } from './http/routes/bitmap.ts';
import { conversionRoutes } from './http/routes/conversions.ts';
import { eventRoutes } from './http/routes/events.ts';
import { listenerControlRoutes } from './http/routes/listener-control.ts';
import { listenerRoutes } from './http/routes/listeners.ts';
import { machineRoutes } from './http/routes/machines.ts';
import { operationRoutes } from './http/routes/operation.ts';
import { ramBlockRoutes } from './http/routes/ram-blocks.ts';
import { sourceRoutes } from './http/routes/sources.ts';
import { stateRoutes } from './http/routes/state.ts';
import { uiRoutes } from './http/routes/ui.ts';
import type { TypedApp } from './http/typed-app.ts';
import { createIds } from './ids.ts';
import type { Journal } from './journal/journal.ts';
import { MemoryJournal } from './journal/memory-journal.ts';
import { SqliteJournal } from './journal/sqlite-journal.ts';
import { createAgent } from './listeners/connect.ts';
import { DeliveryLog } from './listeners/delivery-log.ts';
import { newSecret } from './listeners/signature.ts';
import { TargetPolicy } from './listeners/target-policy.ts';
import { WebhookClient } from './listeners/webhook-client.ts';
import { Metrics } from './metrics.ts';
import { Conversions } from './service/conversions.ts';
import { Events } from './service/events.ts';
import { Idempotency } from './service/idempotency.ts';
import { ListenerControl } from './service/listener-control.ts';
import { Listeners } from './service/listeners.ts';
import { MachineConversions } from './service/machine-conversions.ts';
import { Machines } from './service/machines.ts';
import { RamBlocks } from './service/ram-blocks.ts';
import { Sources } from './service/sources.ts';

/** Bytes of a JSON body. */
const BODY_LIMIT = 4 * 2 ** 20;
/** Milliseconds that a request may take to arrive. */
const REQUEST_TIMEOUT = 30_000;

export interface BuildOptions {
  readonly log: FastifyBaseLogger;
  /** In the place of the journal that the settings name; called again whenever the journal failed. */
  readonly openJournal?: () => Promise<Journal>;
}

/**
 * The whole service. `app.listen()` starts it, `app.close()` drains it: what has begun is finished.
 * @throws Error when the journal cannot be opened or read
 */
export async function buildApp(config: Config, { log, openJournal }: BuildOptions): Promise<TypedApp> {
  const now = (): Date => new Date();
  const metrics = new Metrics();
  const policy = new TargetPolicy({ allowed: config.allowedTargets, allowHttp: config.allowHttp });
  const agent = createAgent(policy, config.caFile);
  const deliveryLog = new DeliveryLog();
  const events = new Events(config.eventsKept, randomUUID(), now);
  const webhooks = new WebhookClient({
    dispatcher: agent,
    policy,
    now,
    onAttempt: (delivery, attempt) => {
      deliveryLog.add(delivery.listener, attempt);
      metrics.countAttempt(attempt);
      if (attempt.outcome !== 'accepted') events.deliveryFailed(delivery, attempt);
    },
  });
  const machines = await Machines.open({
    openJournal: openJournal ?? journalOf(config),
    deliver: (delivery, signal) => webhooks.deliver(delivery, signal),
    attemptOnce: (delivery, number, signal) => webhooks.attempt(delivery, number, signal),
    asyncSettings: {
      retrySchedule: config.asyncRetrySchedule,
      backlogLimit: config.asyncBacklogLimit,
      disableAfter: config.asyncDisableAfter,
    },
    events,
    checkTarget: (url) => policy.check(url),
    newSecret,
    now,
    newId: createIds(now),
    log,
    queueLimits: { length: config.blockQueueLimit, waitMs: config.queueWaitMs },
    snapshotEvery: config.snapshotEvery,
  });
  metrics.watch(machines);

  const app: TypedApp = Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT,
    return503OnClosing: false,
    // A request without a Host is refused by the host rule, with a problem document.
    http: { requireHostHeader: false },
    clientErrorHandler: answerParserErrors,
    frameworkErrors: (error, request, reply) => {
      sendProblem(request, reply, toProblem(error));
    },
  });
  // In this order a request is looked at: who asks, is there such a thing, can the answer be read, is it well formed.
  setHeaders(app);
  restrictHosts(app, config.allowedHosts);
  answerProblems(app);
  await negotiate(app);
  validateRequests(app);
  serializeAnswers(app);
  await describeApi(app);
  app.addHook('onResponse', async (request, reply) => {
    const operation = request.routeOptions.schema?.operationId ?? 'none';
    metrics.countRequest(operation, reply.statusCode, reply.elapsedTime);
  });

  const changes = new ChangeRequests(new Idempotency(machines), now);
  const listeners = new Listeners(machines);
  ramBlockRoutes(app, machines, new RamBlocks(machines, listeners), changes);
  const conversions = new Conversions(machines);
  conversionRoutes(app, { conversions, machineConversions: new MachineConversions(machines), changes });
  machineRoutes(app, machines);
  stateRoutes(app, machines);
  await app.register((scope: TypedApp) => bitmapRoutes(scope, conversions));
  sourceRoutes(app, machines, new Sources(machines), changes);
  listenerRoutes(app, { machines, listeners, changes, deliveryLog });
  listenerControlRoutes(app, new ListenerControl(machines), changes);
  eventRoutes(app, events);
  operationRoutes(app, machines, metrics);
  uiRoutes(app);

  // Before the server stops to take connections: whoever waits is told, what has begun is finished.
  app.addHook('preClose', () => machines.drain());
  app.addHook('onClose', async () => {
    await machines.close();
    await agent.destroy();
  });
  return app;
}

function journalOf(config: Config): () => Promise<Journal> {
  if (config.journal === 'sqlite') return () => SqliteJournal.open(config.dataDir);
  const memory = new MemoryJournal();
  return async () => memory;
}
