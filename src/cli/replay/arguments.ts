// The command line of rba replay: its help, and arguments to options. Pure, so that every mistake can be tested.
import { type MapOption, parseNamedMapOption } from '../../traces/map-option.ts';
import { commandLine, onlyFile, parseCommandLine, repeatable } from '../command-line.ts';
import { DEFAULT_SERVICE, parseMachine, parseService, parseToken } from '../shared-options.ts';
import { FORMATS_HELP, SIZES_HELP } from '../trace-formats.ts';
import { UsageError, usageOf } from '../usage-error.ts';

export const REPLAY_TEXT = {
  name: 'replay',
  usage: 'FILE [--service URL] [--machine NAME] [--map GPA:SIZE:IDSTR]... [--block IDSTR] [options]',
  about:
    'Posts the page conversions of a recorded trace to a running service, in their order, and sums up what they needed.',
  notes: `${FORMATS_HELP}

A line that crosses a border of RAM blocks is one conversion of the machine, all of it or nothing. Only where --map has
blocks at other addresses than the service, it is cut into one conversion for each block.

With --dry-run each line is previewed against the present state, not on top of the lines before it. Figures and peaks are as
if each line that is not refused had been done, in order. At the end each block's conversions are previewed once more as one
batch, on top of each other (the first 10,000): the limit of a listener may show only there. No listener is called, so none
can say no.

${SIZES_HELP}`,
  exitCodes: '0 replayed, whatever listeners refused; 1 FILE or the service cannot be used; 2 wrong arguments',
  example: `Example, with blocks made to fit; what would happen in a machine that is there; one block below 2 GiB and from 4 GiB on:
  rba replay boot.ftrace
  rba replay boot.ftrace --machine vm1 --dry-run
  rba replay boot.ftrace --map 0:2G:pc.ram --map 4G:14G@2G:pc.ram --speed 10x`,
};

export interface ReplayArguments {
  readonly json: boolean;
  readonly trace: string;
  readonly service: URL;
  readonly token: string | null;
  readonly machine: string | null;
  readonly maps: readonly MapOption[];
  readonly block: string | null;
  readonly speed: number | null;
  readonly dryRun: boolean;
}

/**
 * Returns the options of the command.
 * @param args without the name of the command
 * @throws UsageError, HelpRequest
 */
export function parseReplayArguments(args: readonly string[]): ReplayArguments {
  const { options, positionals } = parseCommandLine(replayCommand(), args);
  const { json = false, token = null, machine = null, map: maps = [], block = null, speed = null } = options;
  const { service, dryRun = false } = options;
  const trace = onlyFile(positionals);
  if (trace === undefined) throw new UsageError('FILE is missing: the trace to replay, or - for standard input');
  if (trace === '-' && maps.length === 0 && block === null && machine === null) {
    throw new UsageError(
      'standard input is read only once, so no blocks can be made to fit: --machine, --map or --block is needed',
    );
  }
  if (dryRun && speed !== null) {
    throw new UsageError('--speed makes no sense with --dry-run: nothing happens that could have a time');
  }
  return { json, trace, service: parseService(service), token, machine, maps, block, speed, dryRun };
}

function replayCommand() {
  return commandLine(REPLAY_TEXT)
    .option('--service <URL>', 'the service', DEFAULT_SERVICE)
    .option('--token <TOKEN>', 'sent as Authorization: Bearer', parseToken)
    .option(
      '--machine <NAME>',
      'the blocks that this machine has at guest physical addresses are converted. Where it has none, blocks are created in it (replay- and a random number), as kvm_set_user_memory lines of the trace say, else to fit',
      parseMachine,
    )
    .option(
      '--map <GPA:SIZE:IDSTR>',
      'IDSTR, a block of the machine (default), or its id, lies at these addresses; repeatable. GPA:SIZE@OFFSET:IDSTR for a part of a block',
      repeatable((text) => usageOf('', () => parseNamedMapOption(text))),
    )
    .option('--block <IDSTR>', 'the block of ram_block_attributes_state_change lines (one is created to fit)')
    .option('--speed <FACTOR>', '1x: keep the times of the trace; 10x: ten times as fast (at full speed)', parseSpeed)
    .option('--dry-run', 'ask what would happen; nothing is changed or created')
    .option('--json', 'print the summary as one JSON object');
}

function parseSpeed(text: string): number {
  const factor = /^(\d+(?:\.\d+)?|\.\d+)x?$/.exec(text)?.[1];
  const speed = Number(factor);
  if (factor === undefined || speed <= 0) {
    throw new UsageError(`--speed ${text}: a factor above 0, such as 1x, 10x or 0.5x; leave it out for full speed`);
  }
  return speed;
}
