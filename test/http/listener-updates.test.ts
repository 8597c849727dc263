// What may be changed of a listener that is registered: every field of the body, good and bad.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ProblemCode } from '../../src/errors.ts';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService, until } from '../support/service.ts';
import { everythingOf, expectRefused, NO_STRINGS, rowsOf, withValue } from './bad-bodies.ts';

const PAGE = 4096;

let service: TestService;
let device: ScriptedListener;
let other: ScriptedListener;
let block: string;
let listener: string;

beforeAll(async () => {
  service = await startService();
  device = await ScriptedListener.start();
  other = await ScriptedListener.start();
  const { id } = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: 16 * PAGE });
  block = `/v1/ram-blocks/${id}`;
});
afterAll(async () => {
  await service.close();
  await device.close();
  await other.close();
});
beforeEach(async () => {
  // By force: its deadline may be too short for a busy machine.
  for (const { id } of (await service.api.ok('GET', `${block}/listeners`)).items) {
    await service.api.ok('DELETE', `${block}/listeners/${id}?force=true`);
  }
  await service.api.ok('POST', `${block}/conversions`, { offset: 0, size: 16 * PAGE, to: 'private' });
  const body = { url: device.url, secret: SECRET, description: 'gpu 0' };
  listener = `${block}/listeners/${(await service.api.ok('POST', `${block}/listeners`, body)).id}`;
  device.takeTold();
  other.takeTold();
});

const update = (body: unknown, path = listener) => service.api.call('PATCH', path, body);

async function expectNothingDone(json: string, code: ProblemCode, at: string): Promise<void> {
  const known = await everythingOf(service.api, block);
  await expectRefused(service.api, listener, json, code, at, 'PATCH');
  expect(await everythingOf(service.api, block)).toEqual(known);
  expect(device.takeTold()).toEqual([]);
}

describe('a change of a listener is refused', () => {
  it.each(
    rowsOf([
      { at: '#/url', values: [...NO_STRINGS, '""', `"http://127.0.0.1/${'u'.repeat(2048)}"`], code: 'invalid-request' },
      { at: '#/url', values: ['"nonsense"', '"/hook"', '"//127.0.0.1/"', '"http://"'], code: 'invalid-request' },
      { at: '#/url', values: ['"ftp://127.0.0.1/"', '"file:///etc/passwd"'], code: 'invalid-request' },
      { at: '#/url', values: ['"http://me:secret@127.0.0.1/"', '"http://127.0.0.1/#"'], code: 'invalid-request' },
      {
        at: '#/url',
        values: ['"http://10.0.0.1/"', '"http://169.254.169.254/"', '"https://[fe80::1]/"', '"http://192.0.2.1/"'],
        code: 'target-not-allowed',
      },
      {
        at: '#/timeoutMs',
        values: ['99', '30001', '0', '-1', '100.5', '"100"', 'null', 'true'],
        code: 'invalid-request',
      },
      { at: '#/description', values: ['1', 'true', '[]', '{}', `"${'d'.repeat(1001)}"`], code: 'invalid-request' },
      { at: '#/state', values: [...NO_STRINGS, '""', '"Active"', '"failing"', '"removing"'], code: 'invalid-request' },
      { at: '#/state', values: ['"active"', '"disabled"'], code: 'listener-not-async' },
      { at: '#/secret', values: [`"${SECRET}"`], code: 'invalid-request' },
      { at: '#/mode', values: ['"async"', '"sync"'], code: 'invalid-request' },
      { at: '#/section', values: ['{}', 'null'], code: 'invalid-request' },
      { at: '#/granularity', values: ['4096'], code: 'invalid-request' },
      { at: '#/dmaMaxMappings', values: ['1', 'null'], code: 'invalid-request' },
      { at: '#/maxSections', values: ['512'], code: 'invalid-request' },
      { at: '#/id', values: ['"lsn_1"'], code: 'invalid-request' },
    ]),
  )('with $at $shown: $code', ({ at, json, code }) => {
    // With other fields that are good: they are not changed either.
    return expectNothingDone(withValue({ timeoutMs: 200, description: 'another' }, at, json), code, at);
  });

  it.each(['null', '[]', '"active"', '1', 'true'])('as %s: invalid-request', async (json) => {
    const { status, body } = await update(json);
    expect(status).toBe(400);
    expect(body.errors).toEqual([{ pointer: '#', detail: 'must be object' }]);
  });

  it('of no body: invalid-request', async () => {
    expect((await update(undefined)).body.code).toBe('invalid-request');
  });

  it('of one that is not there', async () => {
    for (const path of [`${block}/listeners/none`, listener.replace(/blk_\w+/, 'none')]) {
      const { status, body } = await update({ timeoutMs: 200 }, path);
      expect(`${status} ${body.code}`).toBe('404 not-found');
    }
  });

  it('and says that the listener is sync', async () => {
    const { body } = await update({ state: 'disabled' });
    expect(body).toMatchObject({ ramBlockId: block.split('/').at(-1), listenerId: listener.split('/').at(-1) });
  });
});

