// How a command ends: help, an exit code, or one line on standard error, the same for all commands.
import { printable } from '../printable.ts';
import { CommandError } from './command-error.ts';
import { HelpRequest } from './command-line.ts';
import { EXIT } from './exit-codes.ts';
import { UsageError } from './usage-error.ts';

/** A subcommand of `rba`, as its file exports it. */
export interface Subcommand {
  /** One line: `usage: rba ...`. */
  readonly usage: string;
  /**
   * Does the work.
   * @param args without the name of the command @returns the exit code
   * @throws UsageError, HelpRequest, CommandError
   */
  run(args: readonly string[]): Promise<number>;
}

/**
 * Runs a command and returns its exit code: that of `run`, or the one that fits what `run` throws. Any other error is a
 * mistake in the command, and is thrown as it is.
 * @param name as in `rba plan`
 */
export async function runCommand(name: string, { usage, run }: Subcommand, args: readonly string[]): Promise<number> {
  try {
    return await run(args);
  } catch (error) {
    if (error instanceof HelpRequest) {
      process.stdout.write(error.text);
      return EXIT.done;
    }
    if (error instanceof UsageError) {
      warn(name, `${printable(error.message)}\n${usage}\n${name} --help explains them.`);
      return EXIT.usage;
    }
    if (error instanceof CommandError) {
      warn(name, printable(error.message));
      return EXIT.failed;
    }
    throw error;
  }
}

/** Writes a line to standard error. A secret that was put in a wrong place ends up in a message, but not in a log. */
export function warn(name: string, text: string): void {
  process.stderr.write(`${name}: ${text.replaceAll(/whsec_[\w+/=-]+/g, 'whsec_...')}\n`);
}
