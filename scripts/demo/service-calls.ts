// What the demo asks the service for beside replays: any call, what is populated, and whether a mirror is up to date.
import { setTimeout as delay } from 'node:timers/promises';
import { fieldOf, numberOf } from '../../src/client/json-fields.ts';
import type { ServiceRequest } from '../../src/client/service-client.ts';
import type { ServiceConnection } from '../../src/client/service-connection.ts';

const POLL_MS = 20;
/** A mirror is behind by some deliveries, not by minutes. */
const MIRROR_LIMIT_MS = 60_000;

/** @throws Error when the answer is none of success */
export async function call(connection: ServiceConnection, request: ServiceRequest): Promise<Record<string, unknown>> {
  const { status, text, json } = await connection.send(request);
  if (status >= 300) throw new Error(`${request.method} ${request.path}: ${status} ${text}`);
  return Object(json);
}

/** The populated runs of a block, ascending. */
export async function populatedSections(connection: ServiceConnection, ramBlockId: string): Promise<unknown[]> {
  const sections: unknown[] = [];
  let cursor: unknown = null;
  do {
    const from = cursor === null ? '' : `&cursor=${cursor}`;
    const path = `/v1/ram-blocks/${ramBlockId}/sections?limit=1000${from}`;
    const page = await call(connection, { method: 'GET', path });
    sections.push(...Object(page.items));
    cursor = page.nextCursor;
  } while (cursor !== null);
  return sections;
}

/** Comes back when nothing is on its way to an asynchronous listener. @throws Error when that takes too long */
export async function caughtUp(connection: ServiceConnection, ramBlockId: string, listenerId: string): Promise<void> {
  const path = `/v1/ram-blocks/${ramBlockId}/listeners/${listenerId}`;
  const deadline = performance.now() + MIRROR_LIMIT_MS;
  for (;;) {
    const listener = await call(connection, { method: 'GET', path });
    if (numberOf(fieldOf(listener, 'position'), 'pending') === 0) return;
    if (performance.now() > deadline) throw new Error(`the mirror is still behind: ${JSON.stringify(listener)}`);
    await delay(POLL_MS);
  }
}
