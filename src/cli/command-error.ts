// What ends a command with exit code 1: a file cannot be read, the service cannot be used. The message is one line for the
// person at the terminal, and names the option that helps.

export class CommandError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CommandError';
  }
}

/** The code that Node or undici gave an error, such as `ECONNREFUSED`; undefined where there is none. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Why the file at `path` could not be read. */
export function unreadableText(path: string, error: unknown): string {
  const reasons: Record<string, string> = {
    ENOENT: 'there is no such file',
    EACCES: 'no permission to read it',
    EISDIR: 'it is a directory',
  };
  const code = errorCode(error);
  const reason = (code === undefined ? undefined : reasons[code]) ?? String(error);
  return `cannot read ${path}: ${reason}${code === undefined ? '' : ` (${code})`}`;
}
