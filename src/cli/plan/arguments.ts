// The command line of plan-trace: its help, and arguments to options. Pure, so that every mistake can be tested.
import { Problem } from '../../errors.ts';
import { checkIdstr, type MapOption, parseMapOption } from '../../planner/map-option.ts';
import { DMA_ENTRY_LIMIT } from '../../planner/plan.ts';
import { DEFAULT_POINTS, MAX_POINTS } from '../../planner/planner.ts';
import { parseCommandLine, parseWhole } from '../arguments.ts';
import { FORMATS_HELP } from '../trace-formats.ts';
import { UsageError } from '../usage-error.ts';

export const USAGE = 'usage: plan-trace FILE [--map GPA:SIZE[:IDSTR]]... [--limit N] [--json] [--svg FILE] [options]';

export const HELP = `${USAGE}

Says what the page conversions of a recorded trace need of whoever maps shared memory for a device: how many DMA mappings
and how much pinned memory, page by page, per run, and tracked at 64 KiB, 2 MiB and 1 GiB; whether that stays within
VFIO's limit; how often and how long memory is shared; and what a listener would have been sent. Needs no service.

${FORMATS_HELP}

  --map GPA:SIZE[:IDSTR]     a RAM block at these guest physical addresses; repeatable. GPA:SIZE@OFFSET:IDSTR for a part
                             of a block. Without --map, the layout is that of the trace's kvm_set_user_memory lines,
                             else blocks are guessed from the trace, in whole GiB
  --block IDSTR              the block of ram_block_attributes_state_change lines (the one of --map, or a guessed one)
  --limit N                  DMA mappings that there may be (${DMA_ENTRY_LIMIT}: dma_entry_limit of vfio_iommu_type1)
  --json                     print the plan as JSON, as POST /v1/plans answers it
  --svg FILE                 draw mappings and pinned memory over time
  --points N                 steps over time in the JSON and the drawing (${DEFAULT_POINTS})
  --help

All memory is private at first. Tracked at 2 MiB means: a piece of 2 MiB is mapped and pinned as a whole from its first
shared page until its last one turns private. The private pages in it stay mapped meanwhile.
Sizes are bytes, decimal or 0x hexadecimal, or with K, M, G, T (KiB and so on).
Exit code: 0 planned, whatever is exceeded; 1 FILE cannot be used; 2 wrong arguments.

Example, a 16 GiB guest whose RAM lies below 2 GiB and from 4 GiB on:
  plan-trace boot.ftrace
  plan-trace boot.ftrace --map 0:2G:ram-low --map 4G:14G:ram-high --svg boot.svg
`;

export interface PlanArguments {
  readonly help: boolean;
  readonly json: boolean;
  readonly trace: string;
  /** Where the drawing is written to; null for none. */
  readonly svg: string | null;
  readonly maps: readonly MapOption[];
  readonly block: string | null;
  readonly limit: number;
  readonly points: number;
}

/**
 * @param args without the program's own name
 * @throws UsageError
 */
export function parsePlanArguments(args: readonly string[]): PlanArguments {
  const { values, positionals } = parseCommandLine({
    args: [...args],
    allowPositionals: true,
    options: {
      map: { type: 'string', multiple: true },
      block: { type: 'string' },
      limit: { type: 'string' },
      points: { type: 'string' },
      svg: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const { help = false, json = false, svg = null, block = null } = values;
  const [trace, ...more] = positionals;
  if (!help) {
    if (trace === undefined) throw new UsageError('FILE is missing: the trace to plan, or - for standard input');
    if (more.length > 0) throw new UsageError(`one FILE at a time: ${more.join(' ')} is too many`);
    if (svg === '') throw new UsageError('--svg needs the name of a file');
  }
  return {
    help,
    json,
    trace: trace ?? '',
    svg,
    maps: (values.map ?? []).map((text) => usageOf('', () => parseMapOption(text))),
    block: block === null ? null : usageOf('block: ', () => checkIdstr(block)),
    limit: parseWhole('limit', values.limit ?? String(DMA_ENTRY_LIMIT), 1, Number.MAX_SAFE_INTEGER),
    points: parseWhole('points', values.points ?? String(DEFAULT_POINTS), 1, MAX_POINTS),
  };
}

/** What the planner finds wrong with an option. @throws UsageError */
export function usageOf<T>(option: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof Problem) throw new UsageError(`--${option}${error.message}`, { cause: error });
    throw error;
  }
}
