// For every operation of the document one request that succeeds; the table changes one thing of it at a time.
import { openapi } from '../../support/contract.ts';
import { SECRET } from '../../support/scripted-listener.ts';
import { PAGE, type World } from './world.ts';

export interface Sample {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

const BODIES = {
  createRamBlock: ({ machine }) => ({ machine, idstr: 'another', usedLength: '64K' }),
  convert: () => ({ offset: 4 * PAGE, size: PAGE, to: 'shared' }),
  changeSource: () => ({ offset: 2 * PAGE, size: PAGE, to: 'populated' }),
  addSource: () => ({ name: 'virtio-mem1', granularity: PAGE }),
  registerListener: ({ device }) => ({ url: device.url, secret: SECRET, timeoutMs: 1000 }),
} satisfies Record<string, (world: World) => object>;

/** The body that stands for an operation; undefined where it takes none. */
export function bodyOf(operationId: string, world: World): object | undefined {
  return operationId in BODIES ? BODIES[operationId as keyof typeof BODIES](world) : undefined;
}

/** @throws Error when the document has no such operation */
export function sampleOf(operationId: string, world: World): Sample {
  for (const [template, operations] of Object.entries(openapi.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      if (operation.operationId !== operationId) continue;
      const path = template
        .replace('{ramBlockId}', world.blockId)
        .replace('{sourceId}', world.sourceId)
        .replace('{listenerId}', world.listenerId);
      // The world's block has a listener.
      const query = operationId === 'deleteRamBlock' ? '?force=true' : '';
      return { method: method.toUpperCase(), path: path + query, body: bodyOf(operationId, world) };
    }
  }
  throw new Error(`the document has no operation ${operationId}`);
}
