// How many connections one address may have that nobody with a token uses: else whoever can reach the service could keep as
// many as there may be, and shut everybody out.
import type { Socket } from 'node:net';
import { normalizeIP } from '@fastify/rate-limit';
import fp from 'fastify-plugin';

export interface ConnectionLimits {
  /** Connections of an address, of IPv6 a network of 64 bits; 0: as many as it likes. */
  readonly limit: number;
  /** Is called for each connection that is closed. */
  readonly onDrop: () => void;
}

/** Closes a connection at once that is one too many. One that brings a token which is known is not counted any more. */
export const connections = fp<ConnectionLimits>(
  async (app, { limit, onDrop }) => {
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
  },
  { name: 'connections', dependencies: ['authentication'] },
);
