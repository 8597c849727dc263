// Builds the service from its settings: the journal, the rules, the HTTP app around them. Nothing listens yet.
import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyBaseLogger } from 'fastify';
import type { Config } from './config.ts';
import { BODY_LIMIT } from './http/bodies.ts';
import { ChangeRequests } from './http/change-requests.ts';
import { answerHeaders } from './http/plugins/answer-headers.ts';
import { authentication } from './http/plugins/authentication.ts';
import { authorization } from './http/plugins/authorization.ts';
import { conditions } from './http/plugins/conditions.ts';
import { connections } from './http/plugins/connections.ts';
import { hostRule } from './http/plugins/host-rule.ts';
import { mediaTypes } from './http/plugins/media-types.ts';
import { openapi } from './http/plugins/openapi.ts';
import { overload } from './http/plugins/overload.ts';
import { answerParserErrors, problems, sendProblem, toProblem } from './http/plugins/problems.ts';
import { rateLimits } from './http/plugins/rate-limit.ts';
import { readiness } from './http/plugins/readiness.ts';
import { requestMetrics } from './http/plugins/request-metrics.ts';
import { serialization } from './http/plugins/serialization.ts';
import { unknownPaths } from './http/plugins/unknown-paths.ts';
import { validation } from './http/plugins/validation.ts';
import { bitmapRoutes } from './http/routes/bitmap.ts';
import { conversionRoutes } from './http/routes/conversions.ts';
import { eventRoutes } from './http/routes/events.ts';
import { listenerControlRoutes } from './http/routes/listener-control.ts';
import { listenerRoutes } from './http/routes/listeners.ts';
import { machineRoutes } from './http/routes/machines.ts';
import { operationRoutes } from './http/routes/operation.ts';
import { planRoutes } from './http/routes/plans.ts';
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
import { EventLog } from './service/event-log.ts';
import { Events } from './service/events.ts';
import { FrozenBitmaps } from './service/frozen-bitmaps.ts';
import { Idempotency } from './service/idempotency.ts';
import { ListenerControl } from './service/listener-control.ts';
import { Listeners } from './service/listeners.ts';
import { MachineConversions } from './service/machine-conversions.ts';
import { Machines } from './service/machines.ts';
import { deliveriesToReserve } from './service/notifications.ts';
import { Plans } from './service/plans.ts';
import { RamBlocks } from './service/ram-blocks.ts';
import { Sources } from './service/sources.ts';
import { Tokens } from './tokens.ts';

/** Milliseconds that the head of a request may take to arrive: a few packets, slower senders are treated as slowloris. */
const HEADERS_TIMEOUT = 10_000;
/** Milliseconds between two looks at who takes too long: how late a 408 may be. */
const CONNECTIONS_CHECKING_INTERVAL = 500;
/** Milliseconds that a connection may stay between two requests: longer than proxies keep one, which would lose a request. */
const KEEP_ALIVE_TIMEOUT = 72_000;
/** Milliseconds in which nothing at all moves: longer than a change takes, so it ends whoever does not read an answer. */
const CONNECTION_TIMEOUT = 600_000;

export interface BuildOptions {
  readonly log: FastifyBaseLogger;
  /** In the place of the journal that the settings name; called again whenever the journal failed. */
  readonly openJournal?: () => Promise<Journal>;
}

/**
 * Builds the whole service, with its journal read back. `app.listen()` starts it, `app.close()` drains it: what has begun is
 * finished.
 * @throws Error when the tokens or the journal cannot be read
 */
export async function buildApp(config: Config, options: BuildOptions): Promise<TypedApp> {
  const { app, started } = await beginApp(config, options);
  try {
    await started;
  } catch (error) {
    // The first error says more than one that follows from it.
    await app.close().catch(() => undefined);
    throw error;
  }
  return app;
}

/** The service while its journal is read back: it may listen, and answers `/livez`; `/readyz` and what is of blocks is 503. */
export interface BegunApp {
  readonly app: TypedApp;
  /** Resolves when the journal is read back. @throws Error when it cannot be */
  readonly started: Promise<void>;
}

