// The state of the page, kept up to date by a real service: what it shows is what the service says, and follows it.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ServiceApi } from '../../src/ui/client/service-api.ts';
import { Dashboard } from '../../src/ui/state/dashboard.ts';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService, until } from '../support/service.ts';

const MiB = 2 ** 20;

let service: TestService;
let dashboard: Dashboard;
let machine: string;
let machines = 0;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

beforeEach(() => {
  machine = `m${++machines}`;
});

const create = (idstr: string, members: object = {}) =>
  service.api.ok('POST', '/v1/ram-blocks', { idstr, usedLength: '64M', machine, ...members });
const convert = (id: string, offset: number | string, size: number | string, to = 'shared') =>
  service.api.ok('POST', `/v1/ram-blocks/${id}/conversions`, { offset, size, to });

/** Opens the page's state on the machine of the test, for as long as `run` takes. */
async function look(run: () => Promise<void>, ramBlockId: string | null = null): Promise<void> {
  dashboard = new Dashboard({ api: new ServiceApi({ base: service.url, token: null }), onChange: () => {} });
  dashboard.map.setGrid({ columns: 64, rows: 32 });
  dashboard.select(machine, ramBlockId);
  dashboard.start();
  try {
    await until('it follows', () => dashboard.connection === 'live' && dashboard.isLoaded);
    await run();
  } finally {
    dashboard.stop();
  }
}

/** Pages of the whole block, as the map has them. */
const totals = () => {
  const cells = dashboard.map.shown?.cells ?? [];
  const sum = (of: (cell: (typeof cells)[number]) => number) => cells.reduce((total, cell) => total + of(cell), 0);
  return { shared: sum((c) => c.shared), private: sum((c) => c.private), discarded: sum((c) => c.discarded) };
};
const shows = (shared: number) => until(`${shared} pages`, () => totals().shared === shared);

describe('the map', () => {
  it('is of the first block by address, and follows conversions', async () => {
    await create('high', { gpa: '1G' });
    const low = await create('low', { gpa: 0 });
    await convert(low.id, '1M', '2M');
    await look(async () => {
      await shows(512);
      expect(dashboard.block?.idstr).toBe('low');
      expect(dashboard.blocks.map(({ idstr }) => idstr)).toEqual(['low', 'high']);
      await convert(low.id, '8M', '1M');
      await shows(768);
      expect(totals().private).toBe(64 * 256 - 768);
      await until('the totals', () => dashboard.block?.populated.bytes === 3 * MiB);
      await until('the strip', () => dashboard.strips.of(low.id)?.generation === 2);
      expect(dashboard.activity.lines(1, low.id)[0]?.text).toContain('1 MiB changed');
      dashboard.tick(Date.now(), true);
      expect(dashboard.history.rowsOf(low.id).at(-1)).toMatchObject({ populatedBytes: 3 * MiB, refused: 0 });
    });
  });

  it('tells what other sources discard from what is private', async () => {
    const { id } = await create('pc.ram');
    await convert(id, 0, '8M');
    const plugged = { name: 'virtio-mem0', granularity: '2M', populated: [{ offset: 0, size: '4M' }] };
    await service.api.ok('POST', `/v1/ram-blocks/${id}/sources`, plugged);
    await look(async () => {
      await until('three states', () => totals().discarded > 0);
      expect(totals()).toEqual({ shared: 1024, private: 0, discarded: 60 * 256 });
      const other = { name: 'virtio-mem1', granularity: '2M', populated: [{ offset: 0, size: '64M' }] };
      const { id: sourceId } = await service.api.ok('POST', `/v1/ram-blocks/${id}/sources`, other);
      await until('it is known', () => dashboard.sources.length === 3);
      await service.api.ok('POST', `/v1/ram-blocks/${id}/sources/${sourceId}/changes`, {
        offset: '2M',
        size: '2M',
        to: 'discarded',
      });
      await shows(512);
      expect(totals()).toEqual({ shared: 512, private: 0, discarded: 62 * 256 });
    });
  });

  it('has cells of fewer pages at the end of a block of an odd size', async () => {
    const { id } = await create('odd', { usedLength: 4096 * 9001 });
    await convert(id, 4096 * 8990, 4096 * 11);
    await look(async () => {
      await shows(11);
      expect(totals().private).toBe(8990);
      expect(dashboard.map.shown?.cells.at(-1)).toMatchObject({ pages: 9001 % 8, shared: 9001 % 8 });
    });
  });

  it('follows the size of its block, and keeps what still holds', async () => {
    const { id } = await create('growing', { maxLength: '1G' });
    await look(async () => {
      await until('it is drawn', () => dashboard.map.shown !== null);
      dashboard.map.select(0, 10);
      await service.api.ok('PATCH', `/v1/ram-blocks/${id}`, { usedLength: '256M' });
      await until('it has grown', () => totals().private === 65_536);
      expect(dashboard.map.selection).not.toBeNull();
      dashboard.map.select(65_000, 65_001);
      await service.api.ok('PATCH', `/v1/ram-blocks/${id}`, { usedLength: '8M' });
      await until('it has shrunk', () => totals().private === 2048);
      expect(dashboard.map.selection).toBeNull();
    });
  });

  it('goes to another block when its own is deleted, and to another machine after the last', async () => {
    const first = await create('first', { gpa: 0 });
    const second = await create('second', { gpa: '1G' });
    await look(async () => {
      await until('it is drawn', () => dashboard.map.shown?.ramBlockId === first.id);
      await service.api.ok('DELETE', `/v1/ram-blocks/${first.id}`);
      await until('it moves on', () => dashboard.map.shown?.ramBlockId === second.id);
      await service.api.ok('DELETE', `/v1/ram-blocks/${second.id}`);
      await until('it is elsewhere', () => dashboard.machine !== machine && dashboard.trouble === null);
    });
  });

  it('reads nothing before it is known how much room there is', async () => {
    await create('pc.ram');
    await look(async () => {
      await until('it is drawn', () => dashboard.map.shown !== null);
      const api = new ServiceApi({ base: service.url, token: null });
      const other = new Dashboard({ api, onChange: () => {} });
      other.select(machine);
      await until('the block is known', () => other.map.block !== null);
      expect(other.map.window).toBeNull();
      other.map.setGrid({ columns: 32, rows: 36 });
      await until('it is drawn', () => other.map.shown !== null);
      expect(other.map.window).toMatchObject({ columns: 32, firstRow: 0 });
    });
  });

  it('selects with the cursor, across what is shown', async () => {
    await create('pc.ram');
    await look(async () => {
      await until('it is drawn', () => dashboard.map.shown !== null);
      const { map } = dashboard;
      map.goTo(8192);
      expect(map.cursor).toBe(8192);
      map.moveCursor(1, true);
      map.moveCursor(1, true);
      expect(map.selection).toEqual({ start: 8192, end: 8195 });
      map.moveCursor(-4, true);
      expect(map.selection).toEqual({ start: 8190, end: 8193 });
      map.setCursor(0, false);
      map.moveCursor(-5, false);
      expect([map.cursor, map.window?.firstRow]).toEqual([0, 0]);
      map.moveCursor(1_000_000, false);
      expect(map.cursor).toBe(16_383);
      map.whole();
      expect(map.zoom(-1)).toBe(false);
      expect(map.zoom(1)).toBe(true);
      map.frame({ start: 100, end: 200 });
      map.centre(16_000);
      map.pan(-1000);
      await until('it is there', () => map.shown?.window === map.window && map.window?.firstRow === 0);
      map.setGrid({ columns: 32, rows: 36 });
      await until('it is narrow', () => map.shown?.window.columns === 32);
    });
  });
});

