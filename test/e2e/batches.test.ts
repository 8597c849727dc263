// Batches: the same as their conversions one after the other, but as one change, told in as few deliveries as listeners can
// tell apart; and no trace of them when anything of it fails.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { byDepth } from '../support/depth.ts';
import { type Received, type Reply, ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService, until } from '../support/service.ts';

const PAGE = 4096;
const PAGES = 32;

let service: TestService;
let count = 0;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

interface Wanted {
  readonly offset: number;
  readonly size: number;
  readonly to: 'shared' | 'private';
}

const wanted: fc.Arbitrary<Wanted> = fc
  .tuple(fc.nat(PAGES - 1), fc.nat(PAGES - 1), fc.constantFrom('shared' as const, 'private' as const))
  .map(([a, b, to]) => ({ offset: Math.min(a, b) * PAGE, size: (Math.abs(a - b) + 1) * PAGE, to }));
const section = fc
  .tuple(fc.nat(PAGES - 1), fc.nat(PAGES - 1))
  .map(([a, b]) => ({ offset: Math.min(a, b) * PAGE, size: (Math.abs(a - b) + 1) * PAGE }));

interface World {
  readonly path: string;
  readonly devices: readonly ScriptedListener[];
  readonly ids: readonly string[];
}

/** A block with this state and a listener to each of `sections`, which has forgotten how it came to it. */
async function worldOf(before: readonly Wanted[], sections: readonly object[], fields: object = {}): Promise<World> {
  const { api } = service;
  const { id } = await api.ok('POST', '/v1/ram-blocks', { idstr: `block ${++count}`, usedLength: PAGES * PAGE });
  const path = `/v1/ram-blocks/${id}`;
  for (const one of before) await api.ok('POST', `${path}/conversions`, one);
  const devices: ScriptedListener[] = [];
  const ids: string[] = [];
  for (const each of sections) {
    const device = await ScriptedListener.start();
    const body = { url: device.url, secret: SECRET, section: each, timeoutMs: 10_000, ...fields };
    ids.push((await api.ok('POST', `${path}/listeners`, body)).id);
    device.received.length = 0;
    devices.push(device);
  }
  return { path, devices, ids };
}

async function endOf({ devices, path }: World): Promise<void> {
  await service.api.ok('DELETE', `${path}?force=true`);
  await Promise.all(devices.map((device) => device.close()));
}

const stateOf = async ({ path }: World) => (await service.api.ok('GET', `${path}/sections`)).items;
const mappedAt = (world: World) => world.devices.map(({ mapped }) => [...mapped].sort((a, b) => a - b));

/** Deliveries that follow each other in one direction, as one. */
function directions(received: readonly Received[]): { type: string; pages: number[] }[] {
  const legs: { type: string; pages: Set<number> }[] = [];
  for (const { type, sections } of received) {
    if (legs.at(-1)?.type !== type) legs.push({ type, pages: new Set() });
    for (const { offsetWithinRegion, size } of sections) {
      for (let page = offsetWithinRegion; page < offsetWithinRegion + size; page += PAGE) legs.at(-1)?.pages.add(page);
    }
  }
  return legs.map(({ type, pages }) => ({ type, pages: [...pages].sort((a, b) => a - b) }));
}

