// Refuses requests that no route is there for, before their body is read, which the 404 of Fastify would do.

import fp from 'fastify-plugin';
import findMyWay from 'find-my-way';
import { Problem } from '../../errors.ts';
import { notFound } from './problems.ts';
import { addRule } from './rules.ts';

export const unknownPaths = fp(
  async (app) => {
    // All routes once more, without their methods: a path that is known is not "not found".
    const paths = findMyWay<findMyWay.HTTPVersion.V1>({ maxParamLength: 1000 });
    const methods = new Map<string, string[]>();
    app.addHook('onRoute', ({ method, url }) => {
      if (!methods.has(url)) paths.on('GET', url, () => undefined, { url });
      methods.set(url, [...(methods.get(url) ?? []), ...[method].flat()]);
    });
    addRule(app, (request) => {
      if (!request.is404) return null;
      const path = request.url.split('?', 1)[0] ?? '';
      const allow = methods.get(paths.find('GET', path)?.store?.url)?.join(', ');
      if (allow === undefined) return notFound(path);
      return new Problem('method-not-allowed', `${path} has no ${request.method}, but ${allow}`, { allow });
    });
  },
  // Without a token nobody learns which paths there are.
  { name: 'unknown-paths', dependencies: ['problems', 'authorization'] },
);
