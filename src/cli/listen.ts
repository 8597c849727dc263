// rba listen: prints the events of a running service as they come. Only arguments, signals and printing are here; the work
// is in listen/listen.ts.
import { printable } from '../printable.ts';
import { warn } from './command.ts';
import { usageLine } from './command-line.ts';
import { EXIT } from './exit-codes.ts';
import { LISTEN_TEXT, parseListenArguments } from './listen/arguments.ts';
import { listen } from './listen/listen.ts';

export const usage = usageLine(LISTEN_TEXT);

/** Prints events until a signal ends it, or `--count`. @throws UsageError, HelpRequest, CommandError */
export async function run(args: readonly string[]): Promise<number> {
  const options = parseListenArguments(args);
  const stop = new AbortController();
  // Once each: a second signal of a kind ends the process at once.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  // Whoever reads may have seen enough, as head does.
  process.stdout.on('error', () => stop.abort());
  await listen(options, {
    signal: stop.signal,
    onLine: (line) => process.stdout.write(`${line}\n`),
    onNotice: (text) => warn('rba listen', printable(text)),
  });
  return EXIT.done;
}
