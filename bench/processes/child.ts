// Processes of the bench: started here, asked by name over IPC, ended by their own id, also when the bench fails.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export type Handlers = Record<string, (...args: never[]) => unknown>;

interface Request {
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

type Response = { readonly id: number } & ({ readonly result: unknown } | { readonly error: string });

/** What was compiled once is kept: of what is installed, no thread that starts has types to strip either. */
const COMPILED = fileURLToPath(new URL('../../node_modules/.cache/node', import.meta.url));

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeOptions?: readonly string[];
}

export class Child<H extends Handlers> {
  static readonly #running = new Set<Child<Handlers>>();
  readonly #process: ChildProcess;
  readonly #calls = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;

  /** Runs the file beside `from` (import.meta.url) that calls {@link answer} with handlers of this type. */
  constructor(file: string, from: string, { env = {}, nodeOptions = [] }: ChildOptions = {}) {
    this.#process = fork(fileURLToPath(new URL(file, from)), [], {
      env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: COMPILED, ...env },
      execArgv: [...nodeOptions],
    });
    Child.#running.add(this as unknown as Child<Handlers>);
    this.#process.on('message', (response: Response) => {
      const call = this.#calls.get(response.id);
      this.#calls.delete(response.id);
      if ('error' in response) call?.reject(new Error(`${file}: ${response.error}`));
      else call?.resolve(response.result);
    });
    this.#process.on('exit', (code, signal) => {
      Child.#running.delete(this as unknown as Child<Handlers>);
      for (const { reject } of this.#calls.values()) reject(new Error(`${file} ended (${code ?? signal})`));
      this.#calls.clear();
    });
  }

  call<K extends keyof H & string>(name: K, ...args: Parameters<H[K]>): Promise<Awaited<ReturnType<H[K]>>> {
    const call = Promise.withResolvers<unknown>();
    const request: Request = { id: ++this.#lastId, name, args };
    this.#calls.set(request.id, call);
    this.#process.send(request, (error) => {
      if (error !== null) call.reject(error);
    });
    // What the handler of this name returns is what comes back.
    return call.promise as Promise<Awaited<ReturnType<H[K]>>>;
  }

  /** Lets it finish: what it profiles is written at its exit. */
  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, 'exit');
    this.#process.disconnect();
    await exit;
  }

  /** Leaves none behind, whatever became of what they were for. */
  static async endAll(): Promise<void> {
    const running = [...Child.#running].map((child) => child.#process);
    await Promise.all(
      running.map(async (child) => {
        const exit = once(child, 'exit');
        child.kill('SIGKILL');
        await exit;
      }),
    );
  }
}

/** In a child: answers calls by `handlers` until the parent lets go of it, or is gone. */
export function answer(handlers: Handlers, close: () => unknown = () => undefined): void {
  process.on('message', async ({ id, name, args }: Request) => {
    let response: Response;
    try {
      response = { id, result: await handlers[name]?.(...(args as never[])) };
    } catch (error) {
      response = { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
    if (process.connected) process.send?.(response);
  });
  process.on('disconnect', async () => {
    await close();
    process.exit(0);
  });
}

/** Microseconds that this thread has worked. */
export function threadMicroseconds(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}
