// DESIGN section 2 in the most obvious way: one boolean a page, plain loops. What the service does is compared with it,
// callback by callback.
const PAGE = 4096;

type Pages = boolean[];
/** First and last page but one. */
export type Run = readonly [start: number, end: number];
/** accept: 200. refuse: says no to populates of a change. lose: gives no usable answer to anything but a recovery. */
export type Mode = 'accept' | 'refuse' | 'lose';

export interface ToldSection {
  readonly type: string;
  readonly reason: string;
  readonly sections: [number, number, number][];
}

export interface ModelListener {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  readonly address: number;
  readonly doubleDiscard: boolean;
  mode: Mode;
  told: ToldSection[];
}

interface ModelSource {
  readonly name: string;
  readonly granule: number;
  readonly pages: Pages;
}

/** The status that a request gets, and the code where it is a problem. */
export type Outcome = readonly [status: number, code?: string];

const CHANGES = ['conversion', 'source', 'registration', 'replay'];

/** Whether a listener in `mode` says yes to a delivery. The script of the real listener asks the same. */
export function verdict(mode: Mode, type: string, reason: string): 'yes' | 'no' | 'lost' {
  if (mode === 'refuse' && type === 'populate' && CHANGES.includes(reason)) return 'no';
  return mode === 'lose' && reason !== 'recovery' ? 'lost' : 'yes';
}

export class NaiveModel {
  readonly length: number;
  readonly sources: ModelSource[] = [];
  listeners: ModelListener[] = [];
  generation = 0;

  constructor(length: number, guestMemfd: boolean) {
    this.length = length;
    if (guestMemfd) this.sources.push(this.#source('ram-block-attributes', 1, []));
  }

  isPopulated(page: number): boolean {
    return this.sources.every((source) => source.pages[page]);
  }

  runs(start: number, end: number, wanted: (page: number) => boolean): Run[] {
    const runs: [number, number][] = [];
    for (let page = start; page < end; page++) {
      if (!wanted(page)) continue;
      const last = runs.at(-1);
      if (last !== undefined && last[1] === page) last[1]++;
      else runs.push([page, page + 1]);
    }
    return runs;
  }

  /** Offset and size in bytes. */
  change(name: string, offset: number, size: number, populate: boolean): Outcome {
    const source = this.sources.find((candidate) => candidate.name === name);
    if (source === undefined) return name === 'ram-block-attributes' ? [409, 'no-attributes'] : [404, 'not-found'];
    const unit = source.granule * PAGE;
    const end = offset + size;
    const alignedEnd = end % unit === 0 || end === this.length * PAGE;
    if (size <= 0 || offset % unit !== 0 || !alignedEnd || end > this.length * PAGE) return [422, 'invalid-range'];
    const changed: number[] = [];
    for (let page = offset / PAGE; page < end / PAGE; page++) if (source.pages[page] !== populate) changed.push(page);
    if (changed.length === 0) return [200];
    const others = this.sources.filter((other) => other !== source);
    const effective = changed.filter((page) => others.every((other) => other.pages[page]));
    const reason = name === 'ram-block-attributes' ? 'conversion' : 'source';
    const problem = this.#notify(effective, populate, reason);
    if (problem !== null) return problem;
    for (const page of changed) source.pages[page] = populate;
    this.generation++;
    return [200];
  }

  addSource(name: string, granule: number, populated: Run[]): Outcome {
    if (this.sources.some((source) => source.name === name)) return [409, 'already-exists'];
    const source = this.#source(name, granule, populated);
    const taken = this.#pages((page) => this.isPopulated(page) && !source.pages[page]);
    const problem = this.#notify(taken, false, 'source');
    if (problem !== null) return problem;
    this.sources.push(source);
    this.generation++;
    return [201];
  }

  removeSource(name: string): Outcome {
    const index = this.sources.findIndex((source) => source.name === name);
    if (index < 0) return [404, 'not-found'];
    const others = this.sources.filter((_, other) => other !== index);
    const given = this.#pages((page) => !this.isPopulated(page) && others.every((other) => other.pages[page]));
    const problem = this.#notify(given, true, 'source');
    if (problem !== null) return problem;
    this.sources.splice(index, 1);
    this.generation++;
    return [204];
  }

  register(listener: ModelListener): Outcome {
    const runs = this.populatedRuns(listener);
    const said = this.#tell(listener, 'populate', 'registration', runs);
    if (said === 'yes') {
      this.listeners.push(listener);
      return [201];
    }
    if (said === 'no') this.#tell(listener, 'discard', 'rollback', runs);
    else this.#tell(listener, 'discard', 'recovery', [[listener.start, listener.end]]);
    return said === 'no' ? [409, 'listener-refused'] : [502, 'listener-unreachable'];
  }

  unregister(listener: ModelListener): Outcome {
    const runs = this.#finalDiscard(listener);
    if (this.#tell(listener, 'discard', 'unregistration', runs) === 'lost') {
      this.#recover(listener, runs);
      return [503, 'discard-unacknowledged'];
    }
    this.listeners = this.listeners.filter((other) => other !== listener);
    return [204];
  }

  replay(listener: ModelListener): Outcome {
    const runs: Run[] = [[listener.start, listener.end]];
    if (this.#tell(listener, 'discard', 'replay', runs) === 'lost') {
      this.#recover(listener, runs);
      return [503, 'discard-unacknowledged'];
    }
    const populated = this.populatedRuns(listener);
    const said = this.#tell(listener, 'populate', 'replay', populated);
    if (said === 'yes') return [200];
    if (said === 'no') {
      this.#tell(listener, 'discard', 'replay', populated);
      this.#tell(listener, 'populate', 'recovery', populated);
      return [409, 'listener-refused'];
    }
    this.#recover(listener, populated);
    return [502, 'listener-unreachable'];
  }

  populatedRuns({ start, end }: ModelListener): Run[] {
    return this.runs(start, end, (page) => this.isPopulated(page));
  }

  #notify(pages: number[], populate: boolean, reason: string): Outcome | null {
    const calls = this.listeners.toReversed().flatMap((listener) => {
      const runs = this.runs(listener.start, listener.end, (page) => pages.includes(page));
      return runs.length > 0 ? [{ listener, runs }] : [];
    });
    return populate ? this.#populate(calls, reason) : this.#discard(calls, reason);
  }

