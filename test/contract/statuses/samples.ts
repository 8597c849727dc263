// For every operation of the document one request that succeeds; the table changes one thing of it at a time.
import { openapi } from '../../support/contract.ts';
import { SECRET } from '../../support/scripted-listener.ts';
import type { TestService } from '../../support/service.ts';
import { GPA, PAGE, type World } from './world.ts';

export interface Sample {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

const CONVERSION = { offset: 4 * PAGE, size: PAGE, to: 'shared' };

const BODIES = {
  createRamBlock: ({ machine }) => ({ machine, idstr: 'another', usedLength: '64K' }),
  resizeRamBlock: () => ({ usedLength: '128K' }),
  convert: () => CONVERSION,
  convertBatch: () => ({ conversions: [CONVERSION] }),
  convertGuestMemory: () => ({ gpa: GPA + 4 * PAGE, size: PAGE, to: 'shared' }),
  // Shared as they are, and page 4.
  setBitmap: () => Buffer.of(0x1f, 0),
  changeSource: () => ({ offset: 2 * PAGE, size: PAGE, to: 'populated' }),
  addSource: () => ({ name: 'virtio-mem1', granularity: PAGE }),
  registerListener: ({ device }) => ({ url: device.url, secret: SECRET, timeoutMs: 1000 }),
  updateListener: () => ({ description: 'another' }),
  rotateSecret: () => ({ gracePeriodSeconds: 60 }),
  planTrace: () => Buffer.from('kvm_convert_memory start 0x0 size 0x1000 private_to_shared\n'),
} satisfies Record<string, (world: World) => object>;

/** Of async listeners only. */
export const ON_ASYNC = ['retryListener', 'skipDelivery'];

/** The body that stands for an operation; undefined where it takes none. */
export function bodyOf(operationId: string, world: World): object | undefined {
  return operationId in BODIES ? BODIES[operationId as keyof typeof BODIES](world) : undefined;
}

/** Sends the request that stands for `operationId` to another service than that of `world`. */
export function sendTo({ api }: TestService, world: World, operationId: string) {
  const { method, path, body, headers = {} } = sampleOf(operationId, world);
  return api.call(method, path, body, { headers });
}

/** @throws Error when the document has no such operation */
export function sampleOf(operationId: string, world: World): Sample {
  for (const [template, operations] of Object.entries(openapi.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      if (operation.operationId !== operationId) continue;
      const path = template
        .replace('{ramBlockId}', world.blockId)
        .replace('{sourceId}', world.sourceId)
        .replace('{listenerId}', ON_ASYNC.includes(operationId) ? world.asyncListenerId : world.listenerId)
        .replace('{machine}', world.machine);
      // The world's block has a listener.
      const query = operationId === 'deleteRamBlock' ? '?force=true' : '';
      const body = bodyOf(operationId, world);
      const headers = body instanceof Buffer ? { 'content-type': 'application/octet-stream' } : {};
      return { method: method.toUpperCase(), path: path + query, body, headers };
    }
  }
  throw new Error(`the document has no operation ${operationId}`);
}
