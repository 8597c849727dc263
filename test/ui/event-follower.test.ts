// The follower of events, against servers that answer, end, forget and refuse.
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ServiceClient } from '../../src/client/service-client.ts';
import { type Connection, EventFollower } from '../../src/ui/client/event-follower.ts';
import type { ServiceEvent } from '../../src/ui/model/activity.ts';
import { until } from '../support/service.ts';

/** What a test is about: the answers to one request after the other; the last holds on. */
async function follow(answers: ((response: ServerResponse, lastId: string | undefined) => void)[]) {
  const seen = {
    events: [] as ServiceEvent[],
    batches: 0,
    connections: [] as Connection[],
    lastIds: [] as (string | undefined)[],
    authorizations: [] as (string | undefined)[],
  };
  const server = createServer((request, response) => {
    const lastId = request.headers['last-event-id']?.toString();
    seen.lastIds.push(lastId);
    seen.authorizations.push(request.headers.authorization);
    (answers[seen.lastIds.length - 1] ?? answers.at(-1))?.(response, lastId);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const follower = new EventFollower({
    client: new ServiceClient({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      token: 'secret',
    }),
    onEvents: (events) => {
      seen.batches++;
      seen.events.push(...events);
    },
    onConnection: (connection) => seen.connections.push(connection),
    silenceMs: 300,
    retryMs: 10,
  });
  follower.start();
  close = async () => {
    follower.stop();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { seen, follower };
}

let close: () => Promise<void> = async () => {};
afterEach(() => close());

const stream = (response: ServerResponse, text: string) =>
  response.writeHead(200, { 'content-type': 'text/event-stream' }).write(text);
const event = (id: number) => `id: e-${id}\nevent: conversion.committed\ndata: {"offset":${id}}\n\n`;

describe('the follower', () => {
  it('gives many events at once, with its token', async () => {
    const text = Array.from({ length: 1000 }, (_, id) => event(id)).join('');
    const { seen } = await follow([(response) => stream(response, `: following\n\n${text}`)]);
    await until('all', () => seen.events.length === 1000);
    expect(seen.batches).toBeLessThan(100);
    expect(seen.events[999]).toEqual({ type: 'conversion.committed', data: { offset: 999 } });
    expect(seen.authorizations).toEqual(['Bearer secret']);
    expect(seen.connections).toEqual(['connecting', 'live']);
  });

  it('goes on where it was when the connection ends', async () => {
    const { seen } = await follow([
      (response) => {
        stream(response, event(1));
        response.end();
      },
      (response) => stream(response, event(2)),
    ]);
    await until('two', () => seen.events.length === 2);
    expect(seen.lastIds).toEqual([undefined, 'e-1']);
    expect(seen.connections).toEqual(['connecting', 'live', 'lost', 'live']);
  });

  it('begins anew when what it missed is no longer kept', async () => {
    const { seen } = await follow([
      (response) => {
        stream(response, event(1));
        response.end();
      },
      (response) => response.writeHead(410).end(),
      (response) => stream(response, event(9)),
    ]);
    await until('two', () => seen.events.length === 2);
    expect(seen.lastIds).toEqual([undefined, 'e-1', undefined]);
  });

  it('tries again after errors and silence', async () => {
    const { seen } = await follow([
      (response) => response.writeHead(503).end(),
      (response) => response.destroy(),
      (response) => stream(response, event(1)),
      (response) => stream(response, event(2)),
    ]);
    await until('two', () => seen.events.length === 2);
    expect(seen.connections.slice(0, 4)).toEqual(['connecting', 'lost', 'lost', 'live']);
  });

  it('stops without a token that is known, and starts again with another', async () => {
    const { seen, follower } = await follow([
      (response) => response.writeHead(401).end(),
      (response) => stream(response, event(1)),
    ]);
    await until('it stopped', () => seen.connections.at(-1) === 'unauthorized');
    follower.start();
    await until('one', () => seen.events.length === 1);
    expect(seen.lastIds).toHaveLength(2);
  });
});
