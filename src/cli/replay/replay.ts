// Replays a trace against a running service: reads it, places each conversion, waits for its time, posts it, counts. A dry
// run asks for previews instead.

import { Problem } from '../../errors.ts';
import { EventChoice } from '../../traces/event-choice.ts';
import type { MapOption } from '../../traces/map-option.ts';
import { type Placed, Placement } from '../../traces/placement.ts';
import { MEMORY_SLOT_EVENT, type TraceEntry, type TraceEvent } from '../../traces/trace-event.ts';
import { findTrace } from '../trace-source.ts';
import { BatchPreviews } from './batch-previews.ts';
import { type ConversionResult, Converter } from './converter.ts';
import { Pacer } from './pacer.ts';
import { prepareBlocks, type ReplayBlocks } from './replay-blocks.ts';
import { ReplayError } from './replay-error.ts';
import type { ReplayedBlock } from './replayed-block.ts';
import { ServiceClient } from './service-client.ts';
import type { BlockSummary, ReplaySummary } from './summary.ts';
import { type AskedConversion, Tally } from './tally.ts';
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
  /** Ask for previews; nothing is created or changed. */
  readonly dryRun?: boolean;
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
  const { maps = [], block = null, machine = null, dryRun = false, onProgress = () => {} } = options;
  const trace = await findTrace(options.trace, options.stdin ?? process.stdin);
  if (trace.size === null && maps.length === 0 && block === null && machine === null) {
    throw new ReplayError(
      `${trace.name} can be read only once, so no blocks can be made to fit; --machine, --map or --block names blocks`,
    );
  }
  const { size } = trace;
  const scan =
    size === null
      ? null
      : await scanTrace(trace.open(), ({ lines, bytes }) =>
          onProgress({ phase: 'scan', fraction: bytes / size, lines, conversions: 0, refused: 0, populatedBytes: 0 }),
        ).catch((error: unknown) => {
          throw unusable(trace.name, error);
        });

  const client = new ServiceClient(options.service, options.token ?? null);
  try {
    const blocks = await prepareBlocks(client, { machine, maps, block, dryRun }, scan);
    const converter = new Converter(client, dryRun);
    const replay = new Replay(blocks, converter, scan?.choice ?? null, dryRun);
    const { tally } = replay;
    await options.onBlocks?.(tally.blocks());
    const pacer = new Pacer(options.speed ?? null);
    const reader = trace.open();
    const started = performance.now();
    for await (const event of reader) {
      await replay.take(event, pacer).catch((error: unknown) => {
        if (!(error instanceof ReplayError)) throw error;
        throw new ReplayError(`line ${event.line}: ${error.message}`, { cause: error });
      });
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
    const batchPreviews = (await replay.previews?.ask(converter)) ?? [];
    const { lines, foreign, cutOff } = reader;
    return tally.summarize({
      ...{ trace: trace.name, service: options.service.href, batchPreviews, lines, foreign, cutOff, seconds },
    });
  } catch (error) {
    throw unusable(trace.name, error, dryRun ? '' : '. What is before it was replayed');
  } finally {
    await client.close();
  }
}

/** Names the trace where one of its lines cannot be read; other errors are left as they are. */
function unusable(trace: string, error: unknown, consequence = ''): unknown {
  if (!(error instanceof Problem)) return error;
  return new ReplayError(`${trace}: ${error.message}${consequence}`, { cause: error });
}

/** What becomes of each event. */
class Replay {
  readonly tally: Tally;
  /** null where the conversions are carried out. */
  readonly previews: BatchPreviews | null;
  readonly #converter: Converter;
  readonly #placement: Placement<ReplayedBlock>;

  /** @param choice what the first pass found; null without one */
  constructor(blocks: ReplayBlocks, converter: Converter, choice: EventChoice | null, dryRun: boolean) {
    const { map, machine, stateChangeBlock, all } = blocks;
    this.tally = new Tally(all, dryRun, new EventChoice(choice));
    this.previews = dryRun ? new BatchPreviews() : null;
    this.#converter = converter;
    this.#placement = new Placement({ map, machine, stateChangeBlock });
  }

  async take(event: TraceEntry, pacer: Pacer): Promise<void> {
    const { tally } = this;
    if (event.event === MEMORY_SLOT_EVENT) return tally.addSlot();
    if (!tally.addEvent(event)) return;
    const placed = this.#placement.place(event);
    if (placed.kind === 'refused') {
      if (placed.reason === 'unmappedToShared') tally.addUnassigned(event.size);
      return tally.addRefusedLine(placed.reason);
    }
    await pacer.until(event.time);
    const { machine, parts } = placed;
    const wasInRange =
      machine === null ? await this.#convertEach(event, placed) : await this.#convertAsOne(event, machine, parts);
    if (wasInRange) tally.addApplied(parts.length, machine !== null);
    else tally.addRefusedLine('byService');
  }

  /** @returns whether the service found the range valid */
  async #convertAsOne(event: TraceEvent, machine: string, parts: PlacedParts['parts']): Promise<boolean> {
    const { line, start: gpa, size, to } = event;
    const result = await this.#converter.convertGuestMemory(machine, { gpa, size }, to);
    if (result.kind === 'accepted') this.tally.addUnassigned(result.unassignedBytes);
    return this.#add({ line, gpa, size, to, parts }, result);
  }

  /** As `#convertAsOne`, but each block by itself: one may refuse what another has done. */
  async #convertEach({ line, to }: TraceEvent, { parts, unassignedBytes }: PlacedParts): Promise<boolean> {
    let wasInRange = false;
    for (const part of parts) {
      const { offset, size } = part;
      const result = await this.#converter.convert(part.block.ramBlock, { offset, size }, to);
      wasInRange = this.#add({ line, gpa: null, size, to, parts: [part] }, result) || wasInRange;
    }
    if (wasInRange) this.tally.addUnassigned(unassignedBytes);
    return wasInRange;
  }

  #add(asked: AskedConversion, result: ConversionResult): boolean {
    if (result.kind === 'refused' && result.problem.code === 'invalid-range') return false;
    this.tally.addResult(asked, result);
    if (result.kind === 'accepted')
      for (const { block, ...section } of asked.parts) this.previews?.add(block, section, asked.to);
    return true;
  }
}

type PlacedParts = Extract<Placed<ReplayedBlock>, { kind: 'parts' }>;
