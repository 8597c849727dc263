// The service as a replay sees it: one kept connection, one request at a time, with the retries that the contract allows.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Section } from '../../core/section.ts';
import { fieldOf, numberOf, stringOf } from '../json-fields.ts';
import {
  answeredText,
  NoAnswerError,
  notTheServiceText,
  type ProblemAnswer,
  type ServiceAnswer,
  ServiceConnection,
  type ServiceRequest,
  toProblem,
} from '../service-call.ts';
import { type RamBlockAnswer, toRamBlock } from './answers.ts';
import { ReplayError } from './replay-error.ts';
import type { ConversionTarget } from './trace-lines.ts';

/** Attempts of one conversion that the service asks to try again later. */
export const MAX_ATTEMPTS = 10;
/** Milliseconds between attempts, whatever Retry-After says. */
const SHORTEST_RETRY = 100;
const LONGEST_RETRY = 60_000;
/** A connection that breaks during the replay is opened again that often, after 100 ms, doubling. */
const MAX_RECONNECTS = 5;

/** Another client, or another address, is needed: going on would get the same answer for every line. */
const FATAL_STATUS = new Set([400, 401, 403, 404, 405]);

export type ConversionResult =
  | { readonly kind: 'accepted'; readonly changedBytes: number; readonly attempts: number }
  | { readonly kind: 'refused'; readonly problem: ProblemAnswer; readonly attempts: number };

export interface NewRamBlock {
  readonly machine: string;
  readonly idstr: string;
  /** Bytes. */
  readonly usedLength: number;
  /** Bytes; left out, the block has no guest physical address. */
  readonly gpa?: number;
}

export class ServiceClient {
  readonly #url: string;
  readonly #connection: ServiceConnection;
  /** After the first answer a broken connection may be a restart; before it, nobody is there. */
  #wasReached = false;
  /** Given up for one conversion, waiting is not tried again for each that follows, until one is accepted. */
  #isPatient = true;

