// What becomes of each event: chosen, printed, forwarded, counted.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseListenArguments } from '../../../src/cli/listen/arguments.ts';
import { Forwarder } from '../../../src/cli/listen/forwarder.ts';
import { type ListenOutput, listen } from '../../../src/cli/listen/listen.ts';
import { until } from '../../support/service.ts';
import { type ScriptedAnswer, ScriptedService } from '../replay/scripted-service.ts';
import { breaking, type EventScript, EventServer, sse, stream } from './event-server.ts';

const open: AsyncDisposable[] = [];
let lines: string[];
let notices: string[];
let stop: AbortController;

beforeEach(() => {
  [lines, notices, stop] = [[], [], new AbortController()];
});

afterEach(async () => {
  stop.abort();
  for (const resource of open.splice(0)) await resource[Symbol.asyncDispose]();
});

/** Runs the command line against a service of these events. */
async function run(args: readonly string[], ...scripts: EventScript[]): Promise<void> {
  const server = await EventServer.start(scripts);
  open.push(server);
  const output: ListenOutput = {
    signal: stop.signal,
    onLine: (line) => lines.push(line),
    onNotice: (notice) => notices.push(notice),
    wait: () => nextTurn(),
  };
  await listen(parseListenArguments(['--service', server.url.href, ...args]), output);
}

/** A program that events are forwarded to. */
async function program(answer: (event: { id: string }) => ScriptedAnswer | null): Promise<ScriptedService> {
  // What rba listen posts is what the test sent.
  const service = await ScriptedService.start(({ body }) => answer(body as { id: string }));
  open.push(service);
  return service;
}

const types = ['ram_block.created', 'conversion.committed', 'conversion.failed', 'source.changed', 'delivery.failed'];
const events = types.map((type, index) => sse(String(index), type, { machine: 'm', ramBlockId: 'b' }));

describe('listen', () => {
  it('prints a line for each event, and ends after as many as it was told', async () => {
    await run(['--count', '3'], stream(...events));
    expect(lines).toEqual(['ram_block.created    m/b', 'conversion.committed m/b', 'conversion.failed    m/b']);
  });

  it('prints JSON for programs', async () => {
    await run(['--json', '--count', '1'], stream(...events));
    expect(lines).toEqual(['{"id":"0","event":"ram_block.created","data":{"machine":"m","ramBlockId":"b"}}']);
  });

  it('counts only what it was asked for, also over a broken connection', async () => {
    const args = ['--event', 'conversion', '--event', 'delivery.failed', '--count', '4'];
    await run(args, breaking(...events.slice(0, 2)), stream(...events.slice(2), ...events));
    expect(lines.map((line) => line.split(' ')[0])).toEqual([
      'conversion.committed',
      'conversion.failed',
      'delivery.failed',
      'conversion.committed',
    ]);
  });

  it('ends when it is told to', async () => {
    const ended = run([], stream(...events));
    await until('all is printed', () => lines.length === events.length);
    stop.abort();
    await ended;
  });
});

describe('forwarding', () => {
  it('posts each event that is wanted, in order, as it is printed with --json', async () => {
    const { url, requests } = await program(() => ({ status: 204 }));
    const args = ['--forward-to', `${url.href}hook?a=b`, '--event', 'conversion', '--count', '2', '--json'];
    await run(args, stream(...events));
    expect(requests).toMatchObject([
      { method: 'POST', path: '/hook?a=b', headers: { 'content-type': 'application/json' } },
      { path: '/hook?a=b' },
    ]);
    expect(requests.map(({ body }) => JSON.stringify(body))).toEqual(lines);
    expect(notices).toHaveLength(1);
  });

  it('says what fails, and goes on', async () => {
    const { url, requests } = await program(({ id }) => {
      if (id === '0') return { status: 500 };
      if (id === '1') return { status: 302, headers: { location: '/elsewhere' }, body: 'x'.repeat(2 ** 20) };
      return id === '2' ? null : { status: 200 };
    });
    await run(['--forward-to', url.href, '--count', '4'], stream(...events));
    expect(lines).toHaveLength(4);
    expect(requests.map(({ path }) => path)).toEqual(['/', '/', '/', '/']);
    expect(notices.slice(1)).toEqual([
      `ram_block.created 0 was not forwarded to ${url.href}: it answered 500`,
      `conversion.committed 1 was not forwarded to ${url.href}: it answered 302`,
      `conversion.failed 2 was not forwarded to ${url.href}: UND_ERR_SOCKET`,
    ]);
  });

  it('says that nobody is there, for each event', async () => {
    const gone = await ScriptedService.start(() => null);
    const { url } = gone;
    await gone[Symbol.asyncDispose]();
    await run(['--forward-to', url.href, '--count', '2'], stream(...events));
    expect(notices.slice(1).map((text) => text.split(': ')[1])).toEqual(['ECONNREFUSED', 'ECONNREFUSED']);
  });

  it('sends one after the other, however long it takes', async () => {
    let answering = 0;
    let most = 0;
    const bodies: string[] = [];
    const server = createServer(async (request, response) => {
      most = Math.max(most, ++answering);
      bodies.push(JSON.parse(await text(request)).id);
      setImmediate(() => {
        answering--;
        response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    open.push({ [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) });
    // A server that listens on TCP has an AddressInfo.
    const { port } = server.address() as AddressInfo;
    await run(['--forward-to', `http://127.0.0.1:${port}`, '--count', '5'], stream(...events));
    expect(bodies).toEqual(['0', '1', '2', '3', '4']);
    expect(most).toBe(1);
  });

  it('does not wait for ever, and not at all once it is told to end', async () => {
    // A server that answers nothing.
    const silent = await EventServer.start([() => {}]);
    open.push(silent);
    await using forwarder = new Forwarder(silent.url, 100);
    const event = { id: '1', event: 'e', data: {} };
    expect(await forwarder.forward(event, stop.signal)).toBe('no answer within 0.1 s');
    const ended = run(['--forward-to', silent.url.href], stream(...events));
    await until('it is forwarded', () => silent.requests.length === 2);
    stop.abort();
    await ended;
    expect(notices).toHaveLength(1);
  });
});
