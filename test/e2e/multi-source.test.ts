// What QEMU's unit test of the multi-source manager checks, over HTTP: sources that come and go, and what listeners with
// all kinds of sections are told of their intersection.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService } from '../support/service.ts';

const PAGE = 4096;
const MIB = 2 ** 20;

let service: TestService;
let path: string;
const devices: ScriptedListener[] = [];

beforeEach(async () => {
  service = await startService();
  // No source at first: RamBlockAttributes is only one of many.
  const body = { idstr: 'mem', usedLength: '16M', guestMemfd: false };
  path = `/v1/ram-blocks/${(await service.api.ok('POST', '/v1/ram-blocks', body)).id}`;
});

afterEach(async () => {
  await service.close();
  await Promise.all(devices.splice(0).map((device) => device.close()));
});

const addSource = (name: string, granularity: number | string = PAGE, populated: object[] = []) =>
  service.api.post(`${path}/sources`, { name, granularity, populated });

async function source(...args: Parameters<typeof addSource>): Promise<string> {
  const { status, body } = await addSource(...args);
  expect(status).toBe(201);
  return body.id;
}

const change = (id: string, offset: number, size: number, to: 'populated' | 'discarded') =>
  service.api.post(`${path}/sources/${id}/changes`, { offset, size, to });
const populate = (id: string, offset: number, size: number) => change(id, offset, size, 'populated');
const discard = (id: string, offset: number, size: number) => change(id, offset, size, 'discarded');

async function register(section: object = {}, fields: object = {}): Promise<ScriptedListener & { id: string }> {
  const device = await ScriptedListener.start();
  devices.push(device);
  const body = { url: device.url, secret: SECRET, section, ...fields };
  const { id } = await service.api.ok('POST', `${path}/listeners`, body);
  return Object.assign(device, { id });
}

/** Since the last call: type, offset, size of every section. */
const told = (device: ScriptedListener) =>
  device.takeTold().flatMap(({ type, sections }) => sections.map(([offset, size]) => [type, offset, size]));

const sections = async (state: 'populated' | 'discarded', query = '') => {
  const { items } = await service.api.ok('GET', `${path}/sections?state=${state}${query}`);
  return items.map(({ offset, size }: { offset: number; size: number }) => [offset, size]);
};

const isPopulated = async (offset: number, size: number): Promise<boolean> =>
  (await service.api.ok('GET', `${path}/state?offset=${offset}&size=${size}`)).populated;

describe('without a source', () => {
  it('all is populated, and there is no granularity', async () => {
    expect(await isPopulated(0, 16 * MIB)).toBe(true);
    expect(await sections('populated')).toEqual([[0, 16 * MIB]]);
    expect(await sections('discarded')).toEqual([]);
    expect((await service.api.ok('GET', path)).minGranularity).toBeNull();
  });

  it('a listener is told of all of its section', async () => {
    const device = await register({ offset: MIB, size: '2M' });
    expect(told(device)).toEqual([['populate', MIB, 2 * MIB]]);
  });

  it('conversions have nothing to convert', async () => {
    const answer = await service.api.post(`${path}/conversions`, { offset: 0, size: PAGE, to: 'shared' });
    expect(answer.body).toMatchObject({ code: 'no-attributes', errno: 'ENODEV' });
  });
});

describe('with one source', () => {
  it('what it says is what holds', async () => {
    const only = await source('virtio-mem0', '2M');
    expect((await service.api.ok('GET', path)).minGranularity).toBe(2 * MIB);
    expect(await isPopulated(0, PAGE)).toBe(false);
    await populate(only, 2 * MIB, 2 * MIB);
    expect(await isPopulated(2 * MIB, 2 * MIB)).toBe(true);
    expect(await isPopulated(0, 4 * MIB)).toBe(false);
    expect(await sections('populated')).toEqual([[2 * MIB, 2 * MIB]]);
  });

  it('a listener hears of every change', async () => {
    const only = await source('virtio-mem0', '2M');
    const device = await register();
    expect(told(device)).toEqual([]);
    await populate(only, 0, 4 * MIB);
    await discard(only, 2 * MIB, 2 * MIB);
    expect(told(device)).toEqual([
      ['populate', 0, 4 * MIB],
      ['discard', 2 * MIB, 2 * MIB],
    ]);
  });

  it('a redundant discard is a success, and nobody hears of it', async () => {
    const only = await source('virtio-mem0', '2M');
    const device = await register();
    const answer = await discard(only, 0, 4 * MIB);
    expect(answer.body).toMatchObject({ id: null, from: 'discarded', changedBytes: 0, generation: 1, notified: [] });
    expect(told(device)).toEqual([]);
  });

  it('it cannot be added twice', async () => {
    await source('virtio-mem0', '2M');
    const again = await addSource('virtio-mem0', '4M');
    expect(again.status).toBe(409);
    expect(again.body).toMatchObject({ code: 'already-exists', errno: 'EBUSY' });
    expect((await service.api.ok('GET', path)).sourceCount).toBe(1);
  });

  it('changes are aligned to its granularity', async () => {
    const only = await source('virtio-mem0', '2M');
    expect((await populate(only, MIB, 2 * MIB)).body.code).toBe('invalid-range');
    expect((await populate(only, 0, MIB)).body.code).toBe('invalid-range');
  });
});

