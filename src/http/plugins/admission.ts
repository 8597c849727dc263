// What is asked of every request before its body is read: rules, in order, and the first objection is the answer. One hook
// asks them all, for a hook costs more than most rules do.
import type {
  FastifyContextConfig,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  onRequestHookHandler,
} from 'fastify';
import type { Problem } from '../../errors.ts';

/**
 * @param route what the route says of itself; nothing where there is no route
 * @returns what stands against the request, else null
 */
export type Rule = (request: FastifyRequest, reply: FastifyReply, route: FastifyContextConfig) => Problem | null;

const NOTHING: FastifyContextConfig = {};

export function admit(app: FastifyInstance, rules: readonly Rule[]): void {
  const hookOf =
    // Read at each request: plugins may say more of their routes later.
      (route: { config?: FastifyContextConfig }): onRequestHookHandler =>
      (request, reply, done) => {
        const says = route.config ?? NOTHING;
        for (const rule of rules) {
          const problem = rule(request, reply, says);
          if (problem === null) continue;
          done(problem);
          return;
        }
        done();
      };
  app.addHook('onRoute', (route) => {
    route.onRequest = [hookOf(route), route.onRequest ?? []].flat();
  });
  const withoutRoute = hookOf({});
  app.addHook('onRequest', function (request, reply, done) {
    if (request.is404) withoutRoute.call(this, request, reply, done);
    else done();
  });
}
