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

/** @param destination where the lines go; left out, standard output, readable where that is a terminal */
export function createLog(level: Config['logLevel'], destination?: DestinationStream): Logger {
  const options: LoggerOptions = { level, redact };
  if (destination !== undefined) return pino(options, destination);
  return pino({ ...options, ...(process.stdout.isTTY ? { transport: { target: 'pino-pretty' } } : {}) });
}
