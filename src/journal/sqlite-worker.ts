// The journal's worker thread: takes calls in order and answers each. Between them, when nobody waits, it goes on with what
// is done in slices: snapshots and forgetting.
import { parentPort, workerData } from 'node:worker_threads';
import { damaged } from './checksums.ts';
import type { FileOptions } from './sqlite-file.ts';
import { type LoadedPiece, type NewAppend, SqliteStore } from './sqlite-store.ts';

/** The calls that the worker answers, by name. */
export type StoreCall =
  | { readonly method: 'open' | 'close'; readonly args: readonly [] }
  /** The first one of a `reading` begins it; each gives a piece, and the last one null. */
  | { readonly method: 'blocks'; readonly args: readonly [reading: number, machine: string | null] }
  | { readonly method: 'commit'; readonly args: readonly [appends: readonly NewAppend[]] }
  | { readonly method: 'saveSnapshot'; readonly args: readonly [string, number, Uint8Array] }
  | { readonly method: 'history'; readonly args: readonly [string, number | null, number, number] }
  | { readonly method: 'findAnswer'; readonly args: readonly [string] }
  | { readonly method: 'forgetAnswers'; readonly args: readonly [number] };

/** The result of `open`. */
export type Opened = ReturnType<typeof open>;

export interface StoreData {
  readonly folder: string;
  readonly options: FileOptions;
}

export type StoreRequest = StoreCall & { readonly id: number };

export type StoreResponse =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string }
  /** The store is of no more use; nobody need have asked for anything. */
  | { readonly failed: string };

/** Work that is done in slices. A chore has no id: nobody waits for it. */
interface Job {
  readonly id: number | null;
  readonly slices: Generator<void, unknown>;
}

let store: SqliteStore | undefined;
let isFailureTold = false;
const readings = new Map<number, Iterator<LoadedPiece, void>>();
const jobs: Job[] = [];
let isWorking = false;

function open() {
  const { folder, options } = workerData as StoreData;
  store = new SqliteStore(folder, options);
  return { remark: store.remark, positions: store.positions(), answerBytes: store.answerBytes() };
}

function opened(): SqliteStore {
  if (store === undefined) throw new Error('the journal is not open');
  return store;
}

function answer(call: StoreRequest): unknown {
  switch (call.method) {
    case 'open':
      return open();
    case 'close':
      return opened().close();
    case 'blocks':
      return nextBlocks(...call.args);
    case 'commit':
      return opened().commit(...call.args);
    case 'history':
      return opened().history(...call.args);
    case 'findAnswer':
      return opened().findAnswer(...call.args);
    case 'saveSnapshot':
      jobs.push({ id: call.id, slices: opened().saveSnapshot(...call.args) });
      return LATER;
    case 'forgetAnswers':
      jobs.push({ id: call.id, slices: opened().forgetAnswers(...call.args) });
      return LATER;
  }
}

/** Is no answer: that comes when a job is done. */
const LATER = Symbol();

function nextBlocks(id: number, machine: string | null): LoadedPiece | null {
  const reading = readings.get(id) ?? opened().blocks(machine);
  readings.set(id, reading);
  return reading.next().value ?? null;
}

/** Goes on with what is done in slices, one slice a turn: calls that have come meanwhile come first. */
function work(): void {
  isWorking = false;
  const chore = jobs.length === 0 ? store?.nextChore() : undefined;
  if (chore !== undefined) jobs.push({ id: null, slices: chore });
  const [job] = jobs;
  if (job === undefined) return;
  try {
    const { done, value } = job.slices.next();
    if (done) {
      jobs.shift();
      tell(job.id, { result: value });
    }
  } catch (error) {
    // A chore that failed is done again with the next snapshot, or when the journal is opened.
    jobs.shift();
    tell(job.id, { error: messageOf(error) });
  }
  tellFailure();
  workSoon();
}

function workSoon(): void {
  if (isWorking || store === undefined) return;
  isWorking = true;
  setImmediate(work);
}

function tell(id: number | null, response: { readonly result: unknown } | { readonly error: string }): void {
  if (id === null) return;
  const message: StoreResponse = { id, ...response };
  parentPort?.postMessage(message);
}

function tellFailure(): void {
  const failure = store?.failure ?? null;
  if (failure === null || isFailureTold) return;
  isFailureTold = true;
  const told: StoreResponse = { failed: messageOf(failure) };
  parentPort?.postMessage(told);
}

parentPort?.on('message', (request: StoreRequest) => {
  try {
    const result = answer(request);
    if (result !== LATER) tell(request.id, { result });
  } catch (error) {
    tell(request.id, { error: messageOf(error) });
  }
  tellFailure();
  if (request.method === 'close') {
    store = undefined;
    return;
  }
  // When whoever waits for the commit has been told.
  if (request.method === 'commit') store?.checkpointWhenDue();
  workSoon();
});

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // So SQLite calls it where it comes upon damage before all of the file is checked.
  return error.message.includes('malformed') ? damaged(error.message).message : error.message;
}
