#!/usr/bin/env node
// plan-trace: says what a recorded trace needs, without a service. Only arguments, files and printing are here; the work is
// in src/planner.
import { writeFile } from 'node:fs/promises';
import { Problem } from '../errors.ts';
import type { Plan } from '../planner/plan.ts';
import { planTrace } from '../planner/plan-trace.ts';
import { Planner } from '../planner/planner.ts';
import { printableJson } from '../printable.ts';
import { runCommand } from './command.ts';
import { CommandError, errorCode } from './command-error.ts';
import { HELP, type PlanArguments, parsePlanArguments, USAGE, usageOf } from './plan/arguments.ts';
import { planSvg } from './plan/plan-svg.ts';
import { planText } from './plan/plan-text.ts';
import { findTrace } from './trace-source.ts';

async function main(args: readonly string[]): Promise<number> {
  const options = parsePlanArguments(args);
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const plan = await makePlan(options);
  if (options.svg !== null) await writeDrawing(options.svg, planSvg(options.trace, plan));
  process.stdout.write(options.json ? `${printableJson(plan, 2)}\n` : planText(options.trace, plan));
  return 0;
}

async function makePlan({ trace, ...options }: PlanArguments): Promise<Plan> {
  const planner = usageOf('map: ', () => new Planner(options));
  const source = await findTrace(trace, process.stdin);
  try {
    return await planTrace(source.open(), planner);
  } catch (error) {
    if (error instanceof Problem) throw new CommandError(`${trace}: ${error.message}`, { cause: error });
    throw error;
  }
}

async function writeDrawing(path: string, svg: string): Promise<void> {
  try {
    await writeFile(path, svg);
  } catch (error) {
    const message = `cannot write ${path}, which --svg names (${errorCode(error) ?? String(error)})`;
    throw new CommandError(message, { cause: error });
  }
}

process.exitCode = await runCommand('plan-trace', USAGE, () => main(process.argv.slice(2)));