describe('listeners', () => {
  it('are compared with what is populated; what is unsettled is a difference', async () => {
    const device = await ScriptedListener.start();
    const { id } = await create('pc.ram');
    await convert(id, 0, '1M');
    const body = { url: device.url, secret: SECRET, timeoutMs: 2000 };
    const { id: listenerId } = await service.api.ok('POST', `/v1/ram-blocks/${id}/listeners`, body);
    await look(async () => {
      const { listenersView } = dashboard;
      const only = () => listenersView.listeners[0];
      const difference = () => {
        const listener = only();
        return listener === undefined ? null : listenersView.differenceFor(listener);
      };
      await until('it is equal', () => difference()?.kind === 'equal');
      expect(listenersView.labelOf(listenerId)).toBe('L1');
      expect(listenersView.isRestless).toBe(false);
      device.script = ({ type }) => (type === 'ram_block.populate' ? 200 : 'hang');
      const failed = await service.api.post(`/v1/ram-blocks/${id}/conversions`, {
        offset: 0,
        size: 4096,
        to: 'private',
      });
      expect(failed.body.code).toBe('discard-unacknowledged');
      await until('it is known', () => difference()?.kind === 'different');
      expect(difference()?.text).toMatch(/4 KiB may still be mapped/);
      dashboard.open(listenerId, true);
      await until('deliveries', () => (listenersView.deliveries.get(listenerId)?.length ?? 0) > 1);
      expect(listenersView.deliveries.get(listenerId)?.[0]).toMatchObject({ type: 'ram_block.discard', status: null });
      dashboard.tick(Date.now(), false);
      expect(dashboard.history.rowsOf(id).at(-1)?.failed).toBeGreaterThan(0);
      device.script = () => 200;
      await until('it is settled', () => {
        dashboard.tick(Date.now(), false);
        return difference()?.kind === 'equal';
      });
      dashboard.open(listenerId, false);
    }, id);
    await device.close();
  });
});

describe('what goes wrong', () => {
  it('is a problem document, also without an answer', async () => {
    const api = new ServiceApi({ base: 'http://127.0.0.1:1', token: 'x' });
    const outcome = await api.call({ method: 'GET', path: '/v1/machines' });
    expect(outcome).toMatchObject({ ok: false, problem: { code: 'unreachable', status: 0 } });
    expect(api.log.records[0]).toMatchObject({ status: null });
    await expect(new ServiceApi({ base: service.url, token: null }).read('/nowhere')).rejects.toMatchObject({
      problem: { code: 'not-found' },
    });
  });

  it('in an action is its outcome', async () => {
    const { id } = await create('pc.ram');
    await look(async () => {
      const path = `/v1/ram-blocks/${id}/conversions`;
      const bad = await dashboard.act({ method: 'POST', path, body: { offset: 1, size: 1, to: 'shared' } });
      expect(bad).toMatchObject({ ok: false, problem: { code: 'invalid-range', errno: 'EINVAL' } });
      const good = await dashboard.act({ method: 'POST', path, body: { offset: 0, size: '4K', to: 'shared' } });
      expect(good).toMatchObject({ ok: true, body: { changedBytes: 4096 } });
      await shows(1);
    });
  });
});
