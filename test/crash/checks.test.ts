// The checks of the crash test, given what a service would leave that loses, halves or repeats something: each must see it.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Conversion } from '../../src/service/views.ts';
import { startService } from '../support/service.ts';
import { BlockModel, PAGE } from './block-model.ts';
import { Wire } from './wire.ts';
import { World } from './world.ts';

let model: BlockModel;
let ids = 0;

beforeEach(() => {
  model = new BlockModel('blk_1', 16, 0);
});

/** As it is answered where `pages` of the block change from one state to the other. */
function conversion(generation: number, page: number, pages: number, to: 'shared' | 'private'): Conversion {
  const section = { offset: page * PAGE, size: pages * PAGE };
  const from = to === 'shared' ? 'private' : 'shared';
  return {
    ...{ id: `cnv_${++ids}`, ramBlockId: 'blk_1', ...section, to, from, changedBytes: section.size },
    ...{ changed: [section], changedTruncated: false, generation, notified: [] },
  };
}

describe('the model of a block', () => {
  it('goes along with what was answered, and with what was not', () => {
    const [first, second] = [conversion(1, 0, 2, 'shared'), conversion(2, 1, 1, 'private')];
    model.noteSteps([first]);
    expect(model.catchUp(2, [first, second], null)).toEqual([{ generation: 2, ids: [second.id] }]);
    expect(model.bitmap(null).indexOf(true)).toBe(0);
    expect(model.bitmap(null).lastIndexOf(true)).toBe(0);
    expect(model.catchUp(3, [], 20)).toEqual([{ generation: 3, ids: [] }]);
    expect(model.pages).toBe(20);
  });

  it.each<[string, () => void]>([
    ['a change that was answered is lost', () => model.catchUp(0, [], null)],
    ['a later one is there in its place', () => model.catchUp(1, [conversion(1, 0, 3, 'shared')], null)],
    ['it is in no history', () => model.catchUp(1, [], null)],
    ['the history goes beyond the block', () => model.catchUp(1, [answered, conversion(2, 8, 1, 'shared')], null)],
    ['a generation is of nobody', () => model.catchUp(2, [answered], null)],
    ['a resize was answered as a conversion', () => model.catchUp(1, [], 8)],
    [
      'an id is there twice',
      () => model.catchUp(2, [answered, { ...conversion(2, 8, 1, 'shared'), id: answered.id }], null),
    ],
    ['something changed that was so already', () => model.catchUp(2, [answered, conversion(2, 0, 1, 'shared')], null)],
    ['a change has fewer bytes than it should', () => model.catchUp(2, [answered, halved(2)], null)],
    ['two changes were answered with one generation', () => model.noteSteps([conversion(1, 8, 1, 'shared')])],
  ])('sees it where %s', (_, look) => {
    model.noteSteps([answered]);
    expect(look).toThrow();
  });

  it('sees it where a batch is there by half', () => {
    const steps = [conversion(1, 0, 1, 'shared'), conversion(1, 4, 1, 'shared')];
    model.noteSteps(steps);
    expect(() => model.catchUp(1, steps.slice(0, 1), null)).toThrow(/generation 1 is not what was answered/);
  });

  it('sees it where an answer that said that nothing was to do was wrong', () => {
    model.noteSteps([{ ...conversion(0, 0, 1, 'shared'), id: null, from: 'shared', changedBytes: 0, changed: [] }]);
    expect(() => model.catchUp(1, [conversion(1, 8, 1, 'shared')], null)).toThrow(/nothing that was not/);
  });

  it('sees it where a repeated answer is another', () => {
    model.noteSteps([answered]);
    model.catchUp(1, [answered], null);
    model.noteSteps([answered]);
    expect(() => model.noteSteps([{ ...answered, size: PAGE }])).toThrow(/is what was done/);
  });

  const answered = conversion(1, 0, 2, 'shared');
  const halved = (generation: number) => ({ ...conversion(generation, 8, 2, 'shared'), changedBytes: PAGE });
});

describe('the wire', () => {
  it.each([
    ['the same delivery again', 'msg_1', { sequence: 1, runs: [] }, 0],
    ['a sequence with another body', 'msg_1', { sequence: 1, runs: [1] }, 2],
    ['a sequence with another id', 'msg_2', { sequence: 1, runs: [] }, 1],
    ['an id with another sequence', 'msg_1', { sequence: 2, runs: [] }, 1],
    ['the next delivery', 'msg_2', { sequence: 2, runs: [] }, 0],
  ])('takes down %s', async (_, id, data, expected) => {
    const device = createServer((_request, response) => response.end()).listen(0, '127.0.0.1');
    await once(device, 'listening');
    const address = device.address() as { port: number };
    const wire = await Wire.start(`http://127.0.0.1:${address.port}/`, { held: 0, repeated: 0, slowMs: 0 }, () => 1);
    const deliver = async (webhookId: string, content: object) => {
      const body = JSON.stringify({ data: content });
      await fetch(wire.url, { method: 'POST', headers: { 'webhook-id': webhookId }, body });
    };
    await deliver('msg_1', { sequence: 1, runs: [] });
    await deliver(id, data);
    expect(wire.reused).toHaveLength(expected);
    await wire.close();
    device.close();
  });
});

describe('the world', () => {
  it('sees it where the service has another bitmap, and where a device has something else mapped', async () => {
    const service = await startService();
    const { api } = service;
    const world = await World.make(api, () => 0.999);
    const [block] = world.blocks;
    if (block === undefined) throw new Error('a world has blocks');
    await world.checkState(api, block);
    await world.checkDevices(api);
    // Behind the back of the models.
    await api.ok('POST', `${block.path}/conversions`, { offset: 8 * PAGE, size: PAGE, to: 'shared' });
    await expect(world.checkState(api, block)).rejects.toThrow(/Expected values/);
    await expect(world.checkDevices(api)).rejects.toThrow(/offsetWithinRegion/);
    expect(await world.close()).toBe(0);
    await service.close();
  });
});
