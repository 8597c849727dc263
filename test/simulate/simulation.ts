// One history: the real service over a simulated clock, disk, network and devices, with everything that is chance drawn
// from the seeds in its script. After every step all that must hold is checked.
import { createHash } from 'node:crypto';
import { Problem } from '../../src/errors.ts';
import type { KeptAnswer } from '../../src/journal/journal.ts';
import { Chance } from '../fuzz/chance.ts';
import type { Tampering } from '../model/simulated-process.ts';
import { quiet, SimulatedTime } from '../model/simulated-time.ts';
import { BookedDisk, type Kept } from './books.ts';
import { atRest, devices, sending, visible } from './checks.ts';
import type { Weather } from './disk-journal.ts';
import { Events } from './events.ts';
import { Figures } from './figures.ts';
import { MOODS, type Mood, Network, WELL } from './network.ts';
import { PAGE } from './pages.ts';
import {
  conversionsIn,
  DEVICES,
  KINDS,
  type Kind,
  type Options,
  type Request,
  Requests,
  type Scale,
} from './requests.ts';
import type { Happening, Item } from './script.ts';
import { ServiceProcess, type Settings } from './service-process.ts';

/** What one history came to. */
export interface Outcome {
  /** Empty where all is well. */
  readonly violations: readonly string[];
  /** Things that happened. */
  readonly steps: number;
  /** Items of the script that were begun. */
  readonly items: number;
  readonly figures: Figures;
  /** Of everything that happened, in order. */
  readonly hash: string;
  /** The last of it, for people. */
  readonly trace: readonly string[];
}

export interface RunOptions {
  readonly seed: number;
  readonly script: readonly Item[];
  readonly tampering?: Tampering;
}

/** Until everything is at rest again, when all is well. */
const MOST_STEPS_TO_CALM = 2000;
const TRACE_KEPT = 200;
const DAY_MS = 25 * 3600_000;
const FAIR: Weather = { commitMs: 5, failing: 0, failingReads: 0 };

/** A request of a client that waits for its answer. */
interface Course {
  readonly request: Request;
  readonly client: AbortController;
  readonly key: string | null;
}

/** What is known of the requests with one Idempotency-Key. */
interface Keyed {
  readonly request: Request;
  /** The answer, once it was given. */
  body: string | null;
}

const OWNED: readonly Kept['record']['kind'][] = [
  ...(['block-created', 'block-deleted', 'source-added', 'source-removed'] as const),
  ...(['source-changed', 'block-resized', 'listener-changed'] as const),
];
const GENERATION_EVENTS = [
  'conversion.committed',
  'source.added',
  'source.removed',
  'source.changed',
  'ram_block.resized',
];
/** What a client may be told, beside what happened to the service. */
const PLAIN_CODES = [
  ...[
    'not-found',
    'already-exists',
    'has-listeners',
    'no-attributes',
    'coordinated-discard-required',
    'not-resizeable',
  ],
  ...[
    'section-cut',
    'listener-not-async',
    'listener-refused',
    'mapping-limit',
    'idempotency-key-in-use',
    'invalid-range',
  ],
  ...['invalid-request', 'listener-unreachable', 'discard-unacknowledged', 'listener-unsettled', 'overloaded'],
  'journal-unavailable',
];

/** Runs `script`. Nothing else may use timers meanwhile. */
export async function runHistory(options: RunOptions): Promise<Outcome> {
  const time = new SimulatedTime();
  time.install();
  try {
    return await new Simulation(options, time).run();
  } finally {
    time.restore();
  }
}

