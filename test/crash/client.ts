// One client of the crash test: it asks for one random change after the other, and remembers what it was answered. When
// the service dies, the request under way stays open until somebody can say what became of it.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Conversion } from '../../src/service/views.ts';
import type { Api } from '../support/api.ts';
import { type BlockModel, GRANULE, PAGE } from './block-model.ts';
import type { World } from './world.ts';

/** A request of which no answer came. */
export interface Open {
  readonly method: 'POST' | 'PATCH';
  readonly path: string;
  readonly body: object | undefined;
  /** Of a POST. */
  readonly key: string | null;
  /** Takes a 2xx answer down in the models. @returns the ids of what was changed */
  readonly note: (body: Answer) => readonly string[];
}

// biome-ignore lint/suspicious/noExplicitAny: an answer of any of these routes, which Api has held against the document
type Answer = any;

/** Why a change may be answered with nothing done: listeners fail, blocks shrink under it, holes come and go. */
const EXCUSES = [
  ...['listener-unsettled', 'listener-unreachable', 'discard-unacknowledged'],
  ...['invalid-range', 'section-cut'],
];

export interface Answered {
  readonly key: string;
  readonly path: string;
  readonly body: object | undefined;
  readonly text: string;
}

export class Client {
  readonly #world: World;
  readonly #random: () => number;
  /** The block that this client alone gives another length; null for none. */
  readonly resizes: BlockModel | null;
  open: Open | null = null;
  requests = 0;
  answered = 0;
  /** Answers that say that nothing was done. */
  excused = 0;
  /** Some POST that was answered, and how. */
  sample: Answered | null = null;

  constructor(world: World, random: () => number, resizes: BlockModel | null) {
    this.#world = world;
    this.#random = random;
    this.resizes = resizes;
  }

  /** Goes on until the service is gone. @param onAnswer called after every answer */
  async run(api: Api, onAnswer: () => void): Promise<void> {
    for (;;) {
      this.open = this.#think();
      this.requests++;
      const answer = await this.send(api);
      if (answer === null) return;
      this.answered++;
      onAnswer();
    }
  }

  /** Asks for one conversion of somebody else's choice. @returns whether it was answered */
  async convert(api: Api, block: BlockModel, page: number, to: 'shared' | 'private'): Promise<boolean> {
    this.open = this.#convert(block, { offset: page * PAGE, size: PAGE, to });
    this.requests++;
    const isAnswered = (await this.send(api)) !== null;
    if (isAnswered) this.answered++;
    return isAnswered;
  }

  /** Sends the open request, once more where it was sent before. @returns the answer; null when none came */
  async send(api: Api): Promise<{ readonly isReplayed: boolean; readonly ids: readonly string[] } | null> {
    const { open } = this;
    assert.ok(open !== null);
    const { method, path, body, key, note } = open;
    const headers = key === null ? {} : { 'idempotency-key': key };
    const answer = await api.call(method, path, body, { headers }).catch((error: unknown) => {
      // What the document does not have is an error of the service, not of the connection.
      if (error instanceof Error && error.message.startsWith(method)) throw error;
      return null;
    });
    if (answer === null) return null;
    this.open = null;
    const isReplayed = answer.headers['idempotent-replayed'] === 'true';
    if (answer.status >= 300) {
      const what = `${method} ${path} ${JSON.stringify(body)}: ${JSON.stringify(answer.body)}`;
      assert.ok(EXCUSES.includes(answer.body.code), what);
      this.excused++;
      return { isReplayed, ids: [] };
    }
    if (key !== null) this.sample = { key, path, body, text: JSON.stringify(answer.body) };
    return { isReplayed, ids: note(answer.body) };
  }