describe('with two sources', () => {
  it('of the same granularity, a page is populated when both have it so', async () => {
    const a = await source('a');
    const b = await source('b');
    await populate(a, 0, 8 * PAGE);
    expect(await isPopulated(0, PAGE)).toBe(false);
    await populate(b, 4 * PAGE, 8 * PAGE);
    expect(await sections('populated')).toEqual([[4 * PAGE, 4 * PAGE]]);
  });

  it('of different granularity, the smaller one counts', async () => {
    const coarse = await source('coarse', '2M');
    const fine = await source('fine', '4K');
    expect((await service.api.ok('GET', path)).minGranularity).toBe(PAGE);
    await populate(coarse, 2 * MIB, 2 * MIB);
    await populate(fine, 2 * MIB + PAGE, 2 * PAGE);
    expect(await sections('populated')).toEqual([[2 * MIB + PAGE, 2 * PAGE]]);
    expect(await sections('populated', '&source=coarse')).toEqual([[2 * MIB, 2 * MIB]]);
  });

  it('listeners hear only of what changes in the intersection', async () => {
    const a = await source('a');
    const b = await source('b', PAGE, [
      { offset: 2 * PAGE, size: 2 * PAGE },
      { offset: 6 * PAGE, size: 2 * PAGE },
    ]);
    const device = await register();
    await populate(a, 0, 8 * PAGE);
    expect(told(device)).toEqual([
      ['populate', 2 * PAGE, 2 * PAGE],
      ['populate', 6 * PAGE, 2 * PAGE],
    ]);
    await populate(b, 0, PAGE);
    await discard(a, 7 * PAGE, PAGE);
    await discard(b, 7 * PAGE, PAGE);
    expect(told(device)).toEqual([
      ['populate', 0, PAGE],
      ['discard', 7 * PAGE, PAGE],
    ]);
  });

  it('a replay tells the intersection, and of what is discarded the rest', async () => {
    await source('a', PAGE, [{ offset: 0, size: 8 * PAGE }]);
    await source('b', PAGE, [
      { offset: PAGE, size: 2 * PAGE },
      { offset: 5 * PAGE, size: 6 * PAGE },
    ]);
    const device = await register({ offset: 0, size: 8 * PAGE });
    expect(told(device)).toEqual([
      ['populate', PAGE, 2 * PAGE],
      ['populate', 5 * PAGE, 3 * PAGE],
    ]);
    await service.api.ok('POST', `${path}/listeners/${device.id}/replay`);
    expect(told(device)).toEqual([
      ['discard', 0, 8 * PAGE],
      ['populate', PAGE, 2 * PAGE],
      ['populate', 5 * PAGE, 3 * PAGE],
    ]);
    expect(await sections('discarded', `&size=${8 * PAGE}`)).toEqual([
      [0, PAGE],
      [3 * PAGE, 2 * PAGE],
    ]);
  });
});

describe('sources that come and go while a listener is there', () => {
  it('adding one discards what it takes away', async () => {
    await source('a', PAGE, [{ offset: 0, size: 4 * PAGE }]);
    const device = await register();
    told(device);
    await source('b', PAGE, [{ offset: PAGE, size: PAGE }]);
    expect(told(device)).toEqual([
      ['discard', 0, PAGE],
      ['discard', 2 * PAGE, 2 * PAGE],
    ]);
  });

  it('removing one populates what it gives back', async () => {
    await source('a', PAGE, [{ offset: 0, size: 4 * PAGE }]);
    const b = await source('b', PAGE, [{ offset: PAGE, size: PAGE }]);
    const device = await register();
    told(device);
    expect((await service.api.delete(`${path}/sources/${b}`)).status).toBe(204);
    expect(told(device)).toEqual([
      ['populate', 0, PAGE],
      ['populate', 2 * PAGE, 2 * PAGE],
    ]);
  });

  it('added again it discards again, and removing the last one populates all', async () => {
    const device = await register();
    const first = await source('a');
    await service.api.delete(`${path}/sources/${first}`);
    const second = await source('a');
    expect(second).not.toBe(first);
    expect(told(device)).toEqual([
      ['populate', 0, 16 * MIB],
      ['discard', 0, 16 * MIB],
      ['populate', 0, 16 * MIB],
      ['discard', 0, 16 * MIB],
    ]);
    expect((await service.api.ok('GET', path)).generation).toBe(3);
  });

  it('one whose discard is not acknowledged is not added', async () => {
    const device = await register();
    device.script = ({ reason }) => (reason === 'source' ? 404 : 200);
    const refused = await addSource('a');
    expect(refused.body).toMatchObject({ code: 'discard-unacknowledged', unacknowledged: [device.id] });
    expect(await service.api.ok('GET', path)).toMatchObject({ sourceCount: 0, generation: 0 });
  });

  it('one whose populate is refused stays', async () => {
    const a = await source('a');
    const device = await register();
    device.script = ({ type }) => (type === 'ram_block.populate' ? 409 : 200);
    const refused = await service.api.delete(`${path}/sources/${a}`);
    expect(refused.body).toMatchObject({ code: 'listener-refused', rolledBack: [device.id] });
    expect(await service.api.ok('GET', path)).toMatchObject({ sourceCount: 1, generation: 1 });
    expect(told(device)).toEqual([
      ['populate', 0, 16 * MIB],
      ['discard', 0, 16 * MIB],
    ]);
  });
});

