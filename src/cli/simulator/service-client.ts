// The three things that a listener asks of the service: which block, register, unregister.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import Type, { type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { request } from 'undici';
import type { Section } from '../../core/section.ts';

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

const ProblemView = Type.Object({ code: Type.String(), detail: Type.String() });

/** What the body of a registration says; bytes and milliseconds. */
export interface Registration {
  readonly url: string;
  readonly secret: string;
  readonly granularity: number;
  readonly section?: Section;
  readonly timeoutMs?: number;
  readonly description?: string;
}

type Method = 'GET' | 'POST' | 'DELETE';

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

export class ServiceClient {
  readonly #baseUrl: string;
  readonly #token: string | null;

  constructor(baseUrl: string, token: string | null) {
    this.#baseUrl = baseUrl.replace(/\/+$/, '');
    this.#token = token;
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

  async #read<S extends TSchema>(schema: S, method: Method, path: string, body?: unknown): Promise<Static<S>> {
    const answer = await this.#call(method, path, body);
    if (!Value.Check(schema, answer)) throw new ServiceError(`${method} ${path} was answered in another form`, 502);
    return answer;
  }

  /** @returns the JSON of a 2xx answer, or null where it has none */
  async #call(method: Method, path: string, body?: unknown): Promise<unknown> {
    const headers: Record<string, string> = { accept: 'application/json, application/problem+json' };
    if (this.#token !== null) headers.authorization = `Bearer ${this.#token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (method === 'POST') headers['idempotency-key'] = randomUUID();
    const signal = AbortSignal.timeout(method === 'GET' ? READ_TIMEOUT_MS : WRITE_TIMEOUT_MS);
    const content = body === undefined ? null : JSON.stringify(body);
    let status: number;
    let text: string;
    try {
      // Not fetch: it has a list of ports that it refuses to call, and a service may listen on any.
      const response = await request(this.#baseUrl + path, { method, headers, body: content, signal });
      status = response.statusCode;
      text = await response.body.text();
    } catch (error) {
      const message = `no answer from ${this.#baseUrl} (${reasonOf(error)}); --service gives its URL`;
      throw new ServiceError(message, null, { cause: error });
    }
    const answer = parseJson(text);
    if (status >= 200 && status < 300) return answer;
    const said = Value.Check(ProblemView, answer) ? `${answer.code}: ${answer.detail}` : text.slice(0, 200);
    throw new ServiceError(`${method} ${path} was answered ${status} ${said}`, status);
  }
}

function blockPath(ramBlockId: string): string {
  return `/v1/ram-blocks/${encodeURIComponent(ramBlockId)}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
