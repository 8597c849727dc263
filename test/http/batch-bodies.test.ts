// What a batch of conversions may be: how many, every field of each, and that one bad one keeps all from being done.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROBLEMS, type ProblemCode } from '../../src/errors.ts';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService } from '../support/service.ts';
import {
  BEYOND,
  everythingOf,
  expectRefused,
  NO_BYTE_SIZES,
  NO_STRINGS,
  rowsOf,
  without,
  withValue,
} from './bad-bodies.ts';

const PAGE = 4096;
const MIB = 2 ** 20;
const PAGES = 16;

/** One that changes something, wherever it comes. */
const good = (page: number, to = 'shared') => ({ offset: page * PAGE, size: PAGE, to });
const VALID = good(3);

let service: TestService;
let device: ScriptedListener;
let block: string;

beforeAll(async () => {
  service = await startService();
  device = await ScriptedListener.start();
  const { id } = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: PAGES * PAGE });
  block = `/v1/ram-blocks/${id}`;
  await service.api.ok('POST', `${block}/listeners`, { url: device.url, secret: SECRET });
});
afterAll(async () => {
  await service.close();
  await device.close();
});

const post = (conversions: unknown, headers = {}) => {
  return service.api.post(`${block}/conversion-batches`, { conversions }, { headers });
};

/** Nothing has changed, and the listener was not called, while `send` ran. */
async function expectNothingDone(send: () => Promise<unknown>): Promise<void> {
  const known = await everythingOf(service.api, block);
  await send();
  expect(await everythingOf(service.api, block)).toEqual(known);
  expect(device.takeTold()).toEqual([]);
}

function expectRefusedBatch(json: string, code: ProblemCode, at: string): Promise<void> {
  return expectNothingDone(() => expectRefused(service.api, `${block}/conversion-batches`, json, code, at));
}

describe('a batch is refused', () => {
  it.each(
    rowsOf([
      { at: '#/conversions', values: ['[]', 'null', '{}', '"all"', 'true', '0'], code: 'invalid-request' },
      { at: '#/conversions', values: [JSON.stringify(Array(10_001).fill(VALID))], code: 'invalid-request' },
      { at: '#/dryRun', values: ['true'], code: 'invalid-request' },
      { at: '#/generation', values: ['0'], code: 'invalid-request' },
    ]),
  )('with $at $shown: $code', ({ at, json, code }) => {
    return expectRefusedBatch(withValue({ conversions: [VALID] }, at, json), code, at);
  });

  it('without conversions: invalid-request', () => expectRefusedBatch('{}', 'invalid-request', '#/conversions'));

  it('that is a list itself: invalid-request', () => {
    return expectRefusedBatch(JSON.stringify([VALID]), 'invalid-request', '#');
  });

  it('of more than 4 MiB, and not of exactly as much', async () => {
    const noOp = JSON.stringify({ conversions: [good(0, 'private')] });
    expect((await service.api.post(`${block}/conversion-batches`, noOp.padEnd(4 * MIB))).status).toBe(200);
    await expectNothingDone(async () => {
      const { status, body } = await service.api.post(`${block}/conversion-batches`, noOp.padEnd(4 * MIB + 1));
      expect(`${status} ${body.code}`).toBe('413 payload-too-large');
      expect(body.detail).toContain('4 MiB');
    });
  });
});

const FIELDS = rowsOf([
  { at: '#/offset', values: NO_BYTE_SIZES, code: 'invalid-request' },
  { at: '#/offset', values: [...BEYOND, '1', '2048', '4095', '"64K"', '"8T"'], code: 'invalid-range' },
  { at: '#/size', values: NO_BYTE_SIZES, code: 'invalid-request' },
  { at: '#/size', values: [...BEYOND, '0', '-0', '"0x0"', '1', '4097', '"64K"', '"8T"'], code: 'invalid-range' },
  { at: '#/to', values: [...NO_STRINGS, '""', '"mixture"', '"Shared"', '"populated"'], code: 'invalid-request' },
  { at: '#/from', values: ['"private"', 'null'], code: 'invalid-request' },
]);

/** Where the bad one is among good ones. */
const PLACES = [
  { place: 'first', index: 0 },
  { place: 'in the middle', index: 2 },
  { place: 'last', index: 4 },
];

