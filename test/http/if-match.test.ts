// ETag is the generation of a block; If-Match is judged when the change reaches the head of its queue.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BELOW_A_BLOCK, CLOSED } from '../contract/statuses/rows.ts';
import { sampleOf } from '../contract/statuses/samples.ts';
import { PAGE, startFaultyService, World } from '../contract/statuses/world.ts';
import type { FaultyJournal } from '../support/faulty-journal.ts';
import { type TestService, until } from '../support/service.ts';
import { everythingOf } from './bad-bodies.ts';
import { exchange, head } from './raw-socket.ts';

const CHANGES = [
  ...['convert', 'convertBatch', 'setBitmap', 'changeSource', 'addSource', 'removeSource', 'resizeRamBlock'],
];
const WITH_ETAG = [
  ...['getRamBlock', 'convert', 'convertBatch', 'setBitmap', 'changeSource', 'resizeRamBlock'],
  ...['getState', 'listSections', 'getDensity', 'getBitmap'],
];

let service: TestService;
let journal: FaultyJournal;
let world: World;
/** Of the block when a test begins. */
let generation: number;

const block = () => world.api.ok('GET', `/v1/ram-blocks/${world.blockId}`);
const ifMatch = (value: string) => ({ headers: { 'if-match': value } });

beforeAll(async () => {
  ({ service, journal } = await startFaultyService());
});
afterAll(() => service.close());
beforeEach(async () => {
  world = await World.create(service, journal);
  ({ generation } = await block());
});
afterEach(() => world.close());

describe('ETag', () => {
  it.each(WITH_ETAG)('of %s is the generation that the answer shows', async (operationId) => {
    const { headers } = await world.send(operationId);
    expect(headers.etag).toBe(`"${(await block()).generation}"`);
  });

  it('of a new block is that of generation 0', async () => {
    expect((await world.send('createRamBlock')).headers.etag).toBe('"0"');
  });

  it('grows by one with every change, and not with what changes nothing', async () => {
    const etags = [];
    for (const operationId of ['convert', 'convert', 'changeSource', 'addSource', 'registerListener', 'removeSource']) {
      await world.send(operationId);
      etags.push((await world.send('getRamBlock')).headers.etag);
    }
    const grown = [1, 1, 2, 3, 3, 4].map((by) => `"${generation + by}"`);
    expect(etags).toEqual(grown);
  });

  it.each([
    ['resizeRamBlock', {}],
    ['convertGuestMemory', {}],
    ['setBitmap', { body: Buffer.of(0b1010_1010, 0b0101_0101) }],
    [
      'convertBatch',
      {
        body: {
          conversions: [5, 6, 8].map((page) => ({ offset: page * PAGE, size: PAGE, to: 'shared' })),
        },
      },
    ],
  ])('grows by one with the whole of %s, and not when it is sent again', async (operationId, change) => {
    for (const _ of [1, 2]) {
      expect((await world.send(operationId, change)).status).toBe(200);
      expect((await world.send('getRamBlock')).headers.etag).toBe(`"${generation + 1}"`);
    }
  });
});

describe.each([...CHANGES, 'listSections'])('%s with If-Match', (operationId) => {
  it.each([
    ['anything', () => '*'],
    ['the generation', (current: number) => `"${current}"`],
    ['a list that has it', (current: number) => `"0", W/"1","${current}"`],
    ['a list with empty elements', (current: number) => `, ,"x" ,, "${current}" ,`],
    ['a list with a comma in a tag', (current: number) => `"a,b","${current}"`],
  ])('%s is done', async (_name, value) => {
    expect((await world.send(operationId, ifMatch(value(generation)))).status).toBeLessThan(300);
  });

  it.each([
    ['another generation', (current: number) => `"${current + 1}"`],
    ['an older generation', (current: number) => `"${current - 1}"`],
    ['a weak tag', (current: number) => `W/"${current}"`],
    ['a list that does not have it', (current: number) => `"${current + 1}", W/"${current}", ""`],
    ['tags that only look like it', (current: number) => `"0${current}", "a,${current}"`],
  ])('%s is refused', async (_name, value) => {
    const { status, body } = await world.send(operationId, ifMatch(value(generation)));
    expect(status).toBe(412);
    expect(body).toMatchObject({ code: 'generation-mismatch', ramBlockId: world.blockId });
    expect((await block()).generation).toBe(generation);
  });

  it.each([
    '',
    '3',
    'x',
    '"3',
    '3"',
    "'3'",
    '"1" "2"',
    '*, "1"',
    '"1", *',
    'W"1"',
    'w/"1"',
    '"1";',
    ',',
    `"1"${','.repeat(9000)}x`,
    '**',
    '"\t"',
  ])('%j cannot be read: 400', async (value) => {
    const { status, body } = await world.send(operationId, ifMatch(value));
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'invalid-request', errors: [{ pointer: '#/if-match' }] });
    expect((await block()).generation).toBe(generation);
  });
});

