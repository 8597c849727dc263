// How the command lines of all commands are described, read and explained: Commander parses them, and their help has one
// shape. The options that several commands share are read by shared-options.ts.
import { Command, CommanderError, type OptionValues } from '@commander-js/extra-typings';
import { UsageError } from './usage-error.ts';

/** Columns of the help, whatever the terminal: help that is piped or quoted stays the same. */
const HELP_WIDTH = 120;

/** The texts of a command's help, beside its options. */
export interface CommandText {
  /** `plan` for `rba plan`; empty for `rba` itself. */
  readonly name: string;
  /** The arguments behind the name, such as `FILE [options]`. */
  readonly usage: string;
  /** The purpose of the command: one paragraph, which is wrapped. */
  readonly about: string;
  /** Printed as it is after the options; empty for none. */
  readonly notes?: string;
  /** The meaning of each exit code, such as `0 planned; 2 wrong arguments`. */
  readonly exitCodes: string;
  /** Printed as it is. */
  readonly example: string;
}

/** Thrown by {@link parseCommandLine} when the help, or the version, is asked for. */
export class HelpRequest extends Error {
  /** The text to print, which ends with a line feed. */
  readonly text: string;

  constructor(text: string) {
    super('the help is asked for');
    this.name = 'HelpRequest';
    this.text = text;
  }
}

/** Returns a command that has `--help` and no other option yet. */
export function commandLine({ name, usage, about, notes = '', exitCodes, example }: CommandText): Command {
  const command = new Command(fullName(name));
  const ends = command.createHelp().boxWrap(`Exit code: ${exitCodes}.`, HELP_WIDTH);
  const after = ['', ...(notes === '' ? [] : [notes, '']), ends, '', example];
  return command
    .usage(usage)
    .description(about)
    .helpOption('-h, --help', 'print this help')
    .configureHelp({ helpWidth: HELP_WIDTH })
    .addHelpText('after', after.join('\n'));
}

/** Returns the line that is printed below a usage error. */
export function usageLine({ name, usage }: Pick<CommandText, 'name' | 'usage'>): string {
  return `usage: ${fullName(name)} ${usage}`;
}

function fullName(name: string): string {
  return name === '' ? 'rba' : `rba ${name}`;
}

/**
 * Reads a command line with `command`, which is of use only once.
 * @param args without the name of the command
 * @returns the options, and the arguments that are no options
 * @throws UsageError when `args` does not fit; HelpRequest when the help is asked for
 */
export function parseCommandLine<Args extends unknown[], Options extends OptionValues>(
  command: Command<Args, Options>,
  args: readonly string[],
): { readonly options: Options; readonly positionals: readonly string[] } {
  refuseSwallowedOption(command, args);
  let help = '';
  command
    .exitOverride()
    .allowExcessArguments()
    .configureOutput({
      writeOut: (text) => {
        help += text;
      },
      outputError: () => {},
    });
  try {
    command.parse([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.helpDisplayed' || error.code === 'commander.version') throw new HelpRequest(help);
    throw new UsageError(error.message.replace(/^error: /, '').replaceAll('\n', ' '), { cause: error });
  }
  return { options: command.opts(), positionals: command.args };
}

/**
 * Refuses `--token --json`, where Commander would take `--json` for the token. A value that begins with a dash is given as
 * `--token=--json`.
 */
function refuseSwallowedOption<Args extends unknown[], Options extends OptionValues>(
  { options }: Command<Args, Options>,
  args: readonly string[],
): void {
  const end = args.indexOf('--');
  for (const [index, value] of (end === -1 ? args : args.slice(0, end)).entries()) {
    const before = args[index - 1];
    const taker = options.find(({ long, required }) => required && long === before);
    if (taker === undefined || !/^--?[a-z]/.test(value)) continue;
    throw new UsageError(
      `the value of ${taker.flags} is missing before ${value}; ${before}=${value} takes it for the value`,
    );
  }
}

/** Returns the only FILE among the arguments; undefined where there is none. @throws UsageError where there are several */
export function onlyFile([file, ...more]: readonly string[]): string | undefined {
  if (more.length > 0) throw new UsageError(`one FILE at a time: ${more.join(' ')} is too many`);
  return file;
}

/** Refuses every argument that is no option. @throws UsageError */
export function noFiles([stray]: readonly string[]): void {
  if (stray !== undefined) throw new UsageError(`${stray}: this command takes options only`);
}

/** Returns a parser for an option that may be given several times: its values in their order. */
export function repeatable<T>(
  parse: (text: string) => T,
): (text: string, previous: readonly T[] | undefined) => readonly T[] {
  return (text, previous = []) => [...previous, parse(text)];
}
