// What another usedLength of a RAM block may be: its forms, its limits, and whose section it must not cut.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ProblemCode } from '../../src/errors.ts';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService } from '../support/service.ts';
import { BEYOND, everythingOf, expectRefused, NO_BYTE_SIZES, rowsOf, withValue } from './bad-bodies.ts';

const PAGE = 4096;
const KIB = 2 ** 10;

let service: TestService;
let device: ScriptedListener;
let machine: string;
let block: string;
let machines = 0;

beforeAll(async () => {
  service = await startService();
  device = await ScriptedListener.start();
});
afterAll(async () => {
  await service.close();
  await device.close();
});
/** 64 of 256 KiB, the first 32 of them shared, and a listener from 8 KiB to the end. */
beforeEach(async () => {
  machine = `m${machines++}`;
  block = await create({ idstr: 'pc.ram', usedLength: '64K', maxLength: '256K' });
  await service.api.ok('POST', `${block}/conversions`, { offset: 0, size: '32K', to: 'shared' });
  await register({ offset: '8K' });
});
afterEach(() => service.api.ok('DELETE', `${block}?force=true`));

async function create(fields: object): Promise<string> {
  return `/v1/ram-blocks/${(await service.api.ok('POST', '/v1/ram-blocks', { machine, ...fields })).id}`;
}

async function register(section: object, fields: object = {}): Promise<string> {
  const body = { url: device.url, secret: SECRET, section, ...fields };
  const { id } = await service.api.ok('POST', `${block}/listeners`, body);
  device.takeTold();
  return id;
}

const resize = (usedLength: unknown, path = block, headers = {}) => {
  return service.api.call('PATCH', path, { usedLength }, { headers });
};

async function expectNothingDone(json: string, code: ProblemCode, at = '#', path = block): Promise<void> {
  const known = await everythingOf(service.api, path);
  await expectRefused(service.api, path, json, code, at, 'PATCH');
  expect(await everythingOf(service.api, path)).toEqual(known);
  expect(device.takeTold()).toEqual([]);
}

const VALID = { usedLength: '128K' };

describe('another length is refused, and nobody is called', () => {
  it.each(
    rowsOf([
      { at: '#/usedLength', values: NO_BYTE_SIZES, code: 'invalid-request' },
      { at: '#/usedLength', values: [...BEYOND, '0', '-0', '"0"', '"0x0"', '"0T"'], code: 'invalid-range' },
      { at: '#/usedLength', values: ['1', '4095', '4097', '"010"', '65537', '"65T"'], code: 'invalid-range' },
      // Beyond what the block reserves.
      { at: '#/usedLength', values: ['"260K"', '"64T"', '266240'], code: 'invalid-range' },
      { at: '#/usedLength', values: ['"8K"', '4096'], code: 'section-cut' },
      { at: '#/maxLength', values: ['"256K"', 'null'], code: 'invalid-request' },
      { at: '#/pageSize', values: ['4096'], code: 'invalid-request' },
      { at: '#/idstr', values: ['"pc.ram"'], code: 'invalid-request' },
    ]),
  )('with $at $shown: $code', ({ at, json, code }) => expectNothingDone(withValue(VALID, at, json), code, at));

  it('without usedLength: invalid-request', () => expectNothingDone('{}', 'invalid-request', '#/usedLength'));

  it.each(['null', '[]', '"128K"', '131072', 'true'])('as %s: invalid-request', async (json) => {
    const { status, body } = await service.api.call('PATCH', block, json);
    expect(status).toBe(400);
    expect(body.errors).toEqual([{ pointer: '#', detail: 'must be object' }]);
  });

  it('of no body: invalid-request', async () => {
    expect((await service.api.call('PATCH', block)).body.code).toBe('invalid-request');
  });

  it.each([PAGE, 2 * PAGE, 32 * KIB])('of a block that was created without maxLength, to %i', async (usedLength) => {
    const fixed = await create({ idstr: 'fixed', usedLength: 4 * PAGE });
    await expectNothingDone(JSON.stringify({ usedLength }), 'not-resizeable', '#', fixed);
    const { body } = await resize(usedLength, fixed);
    expect(body).toMatchObject({ errno: 'ENOTSUP', ramBlockId: fixed.split('/').at(-1) });
  });

  it('with an end within a page of its block', async () => {
    const large = await create({ idstr: 'large', usedLength: '128K', maxLength: '1M', pageSize: '64K' });
    for (const usedLength of ['68K', '32K', 4096]) {
      await expectNothingDone(JSON.stringify({ usedLength }), 'invalid-range', '#', large);
    }
  });

  it('of a block that is not there', async () => {
    const gone = await create({ idstr: 'gone', usedLength: '64K', maxLength: '256K' });
    await service.api.ok('DELETE', gone);
    for (const path of [gone, '/v1/ram-blocks/none']) {
      expect((await resize('128K', path)).body.code).toBe('not-found');
    }
  });

  it('that cuts a section with a size of its own, and it says whose', async () => {
    const id = await register({ offset: '16K', size: '32K' });
    await expectNothingDone('{"usedLength":"44K"}', 'section-cut');
    const { body } = await resize('16K');
    expect(body).toMatchObject({ code: 'section-cut', errno: 'EBUSY', listenerId: id });
    expect(body.detail).toContain(`${48 * KIB}`);
    expect((await resize('48K')).status).toBe(200);
  });

  it('that leaves nothing of a section which follows the end', async () => {
    await expectNothingDone('{"usedLength":"8K"}', 'section-cut');
    expect((await resize('12K')).status).toBe(200);
  });

  it('that moves a section beyond 2^53-1', async () => {
    await register({ offset: 0, offsetWithinAddressSpace: 2 ** 53 - 1 - 64 * KIB });
    await expectNothingDone('{"usedLength":"68K"}', 'invalid-range');
    expect((await resize('60K')).status).toBe(200);
  });

  it.each([
    ['"999"', 412],
    ['W/"1"', 412],
    ['x', 400],
  ])('with If-Match %s: %i', async (tag, status) => {
    const known = await everythingOf(service.api, block);
    expect((await resize('128K', block, { 'if-match': tag })).status).toBe(status);
    expect(await everythingOf(service.api, block)).toEqual(known);
  });
});

