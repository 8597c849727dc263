// Machines: they are there while they have blocks, and their totals are the sums over these.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService } from '../support/service.ts';

const PAGE = 4096;
const KIB = 2 ** 10;

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

async function create(fields: object): Promise<string> {
  return `/v1/ram-blocks/${(await service.api.ok('POST', '/v1/ram-blocks', { usedLength: '64K', ...fields })).id}`;
}

const names = async () => {
  const { items } = await service.api.ok('GET', '/v1/machines');
  return items.map(({ name }: { name: string }) => name);
};

describe('machines', () => {
  it('are none at first', async () => {
    expect(await service.api.ok('GET', '/v1/machines')).toEqual({ items: [], nextCursor: null });
  });

  it('are those that have blocks, by name', async () => {
    const blocks = [];
    for (const machine of ['b', 'a', 'B', 'b']) blocks.push(await create({ machine, idstr: crypto.randomUUID() }));
    expect(await names()).toEqual(['B', 'a', 'b']);
    await service.api.ok('DELETE', String(blocks[0]));
    expect(await names()).toEqual(['B', 'a', 'b']);
    await service.api.ok('DELETE', String(blocks[3]));
    expect(await names()).toEqual(['B', 'a']);
    expect((await service.api.get('/v1/machines/b')).body.code).toBe('not-found');
    for (const block of blocks.slice(1, 3)) await service.api.ok('DELETE', block);
  });

  it.each(['none', '%20', '%F0%9F%98%80', '__proto__', 'a'.repeat(100)])('%s is not there: 404', async (name) => {
    const { status, body } = await service.api.get(`/v1/machines/${name}`);
    expect(`${status} ${body.code}`).toBe('404 not-found');
  });

  it('that could not be made are not there', async () => {
    await create({ machine: 'tried', idstr: 'x', usedLength: 1 }).catch(() => undefined);
    expect(await names()).not.toContain('tried');
  });
});

describe('a machine', () => {
  it('has its blocks, oldest first, and their totals', async () => {
    const { api } = service;
    const tracked = await create({ machine: 'vm', idstr: 'z', maxLength: '1M' });
    const both = await create({ machine: 'vm', idstr: 'y', pageSize: '16K' });
    const plain = await create({ machine: 'vm', idstr: 'x', guestMemfd: false });
    await create({ machine: 'other', idstr: 'z' });
    await api.ok('POST', `${tracked}/conversions`, { offset: 0, size: 3 * PAGE, to: 'shared' });
    // Shared are 48 KiB, of which another source has 16 populated.
    await api.ok('POST', `${both}/conversions`, { offset: 0, size: '48K', to: 'shared' });
    const populated = [{ offset: '32K', size: '32K' }];
    await api.ok('POST', `${both}/sources`, { name: 'virtio-mem0', granularity: '16K', populated });
    for (const path of [tracked, tracked, plain]) {
      await api.ok('POST', `${path}/listeners`, { url: device.url, secret: SECRET });
    }
    const totals = {
      name: 'vm',
      ramBlockCount: 3,
      usedLength: 192 * KIB,
      maxLength: (1024 + 64 + 64) * KIB,
      populatedBytes: (12 + 16 + 64) * KIB,
      sharedBytes: (12 + 48) * KIB,
      // Of those with RamBlockAttributes.
      privateBytes: (52 + 16) * KIB,
      listenerCount: 3,
    };
    const ramBlocks = await Promise.all([tracked, both, plain].map((path) => api.ok('GET', path)));
    expect(await api.ok('GET', '/v1/machines/vm')).toEqual({ ...totals, ramBlocks });
    const { items } = await api.ok('GET', '/v1/machines');
    expect(items.find(({ name }: { name: string }) => name === 'vm')).toEqual(totals);
  });

  it('is as its blocks are, one by one, while they change', async () => {
    const { api } = service;
    const block = await create({ machine: 'changing', idstr: 'pc.ram', maxLength: '1M', gpa: 0 });
    await api.ok('POST', '/v1/machines/changing/conversions', { gpa: 0, size: '8K', to: 'shared' });
    expect(await api.ok('GET', '/v1/machines/changing')).toMatchObject({
      sharedBytes: 8 * KIB,
      populatedBytes: 8 * KIB,
    });
    await api.ok('PATCH', block, { usedLength: 4096 });
    expect(await api.ok('GET', '/v1/machines/changing')).toMatchObject({ usedLength: 4096, sharedBytes: 4096 });
    const { items } = await api.ok('GET', `${block}/sources`);
    await api.ok('DELETE', `${block}/sources/${items[0].id}?force=true`);
    const machine = await api.ok('GET', '/v1/machines/changing');
    expect(machine).toMatchObject({ sharedBytes: 0, privateBytes: 0, populatedBytes: 4096 });
    expect(machine.ramBlocks).toEqual([await api.ok('GET', block)]);
  });
});
