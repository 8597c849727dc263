// How many connections one address may have that nobody with a token uses: else whoever can reach the service could keep as
// many as there may be, and shut everybody out.
import type { Socket } from 'node:net';
import { normalizeIP } from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';

/**
 * Closes a connection at once that is one too many. One that brings a token which is known is not counted any more.
 * @param limit connections of an address, of IPv6 a network of 64 bits; 0: as many as it likes
 * @param onDrop is called for each that is closed
 */
export function limitConnections(app: FastifyInstance, limit: number, onDrop: () => void): void {
  if (limit === 0) return;
  /** By address; those that have none are not here. */
  const counts = new Map<string, number>();
  const counted = new WeakMap<Socket, string>();

  const release = (socket: Socket): void => {
    const address = counted.get(socket);
    if (address === undefined) return;
    counted.delete(socket);
    const rest = (counts.get(address) ?? 0) - 1;
    if (rest > 0) counts.set(address, rest);
    else counts.delete(address);
  };

  app.server.on('connection', (socket: Socket) => {
    const { remoteAddress } = socket;
    // It is gone already.
    if (remoteAddress === undefined) return;
    const address = normalizeIP(remoteAddress);
    const count = counts.get(address) ?? 0;
    if (count >= limit) {
      onDrop();
      socket.destroy();
      return;
    }
    counts.set(address, count + 1);
    counted.set(socket, address);
    socket.once('close', () => release(socket));
  });
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.token !== null) release(request.raw.socket);
    done();
  });
}
