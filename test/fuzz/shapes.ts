// A request that makes sense, for each operation of the document. What is near to it, and what is far from it, is made
// of these (requests.ts).
import type { Chance } from './chance.ts';
import type { KnownBlock, Pool } from './pool.ts';

export interface Shape {
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON where it is an object, else as it is; null where there is none. */
  readonly body: object | string | Uint8Array | null;
}

/** With what sense is made. */
export interface Setting {
  readonly chance: Chance;
  readonly pool: Pool;
  /** Where listeners are; they answer by the last part of the path. */
  readonly receiver: string;
  /** Of the request, unique. */
  readonly number: number;
}

type Make = (setting: Setting, block: KnownBlock) => Partial<Shape>;

const MACHINES = ['default', 'm-1', 'm.2'];
const TO = ['shared', 'private'] as const;
const TRACE = [
  'qemu-system-x86-1 [000] ..... 1.000001: kvm_convert_memory: start 0x1000 size 0x2000 shared_to_private',
  'kvm_convert_memory start 0x100000 size 0x1000 private_to_shared',
  'not a line of any trace',
].join('\n');

function section({ chance }: Setting, { pageSize, usedLength }: KnownBlock): { offset: number; size: number } {
  const pages = Math.max(1, usedLength / pageSize);
  const start = chance.is(0.2) ? pages - 1 : chance.below(Math.min(pages, 4096));
  const size = Math.min(1 + chance.below(chance.is(0.1) ? 40_000 : 16), Math.max(1, pages - start));
  return { offset: start * pageSize, size: size * pageSize };
}

/** The same bytes as one of the ways to write them. */
function byteSize(bytes: number, chance: Chance): number | string {
  if (chance.is(0.7)) return bytes;
  return bytes % 1024 === 0 && chance.is(0.5) ? `${bytes / 1024}KiB` : `0x${bytes.toString(16)}`;
}

const window: Make = (setting, block) => {
  const { offset, size } = section(setting, block);
  return { query: setting.chance.is(0.5) ? {} : { offset: String(offset), size: String(size) } };
};

const page: Make = ({ chance, pool }) => ({
  query: {
    ...(chance.is(0.5) ? { limit: String(1 + chance.below(5)) } : {}),
    ...(chance.is(0.2) && pool.cursors.length > 0 ? { cursor: chance.pick(pool.cursors) } : {}),
  },
});

function conversion(setting: Setting, block: KnownBlock, to: readonly string[] = TO): object {
  const { offset, size } = section(setting, block);
  const { chance } = setting;
  return { offset: byteSize(offset, chance), size: byteSize(size, chance), to: chance.pick(to) };
}

const NONE: Make = () => ({});

