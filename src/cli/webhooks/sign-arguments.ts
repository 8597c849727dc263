// The command line of rba-sign: its help, and arguments to options.
import { parseCommandLine, parseWhole } from '../arguments.ts';
import { UsageError } from '../usage-error.ts';
import { parseBodyFile } from './body.ts';
import { parseSecretSource, type SecretSource } from './secret.ts';

export const SIGN_USAGE = 'usage: rba-sign [FILE] --secret-file FILE [--id ID] [--timestamp SECONDS] [--json]';

export const SIGN_HELP = `${SIGN_USAGE}

Signs a webhook as this service does (Standard Webhooks 1.0.0, HMAC-SHA256) and prints its three headers, one on a line.
It is for testing receivers: they must take what it signs, and nothing that was changed afterwards.

FILE is the body, in UTF-8; without it, or with -, standard input. It is signed to its last byte: a line feed at the end is
part of it, so send the same bytes (curl --data-binary, not --data).

  --secret-file FILE   a file with the secret: whsec_ and base64 of 24 to 64 bytes
  --secret SECRET      the secret itself; others on this machine can see it in the process list
  --id ID              webhook-id: visible ASCII characters without a dot (a new one, msg_...)
  --timestamp SECONDS  webhook-timestamp, seconds since 1970 (now)
  --json               print the headers as one JSON object
  --help

Exit code: 0 signed; 1 FILE cannot be read; 2 wrong arguments.

Example, a populate sent to a receiver:
  rba-sign body.json --secret-file secret.txt > headers.txt
  curl -H @headers.txt -H 'content-type: application/json' --data-binary @body.json http://127.0.0.1:9000/
`;

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

/** @param args without the program's own name @returns null where only the help is asked for @throws UsageError */
export function parseSignArguments(args: readonly string[]): SignOptions | null {
  const { values, positionals } = parseCommandLine({
    args: [...args],
    allowPositionals: true,
    options: {
      secret: { type: 'string' },
      'secret-file': { type: 'string' },
      id: { type: 'string' },
      timestamp: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return null;
  const { id = null, timestamp, json = false } = values;
  return {
    file: parseBodyFile(positionals),
    secret: parseSecretSource(values.secret, values['secret-file']),
    id: id === null ? null : parseId(id),
    timestamp: timestamp === undefined ? null : parseWhole('timestamp', timestamp, 0, MAX_TIMESTAMP),
    json,
  };
}

/** A dot would let part of the id pass for the timestamp: the two are signed with a dot between them. */
function parseId(text: string): string {
  if (/^[\x21-\x2d\x2f-\x7e]{1,255}$/.test(text)) return text;
  throw new UsageError(`--id ${JSON.stringify(text)}: 1 to 255 visible ASCII characters, none of them a dot`);
}