class Simulation {
  readonly #options: RunOptions;
  readonly #time: SimulatedTime;
  readonly #events: Events;
  readonly #disk = new BookedDisk();
  readonly #network: Network;
  readonly #weather: Weather = { ...FAIR };
  readonly #settings: Settings;
  readonly #figures = new Figures();
  readonly #hash = createHash('sha1');
  readonly #trace: string[] = [];
  readonly #violations: string[] = [];
  readonly #moods: Mood[] = Array.from({ length: DEVICES }, () => WELL);
  /** Those that devices of this history can be in. */
  readonly #moodsToCome: readonly Mood[];
  readonly #scale: Scale;
  #chance: Chance;
  #isCalm = false;
  #process: ServiceProcess;
  #processes = 0;
  #steps = 0;
  #ids = 0;
  #requests = 0;
  /** Begun, and not answered. */
  readonly #running = new Set<Course>();
  /** Of which no answer will come: they are done or not. */
  #open: Course[] = [];
  /** What came since the last check. */
  #answers: { readonly course: Course; readonly answer: unknown }[] = [];
  /** What became true and nobody was answered yet. */
  #unclaimed: Kept[] = [];
  #keys = new Map<string, Keyed>();
  /** Blocks that something was done to since they were looked at. */
  #touched = new Set<string>();
  /** Listeners of which an operator said that their device is gone, and blocks of which all are. */
  readonly #forced = new Set<string>();
  /** What each listener was sent, by sequence; of sync ones the highest sequence. */
  readonly #sent = new Map<string, Map<number, string>>();
  readonly #highest = new Map<string, number>();
  /** The generation that events have told of each block. */
  readonly #told = new Map<string, number>();
  #eventsRead = 0;
  #openedSeen = 0;
  /** What is to happen, and when: a counter, and how far it has come then. */
  #doom: { readonly of: () => number; readonly at: number; readonly strike: () => Promise<void> } | null = null;
  #log = (what: string): void => {
    const line = `${this.#steps}@${this.#events.now.toFixed(1)} ${what}`;
    this.#hash.update(line);
    this.#trace.push(line);
    if (this.#trace.length >= 2 * TRACE_KEPT) this.#trace.splice(0, TRACE_KEPT);
  };

  constructor(options: RunOptions, time: SimulatedTime) {
    this.#options = options;
    this.#time = time;
    this.#events = new Events(time);
    this.#chance = new Chance(options.seed);
    this.#settings = {
      snapshotEvery: this.#chance.pick([1, 3, 10, 1000]),
      queueLength: this.#chance.pick([3, 100, 10_000]),
      queueWaitMs: this.#chance.pick([500, 5000, 30_000]),
      backlogLimit: this.#chance.pick([5, 100]),
      reservesMore: this.#chance.is(0.5),
    };
    const some = MOODS.filter(() => this.#chance.is(0.5));
    this.#moodsToCome = some.length > 0 ? some : MOODS;
    this.#scale = { blocks: this.#chance.pick([1, 2, 5]), hasBig: this.#chance.is(0.3) };
    this.#network = new Network({
      events: this.#events,
      chance: () => this.#chance,
      figures: this.#figures,
      log: this.#log,
      moodOf: (url) => (this.#isCalm ? WELL : (this.#moods[Number(/device-(\d+)/.exec(url)?.[1])] ?? WELL)),
      pagesOf: (id) => (this.#disk.definitions.get(id)?.maxLength ?? 0) / PAGE,
      touched: (id) => void this.#touched.add(id),
      sending: (copy, { generation }) => {
        this.#touched.add(copy.ramBlockId);
        const { listenerId, sequence, type, reason, runs, mode } = copy;
        const content = JSON.stringify([type, reason, runs]);
        const sent = this.#sent.get(listenerId) ?? new Map<number, string>();
        this.#sent.set(listenerId, sent);
        const before = sent.get(sequence);
        const name = `delivery ${sequence} to ${listenerId}`;
        if (before !== undefined && (mode === 'sync' || before !== content)) {
          this.#violations.push(`${name} has the webhook-id of another: ${content} after ${before}`);
        }
        sent.set(sequence, content);
        const book = this.#disk.books.get(copy.ramBlockId);
        if (mode === 'async') return;
        const highest = this.#highest.get(listenerId) ?? 0;
        if (sequence <= highest && before === undefined) this.#violations.push(`${name} comes after ${highest}`);
        this.#highest.set(listenerId, Math.max(highest, sequence));
        const isForced = this.#forced.has(listenerId) || (book === undefined && this.#forced.has(copy.ramBlockId));
        this.#violations.push(...sending(this.#network, copy, book, isForced));
        if (book !== undefined && generation !== book.generation && !this.#forced.has(listenerId)) {
          this.#violations.push(`${name} says generation ${generation}, which is ${book.generation}`);
        }
        if (reason === 'recovery') this.#figures.count(`recovery ${type}s`);
        if (reason === 'rollback') this.#figures.count(`rollback ${type}s`);
      },
    });
    this.#process = this.#start();
  }