describe('RamBlockAttributes as one of the sources', () => {
  it('can be removed only when forced, and added again', async () => {
    const added = await service.api.post(`${path}/sources`, { name: 'ram-block-attributes' });
    expect(added.body).toMatchObject({ granularity: PAGE, populatedBytes: 0 });
    const url = `${path}/sources/${added.body.id}`;
    expect((await service.api.delete(url)).body).toMatchObject({ code: 'invalid-request' });
    expect((await service.api.delete(`${url}?force=true`)).status).toBe(204);
    expect(await service.api.ok('GET', path)).toMatchObject({ attributes: null, populated: { bytes: 16 * MIB } });
  });

  it('a conversion reaches listeners only where memory is plugged', async () => {
    await source('ram-block-attributes');
    await source('virtio-mem0', '2M', [{ offset: 2 * MIB, size: 2 * MIB }]);
    const device = await register();
    const { body } = await service.api.post(`${path}/conversions`, { offset: MIB, size: 2 * MIB, to: 'shared' });
    expect(body).toMatchObject({ from: 'private', changedBytes: 2 * MIB, changed: [{ offset: MIB, size: 2 * MIB }] });
    expect(told(device)).toEqual([['populate', 2 * MIB, MIB]]);
  });
});

describe('sections', () => {
  it('a partial one hears only of its part, with the address moved along', async () => {
    const only = await source('a');
    const device = await register({ offset: 2 * PAGE, size: 2 * PAGE, offsetWithinAddressSpace: '0x100000' });
    await populate(only, 0, 3 * PAGE);
    await populate(only, 3 * PAGE, 5 * PAGE);
    await populate(only, 8 * PAGE, PAGE);
    expect(device.takeTold().flatMap(({ sections: all }) => all)).toEqual([
      [2 * PAGE, PAGE, 0x100000],
      [3 * PAGE, PAGE, 0x100000 + PAGE],
    ]);
  });

  it('several, overlapping and bordering ones each hear of their part', async () => {
    const only = await source('a');
    const left = await register({ offset: 0, size: 4 * PAGE });
    const right = await register({ offset: 4 * PAGE, size: 4 * PAGE });
    const across = await register({ offset: 2 * PAGE, size: 4 * PAGE });
    const { body } = await populate(only, 3 * PAGE, 2 * PAGE);
    expect(body.notified).toEqual([across.id, right.id, left.id]);
    expect(told(left)).toEqual([['populate', 3 * PAGE, PAGE]]);
    expect(told(right)).toEqual([['populate', 4 * PAGE, PAGE]]);
    expect(told(across)).toEqual([['populate', 3 * PAGE, 2 * PAGE]]);
    expect((await populate(only, 0, 2 * PAGE)).body.notified).toEqual([left.id]);
  });

  it('rollback of a refused populate reaches each with its own part', async () => {
    const only = await source('a');
    const first = await register({ offset: 0, size: 4 * PAGE });
    first.script = ({ type }) => (type === 'ram_block.populate' ? 422 : 200);
    const second = await register({ offset: 2 * PAGE, size: 4 * PAGE });
    const refused = await populate(only, PAGE, 4 * PAGE);
    expect(refused.body).toMatchObject({ code: 'listener-refused', errno: 'EPERM', listenerId: first.id });
    expect(told(first)).toEqual([
      ['populate', PAGE, 3 * PAGE],
      ['discard', PAGE, 3 * PAGE],
    ]);
    expect(told(second)).toEqual([
      ['populate', 2 * PAGE, 3 * PAGE],
      ['discard', 2 * PAGE, 3 * PAGE],
    ]);
    expect(await sections('populated')).toEqual([]);
  });
});
