// A command as a person calls it: a process of its own, its output and its exit code.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts `src/cli/<file>`; the caller ends it. */
export function startCommand(file: string, args: readonly string[]): ChildProcessWithoutNullStreams {
  const path = fileURLToPath(new URL(`../../src/cli/${file}`, import.meta.url));
  return spawn(process.execPath, [path, ...args]);
}

/** Runs `src/cli/<file>` to its end. */
export async function runCommand(file: string, args: readonly string[], stdin: string | Uint8Array = ''): Promise<Run> {
  const child = startCommand(file, args);
  // A command that needs no input may have ended before it was written.
  child.stdin.on('error', () => {}).end(stdin);
  const [[code], stdout, stderr] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}
