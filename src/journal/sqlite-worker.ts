// The journal's worker thread: takes calls in order and answers each. Everything that waits comes as one group.
import { parentPort, workerData } from 'node:worker_threads';
import { damaged } from './checksums.ts';
import type { FileOptions } from './sqlite-file.ts';
import { type LoadedPiece, SqliteStore } from './sqlite-store.ts';

/** The calls that the worker answers, by name: argument list and result are those of the store. */
export type StoreCall =
  | { readonly method: 'open' | 'positions' | 'blockIds' | 'answerBytes' | 'close'; readonly args: readonly [] }
  | { readonly method: 'blocks'; readonly args: readonly [isFirst: boolean] }
  | { readonly method: 'commit'; readonly args: readonly [group: string] }
  | { readonly method: 'saveSnapshot'; readonly args: readonly [string, number, Uint8Array] }
  | { readonly method: 'history'; readonly args: readonly [string, number, number] }
  | { readonly method: 'findAnswer'; readonly args: readonly [string] }
  | { readonly method: 'forgetAnswers'; readonly args: readonly [number] };

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

let store: SqliteStore | undefined;
let isFailureTold = false;
/** Where the reading of all blocks is. */
let reading: Iterator<LoadedPiece[], void> | undefined;

function answer(call: StoreCall): unknown {
  if (call.method === 'open') {
    const { folder, options } = workerData as StoreData;
    store = new SqliteStore(folder, options);
    return store.remark;
  }
  if (store === undefined) throw new Error('the journal is not open');
  switch (call.method) {
    case 'positions':
      return store.positions();
    case 'blockIds':
      return store.blockIds();
    case 'close':
      return store.close();
    case 'blocks':
      if (call.args[0]) reading = store.blocks();
      return reading?.next().value ?? [];
    case 'commit':
      return store.commit(...call.args);
    case 'saveSnapshot':
      return store.saveSnapshot(...call.args);
    case 'history':
      return store.history(...call.args);
    case 'findAnswer':
      return store.findAnswer(...call.args);
    case 'answerBytes':
      return store.answerBytes();
    case 'forgetAnswers':
      return store.forgetAnswers(...call.args);
  }
}

parentPort?.on('message', (request: StoreRequest) => {
  let response: StoreResponse;
  try {
    response = { id: request.id, result: answer(request) };
  } catch (error) {
    response = { id: request.id, error: messageOf(error) };
  }
  parentPort?.postMessage(response);
  // When whoever waits for the commit is told.
  if (request.method === 'commit') store?.fileWhenDue();
  const failure = store?.failure ?? null;
  if (failure === null || isFailureTold) return;
  isFailureTold = true;
  const told: StoreResponse = { failed: messageOf(failure) };
  parentPort?.postMessage(told);
});

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // So SQLite calls it where it comes upon damage before all of the file is checked.
  return error.message.includes('malformed') ? damaged(error.message).message : error.message;
}