describe.each(BELOW_A_BLOCK.filter((id) => ![...CHANGES, 'listSections'].includes(id)))('%s', (operationId) => {
  it('with If-Match is judged by the generation of its block, too', async () => {
    await world.prepare(operationId);
    const everything = await everythingOf(world.api, `/v1/ram-blocks/${world.blockId}`);
    for (const [tag, status] of [
      [`"${generation + 1}"`, 412],
      [`W/"${generation}"`, 412],
      [String(generation), 400],
    ] as const) {
      expect((await world.send(operationId, ifMatch(tag))).status).toBe(status);
      expect(await everythingOf(world.api, `/v1/ram-blocks/${world.blockId}`)).toEqual(everything);
    }
    expect((await world.send(operationId, ifMatch(`"${generation}"`))).status).toBeLessThan(300);
  });
});

describe.each([...CLOSED.filter((id) => !BELOW_A_BLOCK.includes(id))])('%s', (operationId) => {
  it.each(['*', '"0"'])('has no generation: If-Match: %s is refused', async (tag) => {
    const { status, body } = await world.send(operationId, ifMatch(tag));
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'invalid-request', errors: [{ pointer: '#/if-match' }] });
    expect(body.detail).toContain('has no meaning here');
  });
});

describe('If-Match given twice', () => {
  it('is one list', async () => {
    const { path } = sampleOf('listSections', world);
    const ask = async (...tags: string[]) => {
      const lines = tags.map((tag) => `If-Match: ${tag}\r\n`).join('');
      const [answer] = await exchange(
        service.url,
        head(`GET ${path} HTTP/1.1`, { Connection: 'close' }).replace('\r\n\r\n', `\r\n${lines}\r\n`),
      );
      return answer?.status;
    };
    expect(await ask('"999"', `"${generation}"`)).toBe(200);
    expect(await ask('"999"', '"998"')).toBe(412);
  });
});

describe.each(CHANGES)('%s that waits behind another change', (operationId) => {
  /** Sends it while a conversion is being written, which then ends. */
  async function sendWhileAnotherRuns(tag: string) {
    world.journal.hold();
    const body = { offset: 8 * PAGE, size: PAGE, to: 'shared' };
    const first = world.send('convert', { body });
    await until('the first is being written', () => world.journal.held > 0);
    const second = world.send(operationId, ifMatch(tag));
    await until('the second waits', async () => (await world.metric('rba_queue_length')) === 1);
    world.journal.release();
    expect((await first).status).toBe(200);
    return second;
  }

  it('fails when that took away its generation', async () => {
    const { status, body } = await sendWhileAnotherRuns(`"${generation}"`);
    expect(`${status} ${body.code}`).toBe('412 generation-mismatch');
    expect((await block()).generation).toBe(generation + 1);
  });

  it('is done when that made its generation', async () => {
    expect((await sendWhileAnotherRuns(`"${generation + 1}"`)).status).toBeLessThan(300);
    expect((await block()).generation).toBe(generation + 2);
  });
});

describe('the generation', () => {
  it('is as it was after a change that a listener refused', async () => {
    world.answers(403, 200);
    expect((await world.send('convert')).status).toBe(409);
    world.answers(200, 200);
    expect((await world.send('convert', ifMatch(`"${generation}"`))).status).toBe(200);
  });

  it('must match even where nothing is to be changed', async () => {
    const body = { offset: 0, size: PAGE, to: 'shared' };
    expect((await world.send('convert', { body, ...ifMatch('"999"') })).status).toBe(412);
    expect((await world.send('convert', { body, ...ifMatch(`"${generation}"`) })).body.id).toBe(null);
  });

  it('is the same after a restart', async () => {
    const again = await World.create(service, journal);
    // Whatever the journal has is read back after it failed.
    journal.failOnce(new Error('no space left on device'));
    await again.send('createRamBlock');
    await until('it is ready', async () => (await again.api.get('/readyz')).status === 200);
    expect((await block()).generation).toBe(generation);
    await again.close();
  });
});
