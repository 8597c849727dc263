// What is explored: for each scenario what may go wrong in `npm test`, and what in `npm run test:model`, which has longer.
import type { ProblemCode } from '../../src/errors.ts';
import {
  addSource,
  batch,
  type Command,
  convert,
  convertMachine,
  register,
  removeSource,
  replay,
  resize,
  unregister,
} from './commands.ts';
import { ATTRIBUTES } from './ledger.ts';
import type { Scenario, StartBlock } from './scenario.ts';
import type { Faults } from './world.ts';

/** How often each may go wrong on one path. */
type Combination = readonly [deliveries: number, crashes: number, journal: number, departures: number];

interface Explorable extends Omit<Scenario, 'faults'> {
  /** Each is explored by itself. */
  readonly quick: readonly Combination[];
  readonly deep: readonly Combination[];
}

const shared = (start: number, end: number) => ({ start, end, to: 'shared' }) as const;
const made = (start: number, end: number) => ({ start, end, to: 'private' }) as const;

/** Three pages, the middle one shared; one listener sees all of them, one section a delivery, the other one the last two. */
const TWO_LISTENERS: StartBlock = {
  id: 'b1',
  pages: 3,
  gpa: 0,
  shared: [[1, 2]],
  listeners: [
    { id: 'l1', start: 0, end: 3, maxSections: 1 },
    { id: 'l2', start: 1, end: 3 },
  ],
};

const ONE_LISTENER: StartBlock = { id: 'b1', pages: 2, gpa: 0, shared: [[0, 1]], listeners: [{ id: 'l1', start: 0 }] };

const TWO_BLOCKS: readonly StartBlock[] = [
  { ...ONE_LISTENER, shared: [] },
  { id: 'b2', pages: 2, gpa: 2, shared: [[1, 2]], listeners: [{ id: 'l2', start: 0 }] },
];

/** What two conversions that may be under way at once have to wait for, or let wait. */
const BETWEEN: readonly (readonly [what: string, command: Command, block?: StartBlock])[] = [
  ['a batch', batch('b1', shared(0, 2), made(1, 2))],
  ['one of the whole machine', convertMachine(0, 2, 'shared', { b1: [0, 2] })],
  ['a resize', resize('b1', 3), { ...ONE_LISTENER, maxPages: 3 }],
  ['a new source', addSource('b1', 'virtio-mem0', [1, 2])],
  ['a registration', register('b1', 'new', 0, 2)],
  ['an unregistration', unregister('b1', 'l1')],
  ['a replay', replay('b1', 'l1')],
];

