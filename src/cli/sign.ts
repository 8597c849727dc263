#!/usr/bin/env node
// rba-sign: the headers that make a body a signed webhook. Only input and printing are here; the options are in
// webhooks/sign-arguments.ts.
import { createIds } from '../ids.ts';
import { runCommand } from './command.ts';
import { readBody } from './webhooks/body.ts';
import { loadSecret } from './webhooks/secret.ts';
import { parseSignArguments, SIGN_HELP, SIGN_USAGE } from './webhooks/sign-arguments.ts';
import { signedHeaders } from './webhooks/signed-headers.ts';

async function main(args: readonly string[]): Promise<number> {
  const options = parseSignArguments(args);
  if (options === null) {
    process.stdout.write(SIGN_HELP);
    return 0;
  }
  const secret = await loadSecret(options.secret);
  const body = await readBody(options.file, process.stdin);
  const now = new Date();
  const id = options.id ?? createIds(() => now.getTime())('msg');
  const timestamp = options.timestamp ?? Math.floor(now.getTime() / 1000);
  const headers = signedHeaders(secret, id, timestamp, body);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  process.stdout.write(options.json ? `${JSON.stringify(headers)}\n` : `${lines.join('\n')}\n`);
  return 0;
}

process.exitCode = await runCommand('rba-sign', SIGN_USAGE, () => main(process.argv.slice(2)));
