// The two ways in which the demo posts the conversions of a trace, line by line or as one batch, and what came of them.

import { replayTrace } from '../../src/cli/replay/replay.ts';
import type { FirstRefusal } from '../../src/cli/replay/summary.ts';
import { findTrace } from '../../src/cli/trace-source.ts';
import { numberOf } from '../../src/client/json-fields.ts';
import type { ServiceConnection } from '../../src/client/service-connection.ts';
import { PageBitmap } from '../../src/core/page-bitmap.ts';
import { toPageRange } from '../../src/core/section.ts';
import { MIN_PAGE_SIZE } from '../../src/limits.ts';
import { BlockMap } from '../../src/traces/block-map.ts';
import { MEMORY_SLOT_EVENT } from '../../src/traces/trace-event.ts';
import type { Scenario } from './scenarios.ts';
import { call } from './service-calls.ts';

/** Of the conversions of a trace; bytes. */
export interface Outcome {
  readonly conversions: number;
  readonly crossing: number;
  readonly changed: number;
  readonly refused: number;
  readonly changedToShared: number;
  readonly changedToPrivate: number;
  readonly peakBytes: number;
  /** DMA mappings, with one for each run. */
  readonly peakPerRun: number;
  /** The first refusal of each code. */
  readonly refusals: readonly (readonly [string, FirstRefusal])[];
  readonly seconds: number;
}

/** @throws ReplayError */
export async function replayed(service: URL, scenario: Scenario, machine: string, dryRun: boolean): Promise<Outcome> {
  const { trace, maps } = scenario;
  const summary = await replayTrace({ trace, service, machine, maps, dryRun });
  const { conversions, bytes, peak, lines, seconds } = summary;
  return {
    conversions: conversions.posted,
    crossing: lines.crossing,
    changed: conversions.changed,
    refused: conversions.refused,
    changedToShared: bytes.changedToShared,
    changedToPrivate: bytes.changedToPrivate,
    peakBytes: peak.populatedBytes,
    peakPerRun: peak.mappingsPerRun,
    refusals: Object.entries(summary.refusals).map(([code, { first }]) => [code, first]),
    seconds,
  };
}

/** All conversions of the trace as one batch of the block. @throws Error when it is refused */
export async function batched(
  connection: ServiceConnection,
  scenario: Scenario,
  ramBlockId: string,
  dryRun: boolean,
): Promise<Outcome> {
  const conversions = await conversionsOf(scenario);
  const started = performance.now();
  const batch = await call(connection, {
    method: 'POST',
    path: `/v1/ram-blocks/${ramBlockId}/conversion-batches${dryRun ? '?dryRun=true' : ''}`,
    body: { conversions },
    headers: { prefer: 'return=minimal' },
  });
  const seconds = (performance.now() - started) / 1000;
  const answered: unknown[] = Object(batch.conversions);
  const changed = { shared: 0, private: 0 };
  const shared = new PageBitmap((scenario.blocks[0]?.usedLength ?? 0) / MIN_PAGE_SIZE);
  let [peakPages, peakPerRun] = [0, 0];
  for (const [index, { to, ...section }] of conversions.entries()) {
    changed[to] += numberOf(answered[index], 'changedBytes') ?? 0;
    const range = toPageRange(section, MIN_PAGE_SIZE);
    if (to === 'shared') shared.set(range);
    else shared.clear(range);
    peakPages = Math.max(peakPages, shared.populated);
    peakPerRun = Math.max(peakPerRun, shared.runCount);
  }
  return {
    conversions: conversions.length,
    crossing: 0,
    changed: answered.filter((conversion) => numberOf(conversion, 'changedBytes') !== 0).length,
    refused: 0,
    changedToShared: changed.shared,
    changedToPrivate: changed.private,
    ...{ peakBytes: peakPages * MIN_PAGE_SIZE, peakPerRun, refusals: [], seconds },
  };
}

/** By offset in the only block of the scenario. */
async function conversionsOf({ trace, maps }: Scenario) {
  const map = new BlockMap(maps.map(({ gpa, size, offset, idstr }) => ({ gpa, size, offset, block: idstr })));
  const source = await findTrace(trace, process.stdin);
  const conversions = [];
  for await (const entry of source.open()) {
    if (entry.event === MEMORY_SLOT_EVENT) continue;
    const { start, size: bytes, to } = entry;
    for (const { offset, size } of map.cut(start, bytes).parts) conversions.push({ offset, size, to });
  }
  return conversions;
}
