// The command line of rba-verify: its help, and arguments to options. What a header must look like is no matter of the
// command line: a sender may have sent anything, and that is then not valid.
import { parseCommandLine, parseWhole } from '../arguments.ts';
import { UsageError } from '../usage-error.ts';
import { parseBodyFile } from './body.ts';
import { parseSecretSource, type SecretSource } from './secret.ts';
import { MAX_TIMESTAMP } from './sign-arguments.ts';

export const VERIFY_USAGE =
  'usage: rba-verify [FILE] --secret-file FILE --id ID --timestamp SECONDS --signature SIGNATURES [options]';

const DEFAULT_TOLERANCE = 300;

export const VERIFY_HELP = `${VERIFY_USAGE}

Tells whether a webhook was signed with a secret (Standard Webhooks 1.0.0, HMAC-SHA256), and not too long ago.

FILE is the body, byte by byte as it came; without it, or with -, standard input.

  --secret-file FILE      a file with the secret: whsec_ and base64 of 24 to 64 bytes
  --secret SECRET         the secret itself; others on this machine can see it in the process list
  --id ID                 the header webhook-id
  --timestamp SECONDS     the header webhook-timestamp
  --signature SIGNATURES  the header webhook-signature: v1,BASE64, or several of them with spaces between, of which one
                          must match; those of another version do not count
  --tolerance SECONDS     how far the timestamp may be from now, before or after (${DEFAULT_TOLERANCE}). any: the age is not looked at,
                          for a webhook that was recorded. 0 is refused: no webhook could pass
  --json                  print the result as JSON: { "valid", "reason", "detail" }, reason one of malformed,
                          signature-mismatch, too-old, in-the-future, or null
  --help

The signature is judged first: what is too old has a right signature.
Exit code: 0 valid; 1 not valid, or FILE cannot be read; 2 wrong arguments.

Example:
  rba-verify body.json --secret-file secret.txt --id msg_1 --timestamp 1767225600 \\
    --signature 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4='
`;

export interface VerifyOptions {
  /** A path, or `-` for standard input. */
  readonly file: string;
  readonly secret: SecretSource;
  readonly id: string;
  readonly timestamp: string;
  /** One or several, as in the header. */
  readonly signatures: string;
  /** Seconds; null: any age. */
  readonly tolerance: number | null;
  readonly json: boolean;
}

/** @param args without the program's own name @returns null where only the help is asked for @throws UsageError */
export function parseVerifyArguments(args: readonly string[]): VerifyOptions | null {
  const { values, positionals } = parseCommandLine({
    args: [...args],
    allowPositionals: true,
    options: {
      secret: { type: 'string' },
      'secret-file': { type: 'string' },
      id: { type: 'string' },
      timestamp: { type: 'string' },
      signature: { type: 'string' },
      tolerance: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return null;
  return {
    file: parseBodyFile(positionals),
    secret: parseSecretSource(values.secret, values['secret-file']),
    id: required('id', values.id),
    timestamp: required('timestamp', values.timestamp),
    signatures: required('signature', values.signature),
    tolerance: parseTolerance(values.tolerance),
    json: values.json ?? false,
  };
}

function required(name: string, value: string | undefined): string {
  if (value === undefined) throw new UsageError(`--${name} is missing: the header webhook-${name}`);
  return value;
}

function parseTolerance(text: string | undefined): number | null {
  if (text === undefined) return DEFAULT_TOLERANCE;
  if (text === 'any') return null;
  if (text === '0') throw new UsageError('--tolerance 0: no webhook could pass; any takes every age');
  return parseWhole('tolerance', text, 1, MAX_TIMESTAMP);
}
