// Rules that every request is held against before its body is read, also one that no route is there for. They are asked in
// the order in which their plugins are registered; the first objection is the answer.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Problem } from '../../errors.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Served to anybody, and at any time: says nothing about blocks. */
    open?: boolean;
  }
}

/** Returns the objection to a request, or null. */
export type Rule = (request: FastifyRequest, reply: FastifyReply) => Problem | null;

/** Adds a rule behind those that are there. */
export function addRule(app: FastifyInstance, rule: Rule): void {
  app.addHook('onRequest', (request, reply, done) => {
    const problem = rule(request, reply);
    if (problem === null) done();
    else done(problem);
  });
}

/** Returns whether the route of a request is open to anybody. */
export function isOpen({ routeOptions }: FastifyRequest): boolean {
  return routeOptions.config?.open === true;
}
