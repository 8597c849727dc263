// What ends a replay: the trace cannot be read, the service cannot be reached or does not take what it was asked. The
// message is one line for the person at the terminal, and names the option that helps.

export class ReplayError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ReplayError';
  }
}

/** The code that Node or undici gave an error, such as `ECONNREFUSED`; undefined where there is none. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
