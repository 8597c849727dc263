// Goes through every order in which things can happen and every way in which they can end. The real service cannot be
// copied, so each path begins at the start and is walked again up to where it leaves the one before it.
import { type Choice, choicesIn, takeChoice } from './choices.ts';
import { fingerprint } from './fingerprint.ts';
import { violationsAtTheEnd, violationsIn } from './invariants.ts';
import { QueueWatch } from './queue-watch.ts';
import type { Scenario } from './scenario.ts';
import type { Tampering } from './simulated-process.ts';
import { SimulatedTime } from './simulated-time.ts';
import { type Surroundings, World } from './world.ts';

export interface Explored {
  /** States that differ. */
  readonly states: number;
  /** Steps from one of them to another. */
  readonly transitions: number;
  /** Walks from the start; each ends where nothing is left to do or where another one has been. */
  readonly paths: number;
  /** States in which nothing is left to do. */
  readonly ends: number;
  /** Steps of the longest path. */
  readonly longest: number;
  /** Why commands failed; each code once. */
  readonly codes: readonly string[];
  /** How often a step of each kind that goes wrong was taken. */
  readonly faults: Readonly<Record<string, number>>;
  /** The first path to a state in which something is wrong, step by step, and what that is; null where there is none. */
  readonly failure: Failure | null;
}

export interface Failure {
  readonly path: readonly string[];
  readonly violations: readonly string[];
}

/** Steps of a path; the commands of a scenario and what may go wrong in it take far fewer. */
const LONGEST = 200;

/** A place on the path that is being walked: what could come next there, and what has been tried of it. */
interface Fork {
  /** The state there. */
  readonly key: string;
  readonly labels: readonly string[];
  tried: number;
}

export interface ExploreOptions {
  /** What is put between the service and its surroundings. */
  readonly tampering?: Tampering;
  /** Ends a path where another one has been; true where left out. Without, every path is walked to its end. */
  readonly merge?: boolean;
}

export async function explore(scenario: Scenario, options: ExploreOptions = {}): Promise<Explored> {
  const surroundings = { time: new SimulatedTime(), watch: new QueueWatch() };
  surroundings.time.install();
  surroundings.watch.install();
  try {
    return await new Exploration(scenario, surroundings, options).run();
  } finally {
    surroundings.time.restore();
    surroundings.watch.restore();
  }
}

class Exploration {
  readonly #scenario: Scenario;
  readonly #surroundings: Surroundings;
  readonly #options: ExploreOptions;
  readonly #known = new Set<string>();
  readonly #forks: Fork[] = [];
  #transitions = 0;
  #paths = 0;
  #ends = 0;
  #longest = 0;
  readonly #codes = new Set<string>();
  readonly #faults: Record<string, number> = {};

  constructor(scenario: Scenario, surroundings: Surroundings, options: ExploreOptions) {
    this.#scenario = scenario;
    this.#surroundings = surroundings;
    this.#options = options;
  }

  async run(): Promise<Explored> {
    let failure: Failure | null = null;
    do failure = await this.#walk();
    while (failure === null && this.#turnBack());
    return {
      states: this.#known.size,
      transitions: this.#transitions,
      paths: this.#paths,
      ends: this.#ends,
      longest: this.#longest,
      codes: [...this.#codes].sort(),
      faults: this.#faults,
      failure,
    };
  }

  /** One path, from the start to its end or to a state that is known. @returns what is wrong there */
  async #walk(): Promise<Failure | null> {
    this.#paths++;
    const world = new World(this.#scenario, this.#surroundings, this.#options.tampering);
    await world.settle();
    const taken = [...this.#forks];
    for (const fork of taken) await this.#take(world, this.#choiceAt(world, fork));
    for (;;) {
      if (world.violations.length > 0) return { path: this.#path, violations: world.violations };
      // A state that is known was judged when it was first met.
      const key = fingerprint(world);
      const isNew = !this.#known.has(key);
      // Whatever goes wrong is used up, so that a state that comes again can come again for ever.
      if (!isNew && this.#forks.some((fork) => fork.key === key)) {
        return { path: this.#path, violations: ['it goes on for ever: it was in the same state before'] };
      }
      if (this.#forks.length > LONGEST) {
        return { path: this.#path, violations: [`it goes on for ever: it takes more than ${LONGEST} steps`] };
      }
      if (!isNew && this.#options.merge !== false) return null;
      this.#known.add(key);
      for (const { code } of world.courses) if (code !== null) this.#codes.add(code);
      const choices = choicesIn(world);
      const isEnd = choices.every(({ fault, isLate }) => fault !== undefined || isLate);
      if (isEnd && isNew) this.#ends++;
      const violations = [...violationsIn(world), ...(isEnd ? violationsAtTheEnd(world) : [])];
      if (violations.length > 0) return { path: this.#path, violations };
      const [first] = choices;
      if (first === undefined) return null;
      this.#forks.push({ key, labels: choices.map(({ label }) => label), tried: 0 });
      this.#longest = Math.max(this.#longest, this.#forks.length);
      this.#count(first);
      await this.#take(world, first);
    }
  }

  /** Leaves the path where something is still to be tried, as late as possible. @returns false when all was */
  #turnBack(): boolean {
    for (let fork = this.#forks.at(-1); fork !== undefined; fork = this.#forks.at(-1)) {
      fork.tried++;
      if (fork.tried < fork.labels.length) return true;
      this.#forks.pop();
    }
    return false;
  }

  #choiceAt(world: World, fork: Fork): Choice {
    const choices = choicesIn(world);
    const choice = choices[fork.tried];
    if (choice === undefined || choices.length !== fork.labels.length || choice.label !== fork.labels[fork.tried]) {
      throw new Error(`not the same again: ${choice?.label}, where it was ${fork.labels[fork.tried]}`);
    }
    if (fork === this.#forks.at(-1)) this.#count(choice);
    return choice;
  }

  #count({ fault }: Choice): void {
    this.#transitions++;
    if (fault !== undefined) this.#faults[fault] = (this.#faults[fault] ?? 0) + 1;
  }

  async #take(world: World, choice: Choice): Promise<void> {
    takeChoice(world, choice);
    await world.settle();
  }

  get #path(): string[] {
    return this.#forks.map(({ labels, tried }) => labels[tried] ?? '');
  }
}
