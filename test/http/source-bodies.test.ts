// What a new source may be: every field of the body, good and bad.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProblemCode } from '../../src/errors.ts';
import { startService, type TestService } from '../support/service.ts';
import { BEYOND, everythingOf, expectRefused, NO_BYTE_SIZES, NO_STRINGS, rowsOf, withValue } from './bad-bodies.ts';

const VALID = { name: 'virtio-mem0', granularity: '8K' };
const RUN = { offset: 0, size: '8K' };

let service: TestService;
let block: string;

beforeAll(async () => {
  service = await startService();
  const { id } = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '68K' });
  block = `/v1/ram-blocks/${id}`;
});
afterAll(() => service.close());

async function expectNothingDone(json: string, code: ProblemCode, at: string): Promise<void> {
  const known = await everythingOf(service.api, block);
  await expectRefused(service.api, `${block}/sources`, json, code, at);
  expect(await everythingOf(service.api, block)).toEqual(known);
}

describe('a source is refused', () => {
  it.each(
    rowsOf([
      { at: '#/name', values: [...NO_STRINGS, '""', `"${'n'.repeat(256)}"`], code: 'invalid-request' },
      { at: '#/name', values: ['"ram-block-attributes"'], code: 'already-exists' },
      { at: '#/granularity', values: NO_BYTE_SIZES, code: 'invalid-request' },
      { at: '#/granularity', values: [...BEYOND, '0', '1', '2048', '4095', '12288', '"3M"'], code: 'invalid-range' },
      { at: '#/populated', values: ['null', '{}', '"all"', 'true', '0'], code: 'invalid-request' },
      { at: '#/populated', values: [JSON.stringify(Array(10_001).fill(RUN))], code: 'invalid-request' },
      { at: '#/populated/0', values: ['[null]', '[0]', '[[]]', '["0"]'], code: 'invalid-request' },
      { at: '#/colour', values: ['1'], code: 'invalid-request' },
    ]),
  )('with $at $shown: $code', ({ at, json, code }) => {
    return expectNothingDone(withValue(VALID, at.replace('/0', ''), json), code, at);
  });

  it.each(
    rowsOf([
      { at: '#/offset', values: NO_BYTE_SIZES, code: 'invalid-request' },
      { at: '#/offset', values: [...BEYOND, '1', '4096', '"64K"', '"68K"', '"72K"'], code: 'invalid-range' },
      { at: '#/size', values: NO_BYTE_SIZES, code: 'invalid-request' },
      { at: '#/size', values: [...BEYOND, '0', '1', '4096', '"72K"', '9007199254732800'], code: 'invalid-range' },
      { at: '#/colour', values: ['1'], code: 'invalid-request' },
    ]),
  )('with $at $shown in its second run: $code', ({ at, json, code }) => {
    const populated = `[${JSON.stringify(RUN)},${withValue({ offset: '16K', size: '8K' }, at, json)}]`;
    return expectNothingDone(withValue(VALID, '#/populated', populated), code, at.replace('#', '#/populated/1'));
  });

  it.each(['offset', 'size'])('without %s of a run: invalid-request', (name) => {
    const run = Object.fromEntries(Object.entries(RUN).filter(([key]) => key !== name));
    const body = JSON.stringify({ ...VALID, populated: [run] });
    return expectNothingDone(body, 'invalid-request', `#/populated/0/${name}`);
  });

  it.each(['name', 'granularity'])('without %s: invalid-request', (name) => {
    const body = Object.fromEntries(Object.entries(VALID).filter(([key]) => key !== name));
    return expectNothingDone(JSON.stringify(body), 'invalid-request', `#/${name}`);
  });
});

describe('a source is added', () => {
  const add = async (body: object) => {
    const { status, body: source } = await service.api.post(`${block}/sources`, body);
    expect(status).toBe(201);
    await service.api.ok('DELETE', `${block}/sources/${source.id}?force=true`);
    return source;
  };

  it('with nothing populated unless it says so', async () => {
    expect(await add({ name: 'a', granularity: 8192 })).toEqual({
      id: expect.any(String),
      name: 'a',
      granularity: 8192,
      populatedBytes: 0,
    });
  });

  it('with runs that overlap and are in no order, and a last granule that ends with the block', async () => {
    const populated = [
      { offset: '64K', size: '4K' },
      { offset: 0, size: '16K' },
      { offset: '8K', size: '16K' },
    ];
    expect((await add({ ...VALID, populated })).populatedBytes).toBe(28 * 1024);
  });

  it('with a granularity beyond the length of the block', async () => {
    expect((await add({ name: 'a', granularity: '1G', populated: [{ offset: 0, size: '68K' }] })).populatedBytes).toBe(
      68 * 1024,
    );
  });

  it('with a name of 255 characters', async () => {
    expect((await add({ ...VALID, name: 'n'.repeat(255) })).name).toBe('n'.repeat(255));
  });

  it('as RamBlockAttributes once that was removed, with the page size as its granularity', async () => {
    const { items } = await service.api.ok('GET', `${block}/sources`);
    await service.api.ok('DELETE', `${block}/sources/${items[0].id}?force=true`);
    const again = '{"name":"ram-block-attributes","granularity":"8K"}';
    await expectNothingDone(again, 'invalid-range', '#');
    const source = await service.api.ok('POST', `${block}/sources`, { name: 'ram-block-attributes' });
    expect(source).toMatchObject({ granularity: 4096, populatedBytes: 0 });
  });
});
