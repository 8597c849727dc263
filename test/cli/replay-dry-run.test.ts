// rba replay --dry-run against the service itself: what it says would happen happens, and nothing has happened before.
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ReplayOptions, replayTrace } from '../../src/cli/replay/replay.ts';
import type { ReplaySummary } from '../../src/cli/replay/summary.ts';
import { summaryText } from '../../src/cli/replay/summary-text.ts';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService } from '../support/service.ts';
import { convertMemory, stateChange, TraceFile } from './replay/trace-file.ts';

const PAGE = 4096;
const GIB = 2 ** 30;
const NUMA = fileURLToPath(new URL('../../examples/numa-two-nodes.qemu.log', import.meta.url));

let service: TestService;
let listener: ScriptedListener;

beforeEach(async () => {
  service = await startService();
  listener = await ScriptedListener.start();
});

afterEach(async () => {
  await listener.close();
  await service.close();
});

async function createNodes(): Promise<string[]> {
  const ids: string[] = [];
  for (const [node, gpa] of [0, GIB].entries()) {
    const block = { machine: 'numa', idstr: `ram-node${node}`, gpa, usedLength: GIB };
    ids.push((await service.api.ok('POST', '/v1/ram-blocks', block)).id);
  }
  return ids;
}

const listenTo = (block: string, fields: object = {}) =>
  service.api.ok('POST', `/v1/ram-blocks/${block}/listeners`, { url: listener.url, secret: SECRET, ...fields });

const replay = (options: Partial<ReplayOptions> & { readonly trace: string }): Promise<ReplaySummary> =>
  replayTrace({ service: new URL(service.url), machine: 'numa', ...options });

async function replayLines(lines: readonly string[], options: Partial<ReplayOptions> = {}): Promise<ReplaySummary> {
  await using file = await TraceFile.write(lines);
  return await replay({ trace: file.path, ...options });
}

/** The figures that a dry run and the replay after it have in common. */
function figures({ lines, conversions, bytes, peak, end, blocks }: ReplaySummary): object {
  return { lines, conversions, bytes, peak, end, blocks };
}

describe('rba replay --dry-run', () => {
  it('says what the replay then comes to, and changes nothing', async () => {
    const ids = await createNodes();
    await service.api.ok('POST', `/v1/ram-blocks/${ids[0]}/conversions`, { offset: 0, size: PAGE, to: 'shared' });
    await listenTo(ids[1] ?? '');
    const before = await service.api.ok('GET', '/v1/machines/numa');
    const preview = await replay({ trace: NUMA, dryRun: true });
    expect(await service.api.ok('GET', '/v1/machines/numa')).toEqual(before);
    expect(listener.received).toEqual([]);
    expect(preview.dryRun).toBe(true);
    expect(preview.lines).toMatchObject({
      crossing: 21,
      cut: 0,
      refused: { unmappedToShared: 1, unmappedToPrivate: 1 },
    });
    const inNode0 = preview.batchPreviews.find(({ idstr }) => idstr === 'ram-node0');
    expect(preview.batchPreviews).toHaveLength(2);
    expect(inNode0).toMatchObject({ ramBlockId: ids[0], refusal: null });
    expect(inNode0?.conversions).toBe(inNode0?.total);
    const summary = await replay({ trace: NUMA });
    expect(summary).toMatchObject({ dryRun: false, batchPreviews: [] });
    expect(figures(summary)).toEqual(figures(preview));
    expect(summary.conversions.changed).toBeGreaterThan(20);
  });

  it('says of each line what the present state has against it, and of all together what their sum has', async () => {
    const [node0 = '', node1 = ''] = await createNodes();
    await listenTo(node0, { dmaMaxMappings: 3 });
    const lines = [
      convertMemory(0, 2 * PAGE),
      convertMemory(4 * PAGE, 2 * PAGE),
      convertMemory(GIB - 4 * PAGE, 8 * PAGE),
      convertMemory(GIB, PAGE),
    ];
    const preview = await replayLines(lines, { dryRun: true });
    expect(preview.conversions).toMatchObject({ posted: 4, changed: 3, refused: 1 });
    expect(preview.refusals).toMatchObject({
      'mapping-limit': { count: 1, first: { line: 3, gpa: GIB - 4 * PAGE, idstr: 'ram-node0' } },
    });
    expect(preview.batchPreviews).toMatchObject([
      { ramBlockId: node0, conversions: 2, total: 2, refusal: { code: 'mapping-limit', errno: 'ENOSPC' } },
      { ramBlockId: node1, conversions: 1, total: 1, refusal: null },
    ]);
    const text = summaryText(preview);
    expect(text).toMatch(
      /^Dry run +nothing was changed\. Each conversion was previewed against the present state, not on top/,
    );
    expect(text).toMatch(/Conversions +4 previewed: 3 changed something/);
    expect(text).toMatch(/As a batch +all 2 conversions of ram-node0, on top of each other: mapping-limit, 409 ENOSPC/);
    expect((await replayLines(lines)).conversions).toMatchObject({ changed: 2, refused: 2 });
  });

  it('previews state changes of a block', async () => {
    const [node0 = ''] = await createNodes();
    const preview = await replayLines([stateChange(0, PAGE), stateChange(PAGE, PAGE)], { dryRun: true, block: node0 });
    expect(preview.conversions).toMatchObject({ posted: 2, changed: 2 });
    expect(preview.peak).toEqual({ populatedBytes: 2 * PAGE, mappingsPerPage: 2, mappingsPerRun: 1 });
    expect((await service.api.ok('GET', `/v1/ram-blocks/${node0}`)).generation).toBe(0);
  });

  it('creates no blocks: it says which ones are missing', async () => {
    const lines = [convertMemory(0, PAGE), convertMemory(4 * GIB, PAGE)];
    await expect(replayLines(lines, { dryRun: true, machine: null })).rejects.toThrow(
      '--dry-run creates no RAM blocks, and no machine is named; without it these would be created: ram-0x0 (2 MiB at 0x0), ram-0x100000000 (2 MiB at 0x100000000). --machine, --map and --block name blocks that are there',
    );
    await expect(replayLines(lines, { dryRun: true })).rejects.toThrow(/machine numa has no RAM blocks for it/);
    await expect(replayLines([stateChange(0, PAGE)], { dryRun: true })).rejects.toThrow(/ram \(2 MiB\)/);
    expect((await service.api.ok('GET', '/v1/ram-blocks')).items).toEqual([]);
  });
});
