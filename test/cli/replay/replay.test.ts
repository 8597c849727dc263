// A replay from the lines of a trace to its summary, against a scripted service; and how both are printed.
import { describe, expect, it } from 'vitest';
import { ProgressBar, progressText } from '../../../src/cli/replay/progress-bar.ts';
import { type ReplayOptions, type ReplayProgress, replayTrace } from '../../../src/cli/replay/replay.ts';
import { ReplayError } from '../../../src/cli/replay/replay-error.ts';
import { size, summaryText } from '../../../src/cli/replay/summary-text.ts';
import { fieldOf } from '../../../src/client/json-fields.ts';
import { convertingScript } from './converting-script.ts';
import { problem, ramBlock, type Script, ScriptedService } from './scripted-service.ts';
import { convertMemory as convert, stateChange, TraceFile } from './trace-file.ts';

const PAGE = 4096;
const GIB = 1024 ** 3;

async function* stdin(lines: readonly string[]): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`${lines.join('\n')}\n`);
}

describe('replayTrace', () => {
  async function replay(script: Script, lines: readonly string[], options: Partial<ReplayOptions> = {}) {
    await using service = await ScriptedService.start(script);
    await using trace = await TraceFile.write(lines);
    const summary = await replayTrace({ trace: trace.path, service: service.url, ...options });
    return { summary, requests: service.requests };
  }

  it('creates blocks that fit, posts in order and keeps the figures', async () => {
    const { summary, requests } = await replay(convertingScript(), [
      convert(4 * GIB, 4 * PAGE),
      convert(4 * GIB, 4 * PAGE),
      'foreign',
      convert(0, PAGE),
      convert(4 * GIB + PAGE, PAGE, 'private'),
      convert(4 * GIB, 4 * PAGE, 'private'),
      convert(4 * GIB, 0),
      stateChange(0, PAGE),
    ]);
    const machine = summary.blocks[0]?.machine;
    expect(machine).toMatch(/^replay-[0-9a-f]{8}$/);
    expect(requests.map(({ path, body }) => [path, fieldOf(body, 'gpa')])).toEqual([
      ['/v1/ram-blocks', 0],
      ['/v1/ram-blocks', 4 * GIB],
      [`/v1/machines/${machine}`, undefined],
      ...[4 * GIB, 4 * GIB, 0, 4 * GIB + PAGE, 4 * GIB].map((gpa) => [`/v1/machines/${machine}/conversions`, gpa]),
    ]);
    expect(summary.lines).toMatchObject({ total: 8, applied: 5, repeated: 1, foreign: 1, refused: { empty: 1 } });
    expect(summary.lines.byEvent).toMatchObject({ kvm_convert_memory: 6, ram_block_attributes_state_change: 1 });
    expect(summary.lines.chosen?.events).toEqual(['kvm_convert_memory']);
    expect(summary.conversions).toEqual({ posted: 5, changed: 4, unchanged: 1, refused: 0, retries: 0 });
    expect(summary.bytes).toEqual({
      toShared: 9 * PAGE,
      toPrivate: 5 * PAGE,
      changedToShared: 5 * PAGE,
      changedToPrivate: 4 * PAGE,
      unassigned: 0,
    });
    expect(summary.peak).toEqual({ populatedBytes: 5 * PAGE, mappingsPerPage: 5, mappingsPerRun: 3 });
    expect(summary.end).toEqual({ populatedBytes: PAGE, mappingsPerPage: 1, mappingsPerRun: 1 });
    expect(summary.blocks).toMatchObject([
      { idstr: 'ram-0x0', gpa: 0, created: true, populatedBytes: PAGE, runs: 1 },
      { idstr: 'ram-0x100000000', gpa: 4 * GIB, created: true, populatedBytes: 0, runs: 0 },
    ]);
  });

  it('cuts a conversion at the border of blocks that only --map has there, and starts from what is shared in them', async () => {
    const low = ramBlock({ id: 'b1', idstr: 'low', usedLength: GIB, shared: [{ offset: 0, size: 2 * PAGE }] });
    const high = ramBlock({ id: 'b2', idstr: 'high', usedLength: GIB });
    const maps = [
      { gpa: 0, size: GIB, offset: 0, idstr: 'low' },
      { gpa: GIB, size: GIB, offset: 0, idstr: 'b2' },
    ];
    const lines = [convert(GIB - PAGE, 2 * PAGE), convert(3 * GIB, PAGE), convert(3 * GIB, PAGE, 'private')];
    const { summary, requests } = await replay(convertingScript([low, high]), lines, { maps });
    const posted = requests.filter(({ method }) => method === 'POST');
    expect(posted.map(({ path, body }) => [path, body])).toEqual([
      ['/v1/ram-blocks/b1/conversions', { offset: GIB - PAGE, size: PAGE, to: 'shared' }],
      ['/v1/ram-blocks/b2/conversions', { offset: 0, size: PAGE, to: 'shared' }],
    ]);
    expect(summary.lines).toMatchObject({ applied: 1, crossing: 1, cut: 1 });
    expect(summary.lines.refused).toMatchObject({ unmappedToShared: 1, unmappedToPrivate: 1 });
    expect(summary.bytes.unassigned).toBe(PAGE);
    expect(summary.conversions.posted).toBe(2);
    expect(summaryText(summary)).toContain('1 applied over a border of RAM blocks, 1 of them cut, block by block\n');
    expect(summary.peak).toEqual({ populatedBytes: 4 * PAGE, mappingsPerPage: 4, mappingsPerRun: 3 });
    expect(summary.blocks.map(({ created }) => created)).toEqual([false, false]);
  });

  it('makes one block for state changes that stand alone', async () => {
    const { summary, requests } = await replay(convertingScript(), [stateChange(0, PAGE), stateChange(8 * PAGE, PAGE)]);
    expect(requests[0]?.body).toMatchObject({ idstr: 'ram', usedLength: 2 * 1024 ** 2 });
    expect(summary.lines).toMatchObject({ applied: 2, repeated: 0 });
  });

  it('puts state changes into --block, also from standard input', async () => {
    const block = ramBlock({ id: 'b1', idstr: 'pc.ram', usedLength: GIB });
    const options = {
      trace: '-',
      block: 'pc.ram',
      machine: 'vm1',
      stdin: stdin([stateChange(PAGE, PAGE), convert(0, PAGE)]),
    };
    const { summary, requests } = await replay(convertingScript([block]), [], options);
    expect(requests.map(({ path }) => path).slice(0, 2)).toEqual([
      '/v1/machines/vm1',
      '/v1/ram-blocks?machine=vm1&idstr=pc.ram',
    ]);
    expect(summary.lines).toMatchObject({ applied: 1, refused: { unmappedToShared: 1 } });
  });

  it('posts nothing of a file that has a line which names an event and cannot be read', async () => {
    await using service = await ScriptedService.start(convertingScript());
    await using trace = await TraceFile.write([convert(0, PAGE), 'kvm_convert_memory start \u009b']);
    const replaying = replayTrace({ trace: trace.path, service: service.url });
    await expect(replaying).rejects.toThrow(ReplayError);
    await expect(replaying).rejects.toThrow(
      /trace\.log: line 2 names kvm_convert_memory, but cannot be read: "kvm_convert_memory start \\u\{9b\}"$/,
    );
    expect(service.requests).toEqual([]);
  });

  it('applies the most exact event of a file alone, and says which', async () => {
    const lines = [`kvm_hc_map_gpa_range gpa 0x0 size 0x1000 attributes 0x0 flags 0x1`, convert(0, PAGE)];
    const { summary } = await replay(convertingScript(), lines);
    expect(summary.lines).toMatchObject({ applied: 1, repeated: 1, superseded: null });
    expect(summaryText(summary)).toMatch(/^Applied {7}kvm_convert_memory: .*kvm_hc_map_gpa_range \(1\)/m);
  });

  it('says which lines of standard input it took before a more exact event came', async () => {
    const block = ramBlock({ id: 'b1', idstr: 'pc.ram', usedLength: GIB });
    const maps = [{ gpa: 0, size: GIB, offset: 0, idstr: 'pc.ram' }];
    const exit = 'kvm_hc_map_gpa_range gpa 0x0 size 0x1000 attributes 0x0 flags 0x1';
    const options = { trace: '-', maps, stdin: stdin([exit, convert(0, PAGE), exit, convert(PAGE, PAGE)]) };
    const { summary } = await replay(convertingScript([block]), [], options);
    expect(summary.lines).toMatchObject({ applied: 3, repeated: 1, superseded: { lines: 1, before: 2 } });
    expect(summary.conversions).toMatchObject({ changed: 2, unchanged: 1 });
    expect(summaryText(summary)).toContain('1 lines of less exact events were taken before line 2');
  });

  it('creates the blocks that the memory slots of the trace have', async () => {
    const slot = (number: number, gpa: string, size: string, offset: string) =>
      `kvm_set_user_memory AddrSpace#0 Slot#${number} flags=0x4 gpa=${gpa} size=${size} ua=0x7f00 guest_memfd=25 guest_memfd_offset=${offset} ret=0`;
    const slots = [slot(0, '0x0', '0x80000000', '0x0'), slot(1, '0x100000000', '0x40000000', '0x80000000')];
    const late = slot(2, '0x200000000', '0x40000000', '0x0');
    const lines = [...slots, convert(4 * GIB, PAGE), late, convert(8 * GIB, PAGE)];
    const { summary, requests } = await replay(convertingScript(), lines);
    const posted = requests.filter(({ method }) => method === 'POST');
    expect(posted[0]?.body).toEqual({ machine: expect.any(String), idstr: 'ram-0x0', usedLength: 3 * GIB });
    expect(posted.slice(1).map(({ body }) => body)).toEqual([{ offset: 2 * GIB, size: PAGE, to: 'shared' }]);
    expect(summary.lines).toMatchObject({ applied: 1, layout: 3, refused: { unmappedToShared: 1 } });
  });

  it('prints names and details of others without what controls a terminal', async () => {
    const block = ramBlock({ id: 'b1', idstr: 'a\u001b[2Jb', usedLength: GIB });
    const refuse: Script = ({ path }) =>
      path.includes('conversions') ? problem(409, 'listener-refused', {}, { detail: 'no\u009b2J\u007f' }) : null;
    const maps = [{ gpa: 0, size: GIB, offset: 0, idstr: 'b1' }];
    const { summary } = await replay(convertingScript([block], refuse), [convert(0, PAGE)], { maps });
    expect(summaryText(summary)).not.toMatch(/[^\P{Cc}\n]/u);
    expect(summaryText(summary)).toContain('a\\u{1b}[2Jb');
  });

  it('counts refusals by code, with where the first one was', async () => {
    const refuse: Script = ({ body }) =>
      fieldOf(body, 'gpa') === 4 * GIB ? null : problem(409, 'listener-refused', {}, { ramBlockId: 'b1' });
    const lines = [convert(4 * GIB, PAGE), '', convert(4 * GIB + PAGE, PAGE), convert(4 * GIB + 2 * PAGE, PAGE)];
    const { summary } = await replay(convertingScript([], refuse), lines);
    expect(summary.conversions).toMatchObject({ posted: 3, changed: 1, refused: 2 });
    expect(summary.lines.applied).toBe(3);
    expect(summary.end.mappingsPerPage).toBe(1);
    expect(summary.refusals).toMatchObject({
      'listener-refused': {
        count: 2,
        first: {
          line: 3,
          gpa: 4 * GIB + PAGE,
          size: PAGE,
          to: 'shared',
          blocks: ['ram-0x100000000'],
          ramBlockId: 'b1',
          idstr: 'ram-0x100000000',
          offset: PAGE,
          status: 409,
          errno: 'ENOSPC',
          populated: { mappingsPerPage: 1 },
        },
      },
    });
    expect(summaryText(summary)).toMatch(
      /listener-refused: 2, first at line 3\n +gpa 0x100001000 size 0x1000 of ram-0x100000000 to shared, with 1 DMA mappings per page.*because of listener-refused/,
    );
  });

  it('counts what the service finds invalid among the lines that the range rules refuse', async () => {
    const { summary } = await replay(
      convertingScript([], () => problem(422, 'invalid-range')),
      [convert(0, PAGE)],
    );
    expect(summary.lines).toMatchObject({ applied: 0, refused: { byService: 1 } });
    expect(summary.conversions.posted).toBe(0);
  });

  it('asks for listeners once the blocks are there, before the first conversion', async () => {
    const seen: string[] = [];
    const script = convertingScript();
    const observed: Script = (request) => {
      seen.push(request.path);
      return script(request);
    };
    await replay(observed, [convert(0, PAGE)], {
      onBlocks: async ([block]) => {
        seen.push(`blocks: ${block?.id}`);
      },
    });
    expect(seen.map((path) => path.replace(/replay-\w+/, 'MACHINE'))).toEqual([
      '/v1/ram-blocks',
      '/v1/machines/MACHINE',
      'blocks: b1',
      '/v1/machines/MACHINE/conversions',
    ]);
  });

  it('tells its progress', async () => {
    const progress: ReplayProgress[] = [];
    await replay(convertingScript(), [convert(0, PAGE), convert(PAGE, PAGE)], {
      onProgress: (now) => progress.push(now),
    });
    expect(progress.map(({ phase, fraction, conversions }) => [phase, fraction, conversions])).toEqual([
      ['scan', 1, 0],
      ['scan', 1, 0],
      ['replay', 0.5, 1],
      ['replay', 1, 2],
    ]);
  });

  it('sums up a trace without conversions', async () => {
    const { summary, requests } = await replay(convertingScript(), ['nothing', 'here']);
    expect(requests).toEqual([]);
    expect(summary.conversions.posted).toBe(0);
    expect(summaryText(summary)).toMatch(/No line of .* is a conversion/);
    const empty = await replay(convertingScript(), []);
    expect(empty.summary.lines.total).toBe(0);
  });

  it.each([
    ['a token that is needed', () => problem(401, 'unauthorized'), /line 2: .*401 unauthorized.*--token/],
    ['a block that disappears', () => problem(404, 'not-found'), /line 2: .*404 not-found/],
  ])('ends at %s, and says at which line', async (_, refuse, message) => {
    const replayed = replay(convertingScript([], refuse), ['', convert(0, PAGE)]);
    await expect(replayed).rejects.toThrow(message);
  });

  it.each([
    ['that came meanwhile', { ramBlockId: 'other', offset: 0, size: PAGE }],
    ['that grew meanwhile', { ramBlockId: 'b1', offset: GIB, size: PAGE }],
  ])('ends when the service converts a block %s', async (_, conversion) => {
    const block = ramBlock({ id: 'b1', machine: 'vm1', gpa: 0, usedLength: GIB });
    const body = { conversions: [{ ...conversion, changedBytes: PAGE }], unassigned: [] };
    const script = convertingScript([block], () => ({ status: 200, body }));
    const replayed = replay(script, [convert(0, PAGE)], { machine: 'vm1' });
    await expect(replayed).rejects.toThrow(/^line 1: the service converted RAM block .*meanwhile/);
  });

  it.each([
    ['is too small', { usedLength: PAGE }, /8192 bytes from offset 0.*4096 bytes/],
    ['has larger pages', { usedLength: GIB, pageSize: 2 * 1024 ** 2 }, /8192 is not a multiple of 2097152/],
    ['has no RamBlockAttributes', { attributes: null }, /no RamBlockAttributes.*--map/],
  ])('does not begin when a block that --map names %s', async (_, fields, message) => {
    const block = ramBlock({ idstr: 'ram', ...fields });
    const maps = [{ gpa: 0, size: 2 * PAGE, offset: 0, idstr: 'ram' }];
    const replayed = replay(convertingScript([block]), [convert(0, PAGE)], { maps });
    await expect(replayed).rejects.toThrow(ReplayError);
    await expect(replayed).rejects.toThrow(message);
  });
});

