// The command line of rba plan: its help, and arguments to options. Pure, so that every mistake can be tested.
import { DMA_ENTRY_LIMIT } from '../../limits.ts';
import { DEFAULT_POINTS, MAX_POINTS } from '../../planner/planner.ts';
import { checkIdstr, type MapOption, parseMapOption } from '../../traces/map-option.ts';
import { commandLine, onlyFile, parseCommandLine, repeatable } from '../command-line.ts';
import { wholeNumber } from '../shared-options.ts';
import { FORMATS_HELP, SIZES_HELP } from '../trace-formats.ts';
import { UsageError, usageOf } from '../usage-error.ts';

export const PLAN_TEXT = {
  name: 'plan',
  usage: 'FILE [--map GPA:SIZE[:IDSTR]]... [--limit N] [--json] [--svg FILE] [options]',
  about:
    "Says what the page conversions of a recorded trace need of whoever maps shared memory for a device: how many DMA mappings and how much pinned memory, page by page, per run, and tracked at 64 KiB, 2 MiB and 1 GiB; whether that stays within VFIO's limit; how often and how long memory is shared; and what a listener would have been sent. Needs no service.",
  notes: `${FORMATS_HELP}

All memory is private at first. Tracked at 2 MiB means: a piece of 2 MiB is mapped and pinned as a whole from its first
shared page until its last one turns private. The private pages in it stay mapped meanwhile.
${SIZES_HELP}`,
  exitCodes: '0 planned, whatever is exceeded; 1 FILE cannot be used; 2 wrong arguments',
  example: `Example, a 16 GiB guest whose RAM lies below 2 GiB and from 4 GiB on:
  rba plan boot.ftrace
  rba plan boot.ftrace --map 0:2G:ram-low --map 4G:14G:ram-high --svg boot.svg`,
};

export interface PlanArguments {
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
 * Returns the options of the command.
 * @param args without the name of the command
 * @throws UsageError, HelpRequest
 */
export function parsePlanArguments(args: readonly string[]): PlanArguments {
  const { options, positionals } = parseCommandLine(planCommand(), args);
  const { map: maps = [], block = null, limit, json = false, svg = null, points } = options;
  const trace = onlyFile(positionals);
  if (trace === undefined) throw new UsageError('FILE is missing: the trace to plan, or - for standard input');
  return { json, trace, svg, maps, block, limit, points };
}

function planCommand() {
  return commandLine(PLAN_TEXT)
    .option(
      '--map <GPA:SIZE[:IDSTR]>',
      "a RAM block at these guest physical addresses; repeatable. GPA:SIZE@OFFSET:IDSTR for a part of a block. Without --map, the layout is that of the trace's kvm_set_user_memory lines, else blocks are guessed from the trace, in whole GiB",
      repeatable((text) => usageOf('', () => parseMapOption(text))),
    )
    .option(
      '--block <IDSTR>',
      'the block of ram_block_attributes_state_change lines (the one of --map, or a guessed one)',
      (text) => usageOf('block: ', () => checkIdstr(text)),
    )
    .option(
      '--limit <N>',
      'DMA mappings that there may be; the default is dma_entry_limit of vfio_iommu_type1',
      wholeNumber('limit', 1, Number.MAX_SAFE_INTEGER),
      DMA_ENTRY_LIMIT,
    )
    .option('--json', 'print the plan as JSON, as POST /v1/plans answers it')
    .option('--svg <FILE>', 'draw mappings and pinned memory over time', parseSvg)
    .option(
      '--points <N>',
      'steps over time in the JSON and the drawing',
      wholeNumber('points', 1, MAX_POINTS),
      DEFAULT_POINTS,
    );
}

function parseSvg(path: string): string {
  if (path === '') throw new UsageError('--svg needs the name of a file');
  return path;
}
