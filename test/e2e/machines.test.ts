// Conversions by guest physical address: cut at the borders of blocks, all of them or none, and never in each other's way.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { byDepth } from '../support/depth.ts';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService, until } from '../support/service.ts';

const PAGE = 4096;
const GUEST_PAGES = 40;

let service: TestService;
let count = 0;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

interface Placed {
  readonly gpa: number;
  readonly pages: number;
  readonly more: number;
}

interface World {
  readonly machine: string;
  readonly blocks: readonly {
    readonly placed: Placed;
    readonly path: string;
    readonly device: ScriptedListener | null;
  }[];
}

/** Blocks one after the other, with holes; a block may be shorter than what it reserves. */
const layout = fc
  .array(fc.record({ hole: fc.nat(3), pages: fc.integer({ min: 1, max: 8 }), more: fc.nat(2) }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => {
    let at = 0;
    return parts.map(({ hole, pages, more }): Placed => {
      const gpa = at + hole;
      at = gpa + pages + more;
      return { gpa, pages, more };
    });
  });
const range = fc
  .tuple(fc.nat(GUEST_PAGES - 1), fc.nat(GUEST_PAGES - 1))
  .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) + 1 }));

async function worldOf(
  placed: readonly Placed[],
  withListeners: boolean,
  timeoutMs = (_gpa: number) => 10_000,
): Promise<World> {
  const { api } = service;
  const machine = `m${++count}`;
  const blocks = [];
  // Not in the order of their addresses.
  for (const place of placed.toReversed()) {
    const { gpa, pages, more } = place;
    const { id } = await api.ok('POST', '/v1/ram-blocks', {
      ...{ machine, idstr: `at ${gpa}`, gpa: gpa * PAGE, usedLength: pages * PAGE },
      ...(more > 0 ? { maxLength: (pages + more) * PAGE } : {}),
    });
    const path = `/v1/ram-blocks/${id}`;
    const device = withListeners ? await ScriptedListener.start() : null;
    if (device !== null) {
      await api.ok('POST', `${path}/listeners`, { url: device.url, secret: SECRET, timeoutMs: timeoutMs(gpa) });
    }
    blocks.unshift({ placed: place, path, device });
  }
  return { machine, blocks };
}

async function endOf({ blocks }: World): Promise<void> {
  for (const { path, device } of blocks) {
    await service.api.ok('DELETE', `${path}?force=true`);
    await device?.close();
  }
}

/** The guest pages that are shared. */
async function sharedOf({ blocks }: World): Promise<Set<number>> {
  const shared = new Set<number>();
  for (const { path, placed } of blocks) {
    const { items } = await service.api.ok('GET', `${path}/sections`);
    for (const { offset, size } of items) {
      for (let at = offset; at < offset + size; at += PAGE) shared.add(placed.gpa + at / PAGE);
    }
  }
  return shared;
}

const runsOf = (pages: readonly number[]) => {
  const runs: { gpa: number; size: number }[] = [];
  for (const page of pages) {
    const last = runs.at(-1);
    if (last !== undefined && last.gpa + last.size === page * PAGE) last.size += PAGE;
    else runs.push({ gpa: page * PAGE, size: PAGE });
  }
  return runs;
};

