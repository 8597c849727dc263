// What a conversion of guest memory may be: every field of the body, good and bad; and where its range may lie.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ProblemCode } from '../../src/errors.ts';
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
const KIB = 2 ** 10;
const GIB = 2 ** 30;

/** Of the machine, by ascending address. What `low` reserves beyond its usedLength is in no block either. */
const BLOCKS = [
  { idstr: 'low', gpa: 0, usedLength: '64K', maxLength: '128K' },
  { idstr: 'high', gpa: '4G', usedLength: '64K' },
  { idstr: 'huge', gpa: '16G', usedLength: '256K', pageSize: '64K' },
  { idstr: 'rom', gpa: '32G', usedLength: '64K', guestMemfd: false },
];

const PATH = '/v1/machines/guest/conversions';
const VALID = { gpa: 0, size: PAGE, to: 'shared' };

let service: TestService;
let device: ScriptedListener;
let paths: string[];

beforeAll(async () => {
  service = await startService();
  device = await ScriptedListener.start();
  paths = [];
  for (const fields of BLOCKS) {
    const { id } = await service.api.ok('POST', '/v1/ram-blocks', { machine: 'guest', ...fields });
    paths.push(`/v1/ram-blocks/${id}`);
    await service.api.ok('POST', `/v1/ram-blocks/${id}/listeners`, { url: device.url, secret: SECRET });
  }
  device.takeTold();
});
afterAll(async () => {
  await service.close();
  await device.close();
});

const convert = (body: object, headers = {}) => service.api.post(PATH, body, { headers });
const everything = () => Promise.all(paths.map((path) => everythingOf(service.api, path)));

async function expectNothingDone(json: string, code: ProblemCode, at = '#', path = PATH): Promise<void> {
  const known = await everything();
  await expectRefused(service.api, path, json, code, at);
  expect(await everything()).toEqual(known);
  expect(device.takeTold()).toEqual([]);
}

describe('a conversion of guest memory is refused, and nobody is called', () => {
  it.each(
    rowsOf([
      { at: '#/gpa', values: NO_BYTE_SIZES, code: 'invalid-request' },
      { at: '#/gpa', values: [...BEYOND, '1', '2048', '4095', '"010"', '9007199254740991'], code: 'invalid-range' },
      { at: '#/size', values: NO_BYTE_SIZES, code: 'invalid-request' },
      {
        at: '#/size',
        values: [...BEYOND, '0', '-0', '"0"', '"0x0"', '"0K"', '1', '2048', '4097'],
        code: 'invalid-range',
      },
      { at: '#/to', values: [...NO_STRINGS, '""', '"mixture"', '"Shared"', '"populated"'], code: 'invalid-request' },
      { at: '#/offset', values: ['0', 'null'], code: 'invalid-request' },
      { at: '#/machine', values: ['"guest"'], code: 'invalid-request' },
      { at: '#/dryRun', values: ['true'], code: 'invalid-request' },
    ]),
  )('with $at $shown: $code', ({ at, json, code }) => expectNothingDone(withValue(VALID, at, json), code, at));

  it.each(['gpa', 'size', 'to'])('without %s: invalid-request', (name) => {
    return expectNothingDone(JSON.stringify(without(VALID, name)), 'invalid-request', `#/${name}`);
  });

  it.each([
    ['a sum beyond 2^53-1, though each part is below', { gpa: 2 ** 53 - PAGE, size: 2 * PAGE }],
    ['a sum of 2^53', { gpa: 2 ** 53 - 2 * PAGE, size: 2 * PAGE }],
    ['an address that is not aligned to the pages of its block', { gpa: 16 * GIB + PAGE, size: '64K' }],
    ['an end that is not aligned to the pages of its block', { gpa: '16G', size: '68K' }],
    ['such an end behind another block', { gpa: '4G', size: 12 * GIB + PAGE }],
  ])('with %s: invalid-range', async (_name, range) => {
    await expectNothingDone(JSON.stringify({ ...range, to: 'shared' }), 'invalid-range');
  });

  it.each([
    ['in a hole', GIB, PAGE, GIB],
    ['that begins in a hole', 4 * GIB - PAGE, 2 * PAGE, 4 * GIB - PAGE],
    ['that ends in a hole', 4 * GIB + 60 * KIB, 2 * PAGE, 4 * GIB + 64 * KIB],
    ['from block to block, over a hole', 60 * KIB, 4 * GIB, 64 * KIB],
    ['in what a block reserves and does not use', 64 * KIB, PAGE, 64 * KIB],
    ['behind all blocks', 2 ** 53 - 2 * PAGE, PAGE, 2 ** 53 - 2 * PAGE],
  ])('of a range %s, to private: invalid-range, and it says where', async (_name, gpa, size, hole) => {
    await expectNothingDone(JSON.stringify({ gpa, size, to: 'private' }), 'invalid-range');
    expect((await convert({ gpa, size, to: 'private' })).body.detail).toContain(`gpa ${hole} + `);
  });

  it.each([
    ['of a block without RamBlockAttributes', '32G', 'shared'],
    ['of a block without RamBlockAttributes', '32G', 'private'],
    ['that touches one, behind others', 0, 'shared'],
  ])('of a range %s from %s to %s: no-attributes', async (_name, gpa, to) => {
    const size = gpa === 0 ? '33G' : PAGE;
    await expectNothingDone(JSON.stringify({ gpa, size, to }), 'no-attributes');
    expect((await convert({ gpa, size, to })).body.ramBlockId).toBe(paths[3]?.split('/').at(-1));
  });

  it.each(['other', 'Guest', 'default', 'a%20b', '%F0%9F%98%80', 'a'.repeat(100)])(
    'of machine %s, which is not there: not-found',
    (name) => expectNothingDone(JSON.stringify(VALID), 'not-found', '#', `/v1/machines/${name}/conversions`),
  );

  it('of a machine whose last block was deleted: not-found', async () => {
    const block = { machine: 'gone', idstr: 'pc.ram', usedLength: PAGE, gpa: 0 };
    const { id } = await service.api.ok('POST', '/v1/ram-blocks', block);
    await service.api.ok('DELETE', `/v1/ram-blocks/${id}`);
    await expectNothingDone(JSON.stringify(VALID), 'not-found', '#', '/v1/machines/gone/conversions');
  });

  it.each(['*', '"0"', '"0", "1"', 'nonsense', ''])(
    'with If-Match %j, for it is of single blocks: 400',
    async (value) => {
      const known = await everything();
      const { status, body } = await convert(VALID, { 'if-match': value });
      expect(status).toBe(400);
      expect(body).toMatchObject({ code: 'invalid-request', errors: [{ pointer: '#/if-match' }] });
      expect(await everything()).toEqual(known);
    },
  );
});

