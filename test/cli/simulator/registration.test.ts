// The simulator and the service, both for real, over sockets.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DeviceSimulatorOptions } from '../../../src/cli/simulator/options.ts';
import { seededRandom } from '../../../src/cli/simulator/random.ts';
import { type DeviceSimulator, type MappedRun, startDeviceSimulator } from '../../../src/cli/simulator/server.ts';
import { startService, type TestService, until } from '../../support/service.ts';

const PAGE = 4096;
const BLOCK_PAGES = 256;

let service: TestService;
const running: DeviceSimulator[] = [];

beforeEach(async () => {
  service = await startService();
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.close()));
  await service.close();
});

const createBlock = (fields: object = {}): Promise<{ id: string }> =>
  service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: BLOCK_PAGES * PAGE, ...fields });

const convert = (id: string, page: number, count: number, to: string) =>
  service.api.post(`/v1/ram-blocks/${id}/conversions`, { offset: page * PAGE, size: count * PAGE, to });

async function start(options: Partial<DeviceSimulatorOptions>): Promise<DeviceSimulator> {
  const simulator = await startDeviceSimulator({ service: service.url, timeoutMs: 2000, ...options });
  running.push(simulator);
  return simulator;
}

/** What the service says is populated, as the simulator names it. */
async function populated(id: string, window = ''): Promise<MappedRun[]> {
  const path = `/v1/ram-blocks/${id}/sections?state=populated&limit=1000${window}`;
  const { items } = await service.api.ok('GET', path);
  return items.map(({ offset, size }: { offset: number; size: number }) => ({ offsetWithinRegion: offset, size }));
}

const listeners = async (id: string) => (await service.api.ok('GET', `/v1/ram-blocks/${id}/listeners`)).items;

