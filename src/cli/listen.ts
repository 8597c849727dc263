#!/usr/bin/env node
import { printable } from '../printable.ts';
// rba-listen: prints the events of a running service as they come. Only arguments, signals and printing are here; the work
// is in listen/listen.ts.
import { runCommand, warn } from './command.ts';
import { HELP, parseListenArguments, USAGE } from './listen/arguments.ts';
import { listen } from './listen/listen.ts';

async function main(args: readonly string[]): Promise<number> {
  const options = parseListenArguments(args);
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const stop = new AbortController();
  // Once each: a second signal of a kind ends the process at once.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  // Whoever reads may have seen enough, as head does.
  process.stdout.on('error', () => stop.abort());
  await listen(options, {
    signal: stop.signal,
    onLine: (line) => process.stdout.write(`${line}\n`),
    onNotice: (text) => warn('rba-listen', printable(text)),
  });
  return 0;
}

process.exitCode = await runCommand('rba-listen', USAGE, () => main(process.argv.slice(2)));
