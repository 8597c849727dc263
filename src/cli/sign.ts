// rba sign: the headers that make a body a signed webhook. Only input and printing are here; the options are in
// webhooks/sign-arguments.ts.
import { createIds } from '../ids.ts';
import { usageLine } from './command-line.ts';
import { EXIT } from './exit-codes.ts';
import { readBody } from './webhooks/body.ts';
import { loadSecret } from './webhooks/secret.ts';
import { parseSignArguments, SIGN_TEXT } from './webhooks/sign-arguments.ts';
import { signedHeaders } from './webhooks/signed-headers.ts';

export const usage = usageLine(SIGN_TEXT);

/** Prints the headers of a signed webhook. @throws UsageError, HelpRequest, CommandError */
export async function run(args: readonly string[]): Promise<number> {
  const options = parseSignArguments(args);
  const secret = await loadSecret(options.secret);
  const body = await readBody(options.file, process.stdin);
  const now = new Date();
  const id = options.id ?? createIds(() => now.getTime())('msg');
  const timestamp = options.timestamp ?? Math.floor(now.getTime() / 1000);
  const headers = signedHeaders(secret, id, timestamp, body);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  process.stdout.write(options.json ? `${JSON.stringify(headers)}\n` : `${lines.join('\n')}\n`);
  return EXIT.done;
}
