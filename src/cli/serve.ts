// rba serve: the service itself.
import { warn } from './command.ts';
import { commandLine, noFiles, parseCommandLine, usageLine } from './command-line.ts';
import { EXIT } from './exit-codes.ts';

const TEXT = {
  name: 'serve',
  usage: '[--help]',
  about:
    'Serves RAM blocks over HTTP until SIGTERM. It takes its settings from the environment and nothing from the command line: HOST, PORT, LOG_LEVEL and RBA_...; all of them are in docs/operations.md.',
  exitCodes: '0 after SIGTERM or SIGINT; 1 it cannot start; 2 wrong arguments',
  example: `Example:
  PORT=8081 RBA_DATA_DIR=/var/lib/ram-block-attributes rba serve
`,
};

export const usage = usageLine(TEXT);

/**
 * Starts the service, and returns when it listens. The process goes on until a signal ends it.
 * @throws UsageError, HelpRequest
 */
export async function run(args: readonly string[]): Promise<number> {
  noFiles(parseCommandLine(commandLine(TEXT), args).positionals);
  // Only now: the help needs none of it.
  const [{ loadConfig }, { serve }] = await Promise.all([import('../config.ts'), import('../main.ts')]);
  try {
    await serve(loadConfig());
    return EXIT.done;
  } catch (error) {
    warn('rba serve', `cannot start: ${error instanceof Error ? error.message : String(error)}`);
    // A start that failed half way may have left something open.
    process.exit(EXIT.failed);
  }
}
