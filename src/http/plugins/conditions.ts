// If-Match, the same on every method of a block and of all that is below it: the entity tag is the generation of the block.
// Where there is no generation it is refused, for whoever sends it relies on it.
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { Problem } from '../../errors.ts';
import type { Machines } from '../../service/machines.ts';
import { checkGeneration } from '../../service/options.ts';
import { parseIfMatch } from '../change-requests.ts';
import { IfMatchHeader, problems } from '../schemas/common.ts';
import type { Rule } from './admission.ts';

const BELOW_A_BLOCK = '/v1/ram-blocks/:ramBlockId';

/**
 * Refuses a read whose condition does not hold, and a condition on what has no generation. Changes are judged where their
 * turn has come (LiveBlock.inTurn).
 */
export function conditionHolds(app: FastifyInstance, machines: Machines): Rule {
  app.addHook('onRoute', ({ url, schema }) => {
    if (schema?.operationId === undefined || !url.startsWith(BELOW_A_BLOCK)) return;
    const { properties = {} } = Object(schema.headers) as { readonly properties?: object };
    schema.headers = Type.Object({ ...IfMatchHeader, ...properties });
    schema.response = { ...problems('generation-mismatch'), ...Object(schema.response) };
  });
  return (request, _reply, { open }) => {
    if (request.headers['if-match'] === undefined || open === true || request.is404) return null;
    try {
      if (request.routeOptions.url?.startsWith(BELOW_A_BLOCK) !== true) {
        const detail = 'has no meaning here: only a RAM block, and what is below it, has a generation';
        throw new Problem('invalid-request', `header if-match ${detail}`, {
          errors: [{ pointer: '#/if-match', detail }],
        });
      }
      const ifMatch = parseIfMatch(request);
      const { ramBlockId } = Object(request.params) as { readonly ramBlockId?: string };
      const live = machines.blocks.get(ramBlockId ?? '');
      const isRead = request.method === 'GET' || request.method === 'HEAD';
      if (isRead && live !== undefined) checkGeneration(live.block, ifMatch);
      return null;
    } catch (error) {
      if (error instanceof Problem) return error;
      throw error;
    }
  };
}
