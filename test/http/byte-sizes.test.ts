// ByteSize: what clients may write for a number of bytes, in bodies and in query strings alike.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startService, type TestService } from '../support/service.ts';
import { BEYOND, NO_BYTE_SIZES } from './bad-bodies.ts';

const MIB = 2 ** 20;

/** JSON texts and the bytes that they stand for. */
const FORMS: [string, number][] = [
  ['0', 0],
  ['2097152', 2 * MIB],
  ['2097152.0', 2 * MIB],
  ['2.097152e6', 2 * MIB],
  ['"2097152"', 2 * MIB],
  ['"002097152"', 2 * MIB],
  ['"0x200000"', 2 * MIB],
  ['"0X200000"', 2 * MIB],
  ['"0x0abc000"', 0xabc000],
  ['"0xABC000"', 0xabc000],
  ['"0xaBc000"', 0xabc000],
  ['"4K"', 4096],
  ['"4KiB"', 4096],
  ['"2M"', 2 * MIB],
  ['"2MiB"', 2 * MIB],
  ['"1G"', 2 ** 30],
  ['"1GiB"', 2 ** 30],
  ['"1T"', 2 ** 40],
  ['"1TiB"', 2 ** 40],
  ['"0T"', 0],
];

let service: TestService;
let block: string;

beforeAll(async () => {
  service = await startService();
  const { id } = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '2T' });
  block = `/v1/ram-blocks/${id}`;
});
afterAll(() => service.close());

const convert = (offset: string) => {
  return service.api.post(`${block}/conversions`, `{"offset":${offset},"size":4096,"to":"private"}`);
};

describe('in a body', () => {
  it.each(FORMS)('%s is %i bytes', async (json, bytes) => {
    const { status, body } = await convert(json);
    expect(status).toBe(200);
    expect(body.offset).toBe(bytes);
  });

  it.each(BEYOND)('%s is beyond 2^53-1', async (json) => {
    expect((await convert(json)).body).toMatchObject({ code: 'invalid-range', errno: 'EINVAL' });
  });
});

describe('in a query', () => {
  const state = (offset: string) => service.api.get(`${block}/state?offset=${encodeURIComponent(offset)}&size=1`);
  const inQuery = (jsons: readonly string[]) => {
    return jsons.map((json) => JSON.parse(json)).filter((value) => typeof value === 'string');
  };

  it.each(FORMS.filter(([json]) => /^"|^\d+$/.test(json)).map(([json, bytes]) => [String(JSON.parse(json)), bytes]))(
    '%s is %i bytes',
    async (text, bytes) => {
      const { status, body } = await state(String(text));
      expect(status).toBe(200);
      expect(body.offset).toBe(bytes);
    },
  );

  // What a number of a body may look like, or what JavaScript takes for a number, is no ByteSize here.
  it.each([
    ...inQuery(NO_BYTE_SIZES),
    '4096.0',
    '1e400',
    '0o17',
    '٣',
    'true',
    'null',
    '4096,0',
    '-0',
    ' 4096',
    '4096 ',
  ])('%j is none: invalid-request', async (text) => {
    const { status, body } = await state(text);
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'invalid-request', errors: [{ pointer: '#/offset' }] });
  });

  it.each(inQuery(BEYOND.map((json) => (/^\d+$/.test(json) ? `"${json}"` : json))).map((text) => text.slice(0, 8000)))(
    '%s is beyond 2^53-1: invalid-range',
    async (text) => {
      const { status, body } = await state(text);
      expect(status).toBe(422);
      expect(body.code).toBe('invalid-range');
    },
  );

  it('given twice is none: invalid-request', async () => {
    const { status, body } = await service.api.get(`${block}/state?offset=0&offset=4096`);
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([{ pointer: '#/offset' }]);
  });
});
