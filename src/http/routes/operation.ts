// For those who run the service: is it alive, is it ready, what does it count, what is its API.
import { Type } from 'typebox';
import type { Metrics } from '../../metrics.ts';
import type { Machines } from '../../service/machines.ts';
import { answer, openProblems, problems } from '../schemas/common.ts';
import { Health, OpenApiDocument } from '../schemas/operation.ts';
import type { TypedApp } from '../typed-app.ts';

const PROMETHEUS = 'text/plain';

export function operationRoutes(app: TypedApp, machines: Machines, metrics: Metrics): void {
  const open = { open: true };
  const probe = { open: true, unlimited: true };
  const tags = ['Operation'];

  app.get(
    '/livez',
    {
      config: probe,
      schema: {
        operationId: 'getLivez',
        tags,
        summary: 'Is the process alive?',
        response: { 200: answer(Health, 'The process is alive.'), ...openProblems() },
      },
    },
    async () => ({ status: 'alive' as const }),
  );

  app.get(
    '/readyz',
    {
      config: probe,
      schema: {
        operationId: 'getReadyz',
        tags,
        summary: 'Does the service accept changes?',
        description:
          '503 while the service starts (the detail says how far it is) or drains, and while the journal cannot be written or does not answer.',
        response: {
          200: answer(Health, 'They are.'),
          ...openProblems('overloaded', 'journal-unavailable', 'not-owner'),
        },
      },
    },
    async () => {
      if (machines.unready !== null) throw machines.unready;
      return { status: 'ready' as const };
    },
  );

  app.get(
    '/metrics',
    {
      config: { produces: metrics.contentType },
      schema: {
        operationId: 'getMetrics',
        tags,
        summary: 'Counters for Prometheus',
        response: {
          200: { description: 'The text format.', content: { [PROMETHEUS]: { schema: Type.String() } } },
          ...problems(),
        },
      },
    },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()),
  );

  app.get(
    '/openapi.json',
    {
      config: open,
      schema: {
        operationId: 'getOpenApi',
        tags,
        summary: 'This document',
        response: { 200: answer(OpenApiDocument, 'The document.'), ...openProblems('rate-limited') },
      },
    },
    async () => app.swagger(),
  );
}