describe('a machine conversion', () => {
  it('does in every block what a conversion of its part does; holes are left out, or refused', async () => {
    const step = fc.record({ range, to: fc.constantFrom('shared' as const, 'private' as const) });
    const property = fc.asyncProperty(layout, fc.array(step, { minLength: 1, maxLength: 8 }), async (placed, steps) => {
      const { api } = service;
      const world = await worldOf(placed, true);
      const path = `/v1/machines/${world.machine}/conversions`;
      const shared = new Set<number>();
      const assigned = new Set(placed.flatMap(({ gpa, pages }) => Array.from({ length: pages }, (_, i) => gpa + i)));
      for (const { range: asked, to } of steps) {
        const pages = Array.from({ length: asked.end - asked.start }, (_, i) => asked.start + i);
        const holes = pages.filter((page) => !assigned.has(page));
        const body = { gpa: asked.start * PAGE, size: pages.length * PAGE, to };
        const preview = await api.post(`${path}?dryRun=true`, body);
        const answer = await api.post(path, body);
        expect(preview.status).toBe(answer.status);
        if (to === 'private' && holes.length > 0) {
          expect(answer.body.code).toBe('invalid-range');
          continue;
        }
        const inside = pages.filter((page) => assigned.has(page));
        const changed = inside.filter((page) => shared.has(page) !== (to === 'shared'));
        for (const page of inside) {
          if (to === 'shared') shared.add(page);
          else shared.delete(page);
        }
        const { conversions, unassigned } = answer.body;
        expect({ ...answer.body, conversions: null }).toEqual({
          ...body,
          conversions: null,
          unassigned: runsOf(holes),
        });
        const bytes = conversions.reduce((sum: number, one: { changedBytes: number }) => sum + one.changedBytes, 0);
        expect(bytes).toBe(changed.length * PAGE);
        const touched = placed.filter(({ gpa, pages: many }) =>
          inside.some((page) => page >= gpa && page < gpa + many),
        );
        expect(conversions).toHaveLength(touched.length);
        expect(preview.body.unassigned).toEqual(unassigned);
        expect(await sharedOf(world)).toEqual(shared);
      }
      for (const {
        placed: { gpa },
        device,
      } of world.blocks) {
        const mapped = [...(device?.mapped ?? [])].map((offset) => gpa + offset / PAGE);
        expect(new Set(mapped)).toEqual(new Set([...shared].filter((page) => ownerOf(placed, page)?.gpa === gpa)));
      }
      await endOf(world);
    });
    await fc.assert(property, { numRuns: byDepth(20, 100), interruptAfterTimeLimit: byDepth(40_000, 300_000) });
  }, 60_000);

  it.each([
    ['shared', 409, 'listener-refused', 'discard'],
    ['shared', 404, 'listener-unreachable', 'discard'],
    ['private', 500, 'discard-unacknowledged', 'populate'],
  ])('to %s that the second block objects to (%i) is undone in the first', async (to, objection, code, undone) => {
    const { api } = service;
    const world = await worldOf(
      [0, 4, 8].map((gpa) => ({ gpa, pages: 4, more: 0 })),
      true,
      (gpa) => (gpa === 4 ? 500 : 10_000),
    );
    const path = `/v1/machines/${world.machine}/conversions`;
    const all = { gpa: 0, size: 12 * PAGE };
    if (to === 'private') await api.ok('POST', path, { ...all, to: 'shared' });
    const before = await api.ok('GET', `/v1/machines/${world.machine}`);
    const [first, second, third] = world.blocks.map(({ device }) => device);
    for (const device of [first, second, third]) device?.takeTold();
    if (second) second.script = ({ reason }) => (reason === 'conversion' ? objection : 200);
    const answer = await api.post(path, { ...all, to });
    expect(answer.body).toMatchObject({ code, ramBlockId: before.ramBlocks[1].id });
    expect(await api.ok('GET', `/v1/machines/${world.machine}`)).toEqual(before);
    const reasons = (device: ScriptedListener | null | undefined) =>
      device?.told.map(({ type, reason }) => `${type} ${reason}`);
    const began = to === 'shared' ? 'populate conversion' : 'discard conversion';
    expect(reasons(first)).toEqual([began, `${undone} rollback`]);
    expect(reasons(third)).toEqual(to === 'shared' ? [] : [began, `${undone} rollback`]);
    for (const { path: one } of world.blocks)
      expect((await api.ok('GET', `${one}/conversions`)).items.length).toBe(to === 'private' ? 1 : 0);
    await endOf(world);
  });

  it('never waits for another for ever, however they and single conversions cross', async () => {
    const { api } = service;
    const world = await worldOf(
      [0, 4, 8, 12].map((gpa) => ({ gpa, pages: 4, more: 0 })),
      true,
    );
    const path = `/v1/machines/${world.machine}/conversions`;
    const requests = Array.from({ length: 120 }, (_, index) => {
      const to = index % 2 === 0 ? 'shared' : 'private';
      if (index % 3 === 0) {
        const block = world.blocks[index % 4]?.path;
        return api.post(`${block}/conversions`, { offset: 0, size: 4 * PAGE, to });
      }
      const start = index % 8;
      return api.post(path, { gpa: start * PAGE, size: (16 - 2 * start) * PAGE, to });
    });
    const statuses = (await Promise.all(requests)).map(({ status }) => status);
    expect(statuses.every((status) => status === 200)).toBe(true);
    const shared = await sharedOf(world);
    for (const {
      placed: { gpa },
      device,
    } of world.blocks) {
      const mapped = new Set([...(device?.mapped ?? [])].map((offset) => gpa + offset / PAGE));
      expect(mapped).toEqual(new Set([...shared].filter((page) => page >= gpa && page < gpa + 4)));
    }
    await endOf(world);
  });

  it('over a hole alone does nothing, and its answer is kept like any other', async () => {
    const { api } = service;
    const world = await worldOf([{ gpa: 0, pages: 4, more: 0 }], false);
    const body = { gpa: 8 * PAGE, size: PAGE, to: 'shared' };
    const headers = { 'idempotency-key': 'hole' };
    const path = `/v1/machines/${world.machine}/conversions`;
    const answer = await api.post(path, body, { headers });
    expect(answer.body).toEqual({ ...body, conversions: [], unassigned: [{ gpa: 8 * PAGE, size: PAGE }] });
    const again = await api.post(path, body, { headers });
    expect(again.body).toEqual(answer.body);
    expect(again.headers['idempotent-replayed']).toBe('true');
    await endOf(world);
  });

  it('meets the blocks that are there when its turn comes', async () => {
    const { api } = service;
    const world = await worldOf(
      [0, 4].map((gpa) => ({ gpa, pages: 4, more: 0 })),
      true,
    );
    const [first, second] = world.blocks;
    const gate = Promise.withResolvers<number>();
    for (const { device } of world.blocks) if (device) device.script = () => gate.promise;
    const waits = (count: number) =>
      until(`${count} wait`, async () =>
        ((await api.get('/metrics')).body as string).includes(`rba_queue_length ${count}\n`),
      );
    const slow = world.blocks.map(({ path }) =>
      api.post(`${path}/conversions`, { offset: 0, size: PAGE, to: 'shared' }),
    );
    await until('both are under way', () => world.blocks.every(({ device }) => device?.received.length === 1));
    const waiting = api.post(`/v1/machines/${world.machine}/conversions`, { gpa: 0, size: 8 * PAGE, to: 'shared' });
    await waits(2);
    // By force it waits for no device, and not behind what waits.
    expect((await api.delete(`${second?.path}?force=true`)).status).toBe(204);
    gate.resolve(200);
    expect((await Promise.all(slow)).map(({ status }) => status)).toEqual([200, 502]);
    const { body } = await waiting;
    expect(body.conversions).toHaveLength(1);
    expect(body.unassigned).toEqual([{ gpa: 4 * PAGE, size: 4 * PAGE }]);
    await api.ok('DELETE', `${first?.path}?force=true`);
    for (const { device } of world.blocks) await device?.close();
  });
});

function ownerOf(placed: readonly Placed[], page: number): Placed | undefined {
  return placed.find(({ gpa, pages }) => page >= gpa && page < gpa + pages);
}
