// The process of the service: app, listen, and an orderly end on SIGTERM.
import closeWithGrace from 'close-with-grace';
import { beginApp } from './app.ts';
import type { Config } from './config.ts';
import { createLog } from './log.ts';
import { whenNpmEnds } from './npm-parent.ts';

/** Milliseconds: longer than the longest change takes with a handful of listeners at the longest deadline. */
const GRACE = 300_000;

/**
 * Starts the service, and returns when it listens and has read its journal. A signal ends the process from then on.
 * @throws Error when it cannot start, which may leave the process with open handles
 */
export async function serve(config: Config): Promise<void> {
  // The journal has the secrets of listeners.
  process.umask(0o077);
  const log = createLog(config.logLevel);
  // Without tokens there is nothing to read again, and SIGHUP says that the terminal is gone. Heard from here on: unheard, it
  // would end the process, however far the start is.
  let reloadTokens = (): void => {
    isReloadDue = true;
  };
  let isReloadDue = false;
  if (config.tokensFile !== null) process.on('SIGHUP', () => reloadTokens());
  const { app, started } = await beginApp(config, { log });
  reloadTokens = () => app.reloadTokens();
  if (isReloadDue) reloadTokens();
  const skip: closeWithGrace.AllEvents[] = config.tokensFile === null ? [] : ['SIGHUP'];
  let isClosing = false;
  closeWithGrace({ delay: GRACE, logger: log, skip }, async ({ err }) => {
    isClosing = true;
    if (err) log.fatal({ err }, 'closing after an error');
    await app.close();
  });
  if (config.startedByNpm) {
    whenNpmEnds(() => {
      log.warn(
        `npm has ended and left this process, ${process.pid}, alone: taken as the SIGHUP that npm does not pass on`,
      );
      process.kill(process.pid, 'SIGHUP');
    });
  }
  const url = await app.listen({ host: config.host, port: config.port });
  log.info(`reading the journal back; ${url}/livez answers meanwhile, and /readyz says how far it is`);
  try {
    await started;
  } catch (error) {
    // The end of the process is under way.
    if (isClosing) return;
    throw error;
  }
  // Last, for whoever reads that it listens may send a signal, or changes.
  log.info(`Server listening at ${url}`);
}
