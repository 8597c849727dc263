#!/usr/bin/env node
// The command device-simulator: a webhook consumer that behaves as VFIO does. See --help.
import { once } from 'node:events';
import { printable, printableJson } from '../printable.ts';
import { type Arguments, parseArguments, USAGE } from './simulator/arguments.ts';
import { type DeviceSimulator, type SimulatorState, startDeviceSimulator } from './simulator/server.ts';
import { hex } from './simulator/vfio-container.ts';
import { KEPT_VIOLATIONS, type Violation } from './simulator/violations.ts';
import { UsageError } from './usage-error.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_VIOLATIONS = 3;

async function main(argv: readonly string[]): Promise<void> {
  const args = parseArguments(argv);
  if (args.help) {
    process.stdout.write(USAGE);
    return;
  }
  // Once each: a second signal of a kind ends the process at once.
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const simulator = await startDeviceSimulator({ ...args.options, onViolation: report, onNotice: warn });
  const stopped = stop.signal.aborted ? Promise.resolve() : once(stop.signal, 'abort');
  const closed = stopped.then(() => simulator.close());
  let hasStarted = false;
  try {
    if (args.options.block !== null) await simulator.register();
    hasStarted = !stop.signal.aborted;
    if (hasStarted) process.stdout.write(`${printable(startLine(simulator, args))}\n`);
  } catch (error) {
    if (!stop.signal.aborted) {
      warn(messageOf(error));
      process.exitCode = EXIT_FAILED;
      stop.abort();
    }
  }
  const state = await closed;
  if (args.json && hasStarted) process.stdout.write(`${printableJson(state)}\n`);
  conclude(state, args.strict);
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

function conclude({ violations: { count, byKind } }: SimulatorState, strict: boolean): void {
  if (count === 0) return;
  const kinds = Object.entries(byKind).map(([kind, times]) => `${kind} ${times}`);
  warn(`${count} ${count === 1 ? 'violation' : 'violations'}: ${kinds.join(', ')}`);
  if (strict) process.exitCode = EXIT_VIOLATIONS;
}

let reported = 0;

function report({ kind, time, deliveryId, sequence, text }: Violation): void {
  const where = deliveryId === null ? '' : ` (delivery ${deliveryId}, sequence ${sequence})`;
  process.stderr.write(`${printable(`${time} violation: ${kind}: ${text}${where}`)}\n`);
  if (++reported === KEPT_VIOLATIONS) warn(`these were ${KEPT_VIOLATIONS} violations; more are only counted`);
}

function warn(text: string): void {
  process.stderr.write(`device-simulator: ${printable(text)}\n`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  warn(messageOf(error));
  if (error instanceof UsageError) process.stderr.write(`\n${USAGE}`);
  process.exitCode = error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED;
}
