// The service as a child process on a free port, with a data folder that goes with it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface ServiceProcess {
  readonly url: URL;
  /** Ends it as an operator would (SIGTERM). @throws Error when it does not end well */
  close(): Promise<void>;
}

/** @throws Error with its last words when it ends before it listens */
export async function startServiceProcess(): Promise<ServiceProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'ram-block-attributes-'));
  const rba = fileURLToPath(new URL('../../src/cli/rba.ts', import.meta.url));
  // Nothing of the caller's environment: its settings are not meant for this service.
  const env = { HOST: '127.0.0.1', PORT: '0', RBA_DATA_DIR: folder };
  const child = spawn(process.execPath, [rba, 'serve'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const url = await listeningAt(child);
  return {
    url,
    close: async () => {
      child.kill('SIGTERM');
      const [code] = await once(child, 'exit');
      await rm(folder, { recursive: true });
      if (code !== 0) throw new Error(`the service ended with ${code}`);
    },
  };
}

async function listeningAt(child: ChildProcess): Promise<URL> {
  const output: string[] = [];
  const listening = Promise.withResolvers<URL>();
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      output.push(line);
      const url = /Server listening at (http:[^"]+)/.exec(line)?.[1];
      if (url !== undefined) listening.resolve(new URL(url));
    });
  }
  child.once('exit', () => listening.reject(new Error(`the service did not start:\n${output.join('\n')}`)));
  return listening.promise;
}
