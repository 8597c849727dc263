// rba replay of a guest of several RAM blocks, against the service itself: conversions of the machine, whole or not at all.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ReplayOptions, replayTrace } from '../../src/cli/replay/replay.ts';
import { summaryText } from '../../src/cli/replay/summary-text.ts';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService } from '../support/service.ts';
import { convertMemory, TraceFile } from './replay/trace-file.ts';

const PAGE = 4096;
const MIB = 2 ** 20;
/** Where node 0 ends and node 1 begins. */
const BORDER = 64 * MIB;
const END = 128 * MIB;

let service: TestService;
const listeners: ScriptedListener[] = [];

beforeEach(async () => {
  service = await startService();
});

afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
  await service.close();
});

const create = (fields: object): Promise<{ readonly id: string }> =>
  service.api.ok('POST', '/v1/ram-blocks', { machine: 'numa', usedLength: BORDER, ...fields });

async function createNodes(): Promise<[string, string]> {
  const node1 = await create({ idstr: 'ram-node1', gpa: BORDER });
  const node0 = await create({ idstr: 'ram-node0', gpa: 0 });
  return [node0.id, node1.id];
}

async function listenTo(block: string, script?: Parameters<typeof ScriptedListener.start>[0]) {
  const listener = await ScriptedListener.start(script);
  listeners.push(listener);
  await service.api.ok('POST', `/v1/ram-blocks/${block}/listeners`, { url: listener.url, secret: SECRET });
  return listener;
}

async function replay(lines: readonly string[], options: Partial<ReplayOptions> = {}) {
  await using trace = await TraceFile.write(lines);
  return await replayTrace({ trace: trace.path, service: new URL(service.url), machine: 'numa', ...options });
}

const changesOf = async (block: string) =>
  (await service.api.ok('GET', `/v1/ram-blocks/${block}/conversions`)).items.map(
    ({ offset, size, to }: { offset: number; size: number; to: string }) => [offset, size, to],
  );

const populatedOf = async (block: string): Promise<number> =>
  (await service.api.ok('GET', `/v1/ram-blocks/${block}`)).populated.bytes;

