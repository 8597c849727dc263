// Whether a client is still there: asked for late, before or after it went away.
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import Fastify, { type FastifyReply } from 'fastify';
import { expect, it } from 'vitest';
import { clientGone } from '../../src/http/change-requests.ts';

/** A request that is not answered yet. */
async function openRequest() {
  const app = Fastify();
  // Not the reply itself: it would be waited for.
  const arrived = Promise.withResolvers<{ reply: FastifyReply }>();
  app.get('/', (_request, reply) => {
    arrived.resolve({ reply });
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
  const { reply } = await arrived.promise;
  return { reply, socket, [Symbol.asyncDispose]: () => app.close() };
}

it('aborts when the client goes away', async () => {
  await using request = await openRequest();
  const gone = clientGone(request.reply)();
  expect(gone.aborted).toBe(false);
  request.socket.destroy();
  await once(gone, 'abort');
});

it('is aborted where the client went away before', async () => {
  await using request = await openRequest();
  const gone = clientGone(request.reply);
  request.socket.destroy();
  await once(request.reply.raw, 'close');
  expect(gone().aborted).toBe(true);
});

it('does not abort when the client has its answer', async () => {
  await using request = await openRequest();
  const gone = clientGone(request.reply);
  const early = gone();
  const closed = once(request.reply.raw, 'close');
  request.reply.send('done');
  await closed;
  expect([early.aborted, gone().aborted]).toEqual([false, false]);
  request.socket.destroy();
});