  #think(): Open {
    const block = this.#pick(this.#world.converted);
    const chance = this.#random();
    if (this.resizes !== null && chance < (this.resizes.hasSources ? 0.1 : 0.5)) return this.#resize(this.resizes);
    if (chance < 0.45) return this.#convert(block);
    if (chance < 0.6) return this.#batch(block);
    if (chance < 0.83) return this.#convertMachine();
    if (chance < 0.97) return this.#changeSource(block);
    return this.#replay();
  }

  #convert(block: BlockModel, conversion: object = this.#conversion(block)): Open {
    const note = (answer: Conversion) => noteAll([answer], (steps) => block.noteSteps(steps));
    return this.#post(`${block.path}/conversions`, conversion, note);
  }

  #batch(block: BlockModel): Open {
    const conversions = Array.from({ length: this.#upTo(6) }, () => this.#conversion(block));
    return this.#post(`${block.path}/conversion-batches`, { conversions }, (answer) => {
      return noteAll(answer.conversions, (steps) => block.noteSteps(steps));
    });
  }

  /** Mostly over the border of two blocks. */
  #convertMachine(): Open {
    const { end, blocks } = this.#world;
    const gpa = Math.floor(this.#random() * end) * PAGE;
    const size = this.#upTo(Math.min(48, end - gpa / PAGE)) * PAGE;
    const body = { gpa, size, to: this.#state() };
    return this.#post('/v1/machines/default/conversions', body, ({ conversions }) => {
      return noteAll(conversions, ([conversion]) => {
        const block = blocks.find(({ id }) => id === conversion?.ramBlockId);
        assert.ok(block !== undefined && conversion !== undefined);
        block.noteSteps([conversion]);
      });
    });
  }

  #changeSource(block: BlockModel): Open {
    const granules = Math.floor(block.pages / GRANULE);
    const from = Math.floor(this.#random() * granules);
    const size = this.#upTo(Math.min(4, granules - from)) * GRANULE * PAGE;
    const body = { offset: from * GRANULE * PAGE, size, to: this.#random() < 0.7 ? 'populated' : 'discarded' };
    const path = `${block.path}/sources/${this.#world.pluggedOf(block)}/changes`;
    return this.#post(path, body, (conversion) => noteAll([conversion], (steps) => block.noteSteps(steps)));
  }

  /** Never to the length that it has: every resize that is done has a generation. */
  #resize(block: BlockModel): Open {
    const { least, most, lengths } = this.#world;
    const now = lengths.get(block) ?? 0;
    const other = least + Math.floor(this.#random() * (most - least));
    const pages = other < now ? other : other + 1;
    const note = ({ generation }: { generation: number }): string[] => {
      block.noteResize(generation, pages);
      lengths.set(block, pages);
      return [];
    };
    return { method: 'PATCH', path: block.path, body: { usedLength: pages * PAGE }, key: null, note };
  }

  #replay(): Open {
    return this.#post(`${this.#pick(this.#world.listeners).path}/replay`, undefined, () => []);
  }

  #conversion(block: BlockModel) {
    const from = Math.floor(this.#random() * block.pages);
    const size = this.#upTo(Math.min(16, block.pages - from)) * PAGE;
    return { offset: from * PAGE, size, to: this.#state() };
  }

  #post(path: string, body: object | undefined, note: Open['note']): Open {
    return { method: 'POST', path, body, key: randomUUID(), note };
  }

  #state(): 'shared' | 'private' {
    return this.#random() < 0.5 ? 'shared' : 'private';
  }

  #pick<T>(all: readonly T[]): T {
    const one = all[Math.floor(this.#random() * all.length)];
    assert.ok(one !== undefined);
    return one;
  }

  /** 1 to `most`. */
  #upTo(most: number): number {
    return 1 + Math.floor(this.#random() * most);
  }
}

/** Notes a batch as one, the parts of a machine conversion one by one. */
function noteAll(conversions: readonly Conversion[], note: (steps: readonly Conversion[]) => void): string[] {
  const ofBlock = Map.groupBy(conversions, ({ ramBlockId }) => ramBlockId);
  for (const steps of ofBlock.values()) note(steps);
  return conversions.flatMap(({ id }) => id ?? []);
}
