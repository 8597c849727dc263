// A process of its own, in which the heap can be measured (--expose-gc): prints how many bytes it grows by for each attempt
// that is kept, when listeners answer with the least text that is kept whole, and with the most that is read.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { DeliveryLog } from '../../src/listeners/delivery-log.ts';
import { WebhookClient } from '../../src/listeners/webhook-client.ts';
import { deliveryOf, listenerOf, Sender } from './sender.ts';

const ATTEMPTS = 600;

let text = '';
let status = 200;
const server = createServer((request, response) => {
  request.resume().on('end', () => response.writeHead(status).end(text));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
const sender = new Sender();
const log = new DeliveryLog();
const client = new WebhookClient({
  dispatcher: sender.pools,
  policy: sender.policy,
  now: Date.now,
  onAttempt: ({ listener }, attempt) => log.add(listener, attempt),
});
const listeners: object[] = [];

async function heap(): Promise<number> {
  for (let turn = 0; turn < 3; turn++) {
    globalThis.gc?.();
    await setImmediate();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Bytes by which the heap grows for an attempt that is answered with `answer`. */
async function growth(answer: string, answerStatus: number): Promise<number> {
  [text, status] = [answer, answerStatus];
  const delivery = deliveryOf(listenerOf(url, 30_000), 'populate', 1);
  // Its attempts are kept as long as it is.
  listeners.push(delivery.listener);
  const send = () => client.deliver(delivery, new AbortController().signal);
  for (let warm = 0; warm < 50; warm++) await send();
  const before = await heap();
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) await send();
  return ((await heap()) - before) / ATTEMPTS;
}

const small = 'x'.repeat(512);
const large = 'x'.repeat(16_300);
const figures = [];
for (const [name, answerStatus, wrapped] of [
  ['accepted', 200, (said: string) => said],
  ['unusable', 404, (said: string) => said],
  ['in a problem document', 409, (detail: string) => JSON.stringify({ detail })],
] as const) {
  figures.push({
    name,
    small: await growth(wrapped(small), answerStatus),
    large: await growth(wrapped(large.slice(0, 16_300)), answerStatus),
  });
}
process.stdout.write(JSON.stringify(figures));
await sender.close();
server.close();
server.closeAllConnections();
