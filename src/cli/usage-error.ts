// A command line that makes no sense. One class for all commands, so that each entry file can tell it from a failure: the
// exit code is 2, and the usage is shown.

/** The message says which argument is wrong, and what it must be. */
export class UsageError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UsageError';
  }
}
