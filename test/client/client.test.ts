// The generated TypeScript client: its types are those of the document, and with them the service is used from end to end.
import { readFile } from 'node:fs/promises';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import createClient from 'openapi-fetch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientTypes, TYPES } from '../../scripts/write-client-types.ts';
import type { components, paths } from '../../src/client/openapi.ts';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService } from '../support/service.ts';

const CONVERSIONS = '/v1/ram-blocks/{ramBlockId}/conversions';

const GUEST = '/v1/machines/{machine}/conversions';
const RANGE = { gpa: 0, size: 4096, to: 'shared' } as const;

type RamBlock = components['schemas']['RamBlock'];

describe('the types of the client', () => {
  it('are those that the document makes (npm run openapi)', async () => {
    expect(await readFile(TYPES, 'utf8')).toBe(await clientTypes());
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

  it('converts guest memory and batches, looks ahead, resizes, and carries the state of a block to another', async () => {
    const client = createClient<paths>({ baseUrl: service.url });
    const create = async (idstr: string, gpa: string) => {
      const body = { machine: 'vm-1', idstr, usedLength: '1M', maxLength: '2M', gpa };
      return String((await client.POST('/v1/ram-blocks', { body })).data?.id);
    };
    const [low, high] = [await create('low', '0x0'), await create('high', '4G')];
    const path = { ramBlockId: low };

    const range = { gpa: '1020K', size: '4G', to: 'shared' } as const;
    const ofMachine = { path: { machine: 'vm-1' } };
    const { data: ahead } = await client.POST('/v1/machines/{machine}/conversions', {
      params: { ...ofMachine, query: { dryRun: true } },
      body: range,
    });
    const guest = await client.POST('/v1/machines/{machine}/conversions', { params: ofMachine, body: range });
    const conversion: components['schemas']['MachineConversion'] | undefined = guest.data;
    expect(conversion?.conversions.map(({ ramBlockId, changedBytes }) => [ramBlockId, changedBytes])).toEqual([
      [low, 4096],
      [high, 2 ** 20 - 4096],
    ]);
    expect(conversion?.unassigned).toEqual([{ gpa: 2 ** 20, size: 2 ** 32 - 2 ** 20 }]);
    expect(ahead?.conversions.map(({ id }) => id)).toEqual([null, null]);
    expect(ahead?.unassigned).toEqual(conversion?.unassigned);

    const { data: machine } = await client.GET('/v1/machines/{machine}', { params: ofMachine });
    expect(machine?.ramBlocks.map(({ id }) => id)).toEqual([low, high]);
    const { data: machines } = await client.GET('/v1/machines', { params: { query: { limit: 1000 } } });
    const { ramBlocks: _ramBlocks, ...totals } = machine ?? { ramBlocks: [] };
    expect(machines?.items.find(({ name }) => name === 'vm-1')).toEqual(totals);

    const { data: batch } = await client.POST('/v1/ram-blocks/{ramBlockId}/conversion-batches', {
      params: { path, header: { prefer: 'return=minimal' } },
      body: {
        conversions: [
          { offset: 0, size: '64K', to: 'shared' },
          { offset: '8K', size: 4096, to: 'private' },
        ],
      },
    });
    expect(batch?.generation).toBe(2);
    expect(batch?.conversions.map(({ changed }) => changed)).toEqual([undefined, undefined]);

    const resized = await client.PATCH('/v1/ram-blocks/{ramBlockId}', {
      params: { path, header: { 'if-match': '"2"' } },
      body: { usedLength: '2M' },
    });
    expect(resized.data).toMatchObject({ usedLength: 2 ** 21, generation: 3 });
    await client.PATCH('/v1/ram-blocks/{ramBlockId}', { params: { path }, body: { usedLength: '1M' } });

    const bitmap = '/v1/ram-blocks/{ramBlockId}/bitmap';
    const read = async (ramBlockId: string) => {
      const { data } = await client.GET(bitmap, { params: { path: { ramBlockId } }, parseAs: 'arrayBuffer' });
      return Buffer.from(data ?? new ArrayBuffer());
    };
    const bytes = await read(low);
    const { data: carried } = await client.PUT(bitmap, {
      params: { path: { ramBlockId: high } },
      headers: { 'content-type': 'application/octet-stream' },
      // The document can only say that it is a string of bytes.
      body: '',
      bodySerializer: () => new Uint8Array(bytes),
    });
    expect(carried?.conversions.map(({ to }) => to)).toEqual(['private', 'shared']);
    expect((await read(high)).equals(bytes)).toBe(true);

    const { data: density } = await client.GET('/v1/ram-blocks/{ramBlockId}/density', {
      params: { path: { ramBlockId: high }, query: { cells: 16 } },
    });
    expect(density).toMatchObject({ cells: [15, ...Array(14).fill(0), 1], pagesPerCell: 16 });
  });

  it('controls a listener and follows what happens', async () => {
    const client = createClient<paths>({ baseUrl: service.url });
    const created = await client.POST('/v1/ram-blocks', { body: { machine: 'vm-2', idstr: 'a', usedLength: '1M' } });
    const ramBlockId = String(created.data?.id);
    const { data: stream, response: following } = await client.GET('/v1/events', {
      params: { query: { machine: 'vm-2' } },
      parseAs: 'stream',
    });
    const LISTENER = '/v1/ram-blocks/{ramBlockId}/listeners/{listenerId}';
    const registered = await client.POST('/v1/ram-blocks/{ramBlockId}/listeners', {
      params: { path: { ramBlockId } },
      body: { url: device.url, secret: SECRET, mode: 'async' },
    });
    const params = { path: { ramBlockId, listenerId: String(registered.data?.id) } };

    const updated = await client.PATCH(LISTENER, { params, body: { description: 'a mirror', state: 'disabled' } });
    expect(updated.data).toMatchObject({ mode: 'async', description: 'a mirror', state: 'disabled' });
    const again = await client.PATCH(LISTENER, { params, body: { state: 'active', description: null } });
    expect(again.data?.description).toBe(null);
    for (const verb of ['replay', 'retry', 'skip'] as const) {
      const { data, response } = await client.POST(`${LISTENER}/${verb}`, { params });
      const listener: components['schemas']['Listener'] | undefined = data;
      expect([response.status, listener?.id]).toEqual([202, params.path.listenerId]);
    }
    // Nothing need be said.
    const rotated = await client.POST(`${LISTENER}/secret-rotations`, { params });
    expect(rotated.data?.secret).toMatch(/^whsec_/);
    const short = await client.POST(`${LISTENER}/secret-rotations`, { params, body: { gracePeriodSeconds: 60 } });
    expect(short.data?.secret).not.toBe(rotated.data?.secret);
    const refused = await client.POST(`${LISTENER}/secret-rotations`, {
      params: { path: { ramBlockId, listenerId: 'none' } },
      body: {},
    });
    expect(refused.error?.code).toBe('not-found');

    const types: string[] = [];
    const events = (stream ?? new ReadableStream()).pipeThrough(new TextDecoderStream());
    for await (const { event, data } of events.pipeThrough(new EventSourceParserStream())) {
      expect(JSON.parse(data)).toMatchObject({ machine: 'vm-2', ramBlockId });
      types.push(String(event));
      if (types.length === 3) break;
    }
    expect(types).toEqual(['listener.created', 'listener.updated', 'listener.updated']);
    // Looked at last, for fetch ends the body of a response that nobody holds any more.
    expect(following.status).toBe(200);
    const expired = await client.GET('/v1/events', { params: { query: { after: 'long ago' } } });
    expect(expired.error?.code).toBe('events-expired');
    await client.DELETE('/v1/ram-blocks/{ramBlockId}', { params: { path: { ramBlockId }, query: { force: true } } });
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
      // @ts-expect-error a guest range has an address, not an offset
      () => client.POST(GUEST, { params: { path: { machine: 'a' } }, body: { offset: 0, size: 1, to: 'shared' } }),
      // @ts-expect-error a machine has no generation that could match
      () => client.POST(GUEST, { params: { path: { machine: 'a' }, header: { 'if-match': '*' } }, body: RANGE }),
      // @ts-expect-error dryRun is no text
      () => client.POST(GUEST, { params: { path: { machine: 'a' }, query: { dryRun: 'maybe' } }, body: RANGE }),
      // @ts-expect-error a bitmap is of RamBlockAttributes
      () => client.PUT('/v1/ram-blocks/{ramBlockId}/bitmap', { params: { path, query: { source: 'a' } }, body: '' }),
    ];
    expect(wrong).toHaveLength(9);
  });
});
