// The generated TypeScript client: its types are those of the document, and with them the service is used from end to end.
import { readFile } from 'node:fs/promises';
import createClient from 'openapi-fetch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService } from '../support/service.ts';
import { generate, TYPES } from './generate.ts';
import type { components, paths } from './openapi.d.ts';

const CONVERSIONS = '/v1/ram-blocks/{ramBlockId}/conversions';

type RamBlock = components['schemas']['RamBlock'];

describe('the types of the client', () => {
  it('are those that the document makes (node test/client/generate.ts)', async () => {
    expect(await readFile(TYPES, 'utf8')).toBe(await generate());
  });
});

describe('a program that uses the client', () => {
  let service: TestService;
  let device: ScriptedListener;

  beforeAll(async () => {
    service = await startService();
    device = await ScriptedListener.start();
  });
  afterAll(async () => {
    await service.close();
    await device.close();
  });

  it('creates a block, registers a listener, converts, reads, unregisters and deletes', async () => {
    const client = createClient<paths>({ baseUrl: service.url });

    const created = await client.POST('/v1/ram-blocks', { body: { idstr: 'pc.ram', usedLength: '16G' } });
    const block: RamBlock | undefined = created.data;
    expect(created.response.headers.get('location')).toBe(`/v1/ram-blocks/${block?.id}`);
    const ramBlockId = String(block?.id);
    const path = { ramBlockId };

    const { data: listener } = await client.POST('/v1/ram-blocks/{ramBlockId}/listeners', {
      params: { path, header: { 'idempotency-key': crypto.randomUUID() } },
      body: { url: device.url, secret: SECRET, granularity: '2M', dmaMaxMappings: 65_535 },
    });
    expect(listener).toMatchObject({ state: 'active', section: { size: 16 * 2 ** 30 }, granularity: 2 ** 21 });
    const listenerId = String(listener?.id);

    const { data: conversion, response } = await client.POST(CONVERSIONS, {
      params: { path, header: { 'if-match': '"0"' } },
      body: { offset: '0x200000', size: '4M', to: 'shared' },
    });
    expect(conversion).toMatchObject({ from: 'private', changedBytes: 2 ** 22, notified: [listenerId] });
    expect(response.headers.get('etag')).toBe('"1"');
    expect(device.mapped.size).toBe(1024);

    const window = { offset: 0, size: '8M' };
    const { data: state } = await client.GET('/v1/ram-blocks/{ramBlockId}/state', { params: { path, query: window } });
    expect(state).toMatchObject({ populated: false, populatedBytes: 2 ** 22, state: 'mixture', generation: 1 });

    const { data: sections } = await client.GET('/v1/ram-blocks/{ramBlockId}/sections', {
      params: { path, query: { state: 'populated', limit: 10 } },
    });
    expect(sections?.items).toEqual([{ offset: 2 ** 21, size: 2 ** 22 }]);
    expect(sections?.nextCursor).toBe(null);

    const { data: bitmap } = await client.GET('/v1/ram-blocks/{ramBlockId}/bitmap', {
      params: { path, query: window },
      parseAs: 'arrayBuffer',
    });
    expect(Buffer.from(bitmap ?? new ArrayBuffer()).toString('hex')).toBe(
      `${'00'.repeat(64)}${'ff'.repeat(128)}${'00'.repeat(64)}`,
    );

    const { data: history } = await client.GET(CONVERSIONS, { params: { path } });
    expect(history?.items).toEqual([conversion]);

    const refused = await client.POST(CONVERSIONS, {
      params: { path },
      body: { offset: 1, size: 4096, to: 'private' },
    });
    const problem: components['schemas']['Problem'] | undefined = refused.error;
    expect(problem).toMatchObject({ status: 422, code: 'invalid-range', errno: 'EINVAL' });

    const gone = await client.DELETE('/v1/ram-blocks/{ramBlockId}/listeners/{listenerId}', {
      params: { path: { ramBlockId, listenerId } },
    });
    expect(gone.response.status).toBe(204);
    expect(device.mapped.size).toBe(0);

    const deleted = await client.DELETE('/v1/ram-blocks/{ramBlockId}', { params: { path, query: { force: false } } });
    expect(deleted.response.status).toBe(204);
    expect((await client.GET('/v1/ram-blocks')).data).toEqual({ items: [], nextCursor: null });
    expect((await client.GET('/v1/ram-blocks/{ramBlockId}', { params: { path } })).error?.code).toBe('not-found');
  });

  it('is told of a wrong program by the compiler', () => {
    const client = createClient<paths>({ baseUrl: service.url });
    const path = { ramBlockId: 'blk_1' };
    // Never called: what matters is that tsc objects to each.
    const wrong = [
      // @ts-expect-error a body is needed
      () => client.POST('/v1/ram-blocks'),
      // @ts-expect-error usedLength is needed
      () => client.POST('/v1/ram-blocks', { body: { idstr: 'pc.ram' } }),
      // @ts-expect-error there is no such state
      () => client.POST(CONVERSIONS, { params: { path }, body: { offset: 0, size: 1, to: 'mixture' } }),
      // @ts-expect-error the id is needed
      () => client.GET('/v1/ram-blocks/{ramBlockId}'),
      // @ts-expect-error there is no such path
      () => client.GET('/v1/blocks'),
    ];
    expect(wrong).toHaveLength(5);
  });
});
