// What a new listener may be: every field of the body, good and bad.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ProblemCode } from '../../src/errors.ts';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService } from '../support/service.ts';
import {
  BEYOND,
  everythingOf,
  expectRefused,
  NO_BOOLEANS,
  NO_BYTE_SIZES,
  NO_STRINGS,
  rowsOf,
  withValue,
} from './bad-bodies.ts';

let service: TestService;
let device: ScriptedListener;
let block: string;
let valid: { url: string; secret: string };

beforeAll(async () => {
  service = await startService();
  device = await ScriptedListener.start();
  valid = { url: device.url, secret: SECRET };
  const { id } = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '64K', gpa: '4G' });
  block = `/v1/ram-blocks/${id}`;
  await service.api.ok('POST', `${block}/conversions`, { offset: 0, size: '64K', to: 'shared' });
});
afterAll(async () => {
  await service.close();
  await device.close();
});

/** JSON of a secret of so many bytes. */
const secretOf = (bytes: number) => `"whsec_${Buffer.alloc(bytes, 7).toString('base64')}"`;

async function expectNothingDone(json: string, code: ProblemCode, at: string): Promise<void> {
  const known = await everythingOf(service.api, block);
  await expectRefused(service.api, `${block}/listeners`, json, code, at);
  expect(await everythingOf(service.api, block)).toEqual(known);
  expect(device.takeTold()).toEqual([]);
}

describe('a listener is refused, and not called', () => {
  it.each(
    rowsOf([
      { at: '#/url', values: [...NO_STRINGS, '""', `"http://127.0.0.1/${'u'.repeat(2048)}"`], code: 'invalid-request' },
      { at: '#/url', values: ['"nonsense"', '"/hook"', '"//127.0.0.1/"', '"http://"'], code: 'invalid-request' },
      {
        at: '#/url',
        values: ['"ftp://127.0.0.1/"', '"file:///etc/passwd"', '"javascript:0"'],
        code: 'invalid-request',
      },
      { at: '#/url', values: ['"http://me:secret@127.0.0.1/"', '"http://127.0.0.1/#x"'], code: 'invalid-request' },
      { at: '#/url', values: ['"http://10.0.0.1/"', '"http://169.254.169.254/"'], code: 'target-not-allowed' },
      { at: '#/mode', values: [...NO_STRINGS, '""', '"Sync"'], code: 'invalid-request' },
      { at: '#/section', values: ['null', '[]', '"all"', '0', 'true'], code: 'invalid-request' },
      { at: '#/section/colour', values: ['1'], code: 'invalid-request' },
      { at: '#/section/offset', values: NO_BYTE_SIZES, code: 'invalid-request' },
      { at: '#/section/offset', values: [...BEYOND, '1', '4095', '"64K"', '"68K"'], code: 'invalid-range' },
      { at: '#/section/size', values: NO_BYTE_SIZES, code: 'invalid-request' },
      { at: '#/section/size', values: [...BEYOND, '0', '1', '4095', '"68K"'], code: 'invalid-range' },
      { at: '#/section/offsetWithinAddressSpace', values: NO_BYTE_SIZES, code: 'invalid-request' },
      { at: '#/section/offsetWithinAddressSpace', values: [...BEYOND, '9007199254675456'], code: 'invalid-range' },
      { at: '#/granularity', values: NO_BYTE_SIZES, code: 'invalid-request' },
      { at: '#/granularity', values: [...BEYOND, '0', '1', '2048', '12288'], code: 'invalid-range' },
      { at: '#/doubleDiscardSupported', values: NO_BOOLEANS, code: 'invalid-request' },
      { at: '#/coordinatedDiscard', values: NO_BOOLEANS, code: 'invalid-request' },
      { at: '#/coordinatedDiscard', values: ['false'], code: 'coordinated-discard-required' },
      { at: '#/dmaMaxMappings', values: ['0', '-1', '1.5', '"65535"', 'true', '[]', '1e400'], code: 'invalid-request' },
      { at: '#/dmaMaxMappings', values: ['9007199254740992'], code: 'invalid-request' },
      { at: '#/dmaMaxMappings', values: ['1', '15'], code: 'mapping-limit' },
      { at: '#/maxSections', values: ['0', '8193', '-1', '1.5', '"512"', 'null', 'true'], code: 'invalid-request' },
      { at: '#/timeoutMs', values: ['99', '30001', '0', '-1', '100.5', '"100"', 'null'], code: 'invalid-request' },
      { at: '#/description', values: ['1', 'true', '[]', `"${'d'.repeat(1001)}"`], code: 'invalid-request' },
      { at: '#/secret', values: [...NO_STRINGS, '""', '"whsec_"', '"secret"', '"whsec_!"'], code: 'invalid-request' },
      { at: '#/secret', values: [secretOf(23), secretOf(65), secretOf(66)], code: 'invalid-request' },
      { at: '#/secret', values: [secretOf(25).replace('==', ''), `"${SECRET}\\n"`], code: 'invalid-request' },
      { at: '#/colour', values: ['1'], code: 'invalid-request' },
    ]),
  )('with $at $shown: $code', ({ at, json, code }) => expectNothingDone(withValue(valid, at, json), code, at));

  it('without url: invalid-request', () => expectNothingDone('{}', 'invalid-request', '#/url'));
});

