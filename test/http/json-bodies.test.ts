// Bodies as bytes: what is no JSON, what is JSON but no object, and what JSON parsers are attacked with.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startService, type TestService } from '../support/service.ts';

const MIB = 2 ** 20;

let service: TestService;
let path: string;

beforeAll(async () => {
  service = await startService();
});
beforeEach(async () => {
  const block = { machine: crypto.randomUUID(), idstr: 'pc.ram', usedLength: '64K' };
  path = `/v1/ram-blocks/${(await service.api.ok('POST', '/v1/ram-blocks', block)).id}`;
});
afterAll(() => service.close());

const convert = (body: string | Uint8Array, headers = {}) => service.api.post(`${path}/conversions`, body, { headers });
const generation = async () => (await service.api.ok('GET', path)).generation;

async function expectInvalid(body: string | Uint8Array, errors?: object): Promise<void> {
  const answer = await convert(body);
  expect(answer.body).toMatchObject({ code: 'invalid-request', ...(errors === undefined ? {} : { errors }) });
  expect(answer.status).toBe(400);
  expect(await generation()).toBe(0);
}

describe('a body is refused', () => {
  it.each([
    ['malformed', '{'],
    ['cut short', '{"offset":0,"size":4096,"to":"sha'],
    ['followed by more', '{"offset":0,"size":4096,"to":"shared"} {}'],
    ['with a comma at the end', '{"offset":0,"size":4096,"to":"shared",}'],
    ['with single quotes', "{'offset':0,'size':4096,'to':'shared'}"],
    ['with a comment', '{"offset":0,"size":4096,"to":"shared"/**/}'],
    ['with NaN', '{"offset":NaN,"size":4096,"to":"shared"}'],
    ['with a hexadecimal number', '{"offset":0x0,"size":4096,"to":"shared"}'],
    ['with a leading zero', '{"offset":00,"size":4096,"to":"shared"}'],
    ['with a raw line feed in a string', '{"offset":"\n0","size":4096,"to":"shared"}'],
    ['of blanks', '  '],
    ['of a form', 'offset=0&size=4096&to=shared'],
  ])('that is JSON %s', (_name, body) => expectInvalid(body));

  it.each(['null', 'true', '0', '""', '[]', '[{"offset":0,"size":4096,"to":"shared"}]'])('that is %s', (body) => {
    return expectInvalid(body, [{ pointer: '#', detail: 'must be object' }]);
  });

  it('that is empty, though its type is named', () => expectInvalid('', [{ pointer: '#', detail: 'must be object' }]));

  it('that is not there', async () => {
    const { status, body } = await service.api.post(`${path}/conversions`);
    expect(status).toBe(400);
    expect(body.errors).toEqual([{ pointer: '#', detail: 'must be object' }]);
  });

  it.each([[0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]])(
    'that is not UTF-8, but has the bytes %s where any text may be',
    async (...bytes) => {
      const machine = crypto.randomUUID();
      const [before = '', after = ''] = JSON.stringify({ machine, idstr: 'a|b', usedLength: 4096 }).split('|');
      const body = Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
      const answer = await service.api.post('/v1/ram-blocks', body);
      expect(`${answer.status} ${answer.body.code}`).toBe('400 invalid-request');
      expect((await service.api.ok('GET', `/v1/ram-blocks?machine=${machine}`)).items).toEqual([]);
    },
  );

  it('that is UTF-16', () => expectInvalid(Buffer.from('{"offset":0,"size":4096,"to":"shared"}', 'utf16le')));

  const tooDeep = [{ pointer: '#', detail: 'has arrays and objects more than 32 deep within each other' }];

  it.each([32, 10_000])('that is nested %i times, and does no harm', async (depth) => {
    const deep = '['.repeat(depth) + ']'.repeat(depth);
    await expectInvalid(`{"offset":${deep},"size":4096,"to":"shared"}`, tooDeep);
    await expectInvalid(`{"offset":0,"size":4096,"to":"shared","x":${deep}}`, tooDeep);
    await expectInvalid('{"x":'.repeat(depth + 1), tooDeep);
  });

  it('that is nested 31 times within it for what it says', async () => {
    const deep = '['.repeat(31) + ']'.repeat(31);
    await expectInvalid(`{"offset":${deep},"size":4096,"to":"shared"}`, [{ pointer: '#/offset' }]);
  });

  // JSON.parse, which takes seconds for the first two, would say that they end too soon.
  it.each(['[', '{"x":', '{"conversions":[', '[1,'])('of megabytes of %s before it is parsed', async (piece) => {
    const body = piece.repeat(Math.floor((4 * MIB) / piece.length));
    const answer = await service.api.post(`${path}/conversion-batches`, body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: 'invalid-request', errors: tooDeep });
  });

  it('that is beyond what such a body can need', async () => {
    const text = JSON.stringify({ description: 'd'.repeat(64 * 1024) });
    for (const [method, at] of [
      ['POST', '/v1/ram-blocks'],
      ['PATCH', path],
      ['POST', `${path}/conversions`],
      ['POST', `${path}/listeners`],
      ['PATCH', `${path}/listeners/lsn_1`],
    ] as const) {
      const { status, body } = await service.api.call(method, at, text);
      expect(`${method} ${at} ${status} ${body.detail}`).toMatch(/ 413 the body is larger than 64 KiB/);
    }
    for (const [method, at] of [
      ['DELETE', path],
      ['POST', `${path}/listeners/lsn_1/replay`],
    ] as const) {
      const { status, body } = await service.api.call(method, at, `{${' '.repeat(1023)}}`);
      expect(`${method} ${at} ${status} ${body.detail}`).toMatch(/ 413 the body is larger than 1 KiB/);
    }
  });

  it('that has a field for every letter of a long text', async () => {
    const fields = Array.from({ length: 100_000 }, (_, index) => `"f${index}":0`);
    const answer = await service.api.post(`${path}/conversion-batches`, `{"conversions":[],${fields}}`);
    expect(`${answer.status} ${answer.body.code}`).toBe('400 invalid-request');
    await expectInvalid(`{"offset":0,"size":4096,"to":"shared",${fields.slice(0, 5000)}}`);
  });
});

