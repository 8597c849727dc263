// The log of the process. Nothing here logs a secret on purpose; what is called one is taken out all the same, wherever an
// object or an error that is logged has it.
import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';
import type { Config } from './config.ts';

const SECRET_FIELDS = [
  ...['secret', 'previousSecrets', 'token', 'password', 'authorization'],
  ...['["webhook-signature"]', '["idempotency-key"]'],
];
/** How deep below what is logged they are looked for. */
const DEPTHS = [0, 1, 2, 3];

const redact = {
  paths: DEPTHS.flatMap((depth) =>
    SECRET_FIELDS.map((field) => {
      const above = Array.from({ length: depth }, () => '*').join('.');
      return depth === 0 || field.startsWith('[') ? above + field : `${above}.${field}`;
    }),
  ),
  censor: '[secret]',
};

/** Escapes of control characters in JSON, but of line ends and tabs; any other escape is matched to be passed over. */
const ESCAPES = /\\(u00[01][0-9a-f]|u007f|u00[89][0-9a-f]|[bfr])|\\./gi;

/** A line of the log with its control characters (DEL and C1 too, which JSON leaves as they are) as escapes. */
function escaped(line: string): string {
  return line.replaceAll(/[\u007f-\u009f]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`);
}

/** As {@link escaped}, for whoever reads the JSON and prints the texts: the escapes are still there then. */
function escapedTwice(line: string): string {
  return escaped(line).replaceAll(ESCAPES, (found, control) => (control === undefined ? found : `\\${found}`));
}

/** @param destination where the lines go; left out, standard output, readable where that is a terminal */
export function createLog(level: Config['logLevel'], destination?: DestinationStream): Logger {
  const options: LoggerOptions = { level, redact, hooks: { streamWrite: escaped } };
  if (destination !== undefined) return pino(options, destination);
  return process.stdout.isTTY ? pino(prettyOptions(level)) : pino(options);
}

/** For a terminal, which would obey a control character that somebody else has brought into the log. */
export function prettyOptions(level: Config['logLevel']): LoggerOptions & { transport: { target: string } } {
  return { level, redact, hooks: { streamWrite: escapedTwice }, transport: { target: 'pino-pretty' } };
}
