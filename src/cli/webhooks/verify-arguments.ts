// The command line of rba verify: its help, and arguments to options. How a header must look is no matter of the command
// line: a sender may have sent anything, and that is then not valid.
import { commandLine, onlyFile, parseCommandLine } from '../command-line.ts';
import { wholeNumber } from '../shared-options.ts';
import { UsageError } from '../usage-error.ts';
import { parseSecretSource, type SecretSource } from './secret.ts';
import { MAX_TIMESTAMP } from './sign-arguments.ts';

/** Seconds. */
const DEFAULT_TOLERANCE = 300;

export const VERIFY_TEXT = {
  name: 'verify',
  usage: '[FILE] --secret-file FILE --id ID --timestamp SECONDS --signature SIGNATURES [options]',
  about:
    'Tells whether a webhook was signed with a secret (Standard Webhooks 1.0.0, HMAC-SHA256), and not too long ago.',
  notes: `FILE is the body, byte by byte as it came; without it, or with -, standard input.
The signature is judged first: what is too old has a right signature.`,
  exitCodes: '0 valid; 1 not valid, or FILE cannot be read; 2 wrong arguments',
  example: `Example:
  rba verify body.json --secret-file secret.txt --id msg_1 --timestamp 1767225600 \\
    --signature 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4='`,
};

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

/**
 * Returns the options of the command.
 * @param args without the name of the command
 * @throws UsageError, HelpRequest
 */
export function parseVerifyArguments(args: readonly string[]): VerifyOptions {
  const { options, positionals } = parseCommandLine(verifyCommand(), args);
  return {
    file: onlyFile(positionals) ?? '-',
    secret: parseSecretSource(options.secret, options.secretFile),
    id: required('id', options.id),
    timestamp: required('timestamp', options.timestamp),
    signatures: required('signature', options.signature),
    tolerance: options.tolerance === 'any' ? null : options.tolerance,
    json: options.json ?? false,
  };
}

function verifyCommand() {
  return commandLine(VERIFY_TEXT)
    .option('--secret-file <FILE>', 'a file with the secret: whsec_ and base64 of 24 to 64 bytes')
    .option('--secret <SECRET>', 'the secret itself; others on this machine can see it in the process list')
    .option('--id <ID>', 'the header webhook-id')
    .option('--timestamp <SECONDS>', 'the header webhook-timestamp')
    .option(
      '--signature <SIGNATURES>',
      'the header webhook-signature: v1,BASE64, or several of them with spaces between, of which one must match; those of another version do not count',
    )
    .option(
      '--tolerance <SECONDS>',
      'how far the timestamp may be from now, before or after. any: the age is not looked at, for a webhook that was recorded. 0 is refused: no webhook could pass',
      parseTolerance,
      DEFAULT_TOLERANCE,
    )
    .option(
      '--json',
      'print the result as JSON: { "valid", "reason", "detail" }, reason one of malformed, signature-mismatch, too-old, in-the-future, or null',
    );
}

function required(name: string, value: string | undefined): string {
  if (value === undefined) throw new UsageError(`--${name} is missing: the header webhook-${name}`);
  return value;
}

function parseTolerance(text: string): number | 'any' {
  if (text === 'any') return text;
  if (text === '0') throw new UsageError('--tolerance 0: no webhook could pass; any takes every age');
  return wholeNumber('tolerance', 1, MAX_TIMESTAMP)(text);
}
