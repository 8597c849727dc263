// rba simulate as a person calls it: a process, its output, its exit code, and its end.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { startService } from '../support/service.ts';
import { RBA } from './run-command.ts';
import { discard, pages, populate, SECRET, send } from './simulator/webhooks.ts';

const children: ChildProcess[] = [];

/** The command with `args`; `line` is its first line, `last` its last one, `ended` what is left when it has ended. */
function run(...args: string[]) {
  const child = spawn(process.execPath, [RBA, 'simulate', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  const stderr = text(child.stderr);
  const stdout = text(child.stdout);
  const ended = once(child, 'close').then(async ([code]) => ({ code, stderr: await stderr }));
  const line = once(child.stdout, 'data').then(([data]) => String(data).trimEnd());
  const last = stdout.then((all) => all.trimEnd().split('\n').at(-1) ?? '');
  return { child, line, last, ended };
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

describe('rba simulate', () => {
  it('exits with 2 and the usage on stderr for options that make no sense', async () => {
    const { code, stderr } = await run('--port', 'many').ended;
    expect(code).toBe(2);
    expect(stderr).toContain('--port is many; it must be a whole number from 0 to 65535');
    expect(stderr).toContain('usage: rba simulate');
  });

  it('prints what a service says without what controls a terminal', async () => {
    const server = createServer((_, response) => {
      response.writeHead(403, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify({ code: 'forbidden', detail: 'no\u001b[2J\u009b2J\u007f' }));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const { code, stderr } = await run('--block', 'pc.ram', '--service', `http://127.0.0.1:${port}`).ended;
    server.close();
    expect(code).toBe(1);
    expect(stderr).toContain('no\\u{1b}[2J\\u{9b}2J\\u{7f}');
    expect(stderr).not.toMatch(/[^\P{Cc}\n]/u);
  });

  it('exits with 1 when the service is not there', async () => {
    // Port 1 has no service on any machine that runs tests.
    const { code, stderr } = await run('--block', 'pc.ram', '--service', 'http://127.0.0.1:1').ended;
    expect(code).toBe(1);
    expect(stderr).toContain('no answer from http://127.0.0.1:1 (ECONNREFUSED); --service gives its URL');
  });

  it('stops waiting for the service when it is told to end', async () => {
    const { child, ended } = run('--block', 'pc.ram', '--service', 'http://127.0.0.1:1', '--wait', '600');
    if (child.stderr !== null) await once(child.stderr, 'data');
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    expect(stderr).toContain('waiting for RAM block pc.ram');
    expect(code).toBe(0);
  });

  it('listens without a block and ends well', async () => {
    const { child, line, last, ended } = run('--secret', SECRET, '--strict', '--json');
    const { url, registered } = JSON.parse(await line);
    expect(registered).toBeNull();
    await send(url, 'a', populate(1, [pages(0, 1)]));
    await send(url, 'b', discard(2, [pages(0, 1)]));
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(await last)).toMatchObject({
      mode: 'sync',
      mappings: 0,
      peakMappings: 1,
      deliveries: { populate: 1, discard: 1 },
      violations: { count: 0 },
    });
  });

  it('ends with its state as JSON, the violations with it', async () => {
    const { child, line, last, ended } = run('--secret', SECRET, '--json');
    const { url } = JSON.parse(await line);
    for (const [id, sequence] of [
      ['a', 1],
      ['b', 2],
    ] as const) {
      await send(url, id, populate(sequence, [pages(0, 1)]));
    }
    child.kill('SIGINT');
    expect((await ended).code).toBe(0);
    expect(JSON.parse(await last).violations).toMatchObject({ count: 1, first: [{ kind: 'mapped-twice' }] });
  });

  it.each([
    ['--strict', 3],
    ['--keep', 0],
  ])('with %s exits with %i after a violation, and says which', async (option, expected) => {
    const { child, line, ended } = run('--secret', SECRET, option);
    const [url] = /http:\S+/.exec(await line) ?? [''];
    await send(url, 'a', populate(1, [pages(0, 1)]));
    await send(url, 'b', populate(2, [pages(0, 1)]));
    child.kill('SIGTERM');
    const { code, stderr } = await ended;
    expect(code).toBe(expected);
    expect(stderr).toContain('violation: mapped-twice: mapping 0x0+0x1000 overlaps the mapping 0x0+0x1000 (delivery b');
    expect(stderr).toContain('rba simulate: 1 violation: mapped-twice 1');
  });

  it('registers with a running service, and unregisters on SIGTERM', async () => {
    const service = await startService();
    try {
      const { id } = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '16M' });
      const { child, line, ended } = run(
        ...['--service', service.url, '--block', 'pc.ram', '--machine', 'default', '--strict', '--json'],
      );
      const { url, registered, section, granularity } = JSON.parse(await line);
      expect({ section, granularity }).toEqual({
        section: { offset: 0, size: 16 * 2 ** 20, offsetWithinAddressSpace: 0 },
        granularity: 4096,
      });
      const path = `/v1/ram-blocks/${id}/listeners/${registered.listenerId}`;
      await service.api.ok('POST', `/v1/ram-blocks/${id}/conversions`, { offset: 0, size: '1M', to: 'shared' });
      expect(await (await fetch(`${url}mappings`)).json()).toEqual([{ offsetWithinRegion: 0, size: 2 ** 20 }]);
      expect((await service.api.get(path)).body.mapped).toEqual({ bytes: 2 ** 20, runs: 1, mappings: 256 });
      child.kill('SIGTERM');
      expect(await ended).toEqual({ code: 0, stderr: '' });
      expect((await service.api.get(path)).status).toBe(404);
    } finally {
      await service.close();
    }
  });
});
