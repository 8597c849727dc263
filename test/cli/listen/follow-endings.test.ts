// Following the events of a service over real sockets: events that are gone, what ends it, and how it ends.
import { describe, expect, it } from 'vitest';
import { CommandError } from '../../../src/cli/command-error.ts';
import { followEvents } from '../../../src/cli/listen/follow.ts';
import { until } from '../../support/service.ts';
import { breaking, type EventScript, EventServer, hangUp, problem, silence, stream } from './event-server.ts';
import { event, setUpFollowing, take } from './following.ts';

const current = setUpFollowing();

describe('events that are no longer kept', () => {
  it('are said to be missed, and it goes on from now at once', async () => {
    const expired = problem(410, 'events-expired');
    const server = await current().serve(breaking(event('a')), expired, stream(event('z')));
    expect(await take(current().follow(server.url), 2)).toEqual(['a', 'z']);
    expect(server.positions).toEqual([undefined, 'a', undefined]);
    expect(current().waits).toEqual([1000]);
    expect(current().notices).toContain('events were missed, going on from now: because of events-expired');
  });

  it('are missed from the beginning, too', async () => {
    const server = await current().serve(problem(410, 'events-expired'), stream(event('z')));
    await take(current().follow(server.url, { after: 'old', machine: 'm' }), 1);
    expect(server.requests.map(({ path }) => path)).toEqual(['/v1/events?machine=m&after=old', '/v1/events?machine=m']);
  });

  it('are an end when none were asked for', async () => {
    const server = await current().serve(problem(410, 'events-expired'));
    await expect(take(current().follow(server.url), 1)).rejects.toThrow(/410 events-expired/);
  });
});

describe('what connecting again does not help', () => {
  it.each([
    [400, 'invalid-request', ''],
    [401, 'unauthorized', '; --token gives a token'],
    [403, 'forbidden', '; --token gives a token'],
    [404, 'not-found', ''],
  ])('ends it: %i %s', async (status, code, hint) => {
    const server = await current().serve(problem(status, code));
    const taken = take(current().follow(server.url), 1);
    await expect(taken).rejects.toThrow(CommandError);
    const text = `the service at ${server.url.origin} answered ${status} ${code}: because of ${code}${hint}`;
    await expect(taken).rejects.toThrow(text);
    expect(server.requests).toHaveLength(1);
  });

  it('ends it later, too', async () => {
    const server = await current().serve(breaking(event('a')), problem(404, 'not-found'));
    await expect(take(current().follow(server.url), 2)).rejects.toThrow(/404 not-found: because of not-found/);
  });

  it.each([
    ['a page', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')],
    ['JSON', (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{}')],
    ['no type', (response) => response.writeHead(200).end(event('a'))],
    ['nothing', (response) => response.writeHead(204).end()],
    ['a redirect', (response) => response.writeHead(302, { location: '/' }).end()],
  ] satisfies [string, EventScript][])('is another program, which answers %s', async (_, script) => {
    const server = await current().serve(script);
    const text = `${server.url.origin} does not answer as this service does (a stream of events); --service names another`;
    await expect(take(current().follow(server.url), 1)).rejects.toThrow(text);
  });

  it('is a stream without an end of a line', async () => {
    const server = await current().serve((response, request) => {
      stream('data: ')(response, request);
      const more = (): void => {
        while (response.write('x'.repeat(2 ** 16))) {}
      };
      response.on('drain', more);
      more();
    });
    await expect(take(current().follow(server.url), 1)).rejects.toThrow(/an event of more than 4194304 characters/);
  });

  it('is that nobody was ever there', async () => {
    const server = await EventServer.start([silence]);
    const { url } = server;
    await server[Symbol.asyncDispose]();
    const text = `no answer from ${url.origin} (ECONNREFUSED); --service gives its URL`;
    await expect(take(current().follow(url), 1)).rejects.toThrow(text);
  });

  it('is a server that never answers', async () => {
    const server = await current().serve(silence);
    const taken = take(current().follow(server.url, { idleMs: 100 }), 1);
    await expect(taken).rejects.toThrow(CommandError);
    await expect(taken).rejects.toThrow(/no answer from .*--service gives its URL/);
  });
});

describe('the end', () => {
  it.each([
    ['nothing comes', stream()],
    ['nobody answers', silence],
  ])('comes at once while %s', async (_, script) => {
    const server = await current().serve(script);
    const taken = take(current().follow(server.url), 1);
    await until('it has asked', () => server.requests.length === 1);
    current().stop.abort();
    expect(await taken).toEqual([]);
  });

  it('comes at once while it waits to connect again', async () => {
    const server = await current().serve(breaking(event('a')), hangUp);
    const { wait: _, ...unclocked } = current().options(server.url);
    const ids = take(followEvents(unclocked), 2);
    await until('it waits', () => current().notices.some((text) => text.includes('connecting again')));
    current().stop.abort();
    expect(await ids).toEqual(['a']);
  });

  it('was told before the beginning', async () => {
    const server = await current().serve(stream(event('a')));
    current().stop.abort();
    expect(await take(current().follow(server.url), 1)).toEqual([]);
    expect(server.requests).toEqual([]);
  });

  it('closes the connection', async () => {
    let closed = false;
    const server = await current().serve((response, request) => {
      response.on('close', () => {
        closed = true;
      });
      stream(event('a'), event('b'))(response, request);
    });
    await take(current().follow(server.url), 1);
    await until('the connection is closed', () => closed);
  });
});
