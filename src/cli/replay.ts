// rba replay: posts the conversions of a recorded trace to a running service. Only arguments and printing are here;
// the work is in replay/replay.ts.
import { printableJson } from '../printable.ts';
import { usageLine } from './command-line.ts';
import { EXIT } from './exit-codes.ts';
import { parseReplayArguments, REPLAY_TEXT } from './replay/arguments.ts';
import { ProgressBar } from './replay/progress-bar.ts';
import { replayTrace } from './replay/replay.ts';
import { summaryText } from './replay/summary-text.ts';

export const usage = usageLine(REPLAY_TEXT);

/** Replays a trace and prints the summary. @throws UsageError, HelpRequest, CommandError */
export async function run(args: readonly string[]): Promise<number> {
  const { json, ...options } = parseReplayArguments(args);
  const bar = process.stderr.isTTY ? new ProgressBar(process.stderr) : null;
  try {
    const summary = await replayTrace({ ...options, onProgress: (progress) => bar?.update(progress) });
    bar?.clear();
    process.stdout.write(json ? `${printableJson(summary, 2)}\n` : summaryText(summary));
    return EXIT.done;
  } catch (error) {
    bar?.clear();
    throw error;
  }
}
