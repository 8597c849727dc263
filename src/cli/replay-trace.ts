#!/usr/bin/env node
// replay-trace: posts the conversions of a recorded trace to a running service. Only arguments and printing are here;
// the work is in replay/replay.ts.
import { printableJson } from '../printable.ts';
import { runCommand } from './command.ts';
import { HELP, parseReplayArguments, USAGE } from './replay/arguments.ts';
import { ProgressBar } from './replay/progress-bar.ts';
import { replayTrace } from './replay/replay.ts';
import { summaryText } from './replay/summary-text.ts';

async function main(args: readonly string[]): Promise<number> {
  const { help, json, ...options } = parseReplayArguments(args);
  if (help) {
    process.stdout.write(HELP);
    return 0;
  }
  const bar = process.stderr.isTTY ? new ProgressBar(process.stderr) : null;
  try {
    const summary = await replayTrace({ ...options, onProgress: (progress) => bar?.update(progress) });
    bar?.clear();
    process.stdout.write(json ? `${printableJson(summary, 2)}\n` : summaryText(summary));
    return 0;
  } catch (error) {
    bar?.clear();
    throw error;
  }
}

process.exitCode = await runCommand('replay-trace', USAGE, () => main(process.argv.slice(2)));
