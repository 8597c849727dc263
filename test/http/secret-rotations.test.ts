// Another secret for a listener: what it may be, and which secrets sign then, as the library of Standard Webhooks sees it.
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answering, Receiver } from '../listeners/receiver.ts';
import { startService, type TestService } from '../support/service.ts';
import { everythingOf, expectRefused, NO_STRINGS, rowsOf, withValue } from './bad-bodies.ts';

const PAGE = 4096;
const DAY = 86_400;

const secretOf = (bytes: number, fill = 7) => `whsec_${Buffer.alloc(bytes, fill).toString('base64')}`;
const FIRST = secretOf(32, 1);
const SECOND = secretOf(32, 2);
const THIRD = secretOf(32, 3);

let service: TestService;
let receiver: Receiver;
let block: string;
let listener: string;

beforeAll(async () => {
  service = await startService();
  receiver = await Receiver.start(answering(200));
});
afterAll(async () => {
  await service.close();
  await receiver.close();
});
beforeEach(async () => {
  const definition = { machine: crypto.randomUUID(), idstr: 'pc.ram', usedLength: 64 * PAGE };
  block = `/v1/ram-blocks/${(await service.api.ok('POST', '/v1/ram-blocks', definition)).id}`;
  const { id } = await service.api.ok('POST', `${block}/listeners`, { url: receiver.url, secret: FIRST });
  listener = `${block}/listeners/${id}`;
});

const rotate = (body?: unknown, headers = {}) => service.api.post(`${listener}/secret-rotations`, body, { headers });

let page = 0;
/** Has something told to the listener. @returns which of `secrets` it verifies with, and how many signatures there are */
async function signedBy(...secrets: string[]) {
  await service.api.ok('POST', `${block}/conversions`, { offset: (page++ % 64) * PAGE, size: PAGE, to: 'shared' });
  const { headers = {}, body = '' } = receiver.arrived.at(-1) ?? {};
  const verified = secrets.filter((secret) => {
    try {
      new Webhook(secret).verify(body, headers);
      return true;
    } catch {
      return false;
    }
  });
  return { verified, signatures: headers['webhook-signature']?.split(' ').length };
}

describe('a rotation is refused, and the secret stays', () => {
  it.each(
    rowsOf([
      {
        at: '#/gracePeriodSeconds',
        values: ['-1', '604801', '1.5', '"60"', 'null', 'true', '[]', '1e400'],
        code: 'invalid-request',
      },
      { at: '#/secret', values: [...NO_STRINGS, '""', '"whsec_"', '"secret"', '"whsec_!"'], code: 'invalid-request' },
      { at: '#/secret', values: [23, 65, 66].map((bytes) => `"${secretOf(bytes)}"`), code: 'invalid-request' },
      { at: '#/secret', values: [`"${secretOf(25).replace('==', '')}"`, `"${FIRST} "`], code: 'invalid-request' },
      { at: '#/grace', values: ['60'], code: 'invalid-request' },
      { at: '#/url', values: ['"http://127.0.0.1:9/"'], code: 'invalid-request' },
    ]),
  )('with $at $shown: $code', async ({ at, json, code }) => {
    const known = await everythingOf(service.api, block);
    await expectRefused(service.api, `${listener}/secret-rotations`, withValue({}, at, json), code, at);
    expect(await everythingOf(service.api, block)).toEqual(known);
    expect(await signedBy(FIRST)).toEqual({ verified: [FIRST], signatures: 1 });
  });

  it.each(['null', '[]', '"whsec_"', '60', 'true'])('as %s: invalid-request', async (json) => {
    const { status, body } = await rotate(json);
    expect(status).toBe(400);
    expect(body.errors).toEqual([{ pointer: '#', detail: 'must be object' }]);
    expect(await signedBy(FIRST)).toEqual({ verified: [FIRST], signatures: 1 });
  });

  it('of one that is not there', async () => {
    for (const path of [`${block}/listeners/none`, listener.replace(/blk_\w+/, 'none')]) {
      expect((await service.api.post(`${path}/secret-rotations`)).body.code).toBe('not-found');
    }
  });
});

describe('a rotation', () => {
  it.each([
    ['nothing', undefined],
    ['an empty body', ''],
    ['no field', {}],
  ])('of %s makes a secret, and the one before it signs for a day', async (_name, body) => {
    const before = Date.now();
    const { status, body: rotation } = await rotate(body);
    expect(status).toBe(200);
    expect(rotation).toEqual({
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
      previousSecretUntil: expect.any(String),
    });
    const seconds = (Date.parse(rotation.previousSecretUntil) - before) / 1000;
    expect(Math.abs(seconds - DAY)).toBeLessThan(60);
    expect(await signedBy(FIRST, rotation.secret)).toEqual({ verified: [FIRST, rotation.secret], signatures: 2 });
  });

  it.each([24, 25, 63, 64])('to a secret of %i bytes shows it, and it signs', async (bytes) => {
    const { body } = await rotate({ secret: secretOf(bytes), gracePeriodSeconds: 604_800 });
    expect(body.secret).toBe(secretOf(bytes));
    expect(await signedBy(body.secret)).toEqual({ verified: [body.secret], signatures: 2 });
  });

  it('without grace leaves the new secret alone', async () => {
    await rotate({ secret: SECOND, gracePeriodSeconds: 0 });
    expect(await signedBy(FIRST, SECOND)).toEqual({ verified: [SECOND], signatures: 1 });
  });

  it('and another within its grace: all that are still good sign, the newest first', async () => {
    await rotate({ secret: SECOND });
    await rotate({ secret: THIRD });
    expect(await signedBy(FIRST, SECOND, THIRD)).toEqual({ verified: [FIRST, SECOND, THIRD], signatures: 3 });
    const [newest] = receiver.arrived.at(-1)?.headers['webhook-signature']?.split(' ') ?? [];
    const { headers, body = '' } = receiver.arrived.at(-1) ?? {};
    const onlyNewest = { ...headers, 'webhook-signature': String(newest) };
    expect(() => new Webhook(THIRD).verify(body, onlyNewest)).not.toThrow();
    expect(() => new Webhook(SECOND).verify(body, onlyNewest)).toThrow();
  });

  it('shows the secret only in its answer, and changes nothing else', async () => {
    const known = await everythingOf(service.api, block);
    await rotate({ secret: SECOND });
    expect(await everythingOf(service.api, block)).toEqual(known);
    expect(JSON.stringify(known)).not.toContain('whsec_');
  });

  it('sent again with its Idempotency-Key answers the same secret, and rotates once', async () => {
    const headers = { 'idempotency-key': 'rotate' };
    const first = await rotate(undefined, headers);
    const second = await rotate(undefined, headers);
    expect(second.headers['idempotent-replayed']).toBe('true');
    expect(second.body).toEqual(first.body);
    expect(await signedBy(FIRST, first.body.secret)).toMatchObject({ signatures: 2 });
  });

  it('of any number keeps few secrets: the newest of them', async () => {
    for (let fill = 10; fill < 30; fill++) await rotate({ secret: secretOf(32, fill) });
    const { verified, signatures } = await signedBy(FIRST, secretOf(32, 28), secretOf(32, 29));
    expect(verified).toEqual([secretOf(32, 28), secretOf(32, 29)]);
    expect(signatures).toBeLessThanOrEqual(5);
  });
});