describe('a registered simulator', () => {
  it('maps what is populated, follows every conversion, and unregisters at the end', async () => {
    const { id } = await createBlock();
    await convert(id, 3, 5, 'shared');
    const simulator = await start({ block: id, description: 'a device' });
    const registered = await simulator.register();
    expect(await listeners(id)).toMatchObject([
      { id: registered.listenerId, url: simulator.url, description: 'a device', granularity: PAGE, state: 'active' },
    ]);
    expect(simulator.mappings()).toEqual([{ offsetWithinRegion: 3 * PAGE, size: 5 * PAGE }]);
    await convert(id, 0, 100, 'shared');
    await convert(id, 10, 20, 'private');
    expect(simulator.mappings()).toEqual(await populated(id));
    expect(simulator.state()).toMatchObject({
      registered,
      section: { offset: 0, size: BLOCK_PAGES * PAGE, offsetWithinAddressSpace: 0 },
      granularity: PAGE,
      mappings: 80,
      runs: 2,
      violations: { count: 0 },
    });
    const end = await simulator.close();
    expect(end).toMatchObject({ registered: null, mappings: 0, violations: { count: 0 } });
    expect(await listeners(id)).toEqual([]);
  });

  it('hears of its section only, at its address', async () => {
    const { id } = await createBlock({ gpa: 2 ** 32 });
    const simulator = await start({ block: 'pc.ram', section: { offset: 16 * PAGE, size: 32 * PAGE } });
    await simulator.register();
    await convert(id, 0, 100, 'shared');
    await convert(id, 20, 1, 'private');
    expect(simulator.mappings()).toEqual(await populated(id, `&offset=${16 * PAGE}&size=${32 * PAGE}`));
    expect(simulator.state()).toMatchObject({
      section: { offset: 16 * PAGE, size: 32 * PAGE, offsetWithinAddressSpace: 2 ** 32 + 16 * PAGE },
      violations: { count: 0 },
    });
  });

  it('waits for its block', async () => {
    const notices: string[] = [];
    const onNotice = (text: string) => notices.push(text);
    const simulator = await start({ block: 'pc.ram', machine: 'later', waitMs: 30_000, onNotice });
    const registering = simulator.register();
    await until('the simulator waits', () => notices.length > 0);
    expect(notices).toEqual([`waiting for RAM block pc.ram at ${service.url}`]);
    await createBlock();
    const { id } = await createBlock({ machine: 'later' });
    expect((await registering).ramBlockId).toBe(id);
  });

  it('makes the service refuse where its mappings end', async () => {
    const { id } = await createBlock();
    const simulator = await start({ block: id, dmaMaxMappings: 10 });
    await simulator.register();
    expect((await convert(id, 0, 8, 'shared')).status).toBe(200);
    const refused = await convert(id, 20, 3, 'shared');
    expect(refused).toMatchObject({
      status: 409,
      body: {
        code: 'listener-refused',
        errno: 'ENOSPC',
        listenerDetail: 'mapping 0x16000+0x1000 would be DMA mapping 11; --dma-max-mappings allows 10',
      },
    });
    expect(simulator.mappings()).toEqual(await populated(id));
    expect(simulator.state()).toMatchObject({ peakMappings: 10, deliveries: { refused: 1 }, violations: { count: 0 } });
  });

  it('shows what happens when a mapping is larger than a conversion', async () => {
    const { id } = await createBlock();
    const simulator = await start({ block: id, granularity: 16 * PAGE });
    await simulator.register();
    await convert(id, 0, 32, 'shared');
    expect(simulator.state().mappings).toBe(2);
    await convert(id, 5, 1, 'private');
    expect(simulator.state().violations.byKind).toEqual({ 'unmap-would-cut': 1 });
    expect(simulator.mappings()).toEqual(await populated(id));
  });

  it('comes to the same mappings as the service however often it fails', async () => {
    const { id } = await createBlock();
    const simulator = await start({ block: id, failRate: 0.4, seed: 1, timeoutMs: 100 });
    const random = seededRandom(2);
    const below = (limit: number) => Math.floor(random() * limit);
    while (simulator.state().registered === null) await simulator.register().catch(() => null);
    const settled = () =>
      until('the listener is settled', async () => {
        const states = (await listeners(id)).map(({ state }: { state: string }) => state);
        return states.length === 1 && states[0] === 'active';
      });
    for (let i = 0; i < 40; i++) {
      const first = below(BLOCK_PAGES);
      await convert(id, first, 1 + below(BLOCK_PAGES - first), random() < 0.5 ? 'shared' : 'private');
      await settled();
    }
    expect(simulator.mappings()).toEqual(await populated(id));
    const { violations, deliveries, mappings } = await simulator.close();
    expect(violations).toEqual({ count: 0, byKind: {}, first: [] });
    expect(deliveries.repeated).toBeGreaterThan(0);
    expect(mappings).toBe(0);
  });
});

describe('a registration that fails', () => {
  it('says what the service said', async () => {
    const nowhere = await start({ block: 'nowhere' });
    await expect(nowhere.register()).rejects.toThrow('there is no RAM block nowhere; --wait SECONDS waits for it');
    const { id } = await createBlock();
    await convert(id, 0, 5, 'shared');
    const small = await start({ block: id, dmaMaxMappings: 4 });
    await expect(small.register()).rejects.toThrow(/answered 409 listener-refused: .*--dma-max-mappings allows 4/);
    expect(small.state()).toMatchObject({ registered: null, mappings: 0 });
    expect(await listeners(id)).toEqual([]);
    await createBlock({ machine: 'other' });
    const ambiguous = await start({ block: 'pc.ram' });
    await expect(ambiguous.register()).rejects.toThrow('several machines have a RAM block pc.ram: give --machine');
  });
});

describe('the end', () => {
  it('leaves the listener with --keep', async () => {
    const { id } = await createBlock();
    const simulator = await start({ block: id, keep: true });
    const { listenerId } = await simulator.register();
    await simulator.close();
    expect(await listeners(id)).toMatchObject([{ id: listenerId }]);
  });

  it('says how to remove a listener that could not be unregistered', async () => {
    const notices: string[] = [];
    const { id } = await createBlock();
    const simulator = await start({ block: id, onNotice: (text) => notices.push(text) });
    const { listenerId } = await simulator.register();
    await service.close();
    expect((await simulator.close()).registered).not.toBeNull();
    expect(notices).toHaveLength(1);
    expect(notices[0]).toContain(`DELETE /v1/ram-blocks/${id}/listeners/${listenerId}?force=true removes it`);
  });
});
