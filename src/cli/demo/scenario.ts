// One part of the demo: a VM's RAM block, a strict simulated device on it, a trace replayed, and what came of it.
import { replayTrace } from '../replay/replay.ts';
import type { MapOption } from '../replay/replay-blocks.ts';
import type { ReplaySummary } from '../replay/summary.ts';
import { ServiceConnection, type ServiceRequest } from '../service-call.ts';
import { type SimulatorState, startDeviceSimulator } from '../simulator/server.ts';

export interface Scenario {
  readonly title: string;
  /** Path of the trace. */
  readonly trace: string;
  /** Bytes of the RAM block. */
  readonly usedLength: number;
  /** Where the block lies in guest physical address space. */
  readonly maps: readonly Omit<MapOption, 'ramBlock'>[];
  /** DMA mappings that the device may have. */
  readonly dmaMaxMappings: number;
}

export interface Result {
  readonly scenario: Scenario;
  readonly replay: ReplaySummary;
  readonly device: SimulatorState;
  /** Whether the device has mapped, at the end, exactly what is populated. */
  readonly equal: boolean;
}

const IDSTR = 'pc.ram';

/** @throws Error when the service cannot be used; what a device refuses is part of the result */
export async function runScenario(service: URL, scenario: Scenario, machine: string): Promise<Result> {
  await using connection = new ServiceConnection(service, null);
  const body = { machine, idstr: IDSTR, usedLength: scenario.usedLength };
  const { id } = await call(connection, { method: 'POST', path: '/v1/ram-blocks', body });
  const device = await startDeviceSimulator({
    service: service.href,
    block: String(id),
    dmaMaxMappings: scenario.dmaMaxMappings,
    keep: true,
  });
  try {
    await device.register();
    const maps = scenario.maps.map((map) => ({ ...map, ramBlock: IDSTR }));
    const replay = await replayTrace({ trace: scenario.trace, service, machine, maps });
    const populated = await populatedSections(connection, `/v1/ram-blocks/${id}/sections`);
    const mapped = device.mappings().map(({ offsetWithinRegion, size }) => ({ offset: offsetWithinRegion, size }));
    const equal = JSON.stringify(mapped) === JSON.stringify(populated);
    await call(connection, { method: 'DELETE', path: `/v1/ram-blocks/${id}?force=true` });
    return { scenario, replay, device: device.state(), equal };
  } finally {
    await device.close();
  }
}

async function populatedSections(connection: ServiceConnection, path: string): Promise<unknown[]> {
  const sections: unknown[] = [];
  let cursor: unknown = null;
  do {
    const from = cursor === null ? '' : `&cursor=${cursor}`;
    const page = await call(connection, { method: 'GET', path: `${path}?limit=1000${from}` });
    sections.push(...Object(page.items));
    cursor = page.nextCursor;
  } while (cursor !== null);
  return sections;
}

async function call(connection: ServiceConnection, request: ServiceRequest): Promise<Record<string, unknown>> {
  const { status, text, json } = await connection.send(request);
  if (status >= 300) throw new Error(`${request.method} ${request.path}: ${status} ${text}`);
  return Object(json);
}
