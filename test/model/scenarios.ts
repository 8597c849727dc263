// The scenarios that the model check explores, and what may go wrong in each: in `npm test` (short), in `npm run test:long`
// (long, some minutes), and with TEST_DEPTH=deep, which takes hours.
import type { ProblemCode } from '../../src/errors.ts';
import type { Depth } from '../support/depth.ts';
import {
  addSource,
  batch,
  type Command,
  changeSource,
  convert,
  convertMachine,
  register,
  removeSource,
  replay,
  resize,
  rotateSecret,
  unregister,
} from './commands.ts';
import { ATTRIBUTES } from './ledger.ts';
import type { Scenario, StartBlock } from './scenario.ts';
import type { Faults } from './world.ts';

/** How often each may go wrong on one path: a digit each for deliveries, crashes, the journal, departures. */
type Combination = `${number}`;

/** Combinations of faults that each depth explores, one by one. */
type Explorable = Omit<Scenario, 'faults'> & Readonly<Record<Depth, readonly Combination[]>>;

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

/**
 * The older listener is fast and sees all pages; the newer one sees the first page only, and is asked before the other
 * one: others can begin and end meanwhile.
 */
const SLOW_BESIDE_FAST: StartBlock = {
  id: 'b1',
  pages: 3,
  gpa: 0,
  shared: [],
  listeners: [
    { id: 'l1', start: 0 },
    { id: 'l2', start: 0, end: 1 },
  ],
};

/** A conversion waits for a slow listener, while others that only a fast one hears of begin and end. */
export const WAITING: Omit<Scenario, 'faults'> = {
  name: 'a conversion that waits for a slow listener, beside one that does not',
  blocks: [SLOW_BESIDE_FAST],
  commands: [convert('b1', shared(0, 1)), convert('b1', shared(1, 2))],
  reserving: 'no spare',
};

/** One page, of no source and so populated; it can grow to four. */
const WITHOUT_SOURCES: StartBlock = {
  ...{ id: 'b1', pages: 1, maxPages: 4, gpa: 0, attributes: false, shared: [] },
  listeners: [{ id: 'l1', start: 0 }],
};

/** What is beyond the end may be mapped before it is there, and when a source takes it away. */
export const GROWING: Omit<Scenario, 'faults'> = {
  name: 'a block without sources that grows, gets a source and grows again',
  blocks: [WITHOUT_SOURCES],
  commands: [resize('b1', 3), addSource('b1', 'virtio-mem0'), resize('b1', 4)],
  inOrder: true,
};

/** What two conversions that may be under way at once have to wait for, or let wait. */
const BETWEEN: readonly (readonly [what: string, command: Command, block?: StartBlock])[] = [
  ['a batch', batch('b1', shared(0, 2), made(1, 2))],
  ['one of the whole machine', convertMachine(0, 2, 'shared', { b1: [0, 2] })],
  ['a resize', resize('b1', 3), { ...ONE_LISTENER, maxPages: 3 }],
  ['a new source', addSource('b1', 'virtio-mem0', [1, 2])],
  ['a registration', register('b1', 'new', 0, 2)],
  ['an unregistration', unregister('b1', 'l1')],
  ['a replay', replay('b1', 'l1')],
  ['a new secret', rotateSecret('b1', 'l1')],
];

