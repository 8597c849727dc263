// rba plan: says what a recorded trace needs, without a service. Only arguments, files and printing are here; the work is
// in src/planner.

import { writeFile } from 'node:fs/promises';
import { Problem } from '../errors.ts';
import type { Plan } from '../planner/plan.ts';
import { planTrace } from '../planner/plan-trace.ts';
import { Planner } from '../planner/planner.ts';
import { printableJson } from '../printable.ts';
import { CommandError, errorCode } from './command-error.ts';
import { usageLine } from './command-line.ts';
import { EXIT } from './exit-codes.ts';
import { PLAN_TEXT, type PlanArguments, parsePlanArguments } from './plan/arguments.ts';
import { planSvg } from './plan/plan-svg.ts';
import { planText } from './plan/plan-text.ts';
import { findTrace } from './trace-source.ts';
import { usageOf } from './usage-error.ts';

export const usage = usageLine(PLAN_TEXT);

/** Prints the plan of a trace, and draws it if that is asked for. @throws UsageError, HelpRequest, CommandError */
export async function run(args: readonly string[]): Promise<number> {
  const options = parsePlanArguments(args);
  const plan = await makePlan(options);
  if (options.svg !== null) await writeDrawing(options.svg, planSvg(options.trace, plan));
  process.stdout.write(options.json ? `${printableJson(plan, 2)}\n` : planText(options.trace, plan));
  return EXIT.done;
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
