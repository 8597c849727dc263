// All machines and RAM blocks of this process: read back from the journal at the start, and again whenever the journal
// fails, because what it then holds is all that is certain.
import { setTimeout as delay } from 'node:timers/promises';
import { RamBlock } from '../core/ram-block.ts';
import { decodeSnapshot } from '../core/ram-block-snapshot.ts';
import type { BlockRecord } from '../core/records.ts';
import { Problem } from '../errors.ts';
import { isoTime } from '../iso-time.ts';
import type { Journal, StoredBlock } from '../journal/journal.ts';
import { BlockIndex } from './block-index.ts';
import type { Dependencies } from './dependencies.ts';
import { bytesOf, LiveBlock, type Stored } from './live-block.ts';
import { Machine } from './machine.ts';
import { Turns } from './turns.ts';

const REOPEN_DELAY_MS = 1000;
const ANSWERS_KEPT_MS = 24 * 3600 * 1000;
/** Milliseconds. */
export const FORGET_ANSWERS_EVERY_MS = 10 * 60 * 1000;
/** Milliseconds between two lines of the log that say how far reading back is. */
const PROGRESS_EVERY_MS = 5000;

export class Machines {
  readonly #dependencies: Dependencies;
  readonly #closing = new AbortController();
  /** Null until it is opened for the first time. */
  #journal: Journal | null = null;
  /** RAM blocks that are read back so far; null once the service has started. */
  #startingWith: number | null = 0;
  /** Resolves when everything is read back. @throws Error when the journal cannot be opened or is damaged */
  readonly started: Promise<void>;
  #machines = new Map<string, Machine>();
  #blocks = new BlockIndex();
  /** Why nothing can be written now. */
  #unavailable: Problem | null = null;
  readonly #forgetting: NodeJS.Timeout;
  readonly #timestamp: () => string;
  #reopening: Promise<void> = Promise.resolve();

  /** Opens the journal and reads everything back. @throws Error when the journal cannot be opened or is damaged */
  static async open(dependencies: Dependencies): Promise<Machines> {
    const machines = new Machines(dependencies);
    await machines.started;
    return machines;
  }

  /** Begins to do what {@link Machines.open} does. Until `started` resolves there is no block, and no change is taken. */
  static begin(dependencies: Dependencies): Machines {
    return new Machines(dependencies);
  }