  #populate(calls: { listener: ModelListener; runs: Run[] }[], reason: string): Outcome | null {
    for (const [index, { listener, runs }] of calls.entries()) {
      const said = this.#tell(listener, 'populate', reason, runs);
      if (said === 'yes') continue;
      const toUndo = calls.slice(0, said === 'no' ? index + 1 : index);
      for (const call of toUndo) this.#takeBack(call);
      if (said === 'lost') this.#recover(listener, runs);
      return said === 'no' ? [409, 'listener-refused'] : [502, 'listener-unreachable'];
    }
    return null;
  }

  /** A rollback discard. */
  #takeBack({ listener, runs }: { listener: ModelListener; runs: Run[] }): void {
    if (this.#tell(listener, 'discard', 'rollback', runs) === 'lost') this.#recover(listener, runs);
  }

  #discard(calls: { listener: ModelListener; runs: Run[] }[], reason: string): Outcome | null {
    const said = calls.map(({ listener, runs }) => this.#tell(listener, 'discard', reason, runs));
    if (!said.includes('lost')) return null;
    for (const [index, { listener, runs }] of calls.entries()) {
      if (said[index] === 'lost') this.#recover(listener, runs);
      else this.#tell(listener, 'populate', 'rollback', runs);
    }
    return [503, 'discard-unacknowledged'];
  }

  /** What settles ranges of unknown state: a discard of them, and a populate of what is populated. */
  #recover(listener: ModelListener, runs: Run[]): void {
    const inside = (page: number) => runs.some(([start, end]) => page >= start && page < end);
    this.#tell(listener, 'discard', 'recovery', this.runs(0, this.length, inside));
    this.#tell(
      listener,
      'populate',
      'recovery',
      this.runs(0, this.length, (p) => inside(p) && this.isPopulated(p)),
    );
  }

  #tell(listener: ModelListener, type: string, reason: string, runs: Run[]): 'yes' | 'no' | 'lost' {
    if (runs.length === 0) return 'yes';
    const sections = runs.map(([start, end]): [number, number, number] => {
      return [start * PAGE, (end - start) * PAGE, listener.address + (start - listener.start) * PAGE];
    });
    listener.told.push({ type, reason, sections });
    return verdict(listener.mode, type, reason);
  }

  #finalDiscard(listener: ModelListener): Run[] {
    return listener.doubleDiscard ? [[listener.start, listener.end]] : this.populatedRuns(listener);
  }

  #source(name: string, granule: number, populated: Run[]): ModelSource {
    const pages: Pages = new Array(this.length).fill(false);
    for (const [start, end] of populated) pages.fill(true, start, end);
    return { name, granule, pages };
  }

  #pages(wanted: (page: number) => boolean): number[] {
    return Array.from({ length: this.length }, (_, page) => page).filter(wanted);
  }
}
