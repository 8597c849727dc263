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
  ids = { '{ramBlockId}': block.id, '{sourceId}': items[0].id, '{listenerId}': listener.id, '{machine}': 'default' };
});
afterAll(() => service.close());

const filled = (template: string) => template.replace(/\{\w+\}/g, (name) => String(ids[name]));

const BLOCK = '/v1/ram-blocks/{ramBlockId}';
const LISTENER = `${BLOCK}/listeners/{listenerId}`;
const OF_MACHINE = '/v1/machines/{machine}/conversions';

const CONVERSION = { offset: 0, size: 4096, to: 'shared' };

/** Bodies that fit: they are read before the query. */
const BODIES: Record<string, object> = {
  'POST /v1/ram-blocks': { idstr: 'another', usedLength: 4096 },
  [`PATCH ${BLOCK}`]: { usedLength: '64K' },
  [`POST ${BLOCK}/conversions`]: CONVERSION,
  [`POST ${BLOCK}/conversion-batches`]: { conversions: [CONVERSION] },
  [`POST ${OF_MACHINE}`]: { gpa: 0, size: 4096, to: 'shared' },
  [`PUT ${BLOCK}/bitmap`]: Buffer.of(0xff, 0xff),
  'POST /v1/plans': Buffer.from('a trace'),
  [`POST ${BLOCK}/sources/{sourceId}/changes`]: { offset: 0, size: 4096, to: 'populated' },
  [`POST ${BLOCK}/sources`]: { name: 'another', granularity: 4096 },
  [`POST ${BLOCK}/listeners`]: { url: 'http://127.0.0.1:9/' },
  [`PATCH ${LISTENER}`]: { description: 'another' },
};

async function expectRefused(method: string, template: string, query: string, code: ProblemCode, pointer?: string) {
  const sent = BODIES[`${method} ${template}`];
  const headers = sent instanceof Buffer ? { 'content-type': 'application/octet-stream' } : {};
  const { status, body } = await service.api.call(method, `${filled(template)}?${query}`, sent, { headers });
  expect(body).toMatchObject({ code, ...(pointer === undefined ? {} : { errors: [{ pointer }] }) });
  expect(status).toBe(PROBLEMS[code].status);
}

const UNALIGNED = [`${BLOCK}/state`, `${BLOCK}/sections`, `${BLOCK}/density`];
const WINDOWS = [...UNALIGNED, `${BLOCK}/bitmap`];
const LISTS = [
  ...['/v1/ram-blocks', '/v1/machines', `${BLOCK}/sections`, `${BLOCK}/conversions`, `${BLOCK}/sources`],
  ...[`${BLOCK}/listeners`, `${LISTENER}/deliveries`],
];
/** What JavaScript takes for numbers. */
const NOT_FINITE = ['Infinity', '-Infinity', '1e400', '-1e400', 'NaN'];
const DRY_RUNS = [`${BLOCK}/conversions`, `${BLOCK}/conversion-batches`, OF_MACHINE];
const OPEN = ['/livez', '/readyz', '/openapi.json'];

const operations = Object.entries(openapi.paths).flatMap(([template, methods]) =>
  Object.keys(methods).map((method) => [method.toUpperCase(), template] as const),
);

describe('an unknown parameter', () => {
  it.each(operations.filter(([, template]) => !OPEN.includes(template)))(
    'of %s %s is refused',
    async (method, template) => {
      const isPreviewed = method === 'POST' && DRY_RUNS.includes(template);
      for (const name of ['unknown', 'dryRun', 'DryRun', 'Offset', 'constructor', '__proto__']) {
        if (name === 'dryRun' && isPreviewed) continue;
        await expectRefused(method, template, `${name}=true`, 'invalid-request', `#/${name}`);
      }
    },
  );

  it.each(OPEN)('of %s is not looked at, for probes append what they like', async (path) => {
    expect((await service.api.get(`${path}?_=1`)).status).toBe(200);
  });

  it('of what changes something keeps it from being done', async () => {
    const before = await service.api.ok('GET', filled(BLOCK));
    for (const template of DRY_RUNS) await expectRefused('POST', template, 'dry-run=true', 'invalid-request');
    await expectRefused('PUT', `${BLOCK}/bitmap`, 'dryRun=true', 'invalid-request');
    expect(await service.api.ok('GET', filled(BLOCK))).toEqual(before);
  });
});

describe('limit', () => {
  it.each(LISTS)('of %s is 1 to 1000', async (template) => {
    for (const limit of ['0', '1001', '-1', '1.5', '', 'ten', 'true', 'null', '9007199254740993', ...NOT_FINITE]) {
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

  it.each(UNALIGNED)('of %s need not be aligned', async (template) => {
    expect((await service.api.get(`${filled(template)}?offset=1&size=1`)).status).toBe(200);
  });

  it.each(['GET', 'PUT'])('of %s bitmap must be aligned', async (method) => {
    for (const query of ['offset=1', 'size=1', 'offset=1&size=4095', 'offset=4095']) {
      await expectRefused(method, `${BLOCK}/bitmap`, query, 'invalid-range');
    }
  });

  it('of PUT bitmap is one of RamBlockAttributes', async () => {
    for (const name of ['offset', 'size']) {
      await expectRefused('PUT', `${BLOCK}/bitmap`, `${name}=2m`, 'invalid-request', `#/${name}`);
    }
    await expectRefused('PUT', `${BLOCK}/bitmap`, 'source=ram-block-attributes', 'invalid-request', '#/source');
  });
});

describe('other parameters', () => {
  it('state of sections is populated or discarded', async () => {
    for (const state of ['shared', 'private', '', 'Populated', 'populated,discarded']) {
      await expectRefused('GET', `${BLOCK}/sections`, `state=${state}`, 'invalid-request', '#/state');
    }
  });

  it('cells of density is 1 to 4096', async () => {
    for (const cells of [
      '0',
      '4097',
      '-1',
      '1.5',
      '',
      'ten',
      'true',
      'null',
      '1e3x',
      '9007199254740993',
      ...NOT_FINITE,
    ]) {
      await expectRefused('GET', `${BLOCK}/density`, `cells=${cells}`, 'invalid-request', '#/cells');
    }
    await expectRefused('GET', `${BLOCK}/density`, 'cells=1&cells=2', 'invalid-request', '#/cells');
    for (const cells of [1, 4096]) {
      expect((await service.api.get(`${filled(BLOCK)}/density?cells=${cells}`)).status).toBe(200);
    }
  });

  it.each(DRY_RUNS)('dryRun of %s is true or false', async (template) => {
    for (const dryRun of ['maybe', '1', '0', '', 'yes', 'TRUE', 'null']) {
      await expectRefused('POST', template, `dryRun=${dryRun}`, 'invalid-request', '#/dryRun');
    }
    await expectRefused('POST', template, 'dryRun=true&dryRun=true', 'invalid-request', '#/dryRun');
  });

  it('machine, ramBlockId and after of events are given once', async () => {
    for (const name of ['machine', 'ramBlockId', 'after']) {
      await expectRefused('GET', '/v1/events', `${name}=a&${name}=b`, 'invalid-request', `#/${name}`);
    }
  });

  it.each([
    ['DELETE', BLOCK],
    ['DELETE', `${BLOCK}/sources/{sourceId}`],
    ['DELETE', LISTENER],
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
