// Idempotency-Key: a POST that is sent again with the same key is answered again, and done once.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { POSTS } from '../contract/statuses/rows.ts';
import { bodyOf } from '../contract/statuses/samples.ts';
import { PAGE, startFaultyService, World } from '../contract/statuses/world.ts';
import type { FaultyJournal } from '../support/faulty-journal.ts';
import type { TestService } from '../support/service.ts';
import { until } from '../support/service.ts';

let service: TestService;
let journal: FaultyJournal;
let world: World;

beforeAll(async () => {
  ({ service, journal } = await startFaultyService());
});
afterAll(() => service.close());
beforeEach(async () => {
  world = await World.create(service, journal);
});
afterEach(() => world.close());

/** Of this world: blocks of all of them are made under one path. */
const key = (value = world.machine) => ({ headers: { 'idempotency-key': value } });
const block = () => world.api.ok('GET', `/v1/ram-blocks/${world.blockId}`);
const withoutDate = ({ date: _date, ...headers }: Record<string, unknown>) => headers;

describe.each(POSTS)('%s with the same key', (operationId) => {
  beforeEach(() => world.prepare(operationId));

  it('and the same body is answered as before, and done once', async () => {
    const first = await world.send(operationId, key());
    expect(first.status).toBeLessThan(300);
    expect(first.headers).not.toHaveProperty('idempotent-replayed');
    const [then, told] = [await block(), world.device.received.length];
    const second = await world.send(operationId, key());
    expect(second.status).toBe(first.status);
    expect(second.body).toEqual(first.body);
    expect(JSON.stringify(second.body)).toBe(JSON.stringify(first.body));
    expect(withoutDate(second.headers)).toEqual({ ...withoutDate(first.headers), 'idempotent-replayed': 'true' });
    expect(await block()).toEqual(then);
    expect(world.device.received).toHaveLength(told);
  });

  it('and another body is refused, though it means the same', async () => {
    await world.send(operationId, key());
    const then = await block();
    const body = ` ${JSON.stringify(bodyOf(operationId, world) ?? {})}`;
    const second = await world.send(operationId, { ...key(), body });
    expect(`${second.status} ${second.body.code}`).toBe('422 idempotency-key-reused');
    expect(await block()).toEqual(then);
  });

  it('while the first is running is refused; the first is not disturbed', async () => {
    world.journal.hold();
    const first = world.send(operationId, key());
    await until('the first is being written', () => world.journal.held > 0);
    const second = await world.send(operationId, key());
    expect(`${second.status} ${second.body.code}`).toBe('409 idempotency-key-in-use');
    world.journal.release();
    expect((await first).status).toBeLessThan(300);
    expect((await world.send(operationId, key())).headers['idempotent-replayed']).toBe('true');
  });
});

describe('a key', () => {
  const convert = (value: string) => world.send('convert', key(value));

  it.each([
    '',
    '""',
    '"',
    '"""',
    'a b',
    '"a b"',
    'a"b',
    '"a',
    'a"',
    'a\tb',
    'ä',
    '"ä"',
    'a'.repeat(256),
    `"${'a'.repeat(256)}"`,
  ])('%j is none', async (value) => {
    const { generation } = await block();
    const { status, body } = await convert(value);
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'invalid-request', errors: [{ pointer: '#/idempotency-key' }] });
    expect((await block()).generation).toBe(generation);
  });

  it.each(['a', 'a'.repeat(255), "!#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", crypto.randomUUID()])(
    '%j is the same quoted and bare',
    async (value) => {
      expect((await convert(value)).status).toBe(200);
      expect((await convert(`"${value}"`)).headers['idempotent-replayed']).toBe('true');
    },
  );

  it('differs from one in other letters', async () => {
    await convert('one');
    expect((await convert('One')).headers).not.toHaveProperty('idempotent-replayed');
  });

  // If-Match is of a single block that is there already.
  it.each(POSTS.filter((id) => id !== 'convertGuestMemory' && id !== 'createRamBlock'))(
    'belongs to If-Match: with another, %s is refused',
    async (operationId) => {
      await world.prepare(operationId);
      const { generation } = await block();
      const headers = { ...key().headers, 'if-match': `"${generation}"` };
      expect((await world.send(operationId, { headers })).status).toBeLessThan(300);
      expect((await world.send(operationId, { headers })).headers['idempotent-replayed']).toBe('true');
      for (const ifMatch of ['*', `"${generation + 1}"`, `W/"${generation}"`]) {
        const second = await world.send(operationId, { headers: { ...headers, 'if-match': ifMatch } });
        expect(second.body.code).toBe('idempotency-key-reused');
      }
      expect((await world.send(operationId, key())).body.code).toBe('idempotency-key-reused');
    },
  );

  it('belongs to the path: another block and another collection have their own', async () => {
    const other = await World.create(service, journal);
    // While something is populated that they can be told.
    for (const where of [world, other]) await where.addAsyncListener();
    for (const operationId of POSTS.filter((id) => id !== 'createRamBlock')) {
      for (const where of [world, other]) {
        const { status, headers } = await where.send(operationId, key());
        expect(status).toBeLessThan(300);
        expect(headers).not.toHaveProperty('idempotent-replayed');
      }
    }
    await other.close();
  });
});

