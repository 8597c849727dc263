// The operations of the document by what they have in common, and how a row of the table of statuses is made.
import { PROBLEMS, type ProblemCode } from '../../../src/errors.ts';
import type { Answer } from '../../support/contract.ts';
import type { TestService } from '../../support/service.ts';
import { ON_ASYNC } from './samples.ts';
import type { World } from './world.ts';

/** Services that hold back what the others give. */
export interface Strict {
  /** With tokens. */
  readonly guarded: TestService;
  /** One request a second. */
  readonly limited: TestService;
  /** Two runs of pages in one change. */
  readonly tight: TestService;
}

type Produce = (world: World, operationId: string, strict: Strict) => Promise<Answer>;

export interface Row {
  readonly operationId: string;
  readonly status: number;
  /** null where all goes well. */
  readonly code: ProblemCode | null;
  readonly produce: (world: World, strict: Strict) => Promise<Answer>;
}

/** Of all blocks. */
export const LISTS_OF_ALL = ['listRamBlocks', 'listMachines'];
export const LISTS = [
  ...LISTS_OF_ALL,
  'listConversions',
  'listSections',
  'listSources',
  'listListeners',
  'listDeliveries',
];
export const WINDOWS = ['getState', 'listSections', 'getDensity', 'getBitmap'];
const GETS = ['getRamBlock', 'getMachine', 'getSource', 'getListener', 'getState', 'getDensity', 'getBitmap'];
export const READS = [...LISTS, ...GETS];
export const CREATES = ['createRamBlock', 'addSource', 'registerListener'];
export const CONVERSIONS = ['convert', 'convertBatch', 'convertGuestMemory', 'setBitmap'];
export const POSTS = [
  ...CREATES,
  ...CONVERSIONS.filter((id) => id !== 'setBitmap'),
  ...['changeSource', 'replayListener', 'rotateSecret', ...ON_ASYNC],
];
export const UPDATES = ['resizeRamBlock', 'setBitmap', 'updateListener'];
export const DELETES = ['deleteRamBlock', 'removeSource', 'unregisterListener'];
export const WRITES = [...POSTS, ...UPDATES, ...DELETES];
/** What is judged by the generation of a block. */
export const BELOW_A_BLOCK = [...READS, ...WRITES].filter((id) => {
  return ![...LISTS_OF_ALL, 'getMachine', 'createRamBlock', 'convertGuestMemory'].includes(id);
});
export const OPEN = ['getLivez', 'getReadyz', 'getOpenApi'];
export const CLOSED = [...READS, ...WRITES, 'getMetrics', 'followEvents', 'planTrace'];
export const POPULATES = [...CONVERSIONS, 'changeSource', 'removeSource', 'registerListener', 'replayListener'];
export const DISCARDS = [
  ...CONVERSIONS,
  ...['changeSource', 'addSource', 'unregisterListener', 'replayListener', 'resizeRamBlock'],
];

export const fine = (status: number, operations: readonly string[]): Row[] =>
  operations.map((id) => ({ operationId: id, status, code: null, produce: (world) => world.send(id) }));

export const problem = (code: ProblemCode, operations: readonly string[], produce: Produce): Row[] =>
  operations.map((id) => ({
    operationId: id,
    status: PROBLEMS[code].status,
    code,
    produce: (world, strict) => produce(world, id, strict),
  }));
