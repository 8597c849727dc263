// Replays a trace against a running service: reads it, places each conversion, waits for its time, posts it, counts.

import { Pacer } from './pacer.ts';
import { Placement } from './placement.ts';
import { type MapOption, prepareBlocks } from './replay-blocks.ts';
import { ReplayError } from './replay-error.ts';
import type { ReplayedBlock } from './replayed-block.ts';
import { ServiceClient } from './service-client.ts';
import type { BlockSummary, ReplaySummary } from './summary.ts';
import { Tally } from './tally.ts';
import { findTrace, type TraceEvent } from './trace-reader.ts';
import { scanTrace } from './trace-scan.ts';

export interface ReplayProgress {
  readonly phase: 'scan' | 'replay';
  /** How much of the trace is done, 0 to 1; null where its length is not known. */
  readonly fraction: number | null;
  readonly lines: number;
  /** Conversions that were answered, and how many of them were refused. */
  readonly conversions: number;
  readonly refused: number;
  /** Bytes shared now, over all blocks. */
  readonly populatedBytes: number;
}

export interface ReplayOptions {
  /** A path, or `-` for standard input. */
  readonly trace: string;
  readonly service: URL;
  readonly token?: string | null;
  /** See `BlockOptions` of replay-blocks.ts. */
  readonly machine?: string | null;
  readonly maps?: readonly MapOption[];
  readonly block?: string | null;
  /** 1 = as recorded; null = at full speed. */
  readonly speed?: number | null;
  /** What `-` reads; the process's standard input. */
  readonly stdin?: AsyncIterable<Uint8Array>;
  /** Called for each line that is a conversion, so it must be cheap. */
  readonly onProgress?: (progress: ReplayProgress) => void;
  /** Called once, before the first conversion; listeners that are to see all of them are registered here. */
  readonly onBlocks?: (blocks: readonly BlockSummary[]) => void | Promise<void>;
}

/**
 * Replays one trace, strictly in its order, one conversion at a time. What a listener refuses is counted, not thrown.
 * @throws ReplayError when the trace cannot be read, or the service cannot be reached or used
 */
export async function replayTrace(options: ReplayOptions): Promise<ReplaySummary> {
  const { maps = [], block = null, machine = null, onProgress = () => {} } = options;
  const trace = await findTrace(options.trace, options.stdin ?? process.stdin);
  if (trace.size === null && maps.length === 0 && block === null) {
    throw new ReplayError(
      `${trace.name} can be read only once, so no blocks can be made to fit; --map or --block names blocks`,
    );
  }
  const { size } = trace;
  const scan =
    size === null
      ? null
      : await scanTrace(trace.open(), ({ lines, bytes }) =>
          onProgress({ phase: 'scan', fraction: bytes / size, lines, conversions: 0, refused: 0, populatedBytes: 0 }),
        );

  const client = new ServiceClient(options.service, options.token ?? null);
  try {
    const blocks = await prepareBlocks(client, { machine, maps, block }, scan);
    const tally = new Tally(blocks.all);
    await options.onBlocks?.(tally.blocks());
    const { map, stateChangeBlock } = blocks;
    const placement = new Placement({ map, stateChangeBlock, hasConvertMemory: scan?.hasConvertMemory ?? false });
    const pacer = new Pacer(options.speed ?? null);
    const reader = trace.open();
    const started = performance.now();
    for await (const event of reader) {
      await replayEvent(event, placement, pacer, client, tally);
      onProgress({
        phase: 'replay',
        fraction: scan === null ? null : event.line / scan.lines,
        lines: event.line,
        conversions: tally.posted,
        refused: tally.refused,
        populatedBytes: tally.populated.populatedBytes,
      });
    }
    const seconds = (performance.now() - started) / 1000;
    return tally.summarize(trace.name, options.service.href, reader.lines, reader.foreign, seconds);
  } finally {
    await client.close();
  }
}

async function replayEvent(
  event: TraceEvent,
  placement: Placement<ReplayedBlock>,
  pacer: Pacer,
  client: ServiceClient,
  tally: Tally,
): Promise<void> {
  tally.addEvent(event);
  const placed = placement.place(event);
  if (placed.kind === 'repeated') return tally.addRepeated();
  if (placed.kind === 'refused') return tally.addRefusedLine(placed.reason);
  await pacer.until(event.time);
  let isInRange = false;
  for (const { block, offset, size } of placed.parts) {
    const section = { offset, size };
    const result = await client.convert(block.ramBlock, section, event.to).catch((error: unknown) => {
      throw error instanceof ReplayError
        ? new ReplayError(`line ${event.line}: ${error.message}`, { cause: error })
        : error;
    });
    if (result.kind === 'refused' && result.problem.code === 'invalid-range') continue;
    isInRange = true;
    tally.addResult(event.line, block, section, event.to, result);
  }
  if (isInRange) tally.addApplied();
  else tally.addRefusedLine('byService');
}