/** By operationId; every operation of the document is here. */
export const SHAPES: Readonly<Record<string, Make>> = {
  createRamBlock: ({ chance, number }) => {
    const pageSize = chance.pick([4096, 4096, 16_384, 2 ** 21]);
    const usedLength = pageSize * (1 + chance.below(chance.pick([1, 64, 40_000, 2 ** 24])));
    return {
      body: {
        idstr: `ram ${number}`,
        usedLength: byteSize(usedLength, chance),
        pageSize,
        machine: chance.pick(MACHINES),
        ...(chance.is(0.3) ? { maxLength: usedLength * 2 } : {}),
        ...(chance.is(0.2) ? { gpa: chance.below(2 ** 20) * 2 ** 21 } : {}),
        ...(chance.is(0.1) ? { guestMemfd: false } : {}),
      },
    };
  },
  listRamBlocks: (setting, block) => ({
    query: { ...page(setting, block).query, ...(setting.chance.is(0.3) ? { machine: block.machine } : {}) },
  }),
  getRamBlock: NONE,
  resizeRamBlock: ({ chance }, { pageSize, usedLength }) => ({
    body: { usedLength: Math.max(pageSize, usedLength + pageSize * (chance.below(9) - 4)) },
  }),
  deleteRamBlock: ({ chance }) => ({ query: chance.is(0.5) ? { force: 'true' } : {} }),
  convert: (setting, block) => ({
    body: conversion(setting, block),
    query: setting.chance.is(0.1) ? { dryRun: 'true' } : {},
  }),
  listConversions: page,
  convertBatch: (setting, block) => ({
    body: { conversions: Array.from({ length: 1 + setting.chance.below(20) }, () => conversion(setting, block)) },
  }),
  convertGuestMemory: ({ chance }) => ({
    body: { gpa: chance.below(2 ** 12) * 2 ** 20, size: 4096 * (1 + chance.below(2048)), to: chance.pick(TO) },
  }),
  changeSource: (setting, block) => ({ body: conversion(setting, block, ['populated', 'discarded']) }),
  listMachines: page,
  getMachine: NONE,
  getState: window,
  listSections: (setting, block) => ({
    query: {
      ...window(setting, block).query,
      ...page(setting, block).query,
      state: setting.chance.pick(['populated', 'discarded']),
    },
  }),
  getDensity: (setting, block) => ({
    query: { ...window(setting, block).query, cells: String(1 + setting.chance.below(64)) },
  }),
  getBitmap: window,
  setBitmap: ({ chance }, { pageSize, usedLength }) => {
    const pages = Math.min(8 * (1 + chance.below(64)), usedLength / pageSize);
    const bytes = Uint8Array.from({ length: Math.ceil(pages / 8) }, () => chance.below(256));
    return { query: { offset: '0', size: String(pages * pageSize) }, body: bytes };
  },
  addSource: ({ chance, number }, { pageSize }) => ({
    body: chance.is(0.2)
      ? { name: 'ram-block-attributes' }
      : { name: `virtio-mem${number % 3}`, granularity: pageSize * 2, populated: [{ offset: 0, size: pageSize * 2 }] },
  }),
  listSources: page,
  getSource: NONE,
  removeSource: ({ chance }) => ({ query: chance.is(0.7) ? { force: 'true' } : {} }),
  registerListener: (setting, block) => {
    const { chance, receiver } = setting;
    return {
      body: {
        url: `${receiver}/${chance.pick(['ok', 'ok', 'ok', 'ok', 'refuse', 'fail'])}`,
        timeoutMs: 100,
        mode: chance.pick(['sync', 'async']),
        ...(chance.is(0.3) ? { section: section(setting, block) } : {}),
        ...(chance.is(0.2) ? { maxSections: 1 + chance.below(4) } : {}),
        ...(chance.is(0.2) ? { granularity: block.pageSize * 2 ** chance.below(4) } : {}),
        ...(chance.is(0.2) ? { dmaMaxMappings: 1 + chance.below(4) } : {}),
        ...(chance.is(0.1) ? { coordinatedDiscard: false } : {}),
        ...(chance.is(0.2) ? { doubleDiscardSupported: chance.is(0.5) } : {}),
      },
    };
  },
  listListeners: page,
  getListener: NONE,
  unregisterListener: ({ chance }) => ({ query: chance.is(0.9) ? { force: 'true' } : {} }),
  updateListener: ({ chance, receiver }) => ({
    body: chance.pick<object>([
      { description: 'another' },
      { url: `${receiver}/ok` },
      { timeoutMs: 100 + chance.below(50) },
      { state: 'active' },
      { state: 'disabled' },
    ]),
  }),
  listDeliveries: page,
  replayListener: NONE,
  rotateSecret: ({ chance }) => ({ body: { gracePeriodSeconds: chance.below(100) } }),
  retryListener: NONE,
  skipDelivery: NONE,
  planTrace: ({ chance }) => ({ body: TRACE, query: chance.is(0.3) ? { map: '0:2G' } : {} }),
  getLivez: NONE,
  getReadyz: NONE,
  getMetrics: NONE,
  getOpenApi: NONE,
  // It does not end, and is asked for only in ways that are refused (requests.ts).
  followEvents: NONE,
};