  /** @param url of the service, `http:` or `https:`; @param token for `Authorization: Bearer`; null: none */
  constructor(url: URL, token: string | null) {
    this.#url = url.href;
    this.#connection = new ServiceConnection(url, token);
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  /** @throws ReplayError when it is not created */
  async createRamBlock(block: NewRamBlock): Promise<RamBlockAnswer> {
    const answer = await this.#send({ method: 'POST', path: '/v1/ram-blocks', body: block }, false);
    if (answer.status !== 201) {
      throw this.#unexpected(`creating RAM block ${block.idstr} in machine ${block.machine}`, answer);
    }
    return this.#ramBlock(answer.json);
  }

  /**
   * @param name an idstr in `machine`, else the id of a block
   * @throws ReplayError when there is no such block
   */
  async findRamBlock(machine: string, name: string): Promise<RamBlockAnswer> {
    const query = new URLSearchParams({ machine, idstr: name });
    const list = await this.#send({ method: 'GET', path: `/v1/ram-blocks?${query}` });
    if (list.status !== 200) throw this.#unexpected(`looking for RAM block ${name}`, list);
    const items = fieldOf(list.json, 'items');
    if (!Array.isArray(items)) throw this.#notTheService('the list of RAM blocks');
    if (items.length > 0) return this.#ramBlock(items[0]);
    const one = await this.#send({ method: 'GET', path: `/v1/ram-blocks/${encodeURIComponent(name)}` });
    if (one.status === 200) return this.#ramBlock(one.json);
    if (one.status !== 404) throw this.#unexpected(`looking for RAM block ${name}`, one);
    throw new ReplayError(
      `the service has no RAM block with the idstr ${name} in machine ${machine}, nor with that id; --machine names another machine`,
    );
  }

  /**
   * The shared runs of a block, all of one generation.
   * @throws ReplayError when they cannot be read, or the block is changed all the time
   */
  async sharedSections(block: RamBlockAnswer): Promise<Section[]> {
    const query = new URLSearchParams({ state: 'populated', source: 'ram-block-attributes', limit: '1000' });
    let sections: Section[] = [];
    let generation: number | null = null;
    for (let restarts = 0; restarts < MAX_ATTEMPTS; ) {
      const path = `/v1/ram-blocks/${encodeURIComponent(block.id)}/sections?${query}`;
      const headers: Record<string, string> = generation === null ? {} : { 'if-match': `"${generation}"` };
      const answer = await this.#send({ method: 'GET', path, headers });
      if (answer.status === 412) {
        restarts++;
        generation = null;
        sections = [];
        query.delete('cursor');
        continue;
      }
      if (answer.status !== 200) throw this.#unexpected(`reading the sections of ${block.idstr}`, answer);
      const items = fieldOf(answer.json, 'items');
      generation = numberOf(answer.json, 'generation');
      if (!Array.isArray(items)) throw this.#notTheService('the list of sections');
      for (const item of items)
        sections.push({ offset: numberOf(item, 'offset') ?? 0, size: numberOf(item, 'size') ?? 0 });
      const cursor = stringOf(answer.json, 'nextCursor');
      if (cursor === null) return sections;
      query.set('cursor', cursor);
    }
    throw new ReplayError(`RAM block ${block.idstr} is changed by others faster than its sections can be read`);
  }

  /**
   * Posts one conversion. An answer that asks to try again later is followed up to {@link MAX_ATTEMPTS} attempts;
   * a discard that was not acknowledged is a result, and is not tried again.
   * @throws ReplayError when the service cannot be reached, or cannot be used as it is called
   */
  async convert(block: RamBlockAnswer, section: Section, to: ConversionTarget): Promise<ConversionResult> {
    const request: ServiceRequest = {
      method: 'POST',
      path: `/v1/ram-blocks/${encodeURIComponent(block.id)}/conversions`,
      body: { offset: section.offset, size: section.size, to },
      headers: { prefer: 'return=minimal' },
    };
    for (let attempts = 1; ; attempts++) {
      const answer = await this.#send(request);
      if (answer.status === 200) {
        const changedBytes = numberOf(answer.json, 'changedBytes');
        if (changedBytes === null) throw this.#notTheService('the answer to a conversion');
        this.#isPatient = true;
        return { kind: 'accepted', changedBytes, attempts };
      }
      if (answer.status < 400 || FATAL_STATUS.has(answer.status))
        throw this.#unexpected('posting a conversion', answer);
      const problem = toProblem(answer);
      const isLater = (answer.status === 429 || answer.status === 503) && problem.code !== 'discard-unacknowledged';
      if (!isLater || answer.retryAfterMs === null) return { kind: 'refused', problem, attempts };
      if (attempts >= MAX_ATTEMPTS) this.#isPatient = false;
      if (!this.#isPatient) return { kind: 'refused', problem, attempts };
      await sleep(Math.min(Math.max(answer.retryAfterMs, SHORTEST_RETRY), LONGEST_RETRY));
    }
  }

  /** A conversion sets a state, so a request whose answer was lost may be sent again. @param mayRepeat false: it may not */
  async #send(request: ServiceRequest, mayRepeat = true): Promise<ServiceAnswer> {
    for (let reconnects = 0; ; reconnects++) {
      try {
        const answer = await this.#connection.send(request);
        this.#wasReached = true;
        return answer;
      } catch (error) {
        if (!(error instanceof NoAnswerError)) throw error;
        if (!this.#wasReached || !mayRepeat || reconnects >= MAX_RECONNECTS) throw this.#unreachable(error);
        await sleep(SHORTEST_RETRY * 2 ** reconnects);
      }
    }
  }

  #ramBlock(value: unknown): RamBlockAnswer {
    const block = toRamBlock(value);
    if (block === null) throw this.#notTheService('a RAM block');
    return block;
  }

  #unreachable(error: NoAnswerError): ReplayError {
    const text = `cannot reach the service at ${this.#url} (${error.reason}); is it running? --service names another`;
    return new ReplayError(text, { cause: error });
  }

  #unexpected(doing: string, answer: ServiceAnswer): ReplayError {
    const hints = { 'already-exists': '; --machine names another machine, --map uses blocks that are there' };
    return new ReplayError(`${doing}: ${answeredText(this.#url, answer, hints)}`);
  }

  #notTheService(what: string): ReplayError {
    return new ReplayError(notTheServiceText(this.#url, what));
  }
}
