// How a command ends: what it throws becomes one line on standard error and an exit code, the same for all commands.

import { printable } from '../printable.ts';
import { CommandError } from './command-error.ts';
import { UsageError } from './usage-error.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/**
 * Runs a command. Its exit code is what `main` comes back with; 1 after a CommandError, 2 after a UsageError. Any other
 * error is a mistake in the command, and is thrown as it is.
 * @param usage one line
 */
export async function runCommand(name: string, usage: string, main: () => Promise<number>): Promise<number> {
  try {
    return await main();
  } catch (error) {
    if (error instanceof UsageError) {
      warn(name, `${printable(error.message)}\n${usage}\n${name} --help explains them.`);
      return EXIT_USAGE;
    }
    if (error instanceof CommandError) {
      warn(name, printable(error.message));
      return EXIT_FAILED;
    }
    throw error;
  }
}

/** Tells the person at the terminal. A secret that was put in a wrong place ends up in a message, but not in a log. */
export function warn(name: string, text: string): void {
  process.stderr.write(`${name}: ${text.replaceAll(/whsec_[\w+/=-]+/g, 'whsec_...')}\n`);
}