  private constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
    this.#timestamp = () => isoTime(dependencies.now());
    this.#forgetting = setInterval(() => this.#forgetAnswers(), FORGET_ANSWERS_EVERY_MS).unref();
    this.started = this.#start();
    // Nobody need wait for it.
    this.started.catch(() => undefined);
  }

  /** @throws Problem `overloaded` while the service starts */
  get journal(): Journal {
    if (this.#journal === null) throw starting(0);
    return this.#journal;
  }

  /** Bytes of the answers stored under Idempotency-Keys; 0 until the journal is open. */
  get answerBytes(): number {
    return this.#journal?.answerBytes() ?? 0;
  }

  get dependencies(): Dependencies {
    return this.#dependencies;
  }

  /** Why nothing is answered of blocks yet: they are being read back; null once they are. */
  get starting(): Problem | null {
    return this.#startingWith === null ? null : starting(this.#startingWith);
  }

  /** Why changes are not taken now: the service starts or drains, or the journal failed; null when all is well. */
  get unavailable(): Problem | null {
    return this.#closing.signal.aborted ? draining() : (this.starting ?? this.#unavailable);
  }

  /** Why the service is not ready: as {@link Machines.unavailable}, or the disk does not answer; null when all is well. */
  get unready(): Problem | null {
    if (this.unavailable !== null) return this.unavailable;
    const { journalWaitMs } = this.#dependencies;
    const waited = Math.round(this.journal.waitedMs);
    if (waited < journalWaitMs) return null;
    const detail = `the journal has not answered for ${waited} ms; the limit is ${journalWaitMs} (RBA_JOURNAL_WAIT_MS)`;
    return new Problem('journal-unavailable', detail, { retryAfterSeconds: 1 });
  }

  /** All blocks by id. */
  get blocks(): ReadonlyMap<string, LiveBlock> {
    return this.#blocks.all;
  }

  /** @throws Problem `not-found` */
  block(ramBlockId: string): LiveBlock {
    const live = this.#blocks.all.get(ramBlockId);
    if (live === undefined) throw new Problem('not-found', `there is no RAM block ${ramBlockId}`);
    return live;
  }

  /** The machine called `name`, which need not have blocks yet. @throws Problem when nothing can be written now */
  machine(name: string): Machine {
    if (this.unavailable !== null) throw this.unavailable;
    return this.#machine(name, this.#machines, this.journal, 0);
  }

  /** The machine called `name`. @throws Problem `not-found` when it has no block */
  existing(name: string): Machine {
    const machine = this.#machines.get(name);
    if (machine !== undefined && this.#blocks.hasMachine(name)) return machine;
    throw new Problem('not-found', `there is no machine ${name}: it has no RAM block`);
  }

  /** The blocks of the machine called `name`, oldest first. */
  blocksOf(name: string): RamBlock[] {
    return this.#blocks.ofMachine(name).map(({ block }) => block);
  }

  /** The names of all machines that have blocks, in order. */
  get names(): readonly string[] {
    return this.#blocks.machineNames;
  }

  /** Takes up a block that was just made durable. */
  add(block: RamBlock, machine: Machine): LiveBlock {
    const live = new LiveBlock(block, machine, this.journal, this.#dependencies, {
      ...{ snapshotBytes: 0, records: 1, recordBytes: 0 },
    });
    this.#blocks.add(live);
    return live;
  }

  /** Lets go of a block whose deletion is durable. */
  remove(live: LiveBlock): void {
    this.#blocks.remove(live);
    live.machine.release(live.block.id);
    live.stop(new Problem('not-found', `there is no RAM block ${live.block.id}`));
  }

  /** From now on turns away what waits and what comes; resolves when what has begun is done. */
  async drain(): Promise<void> {
    this.#closing.abort();
    clearInterval(this.#forgetting);
    await Promise.all([...this.#blocks.all.values()].map((live) => live.drain(draining())));
  }

  /** Drains, then closes the journal. */
  async close(): Promise<void> {
    this.#closing.abort();
    // It may be about to put another journal, and other blocks, in the place of those that failed. A start that failed has
    // been told to whoever waits for it.
    await this.started.catch(() => undefined);
    await this.#reopening;
    await this.drain();
    // The journal ends on purpose now, which is no failure.
    this.#unavailable ??= draining();
    await this.#journal?.close();
  }

  async #start(): Promise<void> {
    this.#journal = await this.#dependencies.openJournal();
    await this.#readBack(this.#journal);
    this.#startingWith = null;
    this.#watch(this.#journal);
  }

  /** @throws Problem `overloaded` when the service is closed meanwhile */
  async #readBack(journal: Journal): Promise<void> {
    const { log, elapsed } = this.#dependencies;
    if (journal.remark !== null) log.warn(journal.remark);
    const machines = new Map<string, Machine>();
    for (const [name, sequence] of await journal.positions()) this.#machine(name, machines, journal, sequence);
    const byId = new Map<string, { readonly block: RamBlock; readonly machine: Machine; readonly stored: Stored }>();
    const turns = new Turns(elapsed);
    let toldAt = elapsed();
    for await (const stored of journal.blocks()) {
      this.#expectOpen();
      if (elapsed() - toldAt >= PROGRESS_EVERY_MS) {
        toldAt = elapsed();
        log.info({ ramBlocks: byId.size }, 'the journal is being read back');
      }
      if (turns.isOver) await turns.give();
      const known = byId.get(stored.ramBlockId);
      if (known !== undefined) {
        await applyAll(known.block, stored.records, turns);
        known.stored.records += stored.records.length;
        known.stored.recordBytes += bytesOf(stored.records);
        continue;
      }
      const block = await rebuild(stored, turns);
      if (!machines.has(block.definition.machine)) {
        throw new Error(`the journal is damaged: it has block ${block.id}, and no machine ${block.definition.machine}`);
      }
      const machine = this.#machine(block.definition.machine, machines, journal, 0);
      machine.claimExisting(block.definition);
      const snapshotBytes = stored.snapshot?.byteLength ?? 0;
      const { records } = stored;
      byId.set(block.id, {
        block,
        machine,
        stored: { snapshotBytes, records: records.length, recordBytes: bytesOf(records) },
      });
      if (this.#startingWith !== null) this.#startingWith = byId.size;
    }
    const found = [...byId.values()];
    const intents = found.reduce((sum, { block }) => sum + block.intents.length, 0);
    // All of them, before any of them lives: nothing is sent of blocks that will not be served.
    await Promise.all(found.map(({ block, machine }) => recover(block, machine)));
    this.#expectOpen();
    found.sort((a, b) => (a.block.id < b.block.id ? -1 : 1));
    const lives = found.map(({ block, machine, stored }) => {
      return new LiveBlock(block, machine, journal, this.#dependencies, stored);
    });
    this.#machines = machines;
    this.#blocks = new BlockIndex(lives);
    for (const live of lives) live.wake();
    log.info({ ramBlocks: found.length, intents }, 'the journal is read back');
  }

  /** @throws Problem `overloaded` when the service is closing */
  #expectOpen(): void {
    if (this.#closing.signal.aborted) throw draining();
  }

  #machine(name: string, machines: Map<string, Machine>, journal: Journal, sequence: number): Machine {
    const known = machines.get(name);
    if (known !== undefined) return known;
    const timestamp = this.#timestamp;
    const onFailure = (problem: Problem): void => {
      // A machine that is not served, because it is being read back or was given up, concerns nobody else.
      if (this.#machines.get(name) === machine) this.#fail(problem);
    };
    const machine = new Machine(name, { journal, sequence, timestamp, onFailure });
    machines.set(name, machine);
    return machine;
  }

  /** Sees to it that a journal that fails is opened again, whoever uses it, and when nobody does. */
  #watch(journal: Journal): void {
    void journal.failed.then((problem) => {
      if (this.#journal === journal) this.#fail(problem);
    });
  }

  /** Nothing may be sent or written until it is known again what is durable: a service that is closing leaves that to the next. */
  #fail(problem: Problem): void {
    if (this.#unavailable !== null) return;
    this.#unavailable = problem;
    const isClosing = this.#closing.signal.aborted;
    const consequence = isClosing ? 'it is read back at the next start' : 'nothing is written until it is read back';
    this.#dependencies.log.error({ err: problem }, `the journal failed; ${consequence}`);
    for (const each of this.#machines.values()) each.close(problem);
    for (const live of this.#blocks.all.values()) live.stop(problem);
    if (!isClosing) this.#reopening = this.#reopen();
  }

  async #reopen(): Promise<void> {
    const { log, openJournal } = this.#dependencies;
    while (!this.#closing.signal.aborted) {
      try {
        await this.#journal?.close();
        const journal = await openJournal();
        this.#journal = journal;
        await this.#readBack(journal);
        // Changes may be durable that no event told of.
        this.#dependencies.events.log.startAnew();
        this.#unavailable = null;
        this.#watch(journal);
        return;
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        log.error({ err: error }, 'the journal cannot be read back yet');
        await delay(REOPEN_DELAY_MS, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      }
    }
  }

  #forgetAnswers(): void {
    const before = this.#dependencies.now() - ANSWERS_KEPT_MS;
    this.#journal?.forgetAnswers(before).catch((error: unknown) => {
      this.#dependencies.log.warn({ err: error }, 'old answers could not be forgotten');
    });
  }
}

async function rebuild({ ramBlockId, snapshot, records }: StoredBlock, turns: Turns): Promise<RamBlock> {
  const [first] = records;
  let block: RamBlock;
  if (snapshot !== null) block = decodeSnapshot(snapshot);
  else if (first?.kind === 'block-created') block = new RamBlock(first.block);
  else throw new Error(`the journal is damaged: the records of RAM block ${ramBlockId} do not start with its creation`);
  await applyAll(block, records, turns);
  return block;
}

/** Nobody else has the block yet. */
async function applyAll(block: RamBlock, records: readonly BlockRecord[], turns: Turns): Promise<void> {
  for (const record of records) {
    block.apply(record);
    if (turns.isOver) await turns.give();
  }
}

/** Ends what a crash cut short. @throws Problem `journal-unavailable` */
async function recover(block: RamBlock, machine: Machine): Promise<void> {
  // Each by itself: together they may be longer than one append may be. All are made durable together nevertheless.
  const appends = block.recover().map((record) => {
    return machine.append([record], null, (durable) => {
      for (const each of durable) block.apply(each);
    });
  });
  await Promise.all(appends);
}

function starting(ramBlocks: number): Problem {
  const detail = `the service is starting: ${ramBlocks} RAM blocks are read back so far; nothing was done`;
  return new Problem('overloaded', detail, { retryAfterSeconds: 1 });
}

function draining(): Problem {
  return new Problem('overloaded', 'the service is shutting down; nothing was done', { retryAfterSeconds: 1 });
}
