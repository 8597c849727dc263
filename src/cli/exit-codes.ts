// The exit codes of `rba`, one table for all of its commands. Each command's help says what they mean for it.

export const EXIT = {
  /** The command did what it was asked. */
  done: 0,
  /** A file or the service cannot be used, or the answer is no. */
  failed: 1,
  /** The command line makes no sense. */
  usage: 2,
  /** `rba simulate --strict` saw what a kernel would not forgive. */
  violations: 3,
} as const;
