// Query strings: every parameter of every route, good and bad. They are text, so they are coerced; what is unknown is
// refused, for it is a typing mistake or something that this version cannot do.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProblemCode } from '../../src/errors.ts';
import { PROBLEMS } from '../../src/errors.ts';
import { openapi } from '../support/contract.ts';
import { startService, type TestService } from '../support/service.ts';

let service: TestService;
let ids: Record<string, string>;

beforeAll(async () => {
  service = await startService();
  const { api } = service;
  const block = await api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '64K' });
  const path = `/v1/ram-blocks/${block.id}`;
  const { items } = await api.ok('GET', `${path}/sources`);
  // Nothing is populated, so nobody is called.
  const listener = await api.ok('POST', `${path}/listeners`, { url: 'http://127.0.0.1:9/' });
  ids = { '{ramBlockId}': block.id, '{sourceId}': items[0].id, '{listenerId}': listener.id };
});
afterAll(() => service.close());

const filled = (template: string) => template.replace(/\{\w+\}/g, (name) => String(ids[name]));

/** A body that fits, by what is posted to: it is read before the query. */
const BODIES: Record<string, object> = {
  'ram-blocks': { idstr: 'another', usedLength: 4096 },
  conversions: { offset: 0, size: 4096, to: 'shared' },
  changes: { offset: 0, size: 4096, to: 'populated' },
  sources: { name: 'another', granularity: 4096 },
  listeners: { url: 'http://127.0.0.1:9/' },
};

async function expectRefused(method: string, template: string, query: string, code: ProblemCode, pointer?: string) {
  const json = method === 'POST' ? BODIES[template.split('/').at(-1) ?? ''] : undefined;
  const { status, body } = await service.api.call(method, `${filled(template)}?${query}`, json);
  expect(body).toMatchObject({ code, ...(pointer === undefined ? {} : { errors: [{ pointer }] }) });
  expect(status).toBe(PROBLEMS[code].status);
}

const BLOCK = '/v1/ram-blocks/{ramBlockId}';
const WINDOWS = [`${BLOCK}/state`, `${BLOCK}/sections`, `${BLOCK}/bitmap`];
const LISTS = ['/v1/ram-blocks', `${BLOCK}/sections`, `${BLOCK}/conversions`, `${BLOCK}/sources`, `${BLOCK}/listeners`];
const DELIVERIES = `${BLOCK}/listeners/{listenerId}/deliveries`;
const OPEN = ['/livez', '/readyz', '/openapi.json'];

const operations = Object.entries(openapi.paths).flatMap(([template, methods]) =>
  Object.keys(methods).map((method) => [method.toUpperCase(), template] as const),
);

describe('an unknown parameter', () => {
  it.each(operations.filter(([, template]) => !OPEN.includes(template)))(
    'of %s %s is refused',
    async (method, template) => {
      for (const name of ['unknown', 'dryRun', 'Offset', 'constructor', '__proto__']) {
        await expectRefused(method, template, `${name}=true`, 'invalid-request', `#/${name}`);
      }
    },
  );

  it.each(OPEN)('of %s is not looked at, for probes append what they like', async (path) => {
    expect((await service.api.get(`${path}?_=1`)).status).toBe(200);
  });

  it('of a conversion keeps it from being done', async () => {
    const path = `${filled(BLOCK)}/conversions`;
    const answer = await service.api.post(`${path}?dryRun=true`, { offset: 0, size: 4096, to: 'shared' });
    expect(answer.status).toBe(400);
    expect((await service.api.ok('GET', `${filled(BLOCK)}/state`)).populatedBytes).toBe(0);
  });
});

describe('limit', () => {
  it.each([...LISTS, DELIVERIES])('of %s is 1 to 1000', async (template) => {
    for (const limit of ['0', '1001', '-1', '1.5', '', 'ten', 'true', 'null', '9007199254740993']) {
      await expectRefused('GET', template, `limit=${limit}`, 'invalid-request', '#/limit');
    }
    await expectRefused('GET', template, 'limit=1&limit=2', 'invalid-request', '#/limit');
    for (const limit of [1, 1000]) {
      expect((await service.api.get(`${filled(template)}?limit=${limit}`)).status).toBe(200);
    }
  });
});

