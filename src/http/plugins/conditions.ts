// If-Match, the same on every method of a block and of all that is below it: the entity tag is the generation of the block.
// It is refused where there is no generation, because whoever sends it relies on it.
import fp from 'fastify-plugin';
import { Type } from 'typebox';
import { Problem } from '../../errors.ts';
import type { Machines } from '../../service/machines.ts';
import { checkGeneration } from '../../service/options.ts';
import { parseIfMatch } from '../change-requests.ts';
import { IfMatchHeader, problems } from '../schemas/common.ts';
import { addRule, isOpen } from './rules.ts';

const BELOW_A_BLOCK = '/v1/ram-blocks/:ramBlockId';

/**
 * Refuses a read whose condition does not hold, and a condition on what has no generation. Changes are judged where their
 * turn has come (LiveBlock.inTurn).
 */
export const conditions = fp<{ readonly machines: Machines }>(
  async (app, { machines }) => {
    app.addHook('onRoute', ({ url, schema }) => {
      if (schema?.operationId === undefined || !url.startsWith(BELOW_A_BLOCK)) return;
      const { properties = {} } = Object(schema.headers) as { readonly properties?: object };
      schema.headers = Type.Object({ ...IfMatchHeader, ...properties });
      schema.response = { ...problems('generation-mismatch'), ...Object(schema.response) };
    });
    addRule(app, (request) => {
      if (request.headers['if-match'] === undefined || isOpen(request) || request.is404) return null;
      try {
        if (request.routeOptions.url?.startsWith(BELOW_A_BLOCK) !== true) {
          const detail = 'has no meaning here: only a RAM block, and what is below it, has a generation';
          throw new Problem('invalid-request', `header if-match ${detail}`, {
            errors: [{ path: ['if-match'], detail }],
          });
        }
        const generations = parseIfMatch(request);
        const { ramBlockId } = Object(request.params) as { readonly ramBlockId?: string };
        const live = machines.blocks.get(ramBlockId ?? '');
        const isRead = request.method === 'GET' || request.method === 'HEAD';
        if (isRead && live !== undefined) checkGeneration(live.block, generations);
        return null;
      } catch (error) {
        if (error instanceof Problem) return error;
        throw error;
      }
    });
  },
  { name: 'conditions', dependencies: ['authorization', 'readiness', 'unknown-paths'] },
);
