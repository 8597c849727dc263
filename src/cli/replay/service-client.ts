// The service as a replay sees it: one kept connection, one request at a time; its blocks and machines, and what is shared
// in them.
import { setTimeout as sleep } from 'node:timers/promises';
import { fieldOf, numberOf, stringOf } from '../../client/json-fields.ts';
import { NoAnswerError, type ServiceAnswer, type ServiceRequest } from '../../client/service-client.ts';
import { ServiceConnection } from '../../client/service-connection.ts';
import type { Section } from '../../core/section.ts';
import { answeredText, notTheServiceText } from '../service-call.ts';
import { type RamBlockAnswer, toRamBlock } from './answers.ts';
import { ReplayError } from './replay-error.ts';

/** A connection that breaks during the replay is opened again that often. */
const MAX_RECONNECTS = 5;
/** Milliseconds until it is opened again; doubling. */
const FIRST_RECONNECT = 100;
/** How often the sections of a block are read anew, because others change it meanwhile. */
const MAX_RESTARTS = 10;

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
    const answer = await this.send({ method: 'POST', path: '/v1/ram-blocks', body: block }, false);
    if (answer.status !== 201) {
      throw this.unexpected(`creating RAM block ${block.idstr} in machine ${block.machine}`, answer);
    }
    return this.#ramBlock(answer.json);
  }

  /**
   * @param name an idstr in `machine`, else the id of a block
   * @throws ReplayError when there is no such block
   */
  async findRamBlock(machine: string, name: string): Promise<RamBlockAnswer> {
    const query = new URLSearchParams({ machine, idstr: name });
    const list = await this.send({ method: 'GET', path: `/v1/ram-blocks?${query}` });
    if (list.status !== 200) throw this.unexpected(`looking for RAM block ${name}`, list);
    const items = fieldOf(list.json, 'items');
    if (!Array.isArray(items)) throw this.notTheService('the list of RAM blocks');
    if (items.length > 0) return this.#ramBlock(items[0]);
    const one = await this.send({ method: 'GET', path: `/v1/ram-blocks/${encodeURIComponent(name)}` });
    if (one.status === 200) return this.#ramBlock(one.json);
    if (one.status !== 404) throw this.unexpected(`looking for RAM block ${name}`, one);
    throw new ReplayError(
      `the service has no RAM block with the idstr ${name} in machine ${machine}, nor with that id; --machine names another machine`,
    );
  }

  /** The blocks of a machine; null where there is no such machine. @throws ReplayError when they cannot be read */
  async findMachine(machine: string): Promise<RamBlockAnswer[] | null> {
    const answer = await this.send({ method: 'GET', path: `/v1/machines/${encodeURIComponent(machine)}` });
    if (answer.status === 404) return null;
    if (answer.status !== 200) throw this.unexpected(`looking for machine ${machine}`, answer);
    const ramBlocks = fieldOf(answer.json, 'ramBlocks');
    if (!Array.isArray(ramBlocks)) throw this.notTheService('the RAM blocks of a machine');
    return ramBlocks.map((ramBlock) => this.#ramBlock(ramBlock));
  }

  /**
   * The shared runs of a block, all of one generation.
   * @throws ReplayError when they cannot be read, or the block is changed all the time
   */
  async sharedSections(block: RamBlockAnswer): Promise<Section[]> {
    const query = new URLSearchParams({ state: 'populated', source: 'ram-block-attributes', limit: '1000' });
    let sections: Section[] = [];
    let generation: number | null = null;
    for (let restarts = 0; restarts < MAX_RESTARTS; ) {
      const path = `/v1/ram-blocks/${encodeURIComponent(block.id)}/sections?${query}`;
      const headers: Record<string, string> = generation === null ? {} : { 'if-match': `"${generation}"` };
      const answer = await this.send({ method: 'GET', path, headers });
      if (answer.status === 412) {
        restarts++;
        generation = null;
        sections = [];
        query.delete('cursor');
        continue;
      }
      if (answer.status !== 200) throw this.unexpected(`reading the sections of ${block.idstr}`, answer);
      const items = fieldOf(answer.json, 'items');
      generation = numberOf(answer.json, 'generation');
      if (!Array.isArray(items)) throw this.notTheService('the list of sections');
      for (const item of items)
        sections.push({ offset: numberOf(item, 'offset') ?? 0, size: numberOf(item, 'size') ?? 0 });
      const cursor = stringOf(answer.json, 'nextCursor');
      if (cursor === null) return sections;
      query.set('cursor', cursor);
    }
    throw new ReplayError(`RAM block ${block.idstr} is changed by others faster than its sections can be read`);
  }

  /**
   * Sends a request; a conversion sets a state, so one whose answer was lost may be sent again.
   * @param mayRepeat false: it may not
   * @throws ReplayError when the service cannot be reached
   */
  async send(request: ServiceRequest, mayRepeat = true): Promise<ServiceAnswer> {
    for (let reconnects = 0; ; reconnects++) {
      try {
        const answer = await this.#connection.send(request);
        this.#wasReached = true;
        return answer;
      } catch (error) {
        if (!(error instanceof NoAnswerError)) throw error;
        if (!this.#wasReached || !mayRepeat || reconnects >= MAX_RECONNECTS) throw this.#unreachable(error);
        await sleep(FIRST_RECONNECT * 2 ** reconnects);
      }
    }
  }

  #ramBlock(value: unknown): RamBlockAnswer {
    const block = toRamBlock(value);
    if (block === null) throw this.notTheService('a RAM block');
    return block;
  }

  #unreachable(error: NoAnswerError): ReplayError {
    const text = `cannot reach the service at ${this.#url} (${error.reason}); is it running? --service names another`;
    return new ReplayError(text, { cause: error });
  }

  /** What ends a replay when an answer is not what it should be. */
  unexpected(doing: string, answer: ServiceAnswer): ReplayError {
    const hints = { 'already-exists': '; --machine names another machine, --map uses blocks that are there' };
    return new ReplayError(`${doing}: ${answeredText(this.#url, answer, hints)}`);
  }

  /** What ends a replay when another program seems to listen there. @param what should have come */
  notTheService(what: string): ReplayError {
    return new ReplayError(notTheServiceText(this.#url, what));
  }
}
