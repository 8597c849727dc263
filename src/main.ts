#!/usr/bin/env node
// The process: settings, app, listen, and an orderly end on SIGTERM. The only file that may exit.
import closeWithGrace from 'close-with-grace';
import { pino } from 'pino';
import { buildApp } from './app.ts';
import { type Config, loadConfig } from './config.ts';

/** Milliseconds: longer than the longest change takes with a handful of listeners at the longest deadline. */
const GRACE = 300_000;

const USAGE = `Usage: ram-block-attributes

Serves RAM blocks over HTTP until SIGTERM. It takes its settings from the environment and nothing
from the command line: HOST, PORT, LOG_LEVEL and RBA_...; all of them are in the README.

Example:
  PORT=8081 RBA_DATA_DIR=/var/lib/ram-block-attributes ram-block-attributes
`;

async function main(config: Config): Promise<void> {
  const log = pino({
    level: config.logLevel,
    ...(process.stdout.isTTY ? { transport: { target: 'pino-pretty' } } : {}),
  });
  const app = await buildApp(config, { log });
  await app.listen({ host: config.host, port: config.port });
  closeWithGrace({ delay: GRACE, logger: log }, async ({ err }) => {
    if (err) log.fatal({ err }, 'closing after an error');
    await app.close();
  });
}

const [argument] = process.argv.slice(2);
if (argument !== undefined) {
  const isAsked = argument === '--help' || argument === '-h';
  (isAsked ? process.stdout : process.stderr).write(USAGE);
  process.exit(isAsked ? 0 : 2);
}
try {
  await main(loadConfig());
} catch (error) {
  process.stderr.write(
    `ram-block-attributes cannot start: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exit(1);
}
