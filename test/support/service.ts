// The service for tests: in this process, on a real socket, with a journal in memory unless the test brings another.
import { pino } from 'pino';
import { buildApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { MemoryJournal } from '../../src/journal/memory-journal.ts';
import { Api } from './api.ts';

export interface TestService {
  readonly api: Api;
  readonly url: string;
  /** Ends it as SIGTERM does. */
  close(): Promise<void>;
  /** Leaves it as a crash does: nobody reaches it any more, nothing is waited for. */
  abandon(): Promise<void>;
}

export interface TestServiceOptions {
  readonly settings?: Record<string, string>;
  readonly openJournal?: () => Promise<Journal>;
}

export async function startService({ settings = {}, openJournal }: TestServiceOptions = {}): Promise<TestService> {
  const memory = new MemoryJournal();
  const app = await buildApp(loadConfig({ RBA_JOURNAL: 'memory', ...settings }), {
    log: pino({ level: 'silent' }),
    openJournal: openJournal ?? (async () => memory),
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const api = new Api(url);
  return {
    api,
    url,
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
    await new Promise(setImmediate);
  }
}