describe('the same length', () => {
  it.each([65_536, '64K', '0x10000', '65536'])('as %j changes nothing', async (usedLength) => {
    const known = await everythingOf(service.api, block);
    const { status, headers, body } = await resize(usedLength);
    expect(status).toBe(200);
    expect(body).toEqual(known[2]);
    expect(headers.etag).toBe(`"${body.generation}"`);
    expect(await everythingOf(service.api, block)).toEqual(known);
    expect(device.takeTold()).toEqual([]);
  });

  it('changes nothing of a block that is not resizeable either, and must match If-Match', async () => {
    const fixed = await create({ idstr: 'fixed', usedLength: '64K' });
    expect(await service.api.ok('PATCH', fixed, { usedLength: '64K' })).toMatchObject({ generation: 0 });
    expect((await resize('64K', fixed, { 'if-match': '"1"' })).status).toBe(412);
  });
});

describe('another length', () => {
  it.each([131_072, '131072', '128K', '128KiB', '0x20000'])('as %j is taken', async (usedLength) => {
    const before = await service.api.ok('GET', block);
    const { status, headers, body } = await resize(usedLength);
    expect(status).toBe(200);
    expect(headers.etag).toBe(`"${before.generation + 1}"`);
    expect(body).toEqual({
      ...before,
      usedLength: 128 * KIB,
      attributes: { bitmapSize: 32, sharedBytes: 32 * KIB, privateBytes: 96 * KIB },
      generation: before.generation + 1,
    });
    expect(await service.api.ok('GET', block)).toEqual(body);
    const { items } = await service.api.ok('GET', `${block}/listeners`);
    expect(items).toMatchObject([{ section: { offset: 8 * KIB, size: 120 * KIB } }]);
    // New pages are private.
    expect(device.takeTold()).toEqual([]);
  });

  it('is anything up to maxLength, which stays', async () => {
    const { body } = await resize('256K');
    expect(body).toMatchObject({ usedLength: 256 * KIB, maxLength: 256 * KIB });
    expect((await resize('64K')).body.maxLength).toBe(256 * KIB);
  });

  it('that is shorter discards what is cut off, and it does not come back', async () => {
    const { body } = await resize('16K');
    expect(body).toMatchObject({ usedLength: 16 * KIB, populated: { pages: 4, bytes: 16 * KIB, runs: 1 } });
    expect(device.takeTold()).toEqual([
      { type: 'discard', reason: 'resize', sections: [[16 * KIB, 16 * KIB, 16 * KIB]] },
    ]);
    expect((await resize('64K')).body.populated.bytes).toBe(16 * KIB);
    expect((await service.api.ok('GET', `${block}/sections`)).items).toEqual([{ offset: 0, size: 16 * KIB }]);
    expect(device.takeTold()).toEqual([]);
  });

  it('is in no history: it is no conversion', async () => {
    const before = await service.api.ok('GET', `${block}/conversions`);
    await resize('128K');
    await resize('16K');
    expect(await service.api.ok('GET', `${block}/conversions`)).toEqual(before);
  });
});
