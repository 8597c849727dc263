// rba simulate: a webhook consumer that behaves as VFIO does. Only arguments, signals and printing are here; the device is
// in simulator/.
import { once } from 'node:events';
import { printable, printableJson } from '../printable.ts';
import { warn } from './command.ts';
import { CommandError } from './command-error.ts';
import { usageLine } from './command-line.ts';
import { EXIT } from './exit-codes.ts';
import { type Arguments, parseArguments, SIMULATE_TEXT } from './simulator/arguments.ts';
import { type DeviceSimulator, type SimulatorState, startDeviceSimulator } from './simulator/server.ts';
import { hex } from './simulator/vfio-container.ts';
import { KEPT_VIOLATIONS, type Violation } from './simulator/violations.ts';

export const usage = usageLine(SIMULATE_TEXT);

/** Plays a device until a signal ends it. @throws UsageError, HelpRequest, CommandError */
export async function run(argv: readonly string[]): Promise<number> {
  const args = parseArguments(argv);
  // Once each: a second signal of a kind ends the process at once.
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const simulator = await start(args);
  const stopped = stop.signal.aborted ? Promise.resolve() : once(stop.signal, 'abort');
  const closed = stopped.then(() => simulator.close());
  let [hasStarted, hasFailed] = [false, false];
  try {
    if (args.options.block !== null) await simulator.register();
    hasStarted = !stop.signal.aborted;
    if (hasStarted) process.stdout.write(`${printable(startLine(simulator, args))}\n`);
  } catch (error) {
    if (!stop.signal.aborted) {
      notice(messageOf(error));
      hasFailed = true;
      stop.abort();
    }
  }
  const state = await closed;
  if (args.json && hasStarted) process.stdout.write(`${printableJson(state)}\n`);
  reportTotal(state);
  if (args.strict && state.violations.count > 0) return EXIT.violations;
  return hasFailed ? EXIT.failed : EXIT.done;
}

async function start({ options }: Arguments): Promise<DeviceSimulator> {
  try {
    return await startDeviceSimulator({ ...options, onViolation: report, onNotice: notice });
  } catch (error) {
    throw new CommandError(messageOf(error), { cause: error });
  }
}

function startLine(simulator: DeviceSimulator, { json, options }: Arguments): string {
  const { url } = simulator;
  const { mode, registered, section, granularity } = simulator.state();
  if (json) return printableJson({ url, mode, registered, section, granularity });
  const isAsync = mode === 'async';
  if (registered === null) return `listening on ${url}${isAsync ? ' as async listener' : ''}`;
  const as = isAsync ? 'as async listener' : 'as listener';
  const where = `RAM block ${registered.ramBlockId} ${as} ${registered.listenerId}`;
  const what = section === null ? '' : `, section ${hex(section)}`;
  return `listening on ${url}, registered at ${options.service} with ${where}${what}, granularity ${granularity}`;
}

function reportTotal({ violations: { count, byKind } }: SimulatorState): void {
  if (count === 0) return;
  const kinds = Object.entries(byKind).map(([kind, times]) => `${kind} ${times}`);
  notice(`${count} ${count === 1 ? 'violation' : 'violations'}: ${kinds.join(', ')}`);
}

let reported = 0;

function report({ kind, time, deliveryId, sequence, text }: Violation): void {
  const where = deliveryId === null ? '' : ` (delivery ${deliveryId}, sequence ${sequence})`;
  process.stderr.write(`${printable(`${time} violation: ${kind}: ${text}${where}`)}\n`);
  if (++reported === KEPT_VIOLATIONS) notice(`these were ${KEPT_VIOLATIONS} violations; more are only counted`);
}

function notice(text: string): void {
  warn('rba simulate', printable(text));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
