import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { DeviceSimulatorOptions } from '../../../src/cli/simulator/options.ts';
import { type DeviceSimulator, startDeviceSimulator } from '../../../src/cli/simulator/server.ts';
import { discard, PAGE, pages, populate, SECRET, send, signed } from './webhooks.ts';

const running: DeviceSimulator[] = [];

async function start(options: Partial<DeviceSimulatorOptions> = {}): Promise<DeviceSimulator> {
  const simulator = await startDeviceSimulator({ secret: SECRET, ...options });
  running.push(simulator);
  return simulator;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.close()));
});

describe('the HTTP side', () => {
  it('gives its state and its mappings as JSON', async () => {
    const { url } = await start({ seed: 5, memlock: 2 ** 20, token: 'secret token' });
    expect((await send(url, 'a', populate(3, [pages(0, 2), pages(2, 4), pages(9, 10)]))).status).toBe(204);
    expect((await send(url, 'a', populate(3, [pages(0, 2), pages(2, 4), pages(9, 10)]))).status).toBe(204);
    const response = await fetch(url);
    expect(response.headers.get('content-type')).toBe('application/json');
    const state = await response.json();
    expect(state).toMatchObject({
      mode: 'sync',
      registered: null,
      section: null,
      granularity: PAGE,
      mappings: 5,
      mappedBytes: 5 * PAGE,
      peakMappings: 5,
      runs: 2,
      deliveries: { populate: 1, discard: 0, repeated: 1, fenced: 0, refused: 0, badSignature: 0, malformed: 0 },
      lastSequence: 3,
      settledThrough: 2,
      pendingGaps: [],
      dma: { hits: 0, faults: 0 },
      violations: { count: 0, byKind: {}, first: [] },
      options: { seed: 5, memlock: 2 ** 20, dmaMaxMappings: 65_535 },
    });
    expect(JSON.stringify(state)).not.toMatch(/secret|whsec_/);
    expect(await (await fetch(`${url}mappings`)).json()).toEqual([
      { offsetWithinRegion: 0, size: 4 * PAGE },
      { offsetWithinRegion: 9 * PAGE, size: PAGE },
    ]);
  });

  it('answers a refusal as a problem document', async () => {
    const { url } = await start({ dmaMaxMappings: 1 });
    const response = await send(url, 'a', populate(1, [pages(0, 2)]));
    expect(response.status).toBe(409);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toEqual({
      type: 'about:blank',
      title: 'The populate is refused',
      status: 409,
      detail: 'mapping 0x1000+0x1000 would be DMA mapping 2; --dma-max-mappings allows 1',
      errno: 'ENOSPC',
    });
  });

  it('answers 404, 405 and 413', async () => {
    const { url } = await start();
    expect((await fetch(`${url}elsewhere`)).status).toBe(404);
    expect((await fetch(`${url}elsewhere`, { method: 'POST', body: '{}' })).status).toBe(404);
    const put = await fetch(url, { method: 'PUT', body: '{}' });
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST']);
    const post = await fetch(`${url}mappings`, { method: 'POST', body: '{}' });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    const limit = 4 * 2 ** 20;
    const large = await fetch(url, { method: 'POST', body: Buffer.alloc(limit + 1) });
    expect([large.status, await large.json()]).toMatchObject([413, { status: 413 }]);
    expect((await fetch(url, { method: 'POST', body: Buffer.alloc(limit) })).status).toBe(401);
    expect((await fetch(`${url}?x=1`)).status).toBe(200);
    expect((await fetch(url, { method: 'HEAD' })).status).toBe(200);
  });

  it('refuses and counts what is not signed', async () => {
    const simulator = await start();
    const body = JSON.stringify(populate(1, [pages(0, 1)]));
    const forged = await fetch(simulator.url, { method: 'POST', headers: signed('a', `${body} `), body });
    expect([forged.status, await forged.json()]).toMatchObject([401, { detail: 'no signature matches' }]);
    expect(simulator.state().deliveries).toMatchObject({ populate: 0, badSignature: 1 });
    expect(simulator.state().mappings).toBe(0);
  });

  it.each([
    ['no JSON', '{'],
    ['no delivery', '{}'],
    ['a section that is not page aligned', JSON.stringify(populate(1, [{ ...pages(0, 1), size: 100 }]))],
    ['a section beyond 64 TiB', JSON.stringify(populate(1, [{ ...pages(1, 2), size: 64 * 2 ** 40 }]))],
    ['a granularity that is no power of two', JSON.stringify(populate(1, [pages(0, 1)], { granularity: 12_288 }))],
  ])('answers 400 to %s', async (_, body) => {
    const simulator = await start();
    const response = await fetch(simulator.url, { method: 'POST', headers: signed('a', body), body });
    expect([response.status, await response.json()]).toMatchObject([400, { title: 'Not a delivery' }]);
    expect(simulator.state().deliveries.malformed).toBe(1);
  });

  it('survives a sender that hangs up in the middle', async () => {
    const notices: string[] = [];
    const { url } = await start({ onNotice: (text) => notices.push(text) });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{');
    await once(socket, 'connect');
    socket.destroy();
    expect((await fetch(url)).status).toBe(200);
    expect(notices).toEqual([]);
  });

  it('takes a delivery of 8192 sections', async () => {
    const simulator = await start();
    const scattered = Array.from({ length: 8192 }, (_, i) => pages(2 * i, 2 * i + 1));
    expect((await send(simulator.url, 'a', populate(1, scattered))).status).toBe(204);
    expect(simulator.state()).toMatchObject({ mappings: 8192, runs: 8192 });
    expect(simulator.mappings()).toHaveLength(8192);
  });

  it('makes no sense without a block and a secret', async () => {
    await expect(startDeviceSimulator()).rejects.toThrow('--secret');
    const simulator = await start();
    await expect(simulator.register()).rejects.toThrow('--block');
  });
});

describe('misbehaving', () => {
  it('waits before each answer, one delivery at a time', async () => {
    const simulator = await start({ latencyMs: 40 });
    const began = performance.now();
    const arrivals = [send(simulator.url, 'a', populate(1, [pages(0, 1)], { settledThrough: 0 }))];
    arrivals.push(send(simulator.url, 'b', discard(2, [pages(0, 1)], { settledThrough: 0 })));
    const answers = await Promise.all(arrivals);
    // A timer may fire a millisecond early.
    expect(performance.now() - began).toBeGreaterThanOrEqual(78);
    expect(answers.map((answer) => answer.status)).toEqual([204, 204]);
  });

  it('fails some, half of them after acting, and the same ones with the same seed', async () => {
    const run = async (seed: number) => {
      const simulator = await start({ failRate: 0.5, seed });
      const outcomes: string[] = [];
      for (let sequence = 1; sequence <= 60; sequence++) {
        const before = simulator.state().mappings;
        const answer = await send(simulator.url, String(sequence), populate(sequence, [pages(sequence, sequence + 1)]));
        outcomes.push(`${answer.status} ${simulator.state().mappings > before ? 'acted' : 'idle'}`);
      }
      return outcomes;
    };
    const outcomes = await run(1);
    expect(await run(1)).toEqual(outcomes);
    expect(await run(2)).not.toEqual(outcomes);
    expect(new Set(outcomes)).toEqual(new Set(['204 acted', '500 acted', '500 idle']));
  });

  it('accepts a delivery in the end when it is tried often enough', async () => {
    const simulator = await start({ failRate: 0.8, seed: 3 });
    let status = 500;
    while (status === 500) status = (await send(simulator.url, 'a', populate(1, [pages(0, 1)]))).status;
    expect(status).toBe(204);
    expect(simulator.state()).toMatchObject({ mappings: 1, violations: { count: 0 } });
  });
});

describe('DMA and the end', () => {
  it('touches pages of its section', async () => {
    const simulator = await start({ dma: 2000, seed: 1, section: { offset: 0, size: 2 * PAGE } });
    await send(simulator.url, 'a', populate(1, [pages(0, 1)]));
    await vi.waitUntil(() => simulator.state().dma.hits > 0 && simulator.state().dma.faults > 0, { timeout: 10_000 });
    const { dma, violations } = await simulator.close();
    expect(violations.byKind).toEqual({ 'dma-fault': dma.faults });
  });

  it('tells violations as they happen, and pending gaps at the end', async () => {
    const told: string[] = [];
    const simulator = await start({ onViolation: ({ kind }) => told.push(kind) });
    await send(simulator.url, 'a', populate(1, [pages(0, 1)]));
    await send(simulator.url, 'b', populate(3, [pages(0, 1)]));
    expect(told).toEqual(['mapped-twice']);
    expect(simulator.state().pendingGaps).toEqual([{ from: 2, to: 2 }]);
    expect((await simulator.close()).violations.byKind).toEqual({ 'mapped-twice': 1, 'sequence-gap': 1 });
    expect((await simulator.close()).violations.count).toBe(2);
    expect(told).toEqual(['mapped-twice', 'sequence-gap']);
  });
});
