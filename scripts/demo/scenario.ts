// One part of the demo: a VM's RAM blocks, a strict simulated device on each, a trace, and what came of it.

import { type DeviceSimulator, type SimulatorState, startDeviceSimulator } from '../../src/cli/simulator/server.ts';
import { ServiceConnection } from '../../src/client/service-connection.ts';
import { batched, type Outcome, replayed } from './drive.ts';
import { countEvents } from './event-count.ts';
import type { Scenario } from './scenarios.ts';
import { call, caughtUp, populatedSections } from './service-calls.ts';

export interface Result {
  readonly scenario: Scenario;
  /** What a dry run said; null without one. */
  readonly preview: Outcome | null;
  /** Whether the dry run left the machine as it was. */
  readonly previewKept: boolean;
  readonly outcome: Outcome;
  /** Of each block. */
  readonly devices: readonly SimulatorState[];
  /** Whether the devices have mapped, at the end, exactly what is populated. */
  readonly equal: boolean;
  readonly mirror: SimulatorState | null;
  /** As `equal`, of the mirror. */
  readonly mirrorEqual: boolean;
  /** The events that were followed, by type. */
  readonly events: ReadonlyMap<string, number>;
}

/** A simulated device, or a mirror, and its block. */
interface Attached {
  readonly ramBlockId: string;
  readonly simulator: DeviceSimulator;
}

/** @throws Error when the service cannot be used; what a device refuses is part of the result */
export async function runScenario(service: URL, scenario: Scenario, machine: string): Promise<Result> {
  await using connection = new ServiceConnection(service, null);
  await using cleanup = new AsyncDisposableStack();
  const stop = new AbortController();
  cleanup.defer(() => stop.abort());
  const events = countEvents(service, machine, scenario.blocks.length, stop.signal);
  await events.ready;

  const attach = async (ramBlockId: string, options: Parameters<typeof startDeviceSimulator>[0]): Promise<Attached> => {
    const all = { service: service.href, block: ramBlockId, keep: true, ...options };
    const simulator = await startDeviceSimulator(all);
    cleanup.defer(async () => {
      await simulator.close();
    });
    await simulator.register();
    return { ramBlockId, simulator };
  };
  const devices: Attached[] = [];
  for (const { dmaMaxMappings, ...fields } of scenario.blocks) {
    const { id } = await call(connection, { method: 'POST', path: '/v1/ram-blocks', body: { machine, ...fields } });
    devices.push(await attach(String(id), { dmaMaxMappings }));
  }
  const [{ ramBlockId } = { ramBlockId: '' }] = devices;
  const mirror = scenario.mirror ? await attach(ramBlockId, { mode: 'async' }) : null;

  const drive = (dryRun: boolean): Promise<Outcome> =>
    scenario.how === 'batch'
      ? batched(connection, scenario, ramBlockId, dryRun)
      : replayed(service, scenario, machine, dryRun);
  const state = async () => JSON.stringify(await call(connection, { method: 'GET', path: `/v1/machines/${machine}` }));
  const before = await state();
  const preview = scenario.preview ? await drive(true) : null;
  const previewKept = before === (await state());
  const outcome = await drive(false);

  const registered = mirror?.simulator.state().registered ?? null;
  if (registered !== null) await caughtUp(connection, ramBlockId, registered.listenerId);
  const equal = (await Promise.all(devices.map((device) => hasPopulated(connection, device)))).every(Boolean);
  const mirrorEqual = mirror !== null && (await hasPopulated(connection, mirror));
  for (const device of devices) {
    await call(connection, { method: 'DELETE', path: `/v1/ram-blocks/${device.ramBlockId}?force=true` });
  }
  return {
    ...{ scenario, preview, previewKept, outcome, equal, mirrorEqual },
    devices: devices.map(({ simulator }) => simulator.state()),
    mirror: mirror?.simulator.state() ?? null,
    events: await events.counts,
  };
}

async function hasPopulated(connection: ServiceConnection, { ramBlockId, simulator }: Attached): Promise<boolean> {
  const populated = await populatedSections(connection, ramBlockId);
  const mapped = simulator.mappings().map(({ offsetWithinRegion, size }) => ({ offset: offsetWithinRegion, size }));
  return JSON.stringify(mapped) === JSON.stringify(populated);
}
