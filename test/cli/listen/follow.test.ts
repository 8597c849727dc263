// Following the events of a service over real sockets: what comes, what breaks, and where it goes on.
import { describe, expect, it } from 'vitest';
import { followEvents } from '../../../src/cli/listen/follow.ts';
import {
  breaking,
  type EventScript,
  EventServer,
  ending,
  hangUp,
  problem,
  silence,
  sse,
  stream,
} from './event-server.ts';
import { event, setUpFollowing, take } from './following.ts';

const current = setUpFollowing();

describe('followEvents', () => {
  it('gives events as they were sent', async () => {
    const data = { machine: 'm', ramBlockId: 'b', idstr: 'grüße 🐎' };
    const server = await current().serve(stream(': hello\n\n', sse('1', 'ram_block.created', data)));
    const events = current().follow(server.url);
    expect((await events.next()).value).toEqual({ id: '1', event: 'ram_block.created', data });
    await events.return(undefined);
    expect(current().notices).toEqual([`following ${server.url.origin}`]);
  });

  it('puts together what comes in pieces, with any line end', async () => {
    const text =
      ': hello\r\n\r\nid: 1\r\nevent: a\r\ndata: {"x":\r\ndata: "🐎"}\r\n\r\nid: 2\rdata: 2\r\rid: 3\ndata: 3\n\n';
    const server = await current().serve((response, request) => {
      stream()(response, request);
      for (const byte of Buffer.from(text)) response.write(Buffer.of(byte));
    });
    const events = await Array.fromAsync({ [Symbol.asyncIterator]: () => limited(current().follow(server.url), 3) });
    expect(events).toEqual([
      { id: '1', event: 'a', data: { x: '🐎' } },
      { id: '2', event: 'message', data: 2 },
      { id: '3', event: 'message', data: 3 },
    ]);
  });

  it('asks as the contract says', async () => {
    const server = await current().serve(stream(event('1')));
    const service = new URL('/rba/', server.url);
    await take(current().follow(service, { token: 't0k', machine: 'vm 1', ramBlockId: 'b&c', after: 'x=1' }), 1);
    expect(server.requests[0]?.path).toBe('/rba/v1/events?machine=vm+1&ramBlockId=b%26c&after=x%3D1');
    expect(server.requests[0]?.headers).toMatchObject({
      accept: 'text/event-stream, application/problem+json',
      authorization: 'Bearer t0k',
    });
  });

  it('asks for everything when it is told nothing', async () => {
    const server = await current().serve(stream(event('1')));
    await take(current().follow(server.url), 1);
    expect(server.requests[0]?.path).toBe('/v1/events');
    expect(server.positions).toEqual([undefined]);
  });
});