const EXPLORABLE: readonly Explorable[] = [
  {
    name: 'two conversions that overlap, of opposite direction',
    blocks: [TWO_LISTENERS],
    commands: [convert('b1', shared(0, 3)), convert('b1', made(1, 3))],
    // biome-ignore format: one line each reads as a table
    quick: [[1, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 2]],
    // biome-ignore format: one line each reads as a table
    deep: [[2, 1, 0, 0], [1, 2, 0, 0], [1, 1, 1, 0], [1, 1, 0, 1]],
  },
  {
    name: 'two conversions that overlap, both to private',
    blocks: [{ ...TWO_LISTENERS, shared: [[0, 3]] }],
    commands: [convert('b1', made(0, 2)), convert('b1', made(1, 3))],
    quick: [[1, 1, 0, 0]],
    deep: [[2, 1, 0, 0]],
  },
  {
    name: 'two conversions of different pages, under way at once',
    blocks: [TWO_LISTENERS],
    commands: [convert('b1', shared(0, 1)), convert('b1', made(1, 3))],
    // biome-ignore format: one line each reads as a table
    quick: [[1, 1, 0, 0]],
    // biome-ignore format: one line each reads as a table
    deep: [[2, 1, 0, 0], [1, 2, 0, 0], [1, 1, 1, 0]],
  },
  {
    name: 'two conversions of different pages, both to private, and one of both pages',
    // biome-ignore format: it is short
    blocks: [{ ...ONE_LISTENER, shared: [[0, 1], [1, 2]] }],
    commands: [convert('b1', made(0, 1)), convert('b1', made(1, 2)), convert('b1', shared(0, 2))],
    quick: [[1, 1, 0, 0]],
    // biome-ignore format: one line each reads as a table
    deep: [[2, 1, 0, 0], [1, 1, 1, 0]],
  },
  {
    name: 'two conversions of different pages, with snapshots',
    blocks: [ONE_LISTENER],
    commands: [convert('b1', shared(1, 2)), convert('b1', made(0, 1))],
    snapshotEvery: 1,
    quick: [[0, 1, 1, 0]],
    // biome-ignore format: one line each reads as a table
    deep: [[1, 1, 1, 0], [2, 2, 0, 0]],
  },
  ...BETWEEN.map(([what, command, block = ONE_LISTENER]) => ({
    name: `two conversions of different pages, and ${what} between them`,
    blocks: [block],
    commands: [convert('b1', shared(1, 2)), command, convert('b1', made(0, 1))],
    // biome-ignore format: one line each reads as a table
    quick: [[1, 0, 0, 0], [0, 1, 0, 0]] as const,
    // biome-ignore format: one line each reads as a table
    deep: [[1, 1, 0, 0], [2, 0, 0, 0], [1, 0, 1, 0]] as const,
  })),
  {
    name: 'two conversions, with snapshots',
    blocks: [TWO_LISTENERS],
    commands: [convert('b1', shared(0, 3)), convert('b1', made(1, 3))],
    snapshotEvery: 1,
    quick: [[0, 1, 0, 0]],
    // biome-ignore format: one line each reads as a table
    deep: [[0, 1, 1, 0], [1, 1, 0, 0]],
  },
  {
    name: 'a batch with changes of direction, and a conversion',
    blocks: [TWO_LISTENERS],
    commands: [batch('b1', made(0, 2), shared(0, 3), made(2, 3)), convert('b1', made(1, 3))],
    // biome-ignore format: one line each reads as a table
    quick: [[1, 0, 0, 0], [0, 1, 0, 0]],
    // biome-ignore format: one line each reads as a table
    deep: [[1, 1, 0, 0], [2, 1, 0, 0]],
  },
  {
    name: 'a conversion of two blocks that crosses one of one block',
    blocks: TWO_BLOCKS,
    commands: [convertMachine(1, 4, 'shared', { b1: [1, 2], b2: [0, 2] }), convert('b2', made(0, 2))],
    // biome-ignore format: one line each reads as a table
    quick: [[1, 1, 0, 0], [1, 0, 0, 1]],
    // biome-ignore format: one line each reads as a table
    deep: [[2, 1, 0, 0], [1, 1, 1, 0], [1, 1, 0, 1]],
  },
  {
    name: 'two conversions of two blocks each',
    blocks: TWO_BLOCKS,
    commands: [
      convertMachine(1, 4, 'shared', { b1: [1, 2], b2: [0, 2] }),
      convertMachine(0, 4, 'private', { b1: [0, 2], b2: [0, 2] }),
    ],
    quick: [[0, 1, 0, 1]],
    // biome-ignore format: one line each reads as a table
    deep: [[2, 1, 0, 0], [1, 0, 1, 1]],
  },
  {
    name: 'a listener that is registered meanwhile',
    blocks: [ONE_LISTENER],
    commands: [register('b1', 'new', 0, 2), convert('b1', shared(0, 2))],
    quick: [[1, 1, 0, 0]],
    // biome-ignore format: one line each reads as a table
    deep: [[2, 1, 0, 0], [1, 1, 1, 0]],
  },
  {
    name: 'a listener that is unregistered meanwhile',
    blocks: [
      {
        id: 'b1',
        pages: 3,
        gpa: 0,
        // biome-ignore format: it is short
        shared: [[0, 1], [2, 3]],
        listeners: [
          { id: 'l1', start: 0, doubleDiscardSupported: false, maxSections: 1 },
          { id: 'l2', start: 0 },
        ],
      },
    ],
    commands: [unregister('b1', 'l1'), convert('b1', made(0, 2))],
    quick: [[1, 1, 0, 0]],
    deep: [[2, 1, 0, 0]],
  },
  {
    name: 'a replay meanwhile',
    blocks: [ONE_LISTENER],
    commands: [replay('b1', 'l1'), convert('b1', shared(0, 2)), convert('b1', made(0, 1))],
    quick: [[1, 1, 0, 0]],
    // biome-ignore format: one line each reads as a table
    deep: [[2, 1, 0, 0], [1, 1, 1, 0]],
  },
  {
    name: 'sources that come and go',
    blocks: [ONE_LISTENER],
    commands: [addSource('b1', 'virtio-mem0', [1, 2]), convert('b1', shared(0, 2)), removeSource('b1', ATTRIBUTES)],
    // biome-ignore format: one line each reads as a table
    quick: [[1, 0, 0, 0], [0, 1, 0, 0]],
    // biome-ignore format: one line each reads as a table
    deep: [[2, 1, 0, 0], [1, 1, 1, 0]],
  },
  {
    name: 'a block that shrinks',
    blocks: [{ ...ONE_LISTENER, maxPages: 3, pages: 3, shared: [[0, 3]] }],
    commands: [resize('b1', 2), convert('b1', made(1, 2))],
    quick: [[1, 1, 0, 0]],
    // biome-ignore format: one line each reads as a table
    deep: [[2, 1, 0, 0], [1, 1, 1, 0]],
  },
];

export interface Named {
  readonly name: string;
  readonly scenario: Scenario;
  /** What commands fail with on some path or other. */
  readonly codes: readonly ProblemCode[];
}

/** @param depth `quick` for every run of the tests */
export function scenarios(depth: 'quick' | 'deep'): Named[] {
  return EXPLORABLE.flatMap((explorable) => {
    return explorable[depth].map(([deliveries, crashes, journal, departures]) => {
      const faults = { deliveries, crashes, journal, departures };
      return {
        name: `${explorable.name}; ${inWords(faults)}`,
        scenario: { ...explorable, faults },
        codes: codesOf(faults),
      };
    });
  });
}

function inWords(faults: Faults): string {
  const counted = Object.entries(faults).filter(([, count]) => count > 0);
  return counted.map(([fault, count]) => `${fault} ${count}`).join(', ');
}

function codesOf({ deliveries, crashes, journal, departures }: Faults): ProblemCode[] {
  return [
    ...(deliveries + crashes > 0 ? (['listener-unsettled'] as const) : []),
    ...(journal > 0 ? (['journal-unavailable'] as const) : []),
    ...(departures > 0 ? (['overloaded'] as const) : []),
  ];
}
