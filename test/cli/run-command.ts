// `rba` as a person calls it: a process of its own, its output and its exit code.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The path of the command. */
export const RBA = fileURLToPath(new URL('../../src/cli/rba.ts', import.meta.url));

/** Starts `rba` with `args`; the caller ends it. */
export function startCommand(args: readonly string[]): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [RBA, ...args]);
}

/** Runs `rba` with `args` to its end. */
export async function runCommand(args: readonly string[], stdin: string | Uint8Array = ''): Promise<Run> {
  const child = startCommand(args);
  // A command that needs no input may have ended before it was written.
  child.stdin.on('error', () => {}).end(stdin);
  const [[code], stdout, stderr] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}