describe('a window', () => {
  it.each(WINDOWS)('of %s has offset and size as ByteSize, within the block', async (template) => {
    for (const name of ['offset', 'size']) {
      await expectRefused('GET', template, `${name}=2m`, 'invalid-request', `#/${name}`);
    }
    for (const query of ['size=0', 'offset=64K', 'offset=68K', 'size=68K', 'offset=4K&size=64K', 'size=8T']) {
      await expectRefused('GET', template, query, 'invalid-range');
    }
    await expectRefused('GET', template, 'offset=4096&size=9007199254740991', 'invalid-range');
    for (const query of ['', 'offset=60K', 'size=4K', 'offset=0xf000&size=0x1000']) {
      expect((await service.api.get(`${filled(template)}?${query}`)).status).toBe(200);
    }
  });

  it.each(WINDOWS)('of %s is of a source that the block has', async (template) => {
    for (const name of ['none', '', 'RAM-BLOCK-ATTRIBUTES', '%00', encodeURIComponent('ä'.repeat(255))]) {
      await expectRefused('GET', template, `source=${name}`, 'not-found');
    }
    await expectRefused('GET', template, `source=${'n'.repeat(256)}`, 'invalid-request', '#/source');
    expect((await service.api.get(`${filled(template)}?source=ram-block-attributes`)).status).toBe(200);
  });

  it.each([`${BLOCK}/state`, `${BLOCK}/sections`])('of %s need not be aligned', async (template) => {
    expect((await service.api.get(`${filled(template)}?offset=1&size=1`)).status).toBe(200);
  });

  it('of the bitmap must be aligned', async () => {
    for (const query of ['offset=1', 'size=1', 'offset=1&size=4095', 'offset=4095']) {
      await expectRefused('GET', `${BLOCK}/bitmap`, query, 'invalid-range');
    }
  });
});

describe('other parameters', () => {
  it('state of sections is populated or discarded', async () => {
    for (const state of ['shared', 'private', '', 'Populated', 'populated,discarded']) {
      await expectRefused('GET', `${BLOCK}/sections`, `state=${state}`, 'invalid-request', '#/state');
    }
  });

  it.each([
    ['DELETE', BLOCK],
    ['DELETE', `${BLOCK}/sources/{sourceId}`],
    ['DELETE', `${BLOCK}/listeners/{listenerId}`],
  ])('force of %s %s is true or false', async (method, template) => {
    for (const force of ['1', '0', '', 'yes', 'TRUE', 'null']) {
      await expectRefused(method, template, `force=${force}`, 'invalid-request', '#/force');
    }
  });

  it('force=false is as if it were not there', async () => {
    await expectRefused('DELETE', BLOCK, 'force=false', 'has-listeners');
    await expectRefused('DELETE', `${BLOCK}/sources/{sourceId}`, 'force=false', 'invalid-request', '#/force');
  });

  it('machine and idstr choose blocks by their whole names', async () => {
    await service.api.ok('POST', '/v1/ram-blocks', { machine: 'other', idstr: 'pc.ram', usedLength: 4096 });
    await service.api.ok('POST', '/v1/ram-blocks', { machine: 'other', idstr: 'a&b=c/ä', usedLength: 4096 });
    const found = async (query: string) => {
      const { items } = await service.api.ok('GET', `/v1/ram-blocks?${query}`);
      return items.map((block: { machine: string; idstr: string }) => `${block.machine} ${block.idstr}`);
    };
    expect(await found('')).toEqual(['default pc.ram', 'other pc.ram', 'other a&b=c/ä']);
    expect(await found('machine=other')).toEqual(['other pc.ram', 'other a&b=c/ä']);
    expect(await found('idstr=pc.ram')).toEqual(['default pc.ram', 'other pc.ram']);
    expect(await found('machine=other&idstr=pc.ram')).toEqual(['other pc.ram']);
    expect(await found(`idstr=${encodeURIComponent('a&b=c/ä')}`)).toEqual(['other a&b=c/ä']);
    for (const query of ['machine=oth', 'idstr=pc', 'machine=', 'idstr=PC.RAM']) expect(await found(query)).toEqual([]);
  });
});
