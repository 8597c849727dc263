// The process that serves: the app of the service as it is, with the constant routes beside its own; or, for comparison,
// a bare Fastify with one of them.
import Fastify, { type FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { buildApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { ref } from '../../src/http/schemas/common.ts';
import { COMPONENTS } from '../../src/http/schemas/components.ts';
import { Conversion, NewConversion } from '../../src/http/schemas/ram-block.ts';
import { answer, threadMicroseconds } from '../processes/child.ts';
import { CONVERSION, constantRoutes } from './constant-routes.ts';

let app: FastifyInstance | undefined;

async function listen(): Promise<number> {
  await app?.listen({ host: '127.0.0.1', port: 0 });
  return Object(app?.server.address()).port;
}

export type AppServer = typeof handlers;

const handlers = {
  /** @param sinkPort of the relay route's webhooks @returns the port */
  startService: async (settings: Record<string, string>, sinkPort: number | null): Promise<number> => {
    const service = await buildApp(loadConfig(settings), { log: pino({ level: 'error' }) });
    constantRoutes(service, sinkPort);
    app = service;
    return listen();
  },

  /** Fastify with its defaults, no hook and one route. */
  startBare: async (): Promise<number> => {
    app = Fastify();
    for (const component of COMPONENTS) app.addSchema(component);
    const schema = { body: ref(NewConversion), response: { 200: ref(Conversion) } };
    app.post('/bare/ram-blocks/:ramBlockId/conversions', { schema }, async () => CONVERSION);
    return listen();
  },

  /** Of the thread that answers all requests. */
  cpu: threadMicroseconds,

  /** Bytes of the process, once what can be let go of is. */
  residentBytes: async (): Promise<number> => {
    for (let round = 0; round < 5; round++) {
      globalThis.gc?.();
      await new Promise(setImmediate);
    }
    return process.memoryUsage.rss();
  },
};

answer(handlers, () => app?.close());