describe('a batch', () => {
  it('is what its conversions are one after the other, told once for each change of direction', async () => {
    const property = fc.asyncProperty(
      fc.array(wanted, { maxLength: 3 }),
      fc.array(section, { maxLength: 3 }),
      fc.array(wanted, { minLength: 1, maxLength: 12 }),
      async (before, sections, conversions) => {
        const { api } = service;
        const [together, single] = await Promise.all([worldOf(before, sections), worldOf(before, sections)]);
        const { generation: first } = await api.ok('GET', single.path);
        const preview = await api.ok('POST', `${together.path}/conversion-batches?dryRun=true`, { conversions });
        expect(together.devices.flatMap(({ received }) => received)).toEqual([]);
        const batch = await api.ok('POST', `${together.path}/conversion-batches`, { conversions });
        const singles = [];
        for (const one of conversions) singles.push(await api.ok('POST', `${single.path}/conversions`, one));

        const plain = (conversion: { notified: string[] }, { ids }: World) => {
          const { generation: _g, id: _id, ramBlockId: _block, ...rest } = Object(conversion);
          return { ...rest, notified: conversion.notified.map((id) => ids.indexOf(id)) };
        };
        expect(batch.conversions.map((one: { notified: string[] }) => plain(one, together))).toEqual(
          singles.map((one) => plain(one, single)),
        );
        const withoutIds = { ...batch, conversions: batch.conversions.map((one: object) => ({ ...one, id: null })) };
        expect(preview).toEqual(withoutIds);
        const changes = batch.conversions.some(({ id }: { id: string | null }) => id !== null);
        expect(batch.generation).toBe(first + (changes ? 1 : 0));
        expect(await stateOf(together)).toEqual(await stateOf(single));
        expect(mappedAt(together)).toEqual(mappedAt(single));
        const history = async ({ path }: World) => (await api.ok('GET', `${path}/conversions`)).items.length;
        expect(await history(together)).toBe(await history(single));
        for (const [index, device] of together.devices.entries()) {
          const legs = directions(single.devices[index]?.received ?? []);
          expect(directions(device.received)).toEqual(legs);
          expect(device.received).toHaveLength(legs.length);
        }
        await Promise.all([endOf(together), endOf(single)]);
      },
    );
    await fc.assert(property, { numRuns: byDepth(20, 100) });
  });

  it('that anything objects to leaves no trace, whoever it is and whenever', async () => {
    const property = fc.asyncProperty(
      fc.array(wanted, { maxLength: 3 }),
      fc.array(section, { minLength: 1, maxLength: 3 }),
      fc.array(wanted, { minLength: 1, maxLength: 12 }),
      fc.nat(5),
      // No usable answer, and at once: one that is missing would need a deadline that the others share.
      fc.constantFrom<Reply>(409, 404),
      async (before, sections, conversions, objectsAt, objection) => {
        const { api } = service;
        const world = await worldOf(before, sections);
        const mapped = mappedAt(world);
        const state = await stateOf(world);
        const block = await api.ok('GET', world.path);
        let told = 0;
        for (const device of world.devices) {
          device.script = ({ reason }) => (reason === 'conversion' && told++ === objectsAt ? objection : 200);
        }
        const answer = await api.post(`${world.path}/conversion-batches`, { conversions });
        if (answer.status === 200) {
          expect(told).toBeLessThanOrEqual(objectsAt);
        } else {
          expect(['listener-refused', 'listener-unreachable', 'discard-unacknowledged']).toContain(answer.body.code);
          expect(await stateOf(world)).toEqual(state);
          await until('it is settled', async () => {
            const { items } = await api.ok('GET', `${world.path}/listeners`);
            return items.every((listener: { state: string }) => listener.state === 'active');
          });
          expect(mappedAt(world)).toEqual(mapped);
          expect(await api.ok('GET', world.path)).toEqual(block);
        }
        await endOf(world);
      },
    );
    await fc.assert(property, { numRuns: byDepth(20, 100), interruptAfterTimeLimit: byDepth(40_000, 300_000) });
  }, 400_000);

  it('of 10,000 conversions is one append, and one delivery to a listener', async () => {
    const { api } = service;
    const { id } = await api.ok('POST', '/v1/ram-blocks', { idstr: 'large', usedLength: '1G' });
    const path = `/v1/ram-blocks/${id}`;
    const device = await ScriptedListener.start();
    await api.ok('POST', `${path}/listeners`, { url: device.url, secret: SECRET, maxSections: 8192 });
    const conversions = Array.from({ length: 10_000 }, (_, index) => ({
      ...{ offset: (9_999 - index) * 2 * PAGE, size: PAGE, to: 'shared' },
    }));
    const batch = await api.ok(
      'POST',
      `${path}/conversion-batches`,
      { conversions },
      {
        headers: { prefer: 'return=minimal' },
      },
    );
    expect(batch.generation).toBe(1);
    expect(device.received.map(({ sections }) => sections.length)).toEqual([8192, 10_000 - 8192]);
    const offsets = device.received.flatMap(({ sections }) => sections.map((one) => one.offsetWithinRegion));
    expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
    await api.ok('DELETE', `${path}?force=true`);
    await device.close();
  });

  it('is checked against the mapping budget at its fullest, before anybody is called', async () => {
    const world = await worldOf([], [{}], { dmaMaxMappings: 4 });
    const { api } = service;
    const conversions = [
      { offset: 0, size: 5 * PAGE, to: 'shared' },
      { offset: 0, size: 4 * PAGE, to: 'private' },
    ];
    const answer = await api.post(`${world.path}/conversion-batches`, { conversions });
    expect(answer.body).toMatchObject({ code: 'mapping-limit', needed: 5, limit: 4, ramBlockId: expect.any(String) });
    expect(world.devices[0]?.received).toEqual([]);
    expect(await stateOf(world)).toEqual([]);
    await endOf(world);
  });
});
