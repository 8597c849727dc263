// Commands that the page shows, run as a person runs them who pastes them into a terminal.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface ShellOptions {
  readonly cwd?: string;
  /** Variables beside those that there are. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What a command writes. @throws Error when it fails, or complains */
export async function inShell(command: string, { cwd = '.', env = {} }: ShellOptions = {}): Promise<string> {
  const options = { cwd, env: { ...process.env, ...env } };
  const { stdout, stderr } = await promisify(execFile)('sh', ['-c', command], options);
  if (stderr !== '') throw new Error(`${command}: ${stderr}`);
  return stdout;
}
