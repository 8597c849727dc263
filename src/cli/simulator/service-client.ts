// The three things that a listener asks of the service: which block, register, unregister.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import Type, { type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { stringOf } from '../../client/json-fields.ts';
import { NoAnswerError, type ServiceRequest } from '../../client/service-client.ts';
import { ServiceConnection } from '../../client/service-connection.ts';
import type { Section } from '../../core/section.ts';
import { noAnswerText } from '../service-call.ts';

const POLL_MS = 250;
const READ_TIMEOUT_MS = 10_000;
/** A registration waits for its replay and an unregistration for its discards: queue and deadlines of the service. */
const WRITE_TIMEOUT_MS = 120_000;
/** How long an unregistration is tried again while the service says that it cannot be done yet. */
const UNREGISTER_RETRY_MS = 10_000;

const RamBlockView = Type.Object({ id: Type.String(), pageSize: Type.Integer(), usedLength: Type.Integer() });
export type RamBlockView = Static<typeof RamBlockView>;
const RamBlockList = Type.Object({ items: Type.Array(RamBlockView) });

const ListenerView = Type.Object({
  id: Type.String(),
  section: Type.Object({
    offset: Type.Integer(),
    size: Type.Union([Type.Integer(), Type.Null()]),
    offsetWithinAddressSpace: Type.Integer(),
  }),
});
export type ListenerView = Static<typeof ListenerView>;

/** What the body of a registration says; bytes and milliseconds. */
export interface Registration {
  readonly url: string;
  readonly secret: string;
  readonly granularity: number;
  readonly mode?: 'sync' | 'async';
  readonly section?: Section;
  readonly timeoutMs?: number;
  readonly description?: string;
}

type Method = ServiceRequest['method'];

/** The service did not do what it was asked; `status` null where it gave no answer. */
export class ServiceError extends Error {
  readonly status: number | null;

  constructor(message: string, status: number | null, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ServiceError';
    this.status = status;
  }

  /** It may work later: the service is not there yet, or says so. */
  get isTransient(): boolean {
    return this.status === null || this.status === 503;
  }
}

export class ServiceClient implements AsyncDisposable {
  readonly #connection: ServiceConnection;

  constructor(baseUrl: string, token: string | null) {
    this.#connection = new ServiceConnection(new URL(baseUrl), token);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#connection.close();
  }

  /**
   * Waits until the service is there and has the block. Without `machine`, `block` is an id or an idstr; with it, an idstr.
   * @param signal ends the waiting @throws ServiceError when it is still not there after `waitMs`
   */
  async waitForBlock(
    block: string,
    machine: string | null,
    waitMs: number,
    signal: AbortSignal,
    onWait: () => void,
  ): Promise<RamBlockView> {
    const deadline = Date.now() + waitMs;
    for (let tries = 0; ; tries++) {
      const found = await this.#findBlock(block, machine).catch((error: unknown) => {
        if (error instanceof ServiceError && (error.isTransient || error.status === 404)) return error;
        throw error;
      });
      if (!(found instanceof ServiceError)) return found;
      if (Date.now() >= deadline) throw found;
      if (tries === 0) onWait();
      await delay(POLL_MS, undefined, { signal });
    }
  }

  /** Registers a sync listener; comes back when its replay was accepted. @throws ServiceError */
  async register(ramBlockId: string, registration: Registration): Promise<ListenerView> {
    return this.#read(ListenerView, 'POST', `${blockPath(ramBlockId)}/listeners`, registration);
  }

  /** Comes back when the listener is gone, also when it was gone already. @throws ServiceError */
  async unregister(ramBlockId: string, listenerId: string): Promise<void> {
    const path = `${blockPath(ramBlockId)}/listeners/${encodeURIComponent(listenerId)}`;
    const deadline = Date.now() + UNREGISTER_RETRY_MS;
    for (;;) {
      try {
        await this.#call('DELETE', path);
        return;
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        if (error.status === 404) return;
        if (error.status !== 503 || Date.now() >= deadline) throw error;
      }
      await delay(POLL_MS);
    }
  }

  async #findBlock(block: string, machine: string | null): Promise<RamBlockView> {
    if (machine === null) {
      try {
        return await this.#read(RamBlockView, 'GET', blockPath(block));
      } catch (error) {
        if (!(error instanceof ServiceError) || error.status !== 404) throw error;
      }
    }
    const query = new URLSearchParams({ idstr: block, ...(machine === null ? {} : { machine }) });
    const { items } = await this.#read(RamBlockList, 'GET', `/v1/ram-blocks?${query}`);
    const [found, another] = items;
    if (another !== undefined)
      throw new ServiceError(`several machines have a RAM block ${block}: give --machine`, 300);
    if (found !== undefined) return found;
    const where = machine === null ? '' : ` in machine ${machine}`;
    throw new ServiceError(`there is no RAM block ${block}${where}; --wait SECONDS waits for it`, 404);
  }

  async #read<S extends TSchema>(schema: S, method: Method, path: string, body?: object): Promise<Static<S>> {
    const answer = await this.#call(method, path, body);
    if (!Value.Check(schema, answer)) throw new ServiceError(`${method} ${path} was answered in another form`, 502);
    return answer;
  }

  /** @returns the JSON of a 2xx answer; undefined where it has none */
  async #call(method: Method, path: string, body?: object): Promise<unknown> {
    const request: ServiceRequest = {
      method,
      path,
      ...(body === undefined ? {} : { body }),
      ...(method === 'POST' ? { headers: { 'idempotency-key': randomUUID() } } : {}),
      signal: AbortSignal.timeout(method === 'GET' ? READ_TIMEOUT_MS : WRITE_TIMEOUT_MS),
    };
    const { status, text, json } = await this.#connection.send(request).catch((error: unknown) => {
      throw error instanceof NoAnswerError ? new ServiceError(noAnswerText(error), null, { cause: error }) : error;
    });
    if (status >= 200 && status < 300) return json;
    const [code, detail] = [stringOf(json, 'code'), stringOf(json, 'detail')];
    const said = code !== null && detail !== null ? `${code}: ${detail}` : text.slice(0, 200);
    throw new ServiceError(`${method} ${path} was answered ${status} ${said}`, status);
  }
}

function blockPath(ramBlockId: string): string {
  return `/v1/ram-blocks/${encodeURIComponent(ramBlockId)}`;
}
