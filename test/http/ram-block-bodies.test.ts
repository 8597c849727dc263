// What a new RAM block may be: every field of the body, good and bad.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProblemCode } from '../../src/errors.ts';
import { startService, type TestService } from '../support/service.ts';
import {
  BEYOND,
  everythingOf,
  expectRefused,
  NO_BOOLEANS,
  NO_BYTE_SIZES,
  NO_STRINGS,
  rowsOf,
  without,
  withValue,
} from './bad-bodies.ts';

const VALID = { idstr: 'pc.ram', usedLength: '64K' };
const PATH = '/v1/ram-blocks';

let service: TestService;
let before: { id: string };

beforeAll(async () => {
  service = await startService();
  before = await service.api.ok('POST', PATH, { idstr: 'there', usedLength: '64K', gpa: '1T' });
});
afterAll(() => service.close());

const everything = () => everythingOf(service.api, `${PATH}/${before.id}`);

async function expectNothingDone(json: string, code: ProblemCode, at: string): Promise<void> {
  const known = await everything();
  await expectRefused(service.api, PATH, json, code, at);
  expect(await everything()).toEqual(known);
}

describe('a RAM block is refused', () => {
  it.each(
    rowsOf([
      { at: '#/idstr', values: [...NO_STRINGS, '""', `"${'a'.repeat(256)}"`], code: 'invalid-request' },
      // 255 is the limit in bytes: QEMU keeps it as UTF-8.
      { at: '#/idstr', values: [`"${'ä'.repeat(128)}"`, `"${'😀'.repeat(64)}"`], code: 'invalid-request' },
      { at: '#/usedLength', values: NO_BYTE_SIZES, code: 'invalid-request' },
      { at: '#/usedLength', values: [...BEYOND, '0', '"0"', '"0x0"', '"0T"'], code: 'invalid-range' },
      { at: '#/usedLength', values: ['1', '4095', '4097', '"010"', '"65T"', '70368744181760'], code: 'invalid-range' },
      { at: '#/maxLength', values: NO_BYTE_SIZES, code: 'invalid-request' },
      { at: '#/maxLength', values: [...BEYOND, '0', '"60K"', '"4097"', '"65T"'], code: 'invalid-range' },
      { at: '#/pageSize', values: NO_BYTE_SIZES, code: 'invalid-request' },
      { at: '#/pageSize', values: [...BEYOND, '0', '1', '2048', '4095', '12288', '"128K"'], code: 'invalid-range' },
      { at: '#/gpa', values: NO_BYTE_SIZES.filter((json) => json !== 'null'), code: 'invalid-request' },
      { at: '#/gpa', values: [...BEYOND, '1', '4097', '9007199254736896'], code: 'invalid-range' },
      { at: '#/gpa', values: ['"1T"', '1099511631872', '1099511566336'], code: 'already-exists' },
      { at: '#/machine', values: [...NO_STRINGS, '""', '"a b"', '"ä"', '"a/b"', '"a\\n"'], code: 'invalid-request' },
      { at: '#/machine', values: [`"${'m'.repeat(65)}"`], code: 'invalid-request' },
      { at: '#/guestMemfd', values: NO_BOOLEANS, code: 'invalid-request' },
      { at: '#/idstr', values: ['"there"'], code: 'already-exists' },
      { at: '#/colour', values: ['1', 'null', '{}'], code: 'invalid-request' },
      { at: '#/id', values: ['"blk_1"'], code: 'invalid-request' },
    ]),
  )('with $at $shown: $code', ({ at, json, code }) => expectNothingDone(withValue(VALID, at, json), code, at));

  it.each(['idstr', 'usedLength'])('without %s: invalid-request', (name) => {
    return expectNothingDone(JSON.stringify(without(VALID, name)), 'invalid-request', `#/${name}`);
  });

  it('with a field whose name needs escaping in a pointer', () => {
    return expectNothingDone(JSON.stringify({ ...VALID, 'a/b~c': 1 }), 'invalid-request', '#/a~1b~0c');
  });

  it('with a field whose name has fifty thousand characters, without sending that back', async () => {
    const { body } = await service.api.post(PATH, { ...VALID, ['n'.repeat(50_000)]: 1 });
    expect(body).toMatchObject({ code: 'invalid-request', errors: [{ pointer: `#/${'n'.repeat(100)}...` }] });
    expect(JSON.stringify(body).length).toBeLessThan(2000);
  });
});

describe('a RAM block is made', () => {
  let made = 0;
  const create = (fields: object) =>
    service.api.ok('POST', PATH, { idstr: `made-${made++}`, usedLength: '64K', ...fields });

  it.each([
    ['an idstr of 255 bytes', { idstr: `${'ä'.repeat(127)}b` }, { idstr: `${'ä'.repeat(127)}b` }],
    ['the smallest length', { usedLength: 4096 }, { usedLength: 4096, maxLength: 4096, flags: ['guest_memfd'] }],
    ['the largest length', { usedLength: '64T', machine: 'large' }, { usedLength: 2 ** 46 }],
    ['a maxLength', { maxLength: '1M' }, { maxLength: 2 ** 20, flags: ['guest_memfd', 'resizeable'] }],
    ['a maxLength that is its usedLength', { maxLength: '64K' }, { flags: ['guest_memfd', 'resizeable'] }],
    [
      'pages of 64 KiB',
      { pageSize: '64K' },
      { pageSize: 65_536, attributes: { bitmapSize: 1, sharedBytes: 0, privateBytes: 65_536 } },
    ],
    ['gpa null', { gpa: null }, { gpa: null }],
    ['gpa 0', { gpa: 0 }, { gpa: 0 }],
    ['a gpa that ends where another block begins', { gpa: 2 ** 40 - 65_536 }, { gpa: 2 ** 40 - 65_536 }],
    ['the last gpa', { gpa: 2 ** 53 - 65_536 - 4096 }, { gpa: 2 ** 53 - 65_536 - 4096 }],
    ['a machine', { machine: 'A-z.0_9' }, { machine: 'A-z.0_9' }],
    [
      'no RamBlockAttributes',
      { guestMemfd: false },
      { attributes: null, minGranularity: null, sourceCount: 0, flags: [] },
    ],
  ])('with %s', async (_name, fields, expected) => {
    expect(await create(fields)).toMatchObject(expected);
  });

  it('with nothing but the defaults, all private', async () => {
    const { status, headers, body } = await service.api.post(PATH, { idstr: 'plain', usedLength: '64K' });
    expect(status).toBe(201);
    expect(headers).toMatchObject({ location: `/v1/ram-blocks/${body.id}`, etag: '"0"' });
    expect(body).toEqual({
      id: expect.any(String),
      machine: 'default',
      idstr: 'plain',
      ramAddr: expect.any(Number),
      gpa: null,
      usedLength: 65_536,
      maxLength: 65_536,
      pageSize: 4096,
      flags: ['guest_memfd'],
      minGranularity: 4096,
      populated: { pages: 0, bytes: 0, runs: 0 },
      attributes: { bitmapSize: 16, sharedBytes: 0, privateBytes: 65_536 },
      sourceCount: 1,
      listenerCount: 0,
      generation: 0,
      createdAt: expect.any(String),
    });
  });
});