describe('a listener is registered', () => {
  let registered: string[] = [];
  afterEach(async () => {
    for (const id of registered) await service.api.ok('DELETE', `${block}/listeners/${id}`);
    registered = [];
    device.takeTold();
  });

  async function register(fields: object) {
    const { status, headers, body } = await service.api.post(`${block}/listeners`, { ...valid, ...fields });
    expect(status).toBe(201);
    expect(headers.location).toBe(`${block}/listeners/${body.id}`);
    registered.push(body.id);
    return body;
  }

  it('with nothing but the defaults', async () => {
    const body = await register({});
    expect(body).toEqual({
      id: expect.any(String),
      ramBlockId: block.split('/').at(-1),
      url: device.url,
      mode: 'sync',
      section: { offset: 0, size: 65_536, offsetWithinAddressSpace: 2 ** 32 },
      granularity: 4096,
      doubleDiscardSupported: true,
      coordinatedDiscard: true,
      dmaMaxMappings: null,
      maxSections: 512,
      timeoutMs: 5000,
      description: null,
      warnings: [],
      state: 'active',
      mapped: { bytes: 65_536, runs: 1, mappings: 16 },
      unsettled: { bytes: 0, runs: 0, unknownBytes: 0, sections: [] },
      position: { lastSequence: 1, acknowledgedSequence: 1, pending: 0, oldestPendingAt: null },
      createdAt: expect.any(String),
    });
    expect(await service.api.ok('GET', `${block}/listeners/${body.id}`)).toEqual(body);
  });

  it.each([
    [
      'a section to the end',
      { section: { offset: '60K' } },
      { section: { offset: 61_440, size: 4096, offsetWithinAddressSpace: 2 ** 32 + 61_440 } },
    ],
    [
      'a section elsewhere',
      { section: { size: '4K', offsetWithinAddressSpace: '0x1' } },
      { section: { offset: 0, size: 4096, offsetWithinAddressSpace: 1 } },
    ],
    ['an empty section', { section: {} }, { section: { offset: 0, size: 65_536, offsetWithinAddressSpace: 2 ** 32 } }],
    [
      'the end of the addresses',
      { section: { offsetWithinAddressSpace: 9007199254675455 } },
      { section: { offset: 0, size: 65_536, offsetWithinAddressSpace: 9007199254675455 } },
    ],
    [
      'a large granularity',
      { granularity: '2M' },
      { granularity: 2_097_152, mapped: { bytes: 65_536, runs: 1, mappings: 1 } },
    ],
    ['exactly enough mappings', { dmaMaxMappings: 16 }, { dmaMaxMappings: 16 }],
    ['no limit of mappings', { dmaMaxMappings: null }, { dmaMaxMappings: null }],
    ['the least', { maxSections: 1, description: '' }, { maxSections: 1, description: '' }],
    ['the most', { timeoutMs: 30_000, maxSections: 8192 }, { timeoutMs: 30_000, maxSections: 8192 }],
    ['a description', { description: 'd'.repeat(1000) }, { description: 'd'.repeat(1000) }],
    ['no description', { description: null }, { description: null }],
  ])('with %s', async (_name, fields, expected) => {
    expect(await register(fields)).toMatchObject(expected);
  });

  it('with the shortest deadline', async () => {
    // Where nothing is populated nothing is sent, and no machine is too busy for that.
    const { id } = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'private', usedLength: '64K' });
    const body = { ...valid, timeoutMs: 100 };
    const made = await service.api.ok('POST', `/v1/ram-blocks/${id}/listeners`, body);
    expect(made).toMatchObject({ timeoutMs: 100, state: 'active' });
    await service.api.ok('DELETE', `/v1/ram-blocks/${id}?force=true`);
  });

  it.each([24, 25, 63, 64])('with a secret of %i bytes, which is not shown', async (bytes) => {
    const secret = JSON.parse(secretOf(bytes));
    const other = await ScriptedListener.start(() => 200, secret);
    try {
      const { id, ...body } = await register({ url: other.url, secret });
      expect(body).not.toHaveProperty('secret');
      await service.api.ok('DELETE', `${block}/listeners/${id}`);
      registered = [];
      expect(other.told.map(({ type }) => type)).toEqual(['populate', 'discard']);
    } finally {
      await other.close();
    }
  });

  it('with a secret that is made for it, shown in this answer only', async () => {
    // Nothing is populated, so nobody is called who would not know the secret.
    await service.api.ok('POST', `${block}/conversions`, { offset: 0, size: '64K', to: 'private' });
    const { id, secret } = await service.api.ok('POST', `${block}/listeners`, { url: 'http://127.0.0.1:9/' });
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(await service.api.ok('GET', `${block}/listeners/${id}`)).not.toHaveProperty('secret');
    expect((await service.api.ok('GET', `${block}/listeners`)).items).toMatchObject([{ id }]);
    expect(JSON.stringify(await service.api.ok('GET', `${block}/listeners`))).not.toContain('whsec_');
    await service.api.ok('DELETE', `${block}/listeners/${id}?force=true`);
  });
});
