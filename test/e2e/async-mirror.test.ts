// Asynchronous listeners, whatever happens on the way: lost, repeated and delayed deliveries, skips, pauses, backlogs that
// become a replay, restarts of the service and of the listener. In the end the mirror is what is populated.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type DeviceSimulator, startDeviceSimulator } from '../../src/cli/simulator/server.ts';
import { byDepth } from '../support/depth.ts';
import { FaultyJournal } from '../support/faulty-journal.ts';
import { SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService, until } from '../support/service.ts';

const PAGE = 4096;
const PAGES = 48;

const range = fc
  .tuple(fc.nat(PAGES - 1), fc.nat(PAGES - 1))
  .map(([a, b]) => ({ offset: Math.min(a, b) * PAGE, size: (Math.abs(a - b) + 1) * PAGE }));
const conversion = fc.record({ ...{ range }, to: fc.constantFrom('shared', 'private') });
const step = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constant('convert' as const), conversion }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('batch' as const),
      conversions: fc.array(conversion, { minLength: 1, maxLength: 5 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('skip' as const, 'retry' as const, 'replay' as const, 'disable' as const, 'enable' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('restart' as const, 'source' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('fault' as const),
      fate: fc.constantFrom('fails' as const, 'fails-written' as const),
    }),
  },
);

async function mirrorIsRight(service: TestService, path: string, device: DeviceSimulator): Promise<void> {
  await until('nothing is pending', async () => {
    const { items } = await service.api.ok('GET', `${path}/listeners`);
    return items[0].position.pending === 0 && items[0].state === 'active';
  });
  const [listener] = (await service.api.ok('GET', `${path}/listeners`)).items;
  const { offset, size } = listener.section;
  const { items } = await service.api.ok('GET', `${path}/sections?offset=${offset}&size=${size}`);
  const runs = items.map((run: { offset: number; size: number }) => ({
    offsetWithinRegion: run.offset,
    size: run.size,
  }));
  expect(device.mappings()).toEqual(runs);
  expect(device.state().violations).toMatchObject({ count: 0 });
  const bytes = runs.reduce((sum: number, run: { size: number }) => sum + run.size, 0);
  expect(listener.mapped).toMatchObject({ bytes, runs: runs.length });
}

it('a mirror that follows the rules of receivers ends equal to what is populated', async () => {
  const settings = {
    RBA_ASYNC_RETRY_SCHEDULE: '1ms,5ms',
    RBA_ASYNC_BACKLOG_LIMIT: '6',
    RBA_SNAPSHOT_EVERY: '7',
  };
  const property = fc.asyncProperty(
    fc.array(step, { minLength: 5, maxLength: 40 }),
    fc.record({ seed: fc.nat(), failRate: fc.constantFrom(0, 0.2, 0.6), maxSections: fc.constantFrom(1, 3, 512) }),
    fc.boolean(),
    async (steps, { seed, failRate, maxSections }, doubleDiscardSupported) => {
      const journal = new FaultyJournal();
      const start = () => startService({ settings, openJournal: journal.open });
      let service = await start();
      const device = await startDeviceSimulator({ secret: SECRET, mode: 'async', failRate, seed });
      try {
        const { id } = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: PAGES * PAGE });
        const path = `/v1/ram-blocks/${id}`;
        await service.api.ok('POST', `${path}/conversions`, { offset: 0, size: 8 * PAGE, to: 'shared' });
        const listener = await service.api.ok('POST', `${path}/listeners`, {
          ...{ url: device.url, secret: SECRET, mode: 'async', maxSections, doubleDiscardSupported },
          section: { offset: 2 * PAGE, size: 40 * PAGE },
        });
        const listenerPath = `${path}/listeners/${listener.id}`;
        let sources = 0;
        for (const what of steps) {
          const { api } = service;
          switch (what.do) {
            case 'convert':
              await api.ok('POST', `${path}/conversions`, { ...what.conversion.range, to: what.conversion.to });
              break;
            case 'batch': {
              const conversions = what.conversions.map(({ range: where, to }) => ({ ...where, to }));
              await api.ok('POST', `${path}/conversion-batches`, { conversions });
              break;
            }
            case 'disable':
            case 'enable':
              await api.ok('PATCH', listenerPath, { state: what.do === 'enable' ? 'active' : 'disabled' });
              break;
            case 'source':
              await api.ok('POST', `${path}/sources`, {
                ...{ name: `source ${++sources}`, granularity: 4 * PAGE },
                populated: [{ offset: 0, size: 32 * PAGE }],
              });
              break;
            case 'restart':
              await service.close();
              service = await start();
              break;
            case 'fault': {
              // The next append, of whatever it is: all is broken off and read back.
              const next = journal.appends;
              journal.fate = (appends) => (appends === next ? what.fate : 'done');
              const body = { offset: 40 * PAGE, size: PAGE, to: 'shared' };
              // With a key something is written in any case.
              await api.post(`${path}/conversions`, body, { headers: { 'idempotency-key': `fault-${next}` } });
              await until('it is read back', async () => (await api.get('/readyz')).status === 200);
              break;
            }
            default:
              await api.ok('POST', `${listenerPath}/${what.do}`);
          }
        }
        await service.api.ok('PATCH', listenerPath, { state: 'active' });
        await mirrorIsRight(service, path, device);
        await service.api.ok('DELETE', listenerPath);
        await until('it is gone', async () => (await service.api.get(listenerPath)).status === 404);
        expect(device.mappings()).toEqual([]);
      } finally {
        await service.close();
        await device.close();
      }
    },
  );
  await fc.assert(property, {
    numRuns: byDepth(10, 50),
    interruptAfterTimeLimit: byDepth(45_000, 300_000),
    endOnFailure: true,
  });
}, 400_000);
