// A block without sources that grows tells its listeners to map pages beyond its present end. Where that is not answered
// these pages may be mapped, though the block does not have them: they must be discarded before anything else is.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryJournal } from '../../src/journal/memory-journal.ts';
import { FaultyJournal } from '../support/faulty-journal.ts';
import { type Received, ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService, until } from '../support/service.ts';

const PAGE = 4096;
/** Within a chunk of a bitmap, and across the ends of chunks. */
const SIZES = [
  [10, 15],
  [10, 40],
  [32_768, 40_000],
  [32_768, 131_072],
] as const;

let stored: MemoryJournal;
let journal: FaultyJournal;
let service: TestService;
let device: ScriptedListener;
let path: string;
let listener: string;

beforeEach(async () => {
  stored = new MemoryJournal();
  device = await ScriptedListener.start();
  await start();
});

afterEach(async () => {
  await service.close();
  await device.close();
});

async function start(): Promise<void> {
  journal = new FaultyJournal(stored);
  service = await startService({ openJournal: journal.open, settings: { RBA_SNAPSHOT_EVERY: '1' } });
}

async function makeBlock(pages: number, most: number): Promise<void> {
  const lengths = { usedLength: pages * PAGE, maxLength: most * PAGE };
  const block = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', guestMemfd: false, ...lengths });
  path = `/v1/ram-blocks/${block.id}`;
  const body = { url: device.url, secret: SECRET, timeoutMs: 30_000 };
  listener = `${path}/listeners/${(await service.api.ok('POST', `${path}/listeners`, body)).id}`;
  expect(device.mapped.size).toBe(pages);
}

const resize = (pages: number) => service.api.call('PATCH', path, { usedLength: pages * PAGE });
const isGrowth = ({ type, reason }: Received) => type === 'ram_block.populate' && reason === 'resize';

function map({ sections }: Received): void {
  for (const { offsetWithinRegion, size } of sections) {
    for (let at = offsetWithinRegion; at < offsetWithinRegion + size; at += PAGE) device.mapped.add(at);
  }
}

/** Growth is mapped, and no usable answer comes. */
function loseAnswers(others: (received: Received) => number = () => 200): void {
  device.script = (received) => {
    if (!isGrowth(received)) return others(received);
    map(received);
    return 404;
  };
}

async function untilSettled(): Promise<void> {
  await until('it is settled', async () => (await service.api.ok('GET', listener)).state === 'active');
  expect((await service.api.ok('GET', listener)).unsettled.bytes).toBe(0);
}

describe.each(SIZES)('growing from %i pages to %i', (from, to) => {
  it('that is not answered leaves nothing mapped beyond the end', async () => {
    await makeBlock(from, to);
    loseAnswers();
    expect((await resize(to)).body).toMatchObject({ code: 'listener-unreachable' });
    await untilSettled();
    expect(device.mapped.size).toBe(from);
    // The resize, and what settles it: two records each.
    expect(journal.appends).toBeLessThan(20);
    device.script = () => 200;
    await service.api.ok('POST', `${path}/sources`, { name: 'ram-block-attributes' });
    expect((await resize(to)).status).toBe(200);
    expect(device.mapped.size).toBe(0);
  });

  it('that a crash cuts short leaves nothing mapped beyond the end', async () => {
    await makeBlock(from, to);
    device.script = (received) => {
      if (isGrowth(received)) map(received);
      return isGrowth(received) ? 'hang' : 200;
    };
    void resize(to).catch(() => undefined);
    await until('it is mapped', () => device.mapped.size === to);
    journal.fate = () => 'lost';
    await service.abandon();
    await start();
    await untilSettled();
    expect(device.mapped.size).toBe(from);
    device.script = () => 200;
    expect((await resize(to)).status).toBe(200);
    expect(device.mapped.size).toBe(to);
  });

  it('shows what is unknown, and lets nothing else through', async () => {
    await makeBlock(from, to);
    loseAnswers(() => 404);
    await resize(to);
    const { unsettled, state } = await service.api.ok('GET', listener);
    expect(state).toBe('failing');
    const beyond = { offset: from * PAGE, size: (to - from) * PAGE };
    expect(unsettled).toMatchObject({ bytes: beyond.size, unknownBytes: beyond.size, runs: 1, sections: [beyond] });
    for (const pages of [to, from + 1, from - 1]) {
      expect((await resize(pages)).body).toMatchObject({ code: 'listener-unsettled', sections: [beyond] });
    }
    const source = { name: 'ram-block-attributes' };
    expect((await service.api.post(`${path}/sources`, source)).body.code).toBe('listener-unsettled');
    expect((await service.api.call('DELETE', listener)).body.code).toBe('listener-unsettled');
    device.script = () => 200;
    await untilSettled();
    expect(device.mapped.size).toBe(from);
    expect((await resize(from - 1)).status).toBe(200);
    expect((await resize(to)).status).toBe(200);
    expect(device.mapped.size).toBe(to);
  });
});

it('a block that is deleted by force tells its listener to discard what it may have mapped beyond the end', async () => {
  await makeBlock(10, 40);
  loseAnswers(() => 404);
  await resize(40);
  device.script = () => 200;
  expect((await service.api.delete(`${path}?force=true`)).status).toBe(204);
  await until('it has nothing mapped', () => device.mapped.size === 0);
});

it('is settled over a growth that tells nobody', async () => {
  await makeBlock(10, 40);
  loseAnswers(() => 404);
  await resize(20);
  // It takes nothing away, and what grows from then on is private: no change concerns the listener.
  const populated = [{ offset: 0, size: 10 * PAGE }];
  await service.api.ok('POST', `${path}/sources`, { name: 'virtio-mem', granularity: PAGE, populated });
  expect((await resize(40)).status).toBe(200);
  device.script = () => 200;
  await untilSettled();
  expect([...device.mapped].sort((a, b) => a - b)).toEqual(Array.from({ length: 10 }, (_, page) => page * PAGE));
});
