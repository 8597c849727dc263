// The service for tests: in this process, on a real socket, with a journal in memory unless the test brings another.
import { type Logger, pino } from 'pino';
import { buildApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { MemoryJournal } from '../../src/journal/memory-journal.ts';
import { Api } from './api.ts';
import { UNHURRIED } from './unhurried.ts';

export interface TestService {
  readonly api: Api;
  readonly url: string;
  /** As SIGHUP does, where there are tokens. */
  reloadTokens(): void;
  /** Ends it as SIGTERM does. */
  close(): Promise<void>;
  /** Leaves it as a crash does: nobody reaches it any more, nothing is waited for. */
  abandon(): Promise<void>;
}

export interface TestServiceOptions {
  readonly settings?: Record<string, string>;
  readonly openJournal?: () => Promise<Journal>;
  /** With which `api` asks. */
  readonly token?: string;
  readonly log?: Logger;
}

export async function startService(options: TestServiceOptions = {}): Promise<TestService> {
  const { settings = {}, openJournal, token, log = pino({ level: 'silent' }) } = options;
  const memory = new MemoryJournal();
  const app = await buildApp(loadConfig({ RBA_JOURNAL: 'memory', ...UNHURRIED, ...settings }), {
    log,
    openJournal: openJournal ?? (async () => memory),
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const api = new Api(url, token);
  return {
    api,
    url,
    reloadTokens: () => app.reloadTokens(),
    close: async () => {
      await api.close();
      await app.close();
    },
    abandon: async () => {
      await api.close();
      app.server.closeAllConnections();
      app.server.close();
    },
  };
}

/** Waits until `condition` holds; asks every few milliseconds. @throws Error after `limitMs` */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  limitMs = 20_000,
): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