describe('a connection that breaks', () => {
  it.each([
    ['in the middle', breaking, /^the connection broke \(\w+\); connecting again in 1 s$/],
    ['at its end', ending, /^the service ended the stream; connecting again in 1 s$/],
  ])('%s is opened again after the last event', async (_, broken, notice) => {
    const server = await current().serve(broken(event('a'), event('b')), stream(event('c')));
    expect(await take(current().follow(server.url, { after: 'z', machine: 'm' }), 3)).toEqual(['a', 'b', 'c']);
    expect(server.positions).toEqual([undefined, 'b']);
    expect(server.requests.map(({ path }) => path)).toEqual(['/v1/events?machine=m&after=z', '/v1/events?machine=m']);
    expect(current().notices[1]).toMatch(notice);
    expect(current().notices[2]).toBe(`following ${server.url.origin}`);
  });

  it('keeps nothing of an event that was cut off', async () => {
    const half = event('b').slice(0, -1);
    const server = await current().serve(breaking(event('a'), half.slice(0, 20)), ending(half), stream(event('b')));
    expect(await take(current().follow(server.url), 2)).toEqual(['a', 'b']);
    expect(server.positions).toEqual([undefined, 'a', 'a']);
  });

  it('begins where it was told to as long as nothing came', async () => {
    const server = await current().serve(breaking(), stream(event('b')));
    await take(current().follow(server.url, { after: 'a' }), 1);
    expect(server.requests.map(({ path }) => path)).toEqual(['/v1/events?after=a', '/v1/events?after=a']);
  });

  it('says that events are missed when there is none to go on from', async () => {
    const server = await current().serve(breaking(), stream(event('b')));
    await take(current().follow(server.url), 1);
    expect(current().notices[1]).toMatch(/connecting again in 1 s, what comes until then is missed$/);
  });

  it('goes on from an id that came without an event', async () => {
    const server = await current().serve(breaking('id: 7\n\n'), stream(event('8')));
    await take(current().follow(server.url), 1);
    expect(server.positions).toEqual([undefined, '7']);
    expect(current().notices[1]).not.toContain('missed');
  });

  it('goes on from an id in any writing, and from none with control characters', async () => {
    const server = await current().serve(
      breaking(event('ü🐎')),
      breaking(event('a\u{1}b')),
      breaking('id\n\n'),
      stream(event('1')),
    );
    await take(current().follow(server.url), 3);
    const sent = server.positions.map((id) => (id === undefined ? id : Buffer.from(id, 'latin1').toString()));
    expect(sent).toEqual([undefined, 'ü🐎', 'ü🐎', undefined]);
  });

  it('waits longer and longer, up to half a minute, until something comes', async () => {
    const refusing = Array<EventScript>(7).fill(hangUp);
    const server = await current().serve(
      breaking(event('a')),
      ...refusing,
      breaking(': a heartbeat\n\n'),
      hangUp,
      stream(event('b')),
    );
    expect(await take(current().follow(server.url), 2)).toEqual(['a', 'b']);
    expect(current().waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 1000, 2000]);
  });

  it('waits as long as the service says, within that', async () => {
    const server = await current().serve(
      problem(503, 'overloaded', { 'retry-after': '7' }),
      problem(429, 'rate-limited', { 'retry-after': '9999' }),
      problem(500, 'internal'),
      problem(408, 'request-timeout'),
      stream(event('a')),
    );
    await take(current().follow(server.url), 1);
    expect(current().waits).toEqual([7000, 30_000, 4000, 8000]);
    const answered = `the service at ${server.url.origin} answered`;
    expect(current().notices[0]).toMatch(`${answered} 503 overloaded: because of overloaded; connecting again in 7 s`);
  });

  it('comes back to a service that was away', async () => {
    const first = await EventServer.start([breaking(event('a'))]);
    const { url, port } = first;
    const wait = async (ms: number) => {
      current().waits.push(ms);
      if (current().waits.length === 1) await first[Symbol.asyncDispose]();
      if (current().waits.length === 3) await current().serveAt(port, stream(event('b')));
    };
    expect(await take(current().follow(url, { wait }), 2)).toEqual(['a', 'b']);
    expect(current().notices).toContain('the service is not there (ECONNREFUSED); connecting again in 2 s');
  });
});

describe('a connection that is silent', () => {
  it('is given up after a while, and opened again', async () => {
    const server = await current().serve(stream(event('a')), silence, stream(event('b')));
    expect(await take(current().follow(server.url, { idleMs: 200 }), 2)).toEqual(['a', 'b']);
    expect(server.positions).toEqual([undefined, 'a', 'a']);
    const gaveUp = current().notices.filter((text) => text.startsWith('nothing came for 0.2 s; connecting again'));
    expect(gaveUp).toHaveLength(2);
  });

  /** Comes back when a silent connection was given up twice: longer than any other may be silent. */
  async function longerThan(idleMs: number): Promise<void> {
    const silent = await current().serve(stream(event('a')), silence, stream(event('b')));
    await take(followEvents({ ...current().options(silent.url), idleMs, onNotice: () => {} }), 2);
  }

  it('lives on heartbeats', async () => {
    const idleMs = 300;
    const server = await current().serve((response, request) => {
      stream()(response, request);
      const heartbeats = setInterval(() => response.write(':\n\n'), 20);
      longerThan(idleMs).then(() => response.write(event('a')));
      response.on('close', () => clearInterval(heartbeats));
    });
    expect(await take(current().follow(server.url, { idleMs }), 1)).toEqual(['a']);
    expect(server.requests).toHaveLength(1);
  });

  it('is not silent because somebody takes his time with an event', async () => {
    const idleMs = 300;
    const sent = Array.from({ length: 20_000 }, (_, index) => String(index));
    const server = await current().serve(stream(...sent.map(event)));
    const ids: (string | null)[] = [];
    for await (const { id } of current().follow(server.url, { idleMs })) {
      if (ids.push(id) === sent.length) break;
      if (ids.length === 1) await longerThan(idleMs);
    }
    expect(ids).toEqual(sent);
    expect(server.requests).toHaveLength(1);
  });
});

async function* limited<T>(items: AsyncGenerator<T>, count: number): AsyncGenerator<T> {
  let taken = 0;
  for await (const item of items) {
    yield item;
    if (++taken === count) return;
  }
}
