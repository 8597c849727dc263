// Reads what node --cpu-prof wrote: where a thread spent the time between two moments, by function.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { median } from '../measure.ts';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Microseconds on the clock of process.hrtime; `timeDeltas` leads from there to each of `samples`. */
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Microseconds that a function took: itself, and with all that it called. */
export interface Cost {
  /** Of the function, its file and line. */
  readonly name: string;
  self: number;
  total: number;
}

export interface ThreadCosts {
  readonly file: string;
  /** Microseconds that it worked. */
  readonly busy: number;
  readonly costs: readonly Cost[];
}

/** @param from microseconds on the clock of process.hrtime, as `to` */
export function readProfiles(folder: string, from: number, to: number): ThreadCosts[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'));
  const threads = files.map((file) => summarize(file, JSON.parse(readFileSync(join(folder, file), 'utf8')), from, to));
  return threads.sort((a, b) => b.busy - a.busy);
}

function summarize(file: string, profile: CpuProfile, from: number, to: number): ThreadCosts {
  const self = new Map<number, number>();
  let at = profile.startTime;
  // A sample that comes late was not taken while the thread had no processor: that is no work of anybody here.
  const longest = 2 * median(profile.timeDeltas);
  for (const [index, node] of profile.samples.entries()) {
    const delta = profile.timeDeltas[index] ?? 0;
    at += delta;
    if (at >= from && at < to) self.set(node, (self.get(node) ?? 0) + Math.min(delta, longest));
  }
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const costs = new Map<string, Cost>();
  const costOf = (name: string): Cost => {
    const cost = costs.get(name) ?? { name, self: 0, total: 0 };
    costs.set(name, cost);
    return cost;
  };
  /** @returns microseconds of the node and all below it */
  const visit = (node: ProfileNode, callers: ReadonlySet<string>): number => {
    const name = nameOf(node);
    const own = self.get(node.id) ?? 0;
    const within = new Set(callers).add(name);
    let total = own;
    for (const id of node.children ?? []) {
      const child = byId.get(id);
      if (child !== undefined) total += visit(child, within);
    }
    const cost = costOf(name);
    cost.self += own;
    // A function that calls itself is counted where it was called first.
    if (!callers.has(name)) cost.total += total;
    return total;
  };
  const [root] = profile.nodes;
  const all = root === undefined ? 0 : visit(root, new Set());
  const idle = costs.get('(idle)')?.self ?? 0;
  return { file, busy: all - idle, costs: [...costs.values()].filter(({ name }) => !NOT_WORK.includes(name)) };
}

const ROOT = new URL('../../', import.meta.url).href;
const NOT_WORK = ['(root)', '(idle)'];

function nameOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  return `${name} ${url.replace(ROOT, '').replace('node_modules/', '')}:${lineNumber + 1}`;
}