/** As {@link buildApp}, without waiting for the journal. @throws Error when the tokens cannot be read */
export async function beginApp(config: Config, { log, openJournal }: BuildOptions): Promise<BegunApp> {
  const tokens = config.tokensFile === null ? null : new Tokens(config.tokensFile);
  const { now } = Date;
  const metrics = new Metrics();
  const policy = new TargetPolicy({ allowed: config.allowedTargets, allowHttp: config.allowHttp });
  const agent = createAgent(policy, config.caFile);
  const deliveryLog = new DeliveryLog();
  const events = new Events(new EventLog(config.eventsKept, randomUUID()), now);
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
  const machines = Machines.begin({
    openJournal: openJournal ?? journalOf(config),
    deliver: (delivery, signal) => webhooks.deliver(delivery, signal),
    attemptOnce: (...attempt) => webhooks.attempt(...attempt),
    asyncSettings: {
      retrySchedule: config.asyncRetrySchedule,
      backlogLimit: config.asyncBacklogLimit,
      backlogRuns: config.asyncBacklogRuns,
      disableAfter: config.asyncDisableAfter,
    },
    events,
    checkTarget: (url) => policy.check(url),
    newSecret,
    now,
    elapsed: () => performance.now(),
    random: Math.random,
    newId: createIds(now),
    log,
    queueLimits: { length: config.blockQueueLimit, waitMs: config.queueWaitMs },
    journalWaitMs: config.journalWaitMs,
    changeRunsLimit: config.changeRunsLimit,
    deliveriesToReserve,
    snapshotEvery: config.snapshotEvery,
  });
  metrics.watch(machines);

  const app: TypedApp = Fastify({
    // It has no logger: requests are not logged one by one, and what goes wrong with one is (sendProblem).
    bodyLimit: BODY_LIMIT,
    requestTimeout: config.requestTimeoutMs,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
    connectionTimeout: CONNECTION_TIMEOUT,
    // As many as they like: Node would answer one too many itself, without a problem document.
    maxRequestsPerSocket: 0,
    return503OnClosing: false,
    http: {
      headersTimeout: Math.min(HEADERS_TIMEOUT, config.requestTimeoutMs),
      connectionsCheckingInterval: CONNECTIONS_CHECKING_INTERVAL,
      // A request without a Host is refused by the host rule, with a problem document.
      requireHostHeader: false,
    },
    clientErrorHandler: answerParserErrors,
    frameworkErrors: (error, _request, reply) => {
      sendProblem(reply, toProblem(error), log);
    },
  });
  // One more is closed at once, before a byte of it is read: it could not even be told so cheaply.
  app.server.maxConnections = config.maxConnections;
  app.server.on('drop', () => metrics.countDrop());
  await app.register(requestMetrics, { metrics });
  await app.register(answerHeaders);
  await app.register(problems, { log });
  // In this order a request is looked at: who asks, how often, may they, is there such a path, is there time for it, can
  // the answer be read, is it well formed. A plugin names those that must be there before it.
  await app.register(authentication, { tokens });
  await app.register(connections, {
    limit: config.maxConnectionsPerAddress,
    onDrop: () => metrics.countDrop(),
  });
  await app.register(rateLimits, { limit: config.rateLimit });
  // A page of another site has no token; where there are none, it must not get here by a name that leads here.
  await app.register(hostRule, { allowedHosts: tokens === null ? config.allowedHosts : null });
  await app.register(authorization, { tokens, log });
  await app.register(unknownPaths);
  await app.register(readiness, { machines });
  await app.register(overload, {
    eventLoopDelayMs: config.eventLoopDelayLimitMs,
    bodyBytes: config.bodyMemoryLimit,
  });
  metrics.gauge('body_bytes', 'Bytes of bodies of requests that are not answered yet', () => app.bodyBytes());
  await app.register(mediaTypes);
  await app.register(conditions, { machines });
  await app.register(validation);
  await app.register(serialization);
  await app.register(openapi);

  const changes = new ChangeRequests(new Idempotency(machines, config.answerLimits), now);
  const listeners = new Listeners(machines, config.bounds);
  ramBlockRoutes(app, machines, new RamBlocks(machines, config.bounds), changes);
  const conversions = new Conversions(machines);
  conversionRoutes(app, { conversions, machineConversions: new MachineConversions(machines), changes });
  machineRoutes(app, machines);
  stateRoutes(app, machines, new FrozenBitmaps(config.bitmapMemoryLimit));
  await app.register((scope: TypedApp) => bitmapRoutes(scope, conversions));
  sourceRoutes(app, machines, new Sources(machines, config.bounds), changes);
  listenerRoutes(app, { machines, listeners, changes, deliveryLog });
  listenerControlRoutes(app, new ListenerControl(machines), changes);
  eventRoutes(app, events.log, config.eventStreams);
  await app.register((scope: TypedApp) => planRoutes(scope, new Plans()));
  operationRoutes(app, machines, metrics);
  uiRoutes(app);

  // Before the server stops to take connections: whoever waits is told, what has begun is finished.
  app.addHook('preClose', () => machines.drain());
  app.addHook('onClose', async () => {
    await machines.close();
    await agent.destroy();
  });
  return { app, started: machines.started };
}

function journalOf(config: Config): () => Promise<Journal> {
  if (config.journal === 'sqlite') return () => SqliteJournal.open(config.dataDir);
  const memory = new MemoryJournal();
  return async () => memory;
}
