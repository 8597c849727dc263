// rba listen as a person calls it: a process, its output, its exit code, and its end.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { breaking, type EventScript, EventServer, problem, sse, stream } from './listen/event-server.ts';
import { runCommand, startCommand } from './run-command.ts';

const servers: EventServer[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]();
});

async function serve(...scripts: EventScript[]): Promise<EventServer> {
  const server = await EventServer.start(scripts);
  servers.push(server);
  return server;
}

const conversion = {
  machine: 'vm1',
  ramBlockId: 'blk_1',
  generation: 3,
  at: '2026-01-01T00:00:00.000Z',
  offset: 0,
  size: 8192,
  from: 'private',
  to: 'shared',
  changedBytes: 8192,
  notified: ['lsn_1'],
};
const LINE =
  '2026-01-01T00:00:00.000Z conversion.committed vm1/blk_1 offset 0x0 size 0x2000 from private to shared, changed 8 KiB, notified lsn_1, generation 3';
const event = (id: string) => sse(id, 'conversion.committed', conversion);

describe('rba listen', () => {
  it('prints what comes, over a connection that breaks, and ends after --count', async () => {
    const server = await serve(breaking(event('a')), stream(event('b')));
    const { code, stdout, stderr } = await runCommand(['listen', '--service', server.url.href, '--count', '2']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${LINE}\n${LINE}\n` });
    expect(stderr.split('\n')).toEqual([
      `rba listen: following ${server.url.origin}`,
      expect.stringMatching(/^rba listen: the connection broke \(\w+\); connecting again in 1 s$/),
      `rba listen: following ${server.url.origin}`,
      '',
    ]);
    expect(server.positions).toEqual([undefined, 'a']);
  });

  it('prints JSON for programs, and nothing else on standard output', async () => {
    const server = await serve(stream(event('a')));
    const { stdout } = await runCommand(['listen', '--json', '--count', '1', '--service', server.url.href]);
    expect(JSON.parse(stdout)).toEqual({ id: 'a', event: 'conversion.committed', data: conversion });
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('ends well on %s', async (signal) => {
    const server = await serve(stream(event('a')));
    const child = startCommand(['listen', '--service', server.url.href]);
    const closed = once(child, 'close');
    const [line] = await once(createInterface({ input: child.stdout }), 'line');
    expect(line).toBe(LINE);
    child.kill(signal);
    expect(await closed).toEqual([0, null]);
  });

  it('ends when nobody reads any more', async () => {
    const server = await serve((response, request) => {
      stream(event('a'))(response, request);
      const more = setInterval(() => response.write(event('b').repeat(10)), 5);
      response.on('close', () => clearInterval(more));
    });
    const child = startCommand(['listen', '--service', server.url.href]);
    const [closed, stderr] = [once(child, 'close'), text(child.stderr)];
    await once(child.stdout, 'data');
    child.stdout.destroy();
    expect(await closed).toEqual([0, null]);
    expect(await stderr).toBe(`rba listen: following ${server.url.origin}\n`);
  });

  it('exits with 1 and what the service says', async () => {
    const server = await serve(problem(401, 'unauthorized'));
    const { code, stdout, stderr } = await runCommand(['listen', '--service', server.url.href, '--token', 'geheim']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    const answered = `the service at ${server.url.origin} answered 401 unauthorized: because of unauthorized`;
    expect(stderr).toBe(`rba listen: ${answered}; --token gives a token\n`);
  });

  it('exits with 1 when nobody is there', async () => {
    // The discard service's port, where nothing listens.
    const { code, stderr } = await runCommand(['listen', '--service', 'http://127.0.0.1:9']);
    expect(code).toBe(1);
    expect(stderr).toBe('rba listen: no answer from http://127.0.0.1:9 (ECONNREFUSED); --service gives its URL\n');
  });

  it('exits with 2 and its usage when an option makes no sense', async () => {
    const { code, stdout, stderr } = await runCommand(['listen', '--forward-to', 'http://example.com/']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^rba listen: --forward-to .*only to this machine.*\nusage: rba listen/);
  });
});
