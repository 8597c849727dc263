// A course of changes that touches everything a journal keeps, and what is to be seen after each of its steps. Crashes and
// journal failures are put into it at every append.
import { expect } from 'vitest';
import { type DeviceSimulator, startDeviceSimulator } from '../../src/cli/simulator/server.ts';
import type { Api } from './api.ts';
import { SECRET } from './scripted-listener.ts';
import { type TestService, until } from './service.ts';

const PAGE = 4096;

export const startDevices = () => Promise.all([0, 1, 2].map(() => startDeviceSimulator({ secret: SECRET })));

/** What the steps need. A step that a crash cut off never comes back. */
interface Course {
  readonly api: Api;
  readonly devices: readonly DeviceSimulator[];
  path: string;
}

const convert =
  (offset: number, size: number, to: string) =>
  async ({ api, path }: Course) => {
    await api.ok('POST', `${path}/conversions`, { offset, size, to });
  };
const register =
  (device: number, section: object) =>
  async ({ api, path, devices }: Course) => {
    await api.ok('POST', `${path}/listeners`, { url: devices[device]?.url, secret: SECRET, section });
  };
const listenerOf = async ({ api, path, devices }: Course, device: number): Promise<string> => {
  const { items } = await api.ok('GET', `${path}/listeners`);
  const { id } = items.find(({ url }: { url: string }) => url === devices[device]?.url);
  return `${path}/listeners/${id}`;
};

export const STEPS: ((course: Course) => Promise<void>)[] = [
  async (course) => {
    const { id } = await course.api.ok('POST', '/v1/ram-blocks', {
      ...{ idstr: 'pc.ram', gpa: 0, usedLength: 32 * PAGE, maxLength: 64 * PAGE },
    });
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
  async ({ api, path }) => {
    const conversions = [
      { offset: 0, size: 4 * PAGE, to: 'shared' },
      { offset: 2 * PAGE, size: 8 * PAGE, to: 'private' },
      { offset: 6 * PAGE, size: 20 * PAGE, to: 'shared' },
    ];
    await api.ok('POST', `${path}/conversion-batches`, { conversions });
  },
  async ({ api, path }) => {
    await api.ok('PATCH', path, { usedLength: 24 * PAGE });
  },
  async ({ api }) => {
    await api.ok('POST', '/v1/machines/default/conversions', { gpa: 20 * PAGE, size: 8 * PAGE, to: 'shared' });
  },
  async ({ api, path }) => {
    await api.ok('PUT', `${path}/bitmap?size=${16 * PAGE}`, Uint8Array.of(0b1010_0101, 0xff), {
      headers: { 'content-type': 'application/octet-stream' },
    });
  },
];

/** Everything that is to survive, but positions, which a recovery moves on; names in the place of what chance gave. */
export async function seen(api: Api, devices: readonly DeviceSimulator[]): Promise<string> {
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

/** Waits until all listeners are settled; then every device has mapped what is populated, and saw nothing wrong. */
export async function everyDeviceIsRight(api: Api, devices: readonly DeviceSimulator[]): Promise<void> {
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

/** Runs the course until it ends, a step fails or `isOver`. @returns what was seen after each step that was answered */
export async function runCourse(
  { api }: TestService,
  devices: readonly DeviceSimulator[],
  isOver: () => boolean,
): Promise<string[]> {
  const course: Course = { api, devices, path: '' };
  const states = [await seen(api, devices)];
  for (const step of STEPS) {
    const done = step(course).then(
      () => true,
      () => false,
    );
    if (!(await Promise.race([done, until('it is over', isOver).then(() => false)]))) return states;
    states.push(await seen(api, devices));
  }
  return states;
}