describe('a conversion of guest memory is done', () => {
  afterEach(async () => {
    await convert({ gpa: 0, size: '64K', to: 'private' });
    await convert({ gpa: '4G', size: '64K', to: 'private' });
    device.takeTold();
  });

  it.each([4_294_967_296, '4294967296', '0x100000000', '4G', '4GiB', '4096M'])('at gpa %j', async (gpa) => {
    const { status, body } = await convert({ gpa, size: '8K', to: 'shared' });
    expect(status).toBe(200);
    expect(body).toEqual({
      gpa: 4 * GIB,
      size: 8192,
      to: 'shared',
      conversions: [
        {
          id: expect.stringMatching(/^cnv_/),
          ramBlockId: paths[1]?.split('/').at(-1),
          offset: 0,
          size: 8192,
          to: 'shared',
          from: 'private',
          changedBytes: 8192,
          changed: [{ offset: 0, size: 8192 }],
          changedTruncated: false,
          generation: expect.any(Number),
          notified: [expect.stringMatching(/^lsn_/)],
        },
      ],
      unassigned: [],
    });
    expect(device.takeTold()).toMatchObject([{ type: 'populate', sections: [[0, 8192, 4 * GIB]] }]);
  });

  it('to shared over holes, which it names', async () => {
    const { status, headers, body } = await convert({ gpa: '60K', size: '5G', to: 'shared' });
    expect(status).toBe(200);
    // A machine has no generation of its own.
    expect(headers).not.toHaveProperty('etag');
    expect(body.conversions).toMatchObject([
      { ramBlockId: paths[0]?.split('/').at(-1), offset: 60 * KIB, size: PAGE },
      { ramBlockId: paths[1]?.split('/').at(-1), offset: 0, size: 64 * KIB },
    ]);
    expect(body.unassigned).toEqual([
      { gpa: 64 * KIB, size: 4 * GIB - 64 * KIB },
      { gpa: 4 * GIB + 64 * KIB, size: GIB - 4 * KIB },
    ]);
  });

  it.each([
    ['in a hole', GIB, PAGE],
    ['in what a block reserves and does not use', 64 * KIB, 64 * KIB],
    ['up to 2^53-1', 2 ** 53 - 2 * PAGE, PAGE],
  ])('to shared %s, where nothing is to do', async (_name, gpa, size) => {
    const known = await everything();
    const { status, body } = await convert({ gpa, size, to: 'shared' });
    expect(status).toBe(200);
    expect(body).toEqual({ gpa, size, to: 'shared', conversions: [], unassigned: [{ gpa, size }] });
    expect(await everything()).toEqual(known);
  });

  it('with one change of each block that it changes, and none of the others', async () => {
    await convert({ gpa: 0, size: '64K', to: 'shared' });
    const before = await Promise.all(paths.map((path) => service.api.ok('GET', path)));
    const { body } = await convert({ gpa: 0, size: 4 * GIB + PAGE, to: 'shared' });
    const after = await Promise.all(paths.map((path) => service.api.ok('GET', path)));
    expect(body.conversions).toMatchObject([{ id: null, changedBytes: 0 }, { changedBytes: PAGE }]);
    expect(after.map(({ generation }, index) => generation - before[index].generation)).toEqual([0, 1, 0, 0]);
  });

  it('with Prefer: return=minimal without the runs, and says so', async () => {
    const { headers, body } = await convert({ gpa: '4G', size: '8K', to: 'shared' }, { prefer: 'return=minimal' });
    expect(headers['preference-applied']).toBe('return=minimal');
    expect(body.conversions).toMatchObject([{ changedBytes: 8192, changedTruncated: false }]);
    expect(body.conversions[0]).not.toHaveProperty('changed');
  });
});