describe('rba replay of a machine that is there', () => {
  it('needs no map: one conversion of the machine for each line, over the border of its blocks too', async () => {
    const [node0, node1] = await createNodes();
    const device = await listenTo(node1);
    const summary = await replay([
      convertMemory(PAGE, PAGE),
      convertMemory(BORDER - 2 * PAGE, 5 * PAGE),
      convertMemory(BORDER - PAGE, 2 * PAGE, 'private'),
      convertMemory(BORDER - PAGE, 2 * PAGE, 'private'),
    ]);
    expect(summary.conversions).toEqual({ posted: 4, changed: 3, unchanged: 1, refused: 0, retries: 0 });
    expect(summary.lines).toMatchObject({ applied: 4, crossing: 3, cut: 0 });
    expect(summary.bytes).toEqual({
      toShared: 6 * PAGE,
      toPrivate: 4 * PAGE,
      changedToShared: 6 * PAGE,
      changedToPrivate: 2 * PAGE,
      unassigned: 0,
    });
    expect(await changesOf(node0)).toEqual([
      [BORDER - PAGE, PAGE, 'private'],
      [BORDER - 2 * PAGE, 2 * PAGE, 'shared'],
      [PAGE, PAGE, 'shared'],
    ]);
    expect(await changesOf(node1)).toEqual([
      [0, PAGE, 'private'],
      [0, 3 * PAGE, 'shared'],
    ]);
    expect([...device.mapped]).toEqual([PAGE, 2 * PAGE]);
    expect(summary.blocks).toMatchObject([
      { id: node1, created: false, populatedBytes: await populatedOf(node1), runs: 1 },
      { id: node0, created: false, populatedBytes: await populatedOf(node0), runs: 2 },
    ]);
    expect(summaryText(summary)).toContain(
      '3 applied over a border of RAM blocks, each as one change of all its blocks',
    );
    expect((await service.api.ok('GET', '/v1/ram-blocks')).items).toHaveLength(2);
  });

  it('undoes in the first block what the second one refuses, and says where that was', async () => {
    const [node0, node1] = await createNodes();
    const first = await listenTo(node0);
    const second = await listenTo(node1, ({ type, sections: [section] }) =>
      type === 'ram_block.populate' && (section?.size ?? 0) > PAGE
        ? { status: 409, body: { detail: 'no room', errno: 'ENOSPC' } }
        : 200,
    );
    const summary = await replay([
      convertMemory(BORDER - PAGE, 2 * PAGE),
      '',
      convertMemory(BORDER - 4 * PAGE, 8 * PAGE),
      convertMemory(BORDER - PAGE, PAGE, 'private'),
    ]);
    expect(summary.conversions).toMatchObject({ posted: 3, changed: 2, refused: 1 });
    expect(summary.refusals).toMatchObject({
      'listener-refused': {
        count: 1,
        first: {
          line: 3,
          gpa: BORDER - 4 * PAGE,
          size: 8 * PAGE,
          blocks: ['ram-node0', 'ram-node1'],
          ...{ ramBlockId: node1, idstr: 'ram-node1', offset: 0, errno: 'ENOSPC', listenerDetail: 'no room' },
          populated: { populatedBytes: 2 * PAGE, mappingsPerPage: 2, mappingsPerRun: 2 },
        },
      },
    });
    expect(first.told.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      ...['populate conversion', 'populate conversion', 'discard rollback', 'discard conversion'],
    ]);
    expect([first.mapped.size, second.mapped.size]).toEqual([0, 1]);
    expect(await changesOf(node1)).toEqual([[0, PAGE, 'shared']]);
    expect(summary.end.populatedBytes).toBe((await populatedOf(node0)) + (await populatedOf(node1)));
    expect(summaryText(summary)).toMatch(
      /gpa 0x3ffc000 size 0x8000 of ram-node0 and ram-node1 to shared, refused in ram-node1, with 2 DMA mappings/,
    );
  });

  it('leaves out what is in no block when it is to be shared, and refuses it to private', async () => {
    const [, node1] = await createNodes();
    const beyond = await create({ idstr: 'hotplug', gpa: END + MIB, usedLength: MIB });
    const summary = await replay([
      convertMemory(END - PAGE, 3 * PAGE),
      convertMemory(END - PAGE, MIB + 2 * PAGE),
      convertMemory(END, PAGE),
      convertMemory(END - PAGE, 3 * PAGE, 'private'),
      convertMemory(END + PAGE, PAGE, 'private'),
    ]);
    expect(summary.lines).toMatchObject({
      applied: 2,
      crossing: 1,
      cut: 0,
      refused: { unmappedToShared: 1, unmappedToPrivate: 2, byService: 0 },
    });
    expect(summary.bytes).toMatchObject({ toShared: 3 * PAGE, unassigned: 2 * PAGE + MIB + PAGE });
    expect(await changesOf(node1)).toEqual([[BORDER - PAGE, PAGE, 'shared']]);
    expect(await populatedOf(beyond.id)).toBe(PAGE);
    expect(summaryText(summary)).toMatch(
      /To shared +12 KiB, of it changed 8 KiB; 1.01 MiB in no RAM block, left out\n/,
    );
  });

  it('begins with what is shared there, and goes on at a block that cannot be converted', async () => {
    const [node0] = await createNodes();
    await service.api.ok('POST', `/v1/ram-blocks/${node0}/conversions`, { offset: 0, size: PAGE, to: 'shared' });
    await create({ idstr: 'rom', gpa: END, usedLength: MIB, guestMemfd: false });
    const summary = await replay([convertMemory(END - PAGE, 2 * PAGE), convertMemory(2 * PAGE, PAGE)]);
    expect(summary.refusals).toMatchObject({
      'no-attributes': { count: 1, first: { line: 1, idstr: 'rom', offset: 0, blocks: ['ram-node1', 'rom'] } },
    });
    expect(summary.end).toEqual({ populatedBytes: 2 * PAGE, mappingsPerPage: 2, mappingsPerRun: 2 });
  });

  it('takes the trace from standard input', async () => {
    const [node0] = await createNodes();
    const stdin = (async function* () {
      yield Buffer.from(`${convertMemory(0, PAGE)}\n`);
    })();
    const summary = await replay([], { trace: '-', stdin });
    expect(summary.conversions).toMatchObject({ posted: 1, changed: 1 });
    expect(await populatedOf(node0)).toBe(PAGE);
    await expect(replay([], { trace: '-', machine: 'other', stdin })).rejects.toThrow(
      /machine other has no RAM blocks at guest physical addresses/,
    );
  });
});

describe('rba replay with --map', () => {
  const lines = [convertMemory(BORDER - PAGE, 2 * PAGE)];

  it('converts the machine where the service has the blocks at the same addresses', async () => {
    const [node0, node1] = await createNodes();
    await listenTo(node1, ({ type }) => (type === 'ram_block.populate' ? 409 : 200));
    const maps = [
      { gpa: 0, size: BORDER, offset: 0, idstr: 'ram-node0' },
      { gpa: BORDER, size: BORDER, offset: 0, idstr: node1 },
    ];
    const summary = await replay(lines, { maps });
    expect(summary.conversions).toMatchObject({ posted: 1, refused: 1 });
    expect(await populatedOf(node0)).toBe(0);
  });

  it('cuts a line where the service has them at others, or nowhere', async () => {
    const ids = [];
    for (const idstr of ['low', 'high']) ids.push((await create({ idstr })).id);
    const maps = [
      { gpa: 0, size: BORDER, offset: 0, idstr: 'low' },
      { gpa: BORDER, size: BORDER, offset: 0, idstr: 'high' },
    ];
    const summary = await replay(lines, { maps });
    expect(summary.lines).toMatchObject({ applied: 1, crossing: 1, cut: 1 });
    expect(summary.conversions).toMatchObject({ posted: 2, changed: 2 });
    expect(await Promise.all(ids.map(populatedOf))).toEqual([PAGE, PAGE]);
  });

  it('does not convert what is in the machine but in no map', async () => {
    const [node0, node1] = await createNodes();
    const maps = [{ gpa: 0, size: BORDER, offset: 0, idstr: 'ram-node0' }];
    const summary = await replay([...lines, convertMemory(BORDER, PAGE)], { maps });
    expect(summary.lines).toMatchObject({ applied: 1, crossing: 0, refused: { unmappedToShared: 1 } });
    expect(summary.bytes.unassigned).toBe(2 * PAGE);
    expect([await populatedOf(node0), await populatedOf(node1)]).toEqual([PAGE, 0]);
  });
});