const EXPLORABLE: readonly Explorable[] = [
  {
    name: 'two conversions that overlap, of opposite direction',
    blocks: [TWO_LISTENERS],
    commands: [convert('b1', shared(0, 3)), convert('b1', made(1, 3))],
    short: ['1000', '0100', '0010', '0002'],
    long: ['1100', '1010'],
    deep: ['2100', '1200', '1110', '1101'],
  },
  {
    name: 'two conversions that overlap, both to private',
    blocks: [{ ...TWO_LISTENERS, shared: [[0, 3]] }],
    commands: [convert('b1', made(0, 2)), convert('b1', made(1, 3))],
    short: ['1000'],
    long: ['0100', '0010'],
    deep: ['1100', '2100'],
  },
  {
    name: 'two conversions of different pages, under way at once',
    blocks: [TWO_LISTENERS],
    commands: [convert('b1', shared(0, 1)), convert('b1', made(1, 3))],
    short: ['1000'],
    long: ['1100'],
    deep: ['2100', '1200', '1110'],
  },
  {
    ...WAITING,
    short: ['0100', '0010'],
    long: ['1100', '1010'],
    deep: ['2100', '0110', '1110', '1200'],
  },
  {
    ...WAITING,
    name: 'a conversion that waits for a slow listener, with snapshots',
    snapshotEvery: 1,
    short: [],
    long: ['0110', '0200'],
    deep: ['1110', '1200'],
  },
  {
    ...WAITING,
    name: 'a conversion that waits for a slow listener, beside two that do not',
    commands: [...WAITING.commands, convert('b1', shared(2, 3))],
    inOrder: true,
    short: [],
    long: ['0100', '0010'],
    deep: ['1100', '1010'],
  },
  {
    name: 'two conversions of different pages, both to private, and one of both pages',
    // biome-ignore format: it is short
    blocks: [{ ...ONE_LISTENER, shared: [[0, 1], [1, 2]] }],
    commands: [convert('b1', made(0, 1)), convert('b1', made(1, 2)), convert('b1', shared(0, 2))],
    short: ['1000'],
    long: ['1100'],
    deep: ['2100', '1110'],
  },
  {
    name: 'two conversions of different pages, with snapshots',
    blocks: [ONE_LISTENER],
    commands: [convert('b1', shared(1, 2)), convert('b1', made(0, 1))],
    snapshotEvery: 1,
    short: ['0100'],
    long: ['0110', '1010'],
    deep: ['1110', '2200'],
  },
  ...BETWEEN.map(([what, command, block = ONE_LISTENER]) => ({
    name: `two conversions of different pages, and ${what} between them`,
    blocks: [block],
    commands: [convert('b1', shared(1, 2)), command, convert('b1', made(0, 1))],
    // A batch stands for all of them.
    short: what === 'a batch' ? (['1000'] as const) : [],
    long: ['1000', '0100', '0010'] as const,
    deep: ['1100', '2000', '1010'] as const,
  })),
  {
    name: 'two conversions, with snapshots',
    blocks: [TWO_LISTENERS],
    commands: [convert('b1', shared(0, 3)), convert('b1', made(1, 3))],
    snapshotEvery: 1,
    short: [],
    long: ['0100'],
    deep: ['0110', '1100'],
  },
  {
    name: 'a batch with changes of direction, and a conversion',
    blocks: [TWO_LISTENERS],
    commands: [batch('b1', made(0, 2), shared(0, 3), made(2, 3)), convert('b1', made(1, 3))],
    short: ['0100'],
    long: ['1000', '0010'],
    deep: ['1100', '2100'],
  },
  {
    name: 'a conversion of two blocks that crosses one of one block',
    blocks: TWO_BLOCKS,
    commands: [convertMachine(1, 4, 'shared', { b1: [1, 2], b2: [0, 2] }), convert('b2', made(0, 2))],
    short: ['1000', '0100'],
    long: ['1100', '1001', '1010'],
    deep: ['2100', '1110', '1101'],
  },
  {
    name: 'two conversions of two blocks each',
    blocks: TWO_BLOCKS,
    commands: [
      convertMachine(1, 4, 'shared', { b1: [1, 2], b2: [0, 2] }),
      convertMachine(0, 4, 'private', { b1: [0, 2], b2: [0, 2] }),
    ],
    short: [],
    long: ['0101', '1001'],
    deep: ['2100', '1011'],
  },
  {
    name: 'a listener that is registered meanwhile',
    blocks: [ONE_LISTENER],
    commands: [register('b1', 'new', 0, 2), convert('b1', shared(0, 2))],
    short: ['1000', '0100'],
    long: ['1100', '1010'],
    deep: ['2100', '1110'],
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
    short: ['1000', '0100'],
    long: ['1100'],
    deep: ['2100'],
  },
  {
    name: 'a replay meanwhile',
    blocks: [ONE_LISTENER],
    commands: [replay('b1', 'l1'), convert('b1', shared(0, 2)), convert('b1', made(0, 1))],
    short: ['1000', '0100'],
    long: ['1100'],
    deep: ['2100', '1110'],
  },
  {
    name: 'sources that come and go',
    blocks: [ONE_LISTENER],
    commands: [addSource('b1', 'virtio-mem0', [1, 2]), convert('b1', shared(0, 2)), removeSource('b1', ATTRIBUTES)],
    short: ['1000', '0100'],
    long: ['1100', '1010'],
    deep: ['2100', '1110'],
  },
  {
    name: 'memory that is plugged and converted',
    blocks: [{ ...ONE_LISTENER, plugged: { id: 'virtio-mem0', pages: [[0, 1]] } }],
    commands: [changeSource('b1', 'virtio-mem0', 0, 2, true), convert('b1', shared(0, 2)), convert('b1', made(0, 1))],
    short: ['1000', '0100'],
    long: ['1100', '1010'],
    deep: ['2100', '1110'],
  },
  {
    ...GROWING,
    short: ['1000', '0100', '0010'],
    long: ['1100', '1010'],
    deep: ['2100', '1110', '1200'],
  },
  {
    name: 'a block without sources that grows by less than it has, with two listeners',
    blocks: [{ ...WITHOUT_SOURCES, pages: 2, listeners: [...WITHOUT_SOURCES.listeners, { id: 'l2', start: 0 }] }],
    commands: [resize('b1', 3), addSource('b1', 'virtio-mem0')],
    short: ['1000', '0100'],
    long: ['1100', '1010'],
    deep: ['2100', '1110'],
  },
  {
    name: 'a block without sources that grows and shrinks',
    blocks: [WITHOUT_SOURCES],
    commands: [resize('b1', 3), resize('b1', 2), addSource('b1', 'virtio-mem0', [0, 1])],
    short: ['1000'],
    long: ['0100', '1010'],
    deep: ['1100', '2000', '1110'],
  },
  {
    name: 'a block that grows and shrinks, and a conversion',
    blocks: [{ ...ONE_LISTENER, maxPages: 3 }],
    commands: [resize('b1', 3), convert('b1', shared(0, 2)), resize('b1', 1)],
    short: ['1000'],
    long: ['0100', '1010'],
    deep: ['1100', '2000', '1110'],
  },
  {
    name: 'a block that shrinks',
    blocks: [{ ...ONE_LISTENER, maxPages: 3, pages: 3, shared: [[0, 3]] }],
    commands: [resize('b1', 2), convert('b1', made(1, 2))],
    short: ['1100'],
    long: ['1010'],
    deep: ['2100', '1110'],
  },
];

export interface Named {
  readonly name: string;
  readonly scenario: Scenario;
  /** What commands fail with on some path or other. */
  readonly codes: readonly ProblemCode[];
}

export function scenarios(depth: Depth): Named[] {
  return EXPLORABLE.flatMap((explorable) => {
    return explorable[depth].map((combination) => {
      const [deliveries = 0, crashes = 0, journal = 0, departures = 0] = [...combination].map(Number);
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
