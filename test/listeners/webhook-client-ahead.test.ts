// A delivery that is made ready while the one before it is under way goes out as if it had been made when it is sent.
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ListenerDefinition } from '../../src/core/records.ts';
import type { Delivery } from '../../src/listeners/delivery.ts';
import { checkWebhook } from '../support/contract.ts';
import { type Arrived, answering, Receiver } from './receiver.ts';
import { deliveryOf, listenerOf, SECRET, Sender } from './sender.ts';

const OTHER_SECRET = `whsec_${Buffer.alloc(24, 'another').toString('base64')}`;

let receiver: Receiver;
let sender: Sender;
let clock: number;

beforeEach(async () => {
  clock = Date.now();
  receiver = await Receiver.start(answering(204));
  sender = new Sender({ now: () => clock });
});

afterEach(async () => {
  await sender.close();
  await receiver.close();
});

interface Listener {
  readonly id: string;
  definition: ListenerDefinition;
}

/** Two deliveries to one listener, whose definition can be changed. */
function twoDeliveries(more: Partial<ListenerDefinition>): { listener: Listener; both: Delivery[] } {
  const definition = { ...listenerOf(receiver.url, 5000), ...more };
  const listener = { id: definition.id, definition };
  return { listener, both: [1, 2].map((sequence) => ({ ...deliveryOf(definition, 'populate', sequence), listener })) };
}

/** Sends both, the second made ready during the first. @param between what happens before the second is sent */
async function sendBoth(
  between: (listener: Listener) => void,
  more: Partial<ListenerDefinition> = {},
): Promise<Arrived[]> {
  const { listener, both } = twoDeliveries(more);
  const [first, second] = both as [Delivery, Delivery];
  expect(await sender.attempt(first, second)).toMatchObject({ outcome: 'accepted' });
  between(listener);
  expect(await sender.attempt(second, null)).toMatchObject({ outcome: 'accepted' });
  for (const { body } of receiver.arrived) checkWebhook(JSON.parse(body));
  expect(receiver.arrived.map(({ headers }) => headers['webhook-id'])).toEqual(['msg_lsn_1_1', 'msg_lsn_1_2']);
  expect(receiver.arrived.map(({ body }) => JSON.parse(body).data.sequence)).toEqual([1, 2]);
  return receiver.arrived;
}

function verify({ headers, body }: Arrived | undefined = {} as Arrived, secret: string): void {
  new Webhook(secret).verify(body, headers as Record<string, string>);
}

it('in the same second, with the signature of that second', async () => {
  const [, second] = await sendBoth(() => undefined);
  expect(second?.headers['webhook-timestamp']).toBe(String(Math.floor(clock / 1000)));
  verify(second, SECRET);
});

it('later, signed anew', async () => {
  const [, second] = await sendBoth(() => {
    clock += 60_000;
  });
  expect(second?.headers['webhook-timestamp']).toBe(String(Math.floor(clock / 1000)));
  verify(second, SECRET);
});

it('with a secret that has changed meanwhile, signed with that', async () => {
  const [first, second] = await sendBoth((listener) => {
    listener.definition = { ...listener.definition, secret: OTHER_SECRET };
  });
  verify(first, SECRET);
  verify(second, OTHER_SECRET);
});

it('with a secret that has ended meanwhile, without it', async () => {
  // In one second, which has begun.
  clock = Math.floor(Date.now() / 1000) * 1000;
  const until = new Date(clock + 300).toISOString();
  const previousSecrets = [{ secret: OTHER_SECRET, until }];
  const [first, second] = await sendBoth(
    () => {
      clock += 600;
    },
    { previousSecrets },
  );
  const signatures = [first, second].map((each) => each?.headers['webhook-signature']?.split(' ').length);
  expect(signatures).toEqual([2, 1]);
  verify(second, SECRET);
});

it('to a URL that has changed meanwhile', async () => {
  const [first, second] = await sendBoth((listener) => {
    listener.definition = { ...listener.definition, url: `${receiver.url}&moved` };
  });
  expect([first, second].map((each) => each?.requestLine.split(' ')[1])).toEqual([
    '/hook?of=test',
    '/hook?of=test&moved',
  ]);
});
