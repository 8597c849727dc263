#!/usr/bin/env node
// rba-verify: tells whether a webhook was signed with a secret. Only input and printing are here; what is valid is in
// webhooks/verdict.ts.
import { printable, printableJson } from '../printable.ts';
import { runCommand, warn } from './command.ts';
import { decodeSecret } from './simulator/verify.ts';
import { readBody } from './webhooks/body.ts';
import { loadSecret } from './webhooks/secret.ts';
import { judge } from './webhooks/verdict.ts';
import { parseVerifyArguments, VERIFY_HELP, VERIFY_USAGE } from './webhooks/verify-arguments.ts';

async function main(args: readonly string[]): Promise<number> {
  const options = parseVerifyArguments(args);
  if (options === null) {
    process.stdout.write(VERIFY_HELP);
    return 0;
  }
  const key = decodeSecret(await loadSecret(options.secret));
  const body = await readBody(options.file, process.stdin);
  const verdict = judge(key, options, body, Date.now());
  if (options.json) process.stdout.write(`${printableJson(verdict)}\n`);
  else if (verdict.valid) process.stdout.write(`valid: ${printable(verdict.detail)}\n`);
  else warn('rba-verify', `not valid: ${printable(verdict.detail)}`);
  return verdict.valid ? 0 : 1;
}

process.exitCode = await runCommand('rba-verify', VERIFY_USAGE, () => main(process.argv.slice(2)));
