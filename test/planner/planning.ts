// Plans of short traces, as the tests write them.

import type { Plan, PlanTracking, TrackingName } from '../../src/planner/plan.ts';
import { planTrace } from '../../src/planner/plan-trace.ts';
import { Planner, type PlanOptions } from '../../src/planner/planner.ts';
import { parseMapOption } from '../../src/traces/map-option.ts';
import type { TraceEvent } from '../../src/traces/trace-event.ts';
import { TraceReader } from '../../src/traces/trace-reader.ts';

export const PAGE = 4096;
export const MIB = 2 ** 20;
export const GIB = 2 ** 30;

interface Options extends Omit<PlanOptions, 'maps'> {
  readonly maps?: readonly string[];
}

/** The plan of a trace as text. */
export function planText(text: string, { maps = [], ...options }: Options = {}): Promise<Plan> {
  const reader = new TraceReader(pieces(text));
  return planTrace(reader, new Planner({ ...options, maps: maps.map(parseMapOption) }));
}

async function* pieces(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

/** Lines as QEMU writes them; bytes. */
export const toShared = (start: number, size: number) => convertMemory(start, size, 'private_to_shared');
export const toPrivate = (start: number, size: number) => convertMemory(start, size, 'shared_to_private');

function convertMemory(start: number, size: number, how: string): string {
  return `kvm_convert_memory start 0x${start.toString(16)} size 0x${size.toString(16)} ${how}\n`;
}

export const stateChange = (offset: number, size: number, to: 'shared' | 'private' = 'shared') => {
  const from = to === 'shared' ? 'private' : 'shared';
  return `ram_block_attributes_state_change offset 0x${offset.toString(16)} size 0x${size.toString(16)} from '${from}' to '${to}'\n`;
};

/** What is needed with one tracking. */
export function tracked({ trackings }: Plan, name: TrackingName): PlanTracking {
  const found = trackings.find(({ tracking }) => tracking === name);
  if (found === undefined) throw new Error(`the plan has no ${name}`);
  return found;
}

/** The most mappings with each tracking, in their order. */
export const peaks = (plan: Plan) => plan.trackings.map(({ mappings }) => mappings.peak);

/** An event without a time. */
export function eventAt(line: number, start: number, size: number, to: 'shared' | 'private' = 'shared'): TraceEvent {
  return { event: 'kvm_convert_memory', line, start, size, to, time: null };
}
