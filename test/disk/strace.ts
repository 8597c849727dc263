// Makes the calls of fsync that a process makes fail or hang.
import { execFileSync } from 'node:child_process';

/**
 * Returns the command that becomes the one it is given, and does `fault` to its calls of fsync and fdatasync.
 * @param fault as strace's `inject` takes it @throws Error when there is no strace
 */
export function injecting(fault: string): string[] {
  try {
    execFileSync('strace', ['-V'], { stdio: 'ignore' });
  } catch (error) {
    throw new Error('an fsync cannot be made to fail here: install strace', { cause: error });
  }
  const inject = `inject=fsync,fdatasync:${fault}`;
  // `-D`: strace is no parent of the service, so a signal to the one is one to the other.
  return ['strace', '-D', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=fsync,fdatasync', '-e', inject];
}
