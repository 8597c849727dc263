// A crash at every single append of a course of changes, before it is durable and after: the state is the one before or
// after the change that was under way, and every device ends with what is populated.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type DeviceSimulator, startDeviceSimulator } from '../../src/cli/simulator/server.ts';
import { MemoryJournal } from '../../src/journal/memory-journal.ts';
import type { Api } from '../support/api.ts';
import { type Fate, FaultyJournal } from '../support/faulty-journal.ts';
import { SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService, until } from '../support/service.ts';

const PAGE = 4096;

let devices: DeviceSimulator[];

const startDevices = () => Promise.all([0, 1, 2].map(() => startDeviceSimulator({ secret: SECRET })));

beforeEach(async () => {
  devices = await startDevices();
});

afterEach(async () => {
  await Promise.all(devices.map((device) => device.close()));
});

/** What the course of changes is about. Steps that a crash cut off never come back. */
interface Course {
  readonly api: Api;
  path: string;
}

const convert =
  (offset: number, size: number, to: string) =>
  async ({ api, path }: Course) => {
    await api.ok('POST', `${path}/conversions`, { offset, size, to });
  };
const register =
  (device: number, section: object) =>
  async ({ api, path }: Course) => {
    await api.ok('POST', `${path}/listeners`, { url: devices[device]?.url, secret: SECRET, section });
  };
const listenerOf = async ({ api, path }: Course, device: number): Promise<string> => {
  const { items } = await api.ok('GET', `${path}/listeners`);
  const { id } = items.find(({ url }: { url: string }) => url === devices[device]?.url);
  return `${path}/listeners/${id}`;
};

const STEPS: ((course: Course) => Promise<void>)[] = [
  async (course) => {
    const { id } = await course.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: 32 * PAGE });
    course.path = `/v1/ram-blocks/${id}`;
  },
  register(0, {}),
  convert(0, 8 * PAGE, 'shared'),
  register(1, { offset: 4 * PAGE, size: 8 * PAGE }),
  convert(6 * PAGE, 8 * PAGE, 'shared'),
  convert(2 * PAGE, 8 * PAGE, 'private'),
  async ({ api, path }) => {
    const body = { name: 'virtio-mem0', granularity: 4 * PAGE, populated: [{ offset: 0, size: 12 * PAGE }] };
    await api.ok('POST', `${path}/sources`, body);
  },
  register(2, { offset: 8 * PAGE, size: 16 * PAGE }),
  async (course) => {
    await course.api.ok('POST', `${await listenerOf(course, 0)}/replay`);
  },
  async (course) => {
    await course.api.ok('DELETE', await listenerOf(course, 1));
  },
  async ({ api, path }) => {
    const { items } = await api.ok('GET', `${path}/sources`);
    await api.ok('DELETE', `${path}/sources/${items[1].id}`);
  },
];

/** Everything that is to survive, but positions, which a recovery moves on; names in the place of what chance gave. */
async function seen(api: Api): Promise<string> {
  const [block] = (await api.ok('GET', '/v1/ram-blocks')).items;
  if (block === undefined) return 'no block';
  const path = `/v1/ram-blocks/${block.id}`;
  const list = async (what: string) => (await api.ok('GET', `${path}/${what}`)).items;
  const listeners = (await list('listeners')).map(({ position: _position, ...rest }: { position: unknown }) => rest);
  const everything = {
    block,
    listeners,
    sources: await list('sources'),
    sections: await list('sections'),
    shared: await list('sections?source=ram-block-attributes'),
    history: await list('conversions'),
  };
  const names = new Map<string, string>();
  for (const [index, { url }] of devices.entries()) names.set(url, `device ${index}`);
  return JSON.stringify(everything, (key, value) => {
    if (key === 'createdAt') return 'then';
    if (typeof value !== 'string') return value;
    if (/^(blk|src|lsn|cnv)_/.test(value) && !names.has(value)) names.set(value, `${value.slice(0, 3)} ${names.size}`);
    return names.get(value) ?? value;
  });
}

async function everyDeviceIsRight(api: Api): Promise<void> {
  const [block] = (await api.ok('GET', '/v1/ram-blocks')).items;
  if (block === undefined) return;
  const path = `/v1/ram-blocks/${block.id}`;
  await until('all listeners are settled', async () => {
    const { items } = await api.ok('GET', `${path}/listeners`);
    return items.every(({ state }: { state: string }) => state === 'active');
  });
  const { items: listeners } = await api.ok('GET', `${path}/listeners`);
  for (const device of devices) {
    const listener = listeners.find(({ url }: { url: string }) => url === device.url);
    const { offset, size } = listener?.section ?? { offset: 0, size: 0 };
    const { items } = listener ? await api.ok('GET', `${path}/sections?offset=${offset}&size=${size}`) : { items: [] };
    const expected = items.map((run: { offset: number; size: number }) => ({
      offsetWithinRegion: run.offset,
      size: run.size,
    }));
    expect(device.mappings()).toEqual(expected);
    expect(device.state()).toMatchObject({ pendingGaps: [], violations: { count: 0 } });
  }
}

/** Runs the course until it ends or the journal is lost. @returns what was seen after each step that was answered */
async function runCourse(service: TestService, isOver: () => boolean): Promise<string[]> {
  const course: Course = { api: service.api, path: '' };
  const states = [await seen(service.api)];
  for (const step of STEPS) {
    const done = step(course).then(() => true);
    // A request that is never answered; what it throws when the service is abandoned is no news.
    done.catch(() => undefined);
    if (!(await Promise.race([done, until('it is over', isOver).then(() => false)]))) return states;
    states.push(await seen(service.api));
  }
  return states;
}

/** @param expected what is seen after each step @returns whether the course was long enough to crash there */
async function crashAt(append: number, fate: Fate, expected: readonly string[]): Promise<boolean> {
  const memory = new MemoryJournal();
  const journal = new FaultyJournal(memory);
  journal.fate = (appends) => (appends === append ? fate : 'done');
  const first = await startService({ openJournal: async () => journal });
  const answered = (await runCourse(first, () => journal.appends > append)).length - 1;
  const crashed = journal.appends > append;
  await first.abandon();

  const second = await startService({ openJournal: async () => memory, settings: { RBA_SNAPSHOT_EVERY: '3' } });
  const where = `after a crash at append ${append} (${fate}), with ${answered} steps answered`;
  await everyDeviceIsRight(second.api);
  const possible = fate === 'lost' ? [expected[answered]] : [expected[answered], expected[answered + 1]];
  expect(possible, where).toContain(await seen(second.api));
  await second.close();
  return crashed;
}

it('is survived wherever it comes', async () => {
  const reference = await startService();
  const expected = await runCourse(reference, () => false);
  await reference.close();
  expect(expected).toHaveLength(STEPS.length + 1);
  for (const fate of ['lost', 'lost-written'] as const) {
    let crashes = 0;
    do {
      await Promise.all(devices.map((device) => device.close()));
      devices = await startDevices();
    } while ((await crashAt(crashes, fate, expected)) && ++crashes);
    expect(crashes).toBeGreaterThan(20);
  }
}, 180_000);
