// The conversions that a replay asks the service for, or for previews of them, with the retries that the contract allows.

import { setTimeout as sleep } from 'node:timers/promises';
import { fieldOf, numberOf, stringOf } from '../../client/json-fields.ts';
import { type ServiceProblem, type ServiceRequest, toProblem } from '../../client/service-client.ts';
import type { Section } from '../../core/section.ts';
import { MAX_BATCH } from '../../limits.ts';
import type { AddressRange } from '../../traces/block-map.ts';
import type { ConversionTarget } from '../../traces/trace-event.ts';
import type { RamBlockAnswer } from './answers.ts';
import type { ServiceClient } from './service-client.ts';

/** Attempts of one conversion that the service asks to try again later. */
export const MAX_ATTEMPTS = 10;
/** Milliseconds between attempts, whatever Retry-After says. */
const SHORTEST_RETRY = 100;
const LONGEST_RETRY = 60_000;

/** Another client, or another address, is needed: going on would get the same answer for every line. */
const FATAL_STATUS = new Set([400, 401, 403, 404, 405]);

/** What an accepted conversion came to in one block; bytes. */
export interface ConvertedPart extends Section {
  readonly ramBlockId: string;
  readonly changedBytes: number;
}

export interface Accepted {
  readonly kind: 'accepted';
  /** By ascending guest physical address. */
  readonly parts: readonly ConvertedPart[];
  /** Bytes that lie in no block. */
  readonly unassignedBytes: number;
  readonly attempts: number;
}

export interface Refused {
  readonly kind: 'refused';
  readonly problem: ServiceProblem;
  readonly attempts: number;
}

export type ConversionResult = Accepted | Refused;

/** One conversion of a batch; bytes. */
export interface BatchStep extends Section {
  readonly to: ConversionTarget;
}

/**
 * Asks for one conversion after the other. An answer that asks to try again later is followed up to {@link MAX_ATTEMPTS}
 * attempts; a discard that was not acknowledged is a result, and is not tried again. All methods throw ReplayError when
 * the service cannot be reached, or cannot be used as it is called.
 */
export class Converter {
  readonly #client: ServiceClient;
  readonly #dryRun: boolean;
  /** Given up for one conversion, waiting is not tried again for each that follows, until one is accepted. */
  #isPatient = true;

  /** @param dryRun ask for previews: nothing is changed */
  constructor(client: ServiceClient, dryRun = false) {
    this.#client = client;
    this.#dryRun = dryRun;
  }

  /** Of a section of one block. */
  async convert(block: RamBlockAnswer, section: Section, to: ConversionTarget): Promise<ConversionResult> {
    const { offset, size } = section;
    const path = `/v1/ram-blocks/${encodeURIComponent(block.id)}/conversions`;
    return this.#post(path, { offset, size, to }, (json) => {
      const changedBytes = numberOf(json, 'changedBytes');
      if (changedBytes === null) return null;
      return { parts: [{ ramBlockId: block.id, offset, size, changedBytes }], unassignedBytes: 0 };
    });
  }

  /** Of guest physical addresses of a machine: one change over all blocks that they touch. */
  async convertGuestMemory(machine: string, range: AddressRange, to: ConversionTarget): Promise<ConversionResult> {
    const { gpa, size } = range;
    const path = `/v1/machines/${encodeURIComponent(machine)}/conversions`;
    return this.#post(path, { gpa, size, to }, (json) => {
      const parts = listOf(json, 'conversions', toPart);
      const unassigned = listOf(json, 'unassigned', (hole) => numberOf(hole, 'size'));
      if (parts === null || unassigned === null) return null;
      return { parts, unassignedBytes: unassigned.reduce((total, bytes) => total + bytes, 0) };
    });
  }

  /**
   * What a batch of `steps`, on top of each other, would meet; nothing is changed.
   * @param steps at most {@link MAX_BATCH} @returns null when it would be accepted
   */
  async previewBatch(block: RamBlockAnswer, steps: readonly BatchStep[]): Promise<ServiceProblem | null> {
    const path = `/v1/ram-blocks/${encodeURIComponent(block.id)}/conversion-batches`;
    const result = await this.#post(path, { conversions: steps }, () => ({ parts: [], unassignedBytes: 0 }), true);
    return result.kind === 'refused' ? result.problem : null;
  }

  async #post(
    path: string,
    body: object,
    read: (json: unknown) => Pick<Accepted, 'parts' | 'unassignedBytes'> | null,
    dryRun = this.#dryRun,
  ): Promise<ConversionResult> {
    const query = dryRun ? '?dryRun=true' : '';
    const headers = { prefer: 'return=minimal' };
    const request: ServiceRequest = { method: 'POST', path: `${path}${query}`, body, headers };
    for (let attempts = 1; ; attempts++) {
      const answer = await this.#client.send(request);
      if (answer.status === 200) {
        const accepted = read(answer.json);
        if (accepted === null) throw this.#client.notTheService('the answer to a conversion');
        this.#isPatient = true;
        return { kind: 'accepted', ...accepted, attempts };
      }
      if (answer.status < 400 || FATAL_STATUS.has(answer.status)) {
        throw this.#client.unexpected('posting a conversion', answer);
      }
      const problem = toProblem(answer);
      if (answer.retryAfterMs === null || !isForLater(problem, dryRun)) return { kind: 'refused', problem, attempts };
      if (attempts >= MAX_ATTEMPTS) this.#isPatient = false;
      if (!this.#isPatient) return { kind: 'refused', problem, attempts };
      await sleep(Math.min(Math.max(answer.retryAfterMs, SHORTEST_RETRY), LONGEST_RETRY));
    }
  }
}

/** A preview says how it is now: a listener that is not settled is a result, too. */
function isForLater({ status, code }: ServiceProblem, dryRun: boolean): boolean {
  if (status !== 429 && status !== 503) return false;
  return code !== 'discard-unacknowledged' && !(dryRun && code === 'listener-unsettled');
}

function toPart(conversion: unknown): ConvertedPart | null {
  const ramBlockId = stringOf(conversion, 'ramBlockId');
  const [offset, size] = [numberOf(conversion, 'offset'), numberOf(conversion, 'size')];
  const changedBytes = numberOf(conversion, 'changedBytes');
  if (ramBlockId === null || offset === null || size === null || changedBytes === null) return null;
  return { ramBlockId, offset, size, changedBytes };
}

/** @returns null where there is no such list, or one of its items is not what it should be */
function listOf<T>(json: unknown, name: string, read: (item: unknown) => T | null): T[] | null {
  const items = fieldOf(json, name);
  if (!Array.isArray(items)) return null;
  const list = items.map(read);
  return list.some((item) => item === null) ? null : list.filter((item) => item !== null);
}