describe('what is kept under a key', () => {
  it('is what was answered, also where other pages changed while nothing was to do', async () => {
    const path = `/v1/ram-blocks/${world.blockId}/conversions`;
    const nothing = { offset: 0, size: PAGE, to: 'shared' };
    world.journal.hold();
    const first = world.api.post(path, nothing, key());
    await until('the answer is being written', () => world.journal.held === 1);
    // Of a page that its other source has discarded: no listener hears of it.
    const change = world.api.post(path, { offset: 2 * PAGE, size: PAGE, to: 'private' });
    await until('the change is being written, too', () => world.journal.held === 2);
    world.journal.release();
    expect((await change).status).toBe(200);
    expect((await first).body).toMatchObject({ id: null, changedBytes: 0 });
    expect((await world.api.post(path, nothing, key())).body).toEqual((await first).body);
  });

  it('is no error: the same key tries again', async () => {
    world.answers(403, 200);
    expect((await world.send('convert', key())).status).toBe(409);
    expect((await world.send('convert', key())).body.code).toBe('listener-refused');
    world.answers(200, 200);
    const answer = await world.send('convert', key());
    expect(answer.status).toBe(200);
    expect(answer.headers).not.toHaveProperty('idempotent-replayed');
  });

  it('is not what the journal failed to keep', async () => {
    world.journal.failOnce(new Error('no space left on device'));
    expect((await world.send('createRamBlock', key())).status).toBe(503);
    await until('it is ready', async () => (await world.api.get('/readyz')).status === 200);
    const answer = await world.send('createRamBlock', key());
    expect(answer.status).toBe(201);
    expect(answer.headers).not.toHaveProperty('idempotent-replayed');
  });

  it('is a conversion that changed nothing, even when it would change something now', async () => {
    const body = { offset: 8 * PAGE, size: PAGE, to: 'private' };
    const first = await world.send('convert', { ...key(), body });
    expect(first.body).toMatchObject({ id: null, from: 'private', changedBytes: 0 });
    await world.send('convert', { body: { ...body, to: 'shared' } });
    const { generation } = await block();
    const second = await world.send('convert', { ...key(), body });
    expect(second.body).toEqual(first.body);
    expect(second.headers).toMatchObject({ 'idempotent-replayed': 'true', etag: first.headers.etag });
    expect((await block()).generation).toBe(generation);
  });

  it('is the short answer that was preferred, whatever is preferred now', async () => {
    const headers = { ...key().headers, prefer: 'return=minimal' };
    const first = await world.send('convert', { headers });
    expect(first.body).not.toHaveProperty('changed');
    const second = await world.send('convert', key());
    expect(second.body).toEqual(first.body);
    expect(second.headers['preference-applied']).toBe('return=minimal');
  });

  it('outlives what was made', async () => {
    const first = await world.send('createRamBlock', key());
    await world.api.ok('DELETE', String(first.headers.location));
    const second = await world.send('createRamBlock', key());
    expect(second.status).toBe(201);
    expect(second.body).toEqual(first.body);
    expect((await world.api.get(String(first.headers.location))).status).toBe(404);
  });

  it('is not looked at before the body fits the schema', async () => {
    await world.send('convert', key());
    const { status } = await world.send('convert', { ...key(), body: '{"offset":0}' });
    expect(status).toBe(400);
  });
});

describe('of requests at once with the same key', () => {
  it('one is done, the others are told so or get its answer', async () => {
    const { generation } = await block();
    const answers = await Promise.all(Array.from({ length: 20 }, () => world.send('convert', key())));
    expect((await block()).generation).toBe(generation + 1);
    const done = answers.filter(
      ({ status, headers }) => status === 200 && headers['idempotent-replayed'] === undefined,
    );
    expect(done).toHaveLength(1);
    for (const { status, body } of answers) {
      if (status === 200) expect(body).toEqual(done[0]?.body);
      else expect(body.code).toBe('idempotency-key-in-use');
    }
  });
});

describe('a client that goes away', () => {
  it('before its turn has done nothing, and its key is free', async () => {
    world.journal.hold();
    const running = world.send('convert', { body: { offset: 8 * PAGE, size: PAGE, to: 'shared' } });
    await until('the first is being written', () => world.journal.held > 0);
    const gone = new AbortController();
    // Conditional, it waits for whatever is under way in the block.
    const headers = { ...key().headers, 'if-match': '*' };
    const waiting = world.send('convert', { ...key(), headers, signal: gone.signal });
    waiting.catch(() => undefined);
    await until('the second waits', async () => (await world.metric('rba_queue_length')) === 1);
    gone.abort();
    await until('it is dropped', async () => (await world.metric('rba_queue_length')) === 0);
    world.journal.release();
    await running;
    const answer = await world.send('convert', key());
    expect(answer.headers).not.toHaveProperty('idempotent-replayed');
    expect(answer.body).toMatchObject({ from: 'private', changedBytes: PAGE });
  });

  it('after its turn has begun finds its answer under its key', async () => {
    world.journal.hold();
    const gone = new AbortController();
    world.send('convert', { ...key(), signal: gone.signal }).catch(() => undefined);
    await until('it is being written', () => world.journal.held > 0);
    gone.abort();
    world.journal.release();
    await until('it is done', async () => (await world.send('convert', key())).status === 200);
    const answer = await world.send('convert', key());
    expect(answer.headers['idempotent-replayed']).toBe('true');
    expect(answer.body).toMatchObject({ from: 'private', changedBytes: PAGE });
  });
});
