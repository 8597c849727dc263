// rba verify: tells whether a webhook was signed with a secret. Only input and printing are here; what is valid is in
// webhooks/verdict.ts.

import { decodeSecret } from '../client/webhook-signature.ts';
import { printable, printableJson } from '../printable.ts';
import { warn } from './command.ts';
import { usageLine } from './command-line.ts';
import { EXIT } from './exit-codes.ts';
import { readBody } from './webhooks/body.ts';
import { loadSecret } from './webhooks/secret.ts';
import { judge } from './webhooks/verdict.ts';
import { parseVerifyArguments, VERIFY_TEXT } from './webhooks/verify-arguments.ts';

export const usage = usageLine(VERIFY_TEXT);

/** Prints whether a webhook is valid. @throws UsageError, HelpRequest, CommandError */
export async function run(args: readonly string[]): Promise<number> {
  const options = parseVerifyArguments(args);
  const key = decodeSecret(await loadSecret(options.secret));
  const body = await readBody(options.file, process.stdin);
  const verdict = judge(key, options, body, Date.now());
  if (options.json) process.stdout.write(`${printableJson(verdict)}\n`);
  else if (verdict.valid) process.stdout.write(`valid: ${printable(verdict.detail)}\n`);
  else warn('rba verify', `not valid: ${printable(verdict.detail)}`);
  return verdict.valid ? EXIT.done : EXIT.failed;
}