  async run(): Promise<Outcome> {
    const { script } = this.#options;
    let items = 0;
    await this.#settle();
    for (const item of script) {
      items++;
      this.#chance = new Chance(item.seed);
      this.#do(item.what);
      await this.#settle();
      if (item.what === 'calm' || item.what === 'a day passes') await this.#calm(item.what);
      if (item.what === 'restart') await this.#restart();
      for (let left = item.steps; left > 0 && this.#isFine; left--) if (!(await this.#step())) break;
      if (!this.#isFine) break;
    }
    if (this.#isFine) await this.#calm('calm');
    this.#figures.count('steps', this.#steps);
    const { figures, violations, steps } = { figures: this.#figures, violations: this.#violations, steps: this.#steps };
    return { violations, steps, items, figures, hash: this.#hash.digest('hex'), trace: this.#trace.slice(-TRACE_KEPT) };
  }

  get #isFine(): boolean {
    return this.#violations.length === 0;
  }

  /** One thing happens. @returns false where nothing is to come */
  async #step(): Promise<boolean> {
    let isMore = false;
    try {
      isMore = this.#events.next();
    } catch (error) {
      // What was written cannot be.
      this.#violations.push(String(error));
    }
    this.#steps++;
    const doom = this.#doom;
    if (doom !== null && doom.of() >= doom.at) {
      this.#doom = null;
      await doom.strike();
    }
    await this.#settle();
    return isMore;
  }

  /** Waits until the process can go on by itself no more, and looks at everything. */
  async #settle(): Promise<void> {
    await quiet();
    while (this.#process.failure !== null) {
      const { code } = Object(this.#process.failure) as { code?: string };
      if (code !== 'journal-unavailable') {
        this.#violations.push(`it cannot start: ${String(this.#process.failure)}`);
        return;
      }
      this.#figures.count('starts that failed');
      await this.#replaceProcess(0);
    }
    this.#check();
  }

  #do(what: Item['what']): void {
    if (what in KINDS) this.#askNew(what as Kind);
    else this.#happen(what as Happening);
  }

  #happen(what: Happening): void {
    const chance = this.#chance;
    switch (what) {
      case 'mood': {
        const device = chance.below(DEVICES);
        const mood = chance.is(0.6) ? WELL : chance.pick(this.#moodsToCome);
        this.#moods[device] = mood;
        this.#log(`device ${device} is ${mood.name}`);
        break;
      }
      case 'weather':
        this.#weather.commitMs = chance.pick([1, 5, 50]);
        this.#weather.failing = chance.pick([0, 0, 0.02]);
        this.#weather.failingReads = chance.pick([0, 0.02, 0.1]);
        this.#log(`the disk: ${JSON.stringify(this.#weather)}`);
        break;
      case 'crash':
        this.#doomed(
          0,
          () => 0,
          () => this.#crash(),
        );
        break;
      case 'crash after a delivery':
        this.#doomed(
          1 + chance.below(6),
          () => this.#network.acted,
          () => this.#crash(),
        );
        break;
      case 'crash after a commit':
        this.#doomed(
          1 + chance.below(6),
          () => this.#process.journal?.completed ?? 0,
          () => this.#crash(),
        );
        break;
      case 'journal breaks':
        this.#breakJournal();
        break;
      case 'journal breaks after a delivery':
        this.#doomed(
          1 + chance.below(6),
          () => this.#network.acted,
          async () => this.#breakJournal(),
        );
        break;
      case 'client leaves': {
        const running = [...this.#running];
        if (running.length === 0) break;
        const { client, request } = chance.pick(running);
        this.#log(`the client of "${request.text}" leaves`);
        this.#figures.count('clients that left');
        client.abort();
        break;
      }
      case 'asked again':
      case 'asked otherwise':
        this.#askAgain(what === 'asked otherwise');
        break;
    }
  }

  /** Lets something happen once `of` has grown by so much. */
  #doomed(by: number, of: () => number, strike: () => Promise<void>): void {
    this.#doom = { of, at: of() + by, strike };
  }

  #breakJournal(): void {
    const { isReady, journal } = this.#process;
    if (isReady && journal !== null) journal.break(this.#chance.below(journal.pending.length + 1));
  }

  #start(): ServiceProcess {
    this.#processes++;
    const surroundings = {
      ...{ disk: this.#disk, events: this.#events, network: this.#network, weather: this.#weather },
      ...{ figures: this.#figures, tampering: this.#options.tampering ?? {}, log: this.#log },
      chance: () => this.#chance,
      newId: (prefix: string) => `${prefix}_${String(++this.#ids).padStart(6, '0')}`,
    };
    this.#openedSeen = 0;
    this.#eventsRead = 0;
    return new ServiceProcess(surroundings, this.#settings, `epoch${this.#processes}`);
  }

  /** kill -9; what was sent is on its way nevertheless. */
  async #crash(): Promise<void> {
    const waiting = this.#process.journal?.pending.length ?? 0;
    const written = this.#chance.below(waiting + 1);
    this.#figures.count('crashes');
    if (waiting > 0) this.#figures.count('crashes with appends under way');
    if (written > 0) this.#figures.count('appends that a crash cut off and are durable', written);
    if (this.#network.underWay.size > 0) this.#figures.count('crashes with deliveries under way');
    if (this.#process.machines === null) this.#figures.count('crashes while it starts');
    this.#log(`a crash, with ${written} of ${waiting} appends written`);
    await this.#replaceProcess(written);
  }

  async #replaceProcess(written: number): Promise<void> {
    this.#doom = null;
    this.#process.kill(written);
    await quiet();
    this.#events.endProcess();
    this.#network.forgetWaiting();
    this.#open.push(...this.#running);
    this.#running.clear();
    this.#process = this.#start();
    await quiet();
  }

  /** An orderly end, and another start. */
  async #restart(): Promise<void> {
    const { machines } = this.#process;
    if (machines === null || !this.#isFine) return;
    this.#log('it is told to end');
    let isClosed = false;
    machines.close().then(
      () => {
        isClosed = true;
      },
      () => {
        isClosed = true;
      },
    );
    await this.#settle();
    for (let steps = 0; !isClosed && this.#isFine; steps++) {
      if (steps > MOST_STEPS_TO_CALM || this.#process.machines !== machines) break;
      await this.#step();
    }
    if (this.#process.machines !== machines) return;
    if (!isClosed) this.#violations.push('it does not end');
    this.#figures.count('orderly restarts');
    await this.#replaceProcess(0);
    await this.#settle();
  }

  #askNew(kind: Kind): void {
    if (this.#process.rules === null) return;
    const request = new Requests(this.#chance, this.#disk, ++this.#requests, this.#scale).make(kind);
    if (request === null) return;
    const key = request.canHaveKey && this.#chance.is(0.3) ? `key${this.#requests}` : null;
    if (key !== null) this.#keys.set(key, { request, body: null });
    this.#ask(request, key, 'same');
  }

  #askAgain(otherwise: boolean): void {
    const keys = [...this.#keys].slice(-30);
    if (this.#process.rules === null || keys.length === 0) return;
    const [key, { request }] = this.#chance.pick(keys);
    this.#figures.count(otherwise ? 'keys used for something else' : 'keys used again');
    this.#ask(request, key, otherwise ? 'other' : 'same');
  }

  #ask(request: Request, key: string | null, fingerprint: string): void {
    const process = this.#process;
    const { rules, idempotency } = process;
    if (rules === null || idempotency === null) return;
    const course: Course = { request, client: new AbortController(), key };
    this.#running.add(course);
    this.#log(`asked: ${request.text}${key === null ? '' : ` (${key}${fingerprint === 'same' ? '' : ', otherwise'})`}`);
    this.#figures.count(`asked: ${request.kind}`);
    for (const listenerId of request.forced?.() ?? []) this.#forced.add(listenerId);
    const answered = (resource: unknown): KeptAnswer | null => {
      if (key === null) return null;
      const at = Math.floor(this.#events.now) + Date.UTC(2026, 0, 1);
      return { key, owner: '', fingerprint, at, content: new TextEncoder().encode(JSON.stringify(resource)) };
    };
    const options: Options = {
      generations: request.generation === null ? null : [request.generation],
      clientGone: () => course.client.signal,
      answered,
    };
    const run = async (): Promise<unknown> => request.send(rules, options);
    const done = key === null ? run() : idempotency.once({ key, owner: '', fingerprint }, run);
    done.then(
      (answer) => {
        if (this.#process !== process) return;
        this.#running.delete(course);
        this.#log(`answered: ${request.text}`);
        this.#figures.count(`done: ${request.kind}`);
        this.#answers.push({ course, answer });
      },
      (error: unknown) => {
        if (this.#process !== process) return;
        this.#running.delete(course);
        this.#failed(course, error, fingerprint);
      },
    );
  }

  #failed(course: Course, error: unknown, fingerprint: string): void {
    const { request, key } = course;
    const code = error instanceof Problem ? error.code : null;
    this.#log(`failed: ${request.text}: ${code ?? String(error)}`);
    this.#figures.count(`failed with ${code ?? 'an error'}`);
    if (code === 'journal-unavailable') this.#open.push(course);
    else if (code === 'generation-mismatch' && request.generation !== null) return;
    else if (
      code === 'idempotency-key-reused' &&
      key !== null &&
      this.#disk.answers.get(key)?.fingerprint !== fingerprint
    )
      return;
    else if (code === null || !PLAIN_CODES.includes(code)) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#violations.push(`"${request.text}" fails with ${code ?? text}`);
    } else if (
      code !== 'idempotency-key-in-use' &&
      key !== null &&
      this.#disk.answers.get(key)?.fingerprint === fingerprint
    ) {
      this.#violations.push(`"${request.text}" fails with ${code}, and its answer is kept`);
    }
  }

  #check(): void {
    this.#takeNews();
    this.#violations.push(...this.#disk.wrong);
    this.#disk.wrong = [];
    for (const one of this.#answers) this.#judge(one.course, one.answer);
    this.#answers = [];
    if (!this.#process.isReady) return;
    if (this.#process.opened !== this.#openedSeen) {
      // Read back: everything is looked at, and events begin where it is.
      this.#openedSeen = this.#process.opened;
      for (const [id, { generation }] of this.#disk.books) {
        this.#touched.add(id);
        this.#told.set(id, generation);
      }
      this.#readEvents(false);
    }
    this.#readEvents(true);
    for (const id of this.#touched) {
      const book = this.#disk.books.get(id);
      this.#violations.push(...visible(this.#process, id, book));
      if (book === undefined) continue;
      this.#violations.push(...devices(this.#network, id, book));
      const told = this.#told.get(id) ?? 0;
      if (told !== book.generation)
        this.#violations.push(`events tell of generation ${told} of ${id}, which is ${book.generation}`);
    }
    this.#touched.clear();
  }

  #takeNews(): void {
    const { news } = this.#disk;
    this.#disk.news = [];
    for (const kept of news) {
      const { record } = kept;
      const { ramBlockId } = record;
      this.#touched.add(ramBlockId);
      if (OWNED.includes(record.kind)) this.#unclaimed.push(kept);
      if (record.kind === 'listener-removed' && this.#forced.has(record.listenerId)) {
        this.#network.gone.add(record.listenerId);
      }
      if (record.kind === 'listener-phase') this.#figures.count(`listeners that became ${record.phase}`);
      if (record.kind === 'listener-replay') this.#figures.count(`async replays ${record.step}`);
      if (record.kind === 'delivery-skipped') this.#figures.count('deliveries skipped');
      if (record.kind === 'outcome' && record.listeners.some(({ unknown }) => (unknown?.length ?? 0) > 0)) {
        this.#figures.count('outcomes with unknown pages');
      }
    }
  }

  /** An answer is true, and what it is of happened once. */
  #judge({ request, key }: Course, answer: unknown): void {
    const body = JSON.stringify(answer);
    const keyed = key === null ? undefined : this.#keys.get(key);
    if (keyed !== undefined && isStored(answer)) {
      this.#figures.count('answers given again');
      const stored = textOf(answer);
      if (keyed.body !== null && keyed.body !== stored)
        this.#violations.push(`${key} is answered otherwise than before`);
      keyed.body = stored;
      return;
    }
    if (keyed !== undefined && key !== null) {
      if (keyed.body !== null) this.#violations.push(`"${request.text}" is done again under ${key}`);
      const kept = this.#disk.answers.get(key);
      if (kept === undefined || textOf(kept) !== body)
        this.#violations.push(`"${request.text}" is answered, and its answer is not kept`);
      keyed.body = body;
    }
    this.#violations.push(...request.verify(answer, this.#disk).map((what) => `"${request.text}": ${what}`));
    this.#claim(request, answer);
  }

  #claim(request: Request, answer: unknown): void {
    const { id } = Object(answer) as { id?: string };
    const ids = [...conversionsIn(answer).map((one) => one.id), id].filter((one) => typeof one === 'string');
    const isOf = ({ record }: Kept): boolean => {
      if (record.kind !== 'source-changed') return request.owns(record);
      return record.steps.some(({ id: own }) => own !== null && ids.includes(own));
    };
    if (request.kind === 'convert machine') this.#unclaimed = this.#unclaimed.filter((kept) => !isOf(kept));
    else {
      const index = this.#unclaimed.findIndex(isOf);
      if (index >= 0) this.#unclaimed.splice(index, 1);
    }
  }

  /** @param isCounted false where they are of what was read back */
  #readEvents(isCounted: boolean): void {
    const { eventLog } = this.#process;
    for (;;) {
      const event = eventLog.at(this.#eventsRead + 1);
      if (event === null) return;
      this.#eventsRead++;
      // The log began anew: nobody is told what came before.
      if (event === undefined) continue;
      this.#figures.count(`event ${event.type}`);
      if (event.type === 'ram_block.created') this.#told.set(event.ramBlockId, 0);
      if (!isCounted || !GENERATION_EVENTS.includes(event.type)) continue;
      const told = this.#told.get(event.ramBlockId) ?? 0;
      if (event.generation !== told && event.generation !== told + 1) {
        this.#violations.push(`an event tells of generation ${event.generation} of ${event.ramBlockId} after ${told}`);
      }
      this.#told.set(event.ramBlockId, event.generation);
    }
  }

  /** All is well for a while: everything must come to rest, and what is so then is what was answered. */
  async #calm(what: Happening): Promise<void> {
    this.#doom = null;
    this.#isCalm = true;
    const weather = { ...this.#weather };
    Object.assign(this.#weather, FAIR);
    this.#log('all is well for a while');
    await this.#goToRest();
    if (this.#isFine) {
      this.#figures.count('rests');
      this.#violations.push(...this.#unasked());
      this.#open = [];
      for (const [id, book] of this.#disk.books) this.#violations.push(...atRest(this.#network, id, book));
    }
    if (this.#isFine && what === 'a day passes') await this.#passDay();
    Object.assign(this.#weather, weather);
    this.#isCalm = false;
  }

  async #goToRest(): Promise<void> {
    for (let steps = 0; this.#isFine && this.#restless().length > 0; steps++) {
      if (steps > MOST_STEPS_TO_CALM)
        this.#violations.push(`it does not come to rest: ${this.#restless().slice(0, 5)}`);
      await this.#step();
    }
  }

  async #passDay(): Promise<void> {
    this.#log('a day passes');
    this.#time.now += DAY_MS;
    // A journal that failed while nobody used it is noticed the first time, and opened again.
    for (let times = 0; times < 2; times++) {
      for (const task of this.#time.intervals) task();
      await this.#settle();
      await this.#goToRest();
    }
    this.#figures.count('days');
    if (this.#disk.answers.size > 0) this.#violations.push(`${this.#disk.answers.size} answers are kept for ever`);
    this.#keys.clear();
  }

  /** What keeps it from being at rest. */
  #restless(): string[] {
    const { machines, isReady, journal } = this.#process;
    if (machines === null || !isReady) return ['it is not up'];
    const restless = [...this.#running].map(({ request }) => `"${request.text}" is not answered`);
    if (this.#network.underWay.size > 0) restless.push('deliveries are under way');
    if ((journal?.pending.length ?? 0) > 0) restless.push('appends wait');
    for (const { block } of machines.blocks.values()) {
      if (block.intents.length > 0) restless.push(`${block.id} has intents`);
      for (const { id, phase, isUnsettled, backlog } of block.manager.listeners.values()) {
        if (phase === 'registering' || phase === 'removing') restless.push(`${id} is ${phase}`);
        if (isUnsettled) restless.push(`${id} is unsettled`);
        if (phase === 'active' && backlog !== null && backlog.size > 0) restless.push(`${id} is owed ${backlog.size}`);
      }
    }
    return restless;
  }

  /** What became true and nobody asked for, or not so often. At rest only. */
  #unasked(): string[] {
    const open = [...this.#open];
    const wrong: string[] = [];
    for (const { record, key } of this.#unclaimed) {
      const index = open.findIndex((course) => course.request.owns(record) && (key === null || course.key === key));
      const isKept = key !== null && this.#keys.get(key)?.request.owns(record);
      if (index < 0 && !isKept)
        wrong.push(
          `nobody asked for ${record.kind} of ${record.ramBlockId}, or it failed: ${JSON.stringify(record).slice(0, 300)}`,
        );
      // Of several blocks there is one of each.
      else if (index >= 0 && open[index]?.request.kind !== 'convert machine') open.splice(index, 1);
    }
    this.#unclaimed = [];
    return wrong;
  }
}

function textOf({ content }: KeptAnswer): string {
  return new TextDecoder().decode(content);
}

function isStored(answer: unknown): answer is KeptAnswer {
  return Object(answer).content instanceof Uint8Array;
}
