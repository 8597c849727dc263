// Everything at one moment: the disk, the process, the devices, what is on its way between them and what clients wait for.
// Nothing happens by itself: whoever explores says what comes next (choices.ts).
import type { Delivery, DeliveryAnswer } from '../../src/listeners/delivery.ts';
import { type Command, conversionIds } from './commands.ts';
import { type Copy, Device } from './device.ts';
import type { QueueWatch } from './queue-watch.ts';
import { firstRecords, type Scenario } from './scenario.ts';
import { violationsInSending } from './sending.ts';
import { Store } from './simulated-journal.ts';
import { type InFlight, SimulatedProcess, type Tampering } from './simulated-process.ts';
import { quiet, type SimulatedTime, type Wait } from './simulated-time.ts';

/** What may go wrong, and how often on one path. */
export interface Faults {
  /** Deliveries that are refused or get no answer. */
  readonly deliveries: number;
  readonly crashes: number;
  readonly journal: number;
  /** Clients that leave, and changes that wait for too long. */
  readonly departures: number;
}

/** What of the computer that runs this is not real while it explores. */
export interface Surroundings {
  readonly time: SimulatedTime;
  readonly watch: QueueWatch;
}

export type Fate = 'to come' | 'running' | 'done' | 'nothing to do' | 'failed' | 'unknown';

/** What becomes of one command. */
export interface Course {
  readonly command: Command;
  readonly client: AbortController;
  fate: Fate;
  /** Why it failed. */
  code: string | null;
  /** Of the conversions that were answered. */
  ids: readonly string[];
}

export class World {
  readonly store = new Store();
  readonly devices = new Map<string, Device>();
  /** Copies of what was given up; each can be processed at any time, or never. */
  readonly late: Copy[] = [];
  readonly courses: Course[];
  readonly faults: Record<keyof Faults, number>;
  /** The highest sequence that each listener was sent. */
  readonly sent = new Map<string, number>();
  /** What is wrong, as soon as it is seen. */
  readonly violations: string[] = [];
  process: SimulatedProcess;
  readonly #scenario: Scenario;
  readonly #surroundings: Surroundings;
  readonly #tampering: Tampering;
  #ids = 0;

  constructor(scenario: Scenario, surroundings: Surroundings, tampering: Tampering = {}) {
    this.#scenario = scenario;
    this.#surroundings = surroundings;
    this.#tampering = tampering;
    this.faults = { ...scenario.faults };
    this.courses = scenario.commands.map((command) => {
      return { command, client: new AbortController(), fate: 'to come', code: null, ids: [] };
    });
    this.store.write('m', 0, firstRecords(scenario));
    for (const block of this.store.ledger.blocks.values()) {
      for (const [id, listener] of block.listeners) {
        const { mapped } = this.device(id);
        for (const page of block.section(listener)) if (block.isPopulated(page)) mapped.add(page);
      }
    }
    this.process = this.#start();
  }

  /** Each command is asked for only after the one before it. */
  get inOrder(): boolean {
    return this.#scenario.inOrder ?? false;
  }

  get waits(): readonly Wait[] {
    return this.#surroundings.time.waits;
  }

  /** What the process has in mind beyond what is durable. */
  get memory(): object {
    const lives = [...(this.process.machines?.blocks.values() ?? [])];
    const queues = lives.map(({ queue }) => this.#surroundings.watch.show(queue));
    return [queues, this.waits.map(({ kind, cause }) => [kind, cause])];
  }

  /** Nothing is under way. */
  get isAtRest(): boolean {
    const { isReady, journal, inFlight } = this.process;
    const isAsking = this.courses.some(({ fate }) => fate === 'running');
    return isReady && !isAsking && journal.pending.length + inFlight.length + this.waits.length === 0;
  }

  device(listenerId: string): Device {
    let device = this.devices.get(listenerId);
    if (device === undefined) {
      device = new Device();
      this.devices.set(listenerId, device);
    }
    return device;
  }

  /** Waits until the process cannot go on by itself. One that fails before it is up is started again. */
  async settle(): Promise<void> {
    await quiet();
    while (this.process.failure !== null) {
      const { code } = Object(this.process.failure) as { code?: string };
      if (code !== 'journal-unavailable') throw this.process.failure;
      this.restart();
      await quiet();
    }
  }

  /** @param cause of what is about to happen: what begins with it is told from others by that */
  because(cause: string): void {
    this.#surroundings.watch.cause = cause;
    this.#surroundings.time.cause = cause;
  }

  /** A device acts on what it is told. */
  tell(copy: Copy): void {
    try {
      this.device(copy.listenerId).process(copy);
    } catch (error) {
      this.violations.push(`${copy.listenerId}: ${String(error)}`);
    }
  }

  /** The process hears what came of a delivery. */
  answer(delivery: InFlight, answer: DeliveryAnswer): void {
    const { listenerId, type, reason, pages } = delivery.copy;
    for (const { block, queue } of this.process.machines?.blocks.values() ?? []) {
      if (!block.manager.listeners.has(listenerId)) continue;
      this.#surroundings.watch.noteAnswer(queue, `${listenerId} ${type} ${reason} ${pages} ${answer.outcome}`);
    }
    this.process.end(delivery, answer);
  }

  /** The oldest append becomes durable, and the process hears of it. */
  completeAppend(): void {
    const [first] = this.process.journal.pending;
    for (const { block, queue } of this.process.machines?.blocks.values() ?? []) {
      if (first?.blocks.includes(block.id)) this.#surroundings.watch.noteAppend(queue, first.content);
    }
    this.process.journal.complete();
    for (const { command } of this.courses) {
      const isNew = this.store.ledger.latest.some((change) => command.owns(change));
      if (isNew && !command.holds(this.store.ledger)) this.violations.push(`${command.name} is half done`);
    }
  }

  /** A client asks for something. */
  ask(course: Course): void {
    const { process } = this;
    const { rules } = process;
    if (rules === null) throw new Error('nothing can be asked of a process that is not up');
    const { command, client } = course;
    course.fate = 'running';
    command.issue(rules, client.signal).then(
      (answer) => {
        if (this.process !== process) return;
        course.ids = conversionIds(answer);
        const { ledger } = this.store;
        course.fate = ledger.changes.some((change) => command.owns(change)) ? 'done' : 'nothing to do';
        if (!command.holds(ledger)) this.violations.push(`${command.name} is answered, and is not so`);
      },
      (error: unknown) => {
        if (this.process !== process) return;
        const { code } = Object(error) as { code?: string };
        course.code = code ?? String(error);
        course.fate = code === 'journal-unavailable' ? 'unknown' : 'failed';
        if (code === undefined) this.violations.push(`${command.name} fails with ${String(error)}`);
      },
    );
  }

  /** The process is no more; what it had sent is on its way nevertheless. Another one starts. */
  restart(): void {
    for (const { copy } of this.process.inFlight) this.late.push(copy);
    for (const course of this.courses) if (course.fate === 'running') course.fate = 'unknown';
    this.process = this.#start();
  }

  #start(): SimulatedProcess {
    this.#surroundings.time.clear();
    this.because('start');
    const wire = {
      sent: (copy: Copy, delivery: Delivery) => {
        this.violations.push(...violationsInSending(this, copy, delivery));
        this.sent.set(copy.listenerId, Math.max(copy.sequence, this.sent.get(copy.listenerId) ?? 0));
      },
      abandoned: (copy: Copy) => void this.late.push(copy),
    };
    const newId = (prefix: string): string => `${prefix}_${++this.#ids}`;
    return new SimulatedProcess(this.store, wire, newId, this.#scenario, this.#tampering);
  }
}
