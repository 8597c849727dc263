// What a conversion and a change of another source may be: every field of the body, good and bad.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProblemCode } from '../../src/errors.ts';
import { startService, type TestService } from '../support/service.ts';
import {
  type BadField,
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
/** The last granule of the source ends with the block. */
const LENGTH = 5 * MIB + PAGE;

const COMMON: BadField[] = [
  { at: '#/offset', values: NO_BYTE_SIZES, code: 'invalid-request' },
  { at: '#/offset', values: [...BEYOND, '9007199254740991', '"8T"', `${LENGTH}`, '1', '"010"'], code: 'invalid-range' },
  { at: '#/size', values: NO_BYTE_SIZES, code: 'invalid-request' },
  { at: '#/size', values: [...BEYOND, '0', '-0', '"0"', '"0x0"', '"0K"', '"8T"', '"6M"', '1'], code: 'invalid-range' },
  { at: '#/to', values: [...NO_STRINGS, '""', '"mixture"', '"Shared"', '"populated "'], code: 'invalid-request' },
  { at: '#/from', values: ['"private"', 'null'], code: 'invalid-request' },
];

const CONVERSION = { offset: 0, size: PAGE, to: 'shared' };
const CHANGE = { offset: '2M', size: '2M', to: 'populated' };

const KINDS = [
  {
    kind: 'conversion',
    valid: CONVERSION,
    fields: [
      ...COMMON,
      { at: '#/offset', values: ['2048', '4095', '4097'], code: 'invalid-range' },
      { at: '#/size', values: ['2048', '4097', `${LENGTH + PAGE}`], code: 'invalid-range' },
      { at: '#/to', values: ['"populated"', '"discarded"'], code: 'invalid-request' },
    ],
    beyond: { ...CONVERSION, offset: PAGE, size: 2 ** 53 - PAGE },
  },
  {
    kind: 'change of a source',
    valid: CHANGE,
    fields: [
      ...COMMON,
      { at: '#/offset', values: ['4096', '"1M"', '"3M"'], code: 'invalid-range' },
      { at: '#/size', values: ['4096', '"1M"', '"3M"', `${3 * MIB + 2 * PAGE}`], code: 'invalid-range' },
      { at: '#/to', values: ['"shared"', '"private"'], code: 'invalid-request' },
    ],
    beyond: { ...CHANGE, offset: '2M', size: 2 ** 53 - 2 * MIB },
  },
] satisfies { kind: string; valid: object; fields: BadField[]; beyond: object }[];

let service: TestService;
let block: string;
let paths: Record<string, string>;

beforeAll(async () => {
  service = await startService();
  const { id } = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: LENGTH });
  block = `/v1/ram-blocks/${id}`;
  const source = await service.api.ok('POST', `${block}/sources`, {
    name: 'virtio-mem0',
    granularity: '2M',
    populated: [{ offset: 0, size: '2M' }],
  });
  paths = { conversion: `${block}/conversions`, 'change of a source': `${block}/sources/${source.id}/changes` };
});
afterAll(() => service.close());

describe.each(KINDS)('a $kind is refused', ({ kind, valid, fields, beyond }) => {
  const expectNothingDone = async (json: string, code: ProblemCode, at: string) => {
    const known = await everythingOf(service.api, block);
    await expectRefused(service.api, String(paths[kind]), json, code, at);
    expect(await everythingOf(service.api, block)).toEqual(known);
  };

  it.each(rowsOf(fields))('with $at $shown: $code', ({ at, json, code }) => {
    return expectNothingDone(withValue(valid, at, json), code, at);
  });

  it.each(['offset', 'size', 'to'])('without %s: invalid-request', (name) => {
    return expectNothingDone(JSON.stringify(without(valid, name)), 'invalid-request', `#/${name}`);
  });

  it('with a sum beyond 2^53-1, though each part is below: invalid-range', () => {
    return expectNothingDone(JSON.stringify(beyond), 'invalid-range', '#');
  });
});

describe('a change of a source is done', () => {
  it('up to the end of the block, in the middle of a granule', async () => {
    const change = { offset: '4M', size: MIB + PAGE, to: 'populated' };
    const { status, body } = await service.api.post(String(paths['change of a source']), change);
    expect(status).toBe(200);
    expect(body).toMatchObject({ offset: 4 * MIB, size: MIB + PAGE, from: 'discarded', changedBytes: MIB + PAGE });
  });
});
