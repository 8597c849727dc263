// The process that asks a service for /livez again and again, and says how long the longest answer took.
import { Agent, get } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { answer } from '../processes/child.ts';

/** Milliseconds from one answer to the next request. */
const PAUSE = 2;

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let longest = 0;
let probing: Promise<void> | null = null;
let isOver = false;

function probe(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get({ port, host: '127.0.0.1', path: '/livez', agent }, (response) => {
      response.resume();
      if (response.statusCode === 200) response.on('end', resolve);
      else reject(new Error(`/livez answered ${response.statusCode}`));
    });
    request.on('error', reject);
  });
}

async function probeUntilOver(port: number): Promise<void> {
  while (!isOver) {
    const start = performance.now();
    await probe(port);
    longest = Math.max(longest, performance.now() - start);
    await wait(PAUSE);
  }
}

export type LivezProbe = typeof handlers;

const handlers = {
  /** Probes until it is stopped; one probe is over when this returns. */
  start: async (port: number): Promise<void> => {
    await probe(port);
    [longest, isOver] = [0, false];
    probing = probeUntilOver(port);
    probing.catch(() => undefined);
  },

  /** @returns milliseconds of the longest probe, one that is under way included */
  stop: async (): Promise<number> => {
    isOver = true;
    await probing;
    return longest;
  },
};

answer(handlers);
