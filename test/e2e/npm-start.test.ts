// `npm start`, as people run it: a signal to npm reaches the service.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { until } from '../support/service.ts';
import { lineOf, READER, TokensFile, WRITER } from '../support/tokens-file.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

let folder: string;
let file: TokensFile;
let npm: ChildProcess;
let closed: Promise<unknown>;
const lines: string[] = [];
/** Of the service, once it listens. */
let pid: number | null;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rba-npm-'));
  file = await TokensFile.create();
  lines.length = 0;
  pid = null;
});
afterEach(async () => {
  if (npm.exitCode === null && npm.signalCode === null) npm.kill('SIGKILL');
  if (pid !== null) killed(pid);
  await closed;
  await file.remove();
  await rm(folder, { recursive: true });
});

/** @returns the URL at which the service listens */
async function start(settings: Record<string, string> = {}): Promise<string> {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const env = { PATH, NODE_COMPILE_CACHE, HOME: folder, PORT: '0', RBA_DATA_DIR: folder, ...settings };
  npm = spawn('npm', ['start'], { cwd: PROJECT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  // Comes once npm and all that have its output have ended.
  closed = once(npm, 'close');
  for (const stream of [npm.stdout, npm.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', (line) => lines.push(line));
  }
  const listening = /Server listening at (http:[^"]+)/;
  await until('the service listens', () => lines.some((line) => listening.test(line)) || npm.exitCode !== null);
  const line = lines.find((text) => listening.test(text)) ?? '';
  pid = JSON.parse(line).pid;
  return listening.exec(line)?.[1] ?? '';
}

function killed(process_: number): void {
  try {
    process.kill(process_, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

async function statusOf(url: string, token: string): Promise<number> {
  return (await fetch(`${url}/v1/ram-blocks`, { headers: { authorization: `Bearer ${token}` } })).status;
}

it('ends in order when npm gets SIGTERM', async () => {
  await start();
  npm.kill('SIGTERM');
  await closed;
  expect([npm.exitCode, npm.signalCode]).toEqual([0, null]);
});

it('reads the tokens again when npm gets SIGHUP', async () => {
  const url = await start(file.settings);
  expect([await statusOf(url, READER), await statusOf(url, 'third')]).toEqual([200, 401]);
  await file.write(lineOf('writer', 'write', WRITER) + lineOf('third', 'read', 'third'));
  npm.kill('SIGHUP');
  await until('they are read', () => lines.some((line) => line.includes('the tokens are read again')));
  expect([await statusOf(url, READER), await statusOf(url, 'third')]).toEqual([401, 200]);
  // npm does not survive it; the service says by which number it goes on.
  expect(lines.find((line) => line.includes('npm has ended'))).toContain(`${pid}`);
});

it('without tokens leaves no orphan when npm gets SIGHUP', async () => {
  await start();
  npm.kill('SIGHUP');
  await closed;
  expect(npm.signalCode).toBe('SIGHUP');
});
