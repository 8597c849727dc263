// The simulator as an async listener, over sockets: what it says to the service, to a person, and to deliveries.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { DeviceSimulatorOptions } from '../../../src/cli/simulator/options.ts';
import { type DeviceSimulator, startDeviceSimulator } from '../../../src/cli/simulator/server.ts';
import { ramBlock, ScriptedService } from '../replay/scripted-service.ts';
import { RBA } from '../run-command.ts';
import { discard, PAGE, pages, populate, SECRET, send } from './webhooks.ts';

const SECTION = { offset: 0, size: null, offsetWithinAddressSpace: 0 };

const stopping: (() => unknown)[] = [];

afterEach(async () => {
  for (const stop of stopping.splice(0).reverse()) await stop();
});

async function start(options: Partial<DeviceSimulatorOptions> = {}): Promise<DeviceSimulator> {
  const simulator = await startDeviceSimulator({ secret: SECRET, mode: 'async', ...options });
  stopping.push(() => simulator.close());
  return simulator;
}

/** A service with the block b1 that takes every listener as l1. */
async function startScriptedService(): Promise<ScriptedService> {
  const service = await ScriptedService.start(({ method }) => {
    if (method === 'GET') return { status: 200, body: ramBlock({ usedLength: 16 * PAGE }) };
    if (method === 'POST') return { status: 201, body: { id: 'l1', section: SECTION } };
    return { status: 204, body: '' };
  });
  stopping.push(() => service[Symbol.asyncDispose]());
  return service;
}

describe('registering', () => {
  it('says mode async, and its state says so', async () => {
    const service = await startScriptedService();
    const simulator = await start({ service: service.url.href, block: 'b1' });
    await simulator.register();
    const registration = service.requests.find(({ method }) => method === 'POST');
    expect(registration?.body).toEqual({ url: simulator.url, secret: SECRET, granularity: PAGE, mode: 'async' });
    const state = await (await fetch(simulator.url)).json();
    expect(state).toMatchObject({
      mode: 'async',
      registered: { ramBlockId: 'b1', listenerId: 'l1' },
      section: { offset: 0, size: 16 * PAGE },
      options: { mode: 'async', failRate: 0 },
    });
    expect(JSON.stringify(state)).not.toMatch(/dmaMaxMappings|memlock|refuseAfter|whsec_/);
    expect((await simulator.close()).registered).toBeNull();
    expect(service.requests.at(-1)?.method).toBe('DELETE');
  });

  it('says no mode as a sync listener', async () => {
    const service = await startScriptedService();
    const simulator = await start({ service: service.url.href, block: 'b1', mode: 'sync' });
    await simulator.register();
    expect(service.requests.find(({ method }) => method === 'POST')?.body).not.toHaveProperty('mode');
    expect(simulator.state()).toMatchObject({ mode: 'sync', options: { dmaMaxMappings: 65_535 } });
  });
});

describe('deliveries', () => {
  it('are all accepted, beyond the mappings that a sync listener has', async () => {
    const simulator = await start();
    expect((await send(simulator.url, 'a', populate(1, [pages(0, 70_000)]))).status).toBe(204);
    expect((await send(simulator.url, 'b', populate(2, [pages(69_999, 70_001)]))).status).toBe(204);
    expect(simulator.mappings()).toEqual([{ offsetWithinRegion: 0, size: 70_001 * PAGE }]);
    const { violations, peakMappings } = await simulator.close();
    expect([violations.count, peakMappings]).toEqual([0, 70_001]);
  });

  it('are each acted on once, however often they come and fail', async () => {
    const simulator = await start({ failRate: 0.6, seed: 2 });
    for (let sequence = 1; sequence <= 31; sequence++) {
      // Populates of page n and discards of all pages below it.
      const isPopulate = sequence % 2 === 1;
      const payload = isPopulate
        ? populate(sequence, [pages(sequence, sequence + 1)])
        : discard(sequence, [pages(0, sequence - 1)]);
      let status = 500;
      while (status === 500) status = (await send(simulator.url, String(sequence), payload)).status;
      expect(status).toBe(204);
    }
    const { deliveries, violations } = simulator.state();
    expect(deliveries).toMatchObject({ populate: 16, discard: 15, refused: 0, fenced: 0 });
    expect(deliveries.repeated).toBeGreaterThan(0);
    expect(violations.count).toBe(0);
    expect(simulator.mappings()).toEqual([
      { offsetWithinRegion: 29 * PAGE, size: PAGE },
      { offsetWithinRegion: 31 * PAGE, size: PAGE },
    ]);
  });

  it('that are missing are no violation when the backlog became a replay', async () => {
    const simulator = await start();
    await send(simulator.url, 'a', populate(1, [pages(0, 1)]));
    await send(simulator.url, 'c', discard(3, [pages(0, 16)], { reason: 'replay' }));
    await send(simulator.url, 'd', populate(4, [pages(2, 3)], { reason: 'replay' }));
    expect((await send(simulator.url, 'b', populate(2, [pages(8, 9)]))).status).toBe(409);
    expect(simulator.mappings()).toEqual([{ offsetWithinRegion: 2 * PAGE, size: PAGE }]);
    expect(await simulator.close()).toMatchObject({ pendingGaps: [], violations: { count: 0 } });
  });

  it('may be behind: DMA to what is not mapped is counted and no violation', async () => {
    const simulator = await start({ dma: 2000, seed: 1, section: { offset: 0, size: 2 * PAGE } });
    await send(simulator.url, 'a', populate(1, [pages(0, 1)]));
    await vi.waitUntil(() => simulator.state().dma.hits > 0 && simulator.state().dma.faults > 0, { timeout: 10_000 });
    expect((await simulator.close()).violations.count).toBe(0);
  });
});

describe('the command', () => {
  const run = async (...args: string[]) => {
    const child = spawn(process.execPath, [RBA, 'simulate', '--async', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    stopping.push(() => child.kill('SIGKILL'));
    const stderr = text(child.stderr);
    const ended = once(child, 'close').then(async ([code]) => ({ code, stderr: await stderr }));
    const [line] = await Promise.race([once(child.stdout, 'data'), ended.then(({ stderr }) => [stderr])]);
    return { child, ended, line: String(line).trimEnd() };
  };

  it('says that it is async when it has registered', async () => {
    const service = await startScriptedService();
    const { child, ended, line } = await run('--service', service.url.href, '--block', 'b1');
    expect(line).toContain('with RAM block b1 as async listener l1, section 0x0+0x10000, granularity 4096');
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: 0, stderr: '' });
  });

  it('says it when it only listens, and as JSON', async () => {
    expect((await run('--secret', SECRET)).line).toMatch(/^listening on \S+ as async listener$/);
    expect(JSON.parse((await run('--secret', SECRET, '--json')).line)).toMatchObject({ mode: 'async', section: null });
  });

  it('exits with 2 when it is to refuse', async () => {
    const { ended, line } = await run('--secret', SECRET, '--refuse-after', '1');
    expect(line).toContain('--refuse-after makes no sense with --async: an asynchronous listener cannot refuse');
    expect((await ended).code).toBe(2);
  });
});