describe('printing', () => {
  it.each([
    [0, '0 bytes'],
    [4096, '4 KiB'],
    [1_079_500_800, '1.01 GiB'],
    [16 * GIB, '16 GiB'],
    [2 ** 50, '1024 TiB'],
  ])('writes %i bytes as %s', (bytes, text) => {
    expect(size(bytes)).toBe(text);
  });

  const progress: ReplayProgress = {
    phase: 'replay',
    fraction: 0.5,
    lines: 10,
    conversions: 2000,
    refused: 0,
    populatedBytes: GIB,
  };

  it('shows progress in one line', () => {
    expect(progressText(progress, 2)).toBe('[############............]  50% 2,000 conversions, 1,000/s, 1 GiB shared');
    expect(progressText({ ...progress, fraction: null, refused: 3 }, 2)).toBe(
      '2,000 conversions, 1,000/s, 3 refused, 1 GiB shared',
    );
  });

  it('draws rarely, within the width of the terminal, and leaves nothing behind', () => {
    const written: string[] = [];
    let now = 0;
    const bar = new ProgressBar({ columns: 20, write: (text) => written.push(text) }, () => now);
    for (; now < 1000; now += 10) bar.update(progress);
    expect(written).toHaveLength(10);
    for (const text of written) expect(text).toHaveLength('\r\x1b[K'.length + 19);
    bar.clear();
    expect(written.at(-1)).toBe('\r\x1b[K');
  });
});
