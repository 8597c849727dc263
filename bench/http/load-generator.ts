// The process that makes the load: holds the connections of every target open and sends on them when it is told to.
import { median } from '../measure.ts';
import { answer } from '../processes/child.ts';
import { Connection } from './connection.ts';
import { type RequestPlan, requestsOf } from './requests.ts';

/** What one window of load came to. */
export interface Load {
  readonly requests: number;
  /** Milliseconds from a request to its answer. */
  readonly medianMs: number;
}

const targets = new Map<string, readonly Connection[]>();

export type LoadGenerator = typeof handlers;

const handlers = {
  /** Connects to the server on `port`, under a name of its own. */
  open: async (name: string, port: number, plan: RequestPlan): Promise<void> => {
    const indices = Array.from({ length: plan.connections }, (_, index) => index);
    targets.set(name, await Promise.all(indices.map((index) => Connection.open(port, requestsOf(plan, index)))));
  },

  /** Loads one target for so long, and until what was sent is answered. */
  run: async (name: string, milliseconds: number, isAwake: boolean): Promise<Load> => {
    const connections = targets.get(name) ?? [];
    const took: number[] = [];
    const start = performance.now();
    const sleep = isAwake ? stayAwake() : null;
    await Promise.all(connections.map((connection) => connection.run(start + milliseconds, took)));
    sleep?.();
    return { requests: took.length, medianMs: median(took) };
  },

  close: (name: string): void => {
    for (const connection of targets.get(name) ?? []) connection.close();
    targets.delete(name);
  },
};

answer(handlers);

/** Asks the kernel again and again instead of sleeping until something comes. @returns what ends it */
function stayAwake(): () => void {
  let isOver = false;
  const again = (): void => {
    if (!isOver) setImmediate(again);
  };
  again();
  return () => {
    isOver = true;
  };
}