describe('a change of a listener', () => {
  it('of nothing is done, and changes nothing', async () => {
    const known = await everythingOf(service.api, block);
    const { status, body } = await update({});
    expect(status).toBe(200);
    expect(body).toEqual(await service.api.ok('GET', listener));
    expect(await everythingOf(service.api, block)).toEqual(known);
  });

  it.each([
    { timeoutMs: 100 },
    { timeoutMs: 30_000 },
    { description: '' },
    { description: 'd'.repeat(1000) },
    { description: null },
    { timeoutMs: 300, description: 'two fields' },
  ])('to %j is shown, and nothing else of it changes', async (fields) => {
    const before = await service.api.ok('GET', listener);
    const generation = (await service.api.ok('GET', block)).generation;
    const { status, body } = await update(fields);
    expect(status).toBe(200);
    expect(body).toEqual({ ...before, ...fields });
    expect(await service.api.ok('GET', listener)).toEqual(body);
    expect((await service.api.ok('GET', block)).generation).toBe(generation);
    expect(device.takeTold()).toEqual([]);
  });

  it('to another address is of the same device: it is told there what comes, not what it has', async () => {
    await service.api.ok('POST', `${block}/conversions`, { offset: 0, size: PAGE, to: 'shared' });
    device.takeTold();
    const { mapped } = (await update({ url: other.url })).body;
    expect(mapped).toEqual({ bytes: PAGE, runs: 1, mappings: 1 });
    expect([device.takeTold(), other.takeTold()]).toEqual([[], []]);
    await service.api.ok('POST', `${block}/conversions`, { offset: PAGE, size: PAGE, to: 'shared' });
    expect([device.takeTold(), other.received.map(({ sequence }) => sequence)]).toEqual([[], [2]]);
    await service.api.ok('DELETE', listener);
    expect(device.takeTold()).toEqual([]);
    expect(other.takeTold().map(({ type }) => type)).toEqual(['populate', 'discard']);
  });

  it('to another deadline holds from the next delivery on', async () => {
    await update({ timeoutMs: 100 });
    device.script = ({ type }) => (type === 'ram_block.populate' ? 'hang' : 200);
    const { body } = await service.api.post(`${block}/conversions`, { offset: 0, size: PAGE, to: 'shared' });
    expect(body).toMatchObject({ code: 'listener-unreachable', listenerDetail: expect.stringContaining('100 ms') });
    device.script = () => 200;
    await update({ timeoutMs: 30_000 });
    await until('it is settled', async () => (await service.api.ok('GET', listener)).state === 'active');
  });

  it('with the address of an allowed target that nobody listens at is done', async () => {
    expect((await update({ url: 'http://127.0.0.1:9/' })).status).toBe(200);
    expect((await update({ url: device.url })).body.url).toBe(device.url);
  });
});
