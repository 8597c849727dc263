// The process that all listeners are: accepts every delivery as fast as it can. By the path it can be slow
// (/after/MILLISECONDS), or keep what comes until it is told to let so many through (/gate).
import { createServer, type Socket } from 'node:net';
import { median } from '../measure.ts';
import { answer } from '../processes/child.ts';

const ACCEPTED = 'HTTP/1.1 204 No Content\r\n\r\n';
const HEAD_END = '\r\n\r\n';
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;
const AFTER = /^POST \/after\/(\d+) /;

/** Deliveries at the gate that are let through, and what happens once they were. */
let toPass = 0;
let passedAt: number[] = [];
let onPassed: () => void = () => undefined;
const held: Socket[] = [];

function pass(socket: Socket): void {
  if (toPass === 0) {
    held.push(socket);
    return;
  }
  socket.write(ACCEPTED);
  passedAt.push(performance.now());
  if (--toPass === 0) onPassed();
}

function accept(socket: Socket, head: string): void {
  const after = AFTER.exec(head)?.[1];
  if (head.startsWith('POST /gate ')) pass(socket);
  else if (after === undefined) socket.write(ACCEPTED);
  else setTimeout(() => socket.write(ACCEPTED), Number(after));
}

const server = createServer({ noDelay: true }, (socket) => {
  let bytes: Buffer = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    const headEnd = bytes.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const head = bytes.toString('latin1', 0, headEnd);
    // One request at a time: neither the service nor what it is compared with sends a second before the first is answered.
    if (bytes.length < headEnd + HEAD_END.length + Number(CONTENT_LENGTH.exec(head)?.[1] ?? 0)) return;
    bytes = Buffer.alloc(0);
    accept(socket, head);
  });
});

export type WebhookSink = typeof handlers;

const handlers = {
  /** @returns the port */
  start: (): Promise<number> => {
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve(Object(server.address()).port));
    });
  },

  /** Lets `count` deliveries through the gate. @returns the median of the milliseconds from one to the next */
  pass: (count: number): Promise<number> => {
    return new Promise((resolve) => {
      toPass = count;
      passedAt = [];
      onPassed = () => resolve(median(passedAt.slice(1).map((at, index) => at - (passedAt[index] ?? 0))));
      for (const socket of held.splice(0)) pass(socket);
    });
  },
};

answer(handlers);