describe.each(PLACES)('one bad conversion, $place, keeps all from being done', ({ index }) => {
  const among = (json: string) => {
    const all = [0, 1, 2, 3, 4].map((page) => (page === index ? json : JSON.stringify(good(page + 5))));
    return `{"conversions":[${all.join(',')}]}`;
  };
  const place = `#/conversions/${index}`;

  it.each(FIELDS)('with $at $shown: $code', async ({ at, json, code }) => {
    const body = among(withValue(VALID, at, json));
    if (code === 'invalid-request') {
      await expectRefusedBatch(body, code, at.replace('#', place));
      return;
    }
    await expectNothingDone(async () => {
      const answer = await service.api.post(`${block}/conversion-batches`, body);
      expect(answer.body).toMatchObject({ code, errors: [{ pointer: expect.stringContaining('#/conversions/') }] });
      expect(answer.status).toBe(PROBLEMS[code].status);
    });
  });

  it.each(['null', '0', '"all"', '[]', 'true'])('that is %s: invalid-request', (json) => {
    return expectRefusedBatch(among(json), 'invalid-request', place);
  });

  it.each(['offset', 'size', 'to'])('without %s: invalid-request', (name) => {
    return expectRefusedBatch(among(JSON.stringify(without(VALID, name))), 'invalid-request', `${place}/${name}`);
  });

  it('that is not valid as a range: it says which', async () => {
    const { body } = await service.api.post(
      `${block}/conversion-batches`,
      among(JSON.stringify({ ...VALID, size: 1 })),
    );
    expect(body.errors).toEqual([{ pointer: place, detail: expect.stringContaining('size 1') }]);
    expect(body.detail).toContain(`#/conversions/${index}: `);
  });

  it('with a sum beyond 2^53-1, though each part is below: it says which', async () => {
    const beyond = { ...VALID, offset: PAGE, size: 2 ** 53 - PAGE };
    const { body } = await service.api.post(`${block}/conversion-batches`, among(JSON.stringify(beyond)));
    expect(body).toMatchObject({ code: 'invalid-range', errors: [{ pointer: place }] });
  });
});

describe('a batch is done', () => {
  it('in its order, as one change; what changes nothing has no id', async () => {
    const { generation } = await service.api.ok('GET', block);
    const { status, headers, body } = await post([
      good(0),
      good(0),
      { offset: '0x1000', size: '8K', to: 'shared' },
      good(1, 'private'),
    ]);
    expect(status).toBe(200);
    expect(headers.etag).toBe(`"${generation + 1}"`);
    expect(body.generation).toBe(generation + 1);
    expect(body.conversions).toMatchObject([
      { offset: 0, from: 'private', changedBytes: PAGE, changed: [{ offset: 0, size: PAGE }] },
      { id: null, from: 'shared', changedBytes: 0, changed: [], notified: [] },
      { offset: PAGE, size: 2 * PAGE, from: 'private', changedBytes: 2 * PAGE },
      { offset: PAGE, from: 'shared', to: 'private', changedBytes: PAGE },
    ]);
    expect(new Set(body.conversions.map((one: { generation: number }) => one.generation))).toEqual(
      new Set([generation + 1]),
    );
    const { items } = await service.api.ok('GET', `${block}/conversions`);
    const changing = body.conversions.filter(({ id }: { id: string | null }) => id !== null);
    expect(items.slice(0, 3)).toEqual(changing.toReversed());
    device.takeTold();
  });

  it('that changes nothing leaves no trace', async () => {
    await expectNothingDone(async () => {
      const { status, body } = await post([good(9, 'private'), good(10, 'private')]);
      expect(status).toBe(200);
      expect(body.conversions).toMatchObject([{ id: null }, { id: null }]);
    });
  });

  it('of 10,000 conversions', async () => {
    await expectNothingDone(async () => {
      const { status, body } = await post(Array(10_000).fill(good(9, 'private')));
      expect(status).toBe(200);
      expect(body.conversions).toHaveLength(10_000);
    });
  });

  it('with Prefer: return=minimal without the runs, and says so', async () => {
    const { headers, body } = await post([good(12), good(13)], { prefer: 'return=minimal' });
    expect(headers['preference-applied']).toBe('return=minimal');
    for (const conversion of body.conversions) expect(conversion).not.toHaveProperty('changed');
    expect(body.conversions).toMatchObject([{ changedBytes: PAGE }, { changedBytes: PAGE }]);
    const { items } = await service.api.ok('GET', `${block}/conversions?limit=1`);
    expect(items[0].changed).toEqual([{ offset: 13 * PAGE, size: PAGE }]);
    device.takeTold();
  });
});
