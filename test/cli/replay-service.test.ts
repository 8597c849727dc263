// rba replay against the service itself: both example traces, and what they come to.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { replayTrace } from '../../src/cli/replay/replay.ts';
import { type DeviceSimulator, startDeviceSimulator } from '../../src/cli/simulator/server.ts';
import { byDepth } from '../support/depth.ts';
import { startService, type TestService } from '../support/service.ts';

const example = (file: string) => fileURLToPath(new URL(`../../examples/${file}`, import.meta.url));
/** The long form replays all of it; the first lines have the bounce buffers, and most of the mappings. */
const BOOT = byDepth(
  { lines: 800, applied: 681, peak: { mappingsPerPage: 254_590, mappingsPerRun: 93 } },
  { lines: 7615, applied: 6490, peak: { mappingsPerPage: 263_493, mappingsPerRun: 423 } },
);
const SELFTEST = example('kvm-selftest-private-mem.qemu.log');

let folder: string;
let service: TestService;
const devices: DeviceSimulator[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rba-replay-'));
  service = await startService();
});

afterEach(async () => {
  await Promise.all(devices.splice(0).map((device) => device.close()));
  await service.close();
  await rm(folder, { recursive: true });
});

/** One strict device on each block, before the first conversion. */
const withDevices = (dmaMaxMappings: number) => async (blocks: readonly { readonly id: string }[]) => {
  for (const { id } of blocks) {
    const device = await startDeviceSimulator({ service: service.url, block: id, dmaMaxMappings });
    await device.register();
    devices.push(device);
  }
};

// 6490 conversions, one after the other: a busy machine takes a minute for them.
describe('rba replay', { timeout: 600_000 }, () => {
  it('makes blocks to fit the boot trace and needs the mappings that it is known for', async () => {
    const { lines, applied, peak } = BOOT;
    const trace = join(folder, 'boot.ftrace');
    const text = await readFile(example('synthetic-boot-16g.ftrace'), 'utf8');
    await writeFile(trace, text.split('\n').slice(0, lines).join('\n'));
    const url = new URL(service.url);
    const summary = await replayTrace({ trace, service: url, machine: 'boot', onBlocks: withDevices(300_000) });
    expect(summary).toMatchObject({
      lines: { total: lines, applied, repeated: 0 },
      conversions: { posted: applied, refused: 0 },
      peak,
    });
    const { items } = await service.api.ok('GET', '/v1/ram-blocks?machine=boot');
    const populated = items.reduce(
      (sum: number, block: { populated: { bytes: number } }) => sum + block.populated.bytes,
      0,
    );
    expect(populated).toBe(summary.end.populatedBytes);
    expect(devices.reduce((sum, device) => sum + device.state().mappedBytes, 0)).toBe(populated);
    for (const device of devices) expect(device.state().violations.count).toBe(0);
  });

  it('goes on where a device refuses, and says where that began', async () => {
    const { id } = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '2G' });
    await withDevices(256)([{ id }]);
    const maps = [{ gpa: 4 * 2 ** 30, size: 2 * 2 ** 30, offset: 0, idstr: 'pc.ram' }];
    const summary = await replayTrace({ trace: SELFTEST, service: new URL(service.url), maps });
    const { 'listener-refused': refusals } = summary.refusals;
    expect(refusals?.first).toMatchObject({ line: 1, status: 409, errno: 'ENOSPC', populated: { mappingsPerPage: 0 } });
    expect(summary.conversions.refused).toBe(refusals?.count);
    expect(summary.peak.mappingsPerPage).toBeLessThanOrEqual(256);
    expect(devices[0]?.state()).toMatchObject({ violations: { count: 0 }, pendingGaps: [] });
  });
});
