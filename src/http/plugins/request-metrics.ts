// Counts every request that was answered.
import fp from 'fastify-plugin';
import type { Metrics } from '../../metrics.ts';

export const requestMetrics = fp<{ readonly metrics: Metrics }>(
  async (app, { metrics }) => {
    app.addHook('onRequest', (request, reply, done) => {
      const started = performance.now();
      // Not with a hook onResponse: Fastify would listen to two events for it, and look after more.
      reply.raw.on('close', () => {
        if (!reply.raw.writableFinished) return;
        const operation = request.routeOptions.schema?.operationId ?? 'none';
        metrics.countAnswer({ operation, status: reply.statusCode, milliseconds: performance.now() - started });
      });
      done();
    });
  },
  { name: 'request-metrics' },
);
