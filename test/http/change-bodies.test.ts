// What a conversion and a change of another source may be: every field of the body, good and bad.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

let service: TestService;
let block: string;
/** By what they change. */
const paths: Record<string, string> = {};

beforeAll(async () => {
  service = await startService();
  // The last granule of the source ends with the block: 5 MiB and a page.
  const usedLength = 5 * MIB + PAGE;
  block = `/v1/ram-blocks/${(await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength })).id}`;
  const source = { name: 'virtio-mem0', granularity: '2M', populated: [{ offset: 0, size: '2M' }] };
  const { id } = await service.api.ok('POST', `${block}/sources`, source);
  paths.conversion = `${block}/conversions`;
  paths.change = `${block}/sources/${id}/changes`;
});
afterAll(() => service.close());

const VALID = {
  conversion: { offset: 0, size: PAGE, to: 'shared' },
  change: { offset: 2 * MIB, size: 2 * MIB, to: 'populated' },
};

const COMMON = [
  { at: '#/offset', values: NO_BYTE_SIZES, code: 'invalid-request' },
  { at: '#/offset', values: [...BEYOND, '9007199254740991', '"8T"', '5246977', '"5M1"'.replace('1', '')], code: 'invalid-range' },
  { at: '#/size', values: NO_BYTE_SIZES, code: 'invalid-request' },
  { at: '#/size', values: [...BEYOND, '0', '"0"', '"0K"', '-0', '9007199254736896', '"8T"'], code: 'invalid-range' },
  { at: '#/to', values: [...NO_STRINGS, '""', '"mixture"', '"Shared"', '"shared "'], code: 'invalid-request' },
  { at: '#/from', values: ['"private"'], code: 'invalid-request' },
] as const;

describe.each(['conversion', 'change'] as const)('a %s is refused', (kind) => {
  const expectNothingDone = async (json: string, code: (typeof COMMON)[number]['code'], at: string) => {
    const known = await everythingOf(service.api, block);
    await expectRefused(service.api, String(paths[kind]), json, code, at);
    expect(await everythingOf(service.api, block)).toEqual(known);
  };

  it.each(rowsOf(COMMON))('with $at $shown: $code', ({ at, json, code }) =>
    expectNothingDone(withValue(VALID[kind], at, json), code as 'invalid-range', at),
  );

  it.each(['offset', 'size', 'to'])('without %s: invalid-request', (name) => {
    return expectNothingDone(JSON.stringify(without(VALID[kind], name)), 'invalid-request', `#/${name}`);
  });
});
