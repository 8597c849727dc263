// The service as a process of its own, on a real disk: to be killed.
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Api } from './api.ts';
import { UNHURRIED } from './unhurried.ts';

const RBA = fileURLToPath(new URL('../../src/cli/rba.ts', import.meta.url));

export class ServiceProcess {
  static readonly #running = new Set<ServiceProcess>();
  readonly #child: ChildProcess;
  /** What it wrote to stdout and stderr. */
  readonly output: string[] = [];
  readonly #lines = new EventEmitter();
  /** Resolves when it listens; rejects when it ends before. */
  readonly ready: Promise<Api>;

  /** @param token with which its Api asks @param under a command that becomes the command it is given */
  constructor(dataDir: string, settings: Record<string, string> = {}, token?: string, under: readonly string[] = []) {
    const { PATH, NODE_COMPILE_CACHE } = process.env;
    const env = { PATH, NODE_COMPILE_CACHE, PORT: '0', RBA_DATA_DIR: dataDir, ...UNHURRIED, ...settings };
    const [command = process.execPath, ...args] = [...under, process.execPath, RBA, 'serve'];
    this.#child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    ServiceProcess.#running.add(this);
    const listening = Promise.withResolvers<Api>();
    this.ready = listening.promise;
    this.ready.catch(() => undefined);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        this.output.push(line);
        this.#lines.emit('line', line);
        const url = /Server listening at (http:[^"]+)/.exec(line)?.[1];
        if (url !== undefined) listening.resolve(new Api(url, token));
      });
    }
    this.#child.on('exit', (code, signal) => {
      ServiceProcess.#running.delete(this);
      listening.reject(new Error(`the service ended (${code ?? signal}): ${this.output.join('\n')}`));
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Calls `then` at the next line that has `text`. */
  atLine(text: string, then: () => void): void {
    const look = (line: string): void => {
      if (!line.includes(text)) return;
      this.#lines.off('line', look);
      then();
    };
    this.#lines.on('line', look);
  }

  /** Leaves none behind, whatever became of the test that started them. */
  static async endAll(): Promise<void> {
    await Promise.all([...ServiceProcess.#running].map((service) => service.end('SIGKILL')));
  }

  /** Sends a signal that does not end it. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves to the exit code, null after a signal. */
  async end(signal: 'SIGKILL' | 'SIGTERM' | 'SIGHUP'): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill(signal);
      await once(this.#child, 'exit');
    }
    return this.#child.exitCode;
  }
}

/** A service that has started, whichever way. */
export interface StartedService {
  readonly api: Api;
  /** @returns the exit code */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null>;
}

/** @param under a command that becomes the command it is given */
export async function startProcess(
  dataDir: string,
  under: readonly string[] = [],
  settings: Record<string, string> = {},
): Promise<StartedService> {
  const service = new ServiceProcess(dataDir, settings, undefined, under);
  return { api: await service.ready, end: (signal) => service.end(signal) };
}
