// A command line that makes no sense. One class for all commands, so that each entry file can tell it from a failure: the
// exit code is 2, and the usage is shown.
import { Problem } from '../errors.ts';

/** The message says which argument is wrong, and what it must be. */
export class UsageError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UsageError';
  }
}

/** Runs `parse`, and throws a Problem of it as a UsageError of `option`. */
export function usageOf<T>(option: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof Problem) throw new UsageError(`--${option}${error.message}`, { cause: error });
    throw error;
  }
}
