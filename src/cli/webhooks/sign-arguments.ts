// The command line of rba sign: its help, and arguments to options.
import { commandLine, onlyFile, parseCommandLine } from '../command-line.ts';
import { wholeNumber } from '../shared-options.ts';
import { UsageError } from '../usage-error.ts';
import { parseSecretSource, type SecretSource } from './secret.ts';

export const SIGN_TEXT = {
  name: 'sign',
  usage: '[FILE] --secret-file FILE [--id ID] [--timestamp SECONDS] [--json]',
  about:
    'Signs a webhook as this service does (Standard Webhooks 1.0.0, HMAC-SHA256) and prints its three headers, one on a line. It is for testing receivers: they must take what it signs, and nothing that was changed afterwards.',
  notes: `FILE is the body, in UTF-8; without it, or with -, standard input. It is signed to its last byte: a line feed at the end is
part of it, so send the same bytes (curl --data-binary, not --data).`,
  exitCodes: '0 signed; 1 FILE cannot be read; 2 wrong arguments',
  example: `Example, a populate sent to a receiver:
  rba sign body.json --secret-file secret.txt > headers.txt
  curl -H @headers.txt -H 'content-type: application/json' --data-binary @body.json http://127.0.0.1:9000/`,
};

/** The last second of the year 9999: milliseconds, a common mistake, are beyond it. */
export const MAX_TIMESTAMP = 253_402_300_799;

export interface SignOptions {
  /** A path, or `-` for standard input. */
  readonly file: string;
  readonly secret: SecretSource;
  /** null: a new one. */
  readonly id: string | null;
  /** Seconds since 1970; null: now. */
  readonly timestamp: number | null;
  readonly json: boolean;
}

/**
 * Returns the options of the command.
 * @param args without the name of the command
 * @throws UsageError, HelpRequest
 */
export function parseSignArguments(args: readonly string[]): SignOptions {
  const { options, positionals } = parseCommandLine(signCommand(), args);
  const { id = null, timestamp = null, json = false } = options;
  const secret = parseSecretSource(options.secret, options.secretFile);
  return { file: onlyFile(positionals) ?? '-', secret, id, timestamp, json };
}

function signCommand() {
  return commandLine(SIGN_TEXT)
    .option('--secret-file <FILE>', 'a file with the secret: whsec_ and base64 of 24 to 64 bytes')
    .option('--secret <SECRET>', 'the secret itself; others on this machine can see it in the process list')
    .option('--id <ID>', 'webhook-id: visible ASCII characters without a dot (a new one, msg_...)', parseId)
    .option(
      '--timestamp <SECONDS>',
      'webhook-timestamp, seconds since 1970 (now)',
      wholeNumber('timestamp', 0, MAX_TIMESTAMP),
    )
    .option('--json', 'print the headers as one JSON object');
}

/** A dot would let part of the id pass for the timestamp: the two are signed with a dot between them. */
function parseId(text: string): string {
  if (/^[\x21-\x2d\x2f-\x7e]{1,255}$/.test(text)) return text;
  throw new UsageError(`--id ${JSON.stringify(text)}: 1 to 255 visible ASCII characters, none of them a dot`);
}
