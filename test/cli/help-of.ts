import { HelpRequest } from '../../src/cli/command-line.ts';

/** Returns the help that a parser of arguments gives. */
export function helpOf(parse: (args: string[]) => unknown): string {
  try {
    parse(['--help']);
  } catch (error) {
    if (error instanceof HelpRequest) return error.text;
    throw error;
  }
  throw new Error('--help was taken for something else');
}