describe('a body cannot reach the prototype', () => {
  it.each([
    '"__proto__":{"to":"private"}',
    '"__proto__":null',
    '"\\u005f_proto__":{"polluted":true}',
    '"constructor":{"prototype":{"polluted":true}}',
    '"constructor":1',
    '"prototype":{}',
    '"hasOwnProperty":1',
    '"toString":1',
  ])('with %s', async (field) => {
    await expectInvalid(`{"offset":0,"size":4096,"to":"shared",${field}}`);
    await expectInvalid(`{${field},"offset":0,"size":4096,"to":"shared"}`);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it('for what it needs: a field of the prototype is not there', () => {
    return expectInvalid('{"__proto__":{"offset":0,"size":4096,"to":"shared"}}');
  });

  it('within a section', async () => {
    const body = '{"url":"http://127.0.0.1:9/","section":{"__proto__":{"offset":4096}}}';
    expect((await service.api.post(`${path}/listeners`, body)).status).toBe(400);
  });
});

describe('a body is taken', () => {
  it('with a byte order mark', async () => {
    expect((await convert('\ufeff{"offset":0,"size":4096,"to":"shared"}')).status).toBe(200);
  });

  it('with blanks around it', async () => {
    expect((await convert('\r\n\t {"offset" : 0 ,"size":4096,"to":"shared"}\n')).status).toBe(200);
  });

  it('with the last of two fields of one name, as JSON.parse has it', async () => {
    const { body } = await convert('{"offset":0,"offset":4096,"size":4096,"to":"private","to":"shared"}');
    expect(body).toMatchObject({ offset: 4096, to: 'shared' });
  });

  it('with escapes in names and values', async () => {
    expect((await convert('{"\\u006fffset":0,"size":"\\u0034K","to":"shar\\u0065d"}')).status).toBe(200);
  });

  it.each([
    ['conversions', '{"offset":0,"size":4096,"to":"shared"}', 64 * 1024],
    ['conversion-batches', '{"conversions":[{"offset":0,"size":4096,"to":"shared"}]}', 4 * MIB],
  ])('of all bytes that may be, and not of a byte more: %s', async (name, body, limit) => {
    const { status } = await service.api.post(`${path}/${name}`, body.padEnd(limit));
    expect(status).toBe(200);
    const tooLarge = await service.api.post(`${path}/${name}`, body.padEnd(limit + 1));
    expect(tooLarge.status).toBe(413);
    expect(tooLarge.body).toMatchObject({ code: 'payload-too-large' });
    expect(await generation()).toBe(1);
  });

  it('of no bytes where none is read, or of no fields', async () => {
    const url = 'http://127.0.0.1:9/';
    const { id } = await service.api.ok('POST', `${path}/listeners`, { url, timeoutMs: 100 });
    // Nobody listens there: what is asked for here is tried, so the body was taken.
    for (const body of [undefined, '', '{}', ' { } ']) {
      expect((await service.api.post(`${path}/listeners/${id}/replay`, body)).body.code).toMatch(
        /^(discard|listener)-/,
      );
    }
    for (const body of ['{"force":true}', '[]', 'null', '0', '"x"']) {
      expect((await service.api.post(`${path}/listeners/${id}/replay`, body)).body.code).toBe('invalid-request');
      expect((await service.api.call('DELETE', `${path}?force=true`, body)).body.code).toBe('invalid-request');
    }
    expect((await service.api.call('DELETE', `${path}?force=true`, '{}')).status).toBe(204);
  });
});
