// What clients ask for while the protocol is explored: each command with what it leaves behind when it is done.

import type { ConversionBatch } from '../../src/service/conversions.ts';
import type { MachineConversion } from '../../src/service/machine-conversions.ts';
import type { PageState } from '../../src/service/views.ts';
import type { Rules } from '../support/rules.ts';
import { askedAs, type Change, type Ledger, PAGE, pagesOf } from './ledger.ts';

export interface Command {
  readonly name: string;
  /** @param signal the client goes away */
  issue(rules: Rules, signal: AbortSignal): Promise<unknown>;
  /** Whether what became true is the doing of this command: that holds of no other. */
  owns(change: Change): boolean;
  /** What is the case right after it was done; also where there was nothing to do. */
  holds(ledger: Ledger): boolean;
}

/** Pages. */
export interface Step {
  readonly start: number;
  readonly end: number;
  readonly to: PageState;
}

/** The ids of the conversions in an answer that changed anything. */
export function conversionIds(answer: unknown): string[] {
  const { conversions, id, changed } = Object(answer) as Partial<ConversionBatch & MachineConversion> & {
    id?: string | null;
    changed?: unknown;
  };
  if (conversions !== undefined) return conversions.flatMap((conversion) => conversion.id ?? []);
  return changed === undefined || typeof id !== 'string' ? [] : [id];
}

const options = (signal: AbortSignal) => ({ generations: null, clientGone: () => signal, answered: () => null });

const isLast = (ledger: Ledger, ramBlockId: string, steps: readonly Step[]): boolean => {
  const block = ledger.blocks.get(ramBlockId);
  return steps.every((step, index) => {
    const later = steps.slice(index + 1);
    const pages = Array.from({ length: step.end - step.start }, (_, offset) => step.start + offset);
    const last = pages.filter((page) => !later.some(({ start, end }) => start <= page && page < end));
    return last.every((page) => block?.is(step.to, page * PAGE, PAGE));
  });
};

export function convert(ramBlockId: string, step: Step): Command {
  const { start, end, to } = step;
  const wanted = { offset: start * PAGE, size: (end - start) * PAGE, to };
  const asked = askedAs(ramBlockId, wanted.offset, wanted.size, to);
  return {
    name: `${to} ${ramBlockId} ${start}-${end}`,
    issue: ({ conversions }, signal) => conversions.convert(ramBlockId, wanted, options(signal)),
    owns: ({ steps }) => steps.some((one) => one.asked === asked),
    holds: (ledger) => isLast(ledger, ramBlockId, [step]),
  };
}

export function batch(ramBlockId: string, ...steps: Step[]): Command {
  const all = steps.map(({ start, end, to }) => ({ offset: start * PAGE, size: (end - start) * PAGE, to }));
  const asked = all.map(({ offset, size, to }) => askedAs(ramBlockId, offset, size, to));
  return {
    name: `batch ${steps.map(({ start, end, to }) => `${to} ${start}-${end}`).join(', ')}`,
    issue: ({ conversions }, signal) => conversions.convertAll(ramBlockId, all, options(signal)),
    owns: (change) => change.steps.some((one) => asked.includes(one.asked)),
    holds: (ledger) => isLast(ledger, ramBlockId, steps),
  };
}

/** @param pieces of the blocks that the range of guest pages lies in */
export function convertMachine(
  start: number,
  end: number,
  to: PageState,
  pieces: Readonly<Record<string, readonly [start: number, end: number]>>,
): Command {
  const parts = Object.entries(pieces);
  const asked = parts.map(([id, [from, until]]) => askedAs(id, from * PAGE, (until - from) * PAGE, to));
  return {
    name: `${to} guest pages ${start}-${end}`,
    issue: ({ machineConversions }, signal) => {
      const range = { gpa: start * PAGE, size: (end - start) * PAGE };
      return machineConversions.convert('m', range, to, { clientGone: () => signal, answered: () => null });
    },
    owns: ({ steps }) => steps.some((one) => asked.includes(one.asked)),
    holds: (ledger) => parts.every(([id, [from, until]]) => isLast(ledger, id, [{ start: from, end: until, to }])),
  };
}

const urlOf = (listenerId: string): string => `http://127.0.0.1:9/${listenerId}`;

/** Registers a listener; its name is only in its URL, for the service gives it its id. */
export function register(ramBlockId: string, name: string, start: number, end: number): Command {
  const section = { offset: start * PAGE, size: (end - start) * PAGE, offsetWithinAddressSpace: undefined };
  const wanted = {
    mode: 'sync',
    ...{ url: urlOf(name), section, granularity: undefined, doubleDiscardSupported: true },
    ...{ coordinatedDiscard: true, dmaMaxMappings: null, maxSections: 512, timeoutMs: 1000, description: null },
    secret: 'whsec_',
  } as const;
  return {
    name: `register ${name}`,
    issue: ({ listeners }, signal) => listeners.register(ramBlockId, wanted, options(signal)),
    owns: ({ subject }) => subject === `${wanted.url} active`,
    holds: (ledger) => {
      const all = [...(ledger.blocks.get(ramBlockId)?.listeners.values() ?? [])];
      return all.some(({ definition, phase }) => definition.url === wanted.url && phase === 'active');
    },
  };
}

export function unregister(ramBlockId: string, listenerId: string): Command {
  return {
    name: `unregister ${listenerId}`,
    issue: ({ listeners }, signal) => listeners.unregister(ramBlockId, listenerId, false, options(signal)),
    owns: ({ kind, subject }) => kind === 'listener-removed' && subject === listenerId,
    holds: (ledger) => ledger.blocks.get(ramBlockId)?.listeners.has(listenerId) === false,
  };
}

/** Changes nothing: it leaves no trace but at the listener, where all is as it was. */
export function replay(ramBlockId: string, listenerId: string): Command {
  return {
    name: `replay ${listenerId}`,
    issue: ({ listenerControl }, signal) => listenerControl.replay(ramBlockId, listenerId, options(signal)),
    owns: () => false,
    holds: () => true,
  };
}

/** @param populated pages */
export function addSource(
  ramBlockId: string,
  name: string,
  ...populated: (readonly [start: number, end: number])[]
): Command {
  const sections = populated.map(([start, end]) => ({ offset: start * PAGE, size: (end - start) * PAGE }));
  return {
    name: `add source ${name}`,
    issue: ({ sources }, signal) => {
      return sources.add(ramBlockId, { name, granularity: PAGE, populated: sections }, options(signal));
    },
    owns: ({ kind, subject }) => kind === 'source-added' && subject === name,
    holds: (ledger) => ledger.changes.some(({ kind, subject }) => kind === 'source-added' && subject === name),
  };
}

/** Changes another source than RamBlockAttributes; pages. */
export function changeSource(
  ramBlockId: string,
  sourceId: string,
  start: number,
  end: number,
  populate: boolean,
): Command {
  const wanted = {
    offset: start * PAGE,
    size: (end - start) * PAGE,
    to: populate ? 'populated' : 'discarded',
  } as const;
  const asked = askedAs(ramBlockId, wanted.offset, wanted.size, wanted.to);
  return {
    name: `${wanted.to} ${start}-${end} in ${sourceId}`,
    issue: ({ conversions }, signal) => conversions.changeSource(ramBlockId, sourceId, wanted, options(signal)),
    owns: ({ steps }) => steps.some((one) => one.asked === asked),
    holds: (ledger) => {
      const pages = ledger.blocks.get(ramBlockId)?.sources.get(sourceId) ?? [];
      return pagesOf(wanted.offset, wanted.size).every((page) => (pages[page] === true) === populate);
    },
  };
}

/** Gives a listener another secret: it changes nothing of what it is told. */
export function rotateSecret(ramBlockId: string, listenerId: string): Command {
  const wanted = { secret: undefined, graceSeconds: 0 };
  return {
    name: `rotate the secret of ${listenerId}`,
    issue: ({ listenerControl }, signal) => {
      return listenerControl.rotateSecret(ramBlockId, listenerId, wanted, options(signal));
    },
    owns: ({ kind, subject }) => kind === 'listener-changed' && subject === listenerId,
    holds: () => true,
  };
}

export function removeSource(ramBlockId: string, sourceId: string): Command {
  return {
    name: `remove source ${sourceId}`,
    issue: ({ sources }, signal) => sources.remove(ramBlockId, sourceId, true, options(signal)),
    owns: ({ kind, subject }) => kind === 'source-removed' && subject === sourceId,
    holds: (ledger) => ledger.blocks.get(ramBlockId)?.sources.has(sourceId) === false,
  };
}

/** @param length pages */
export function resize(ramBlockId: string, length: number): Command {
  return {
    name: `resize to ${length}`,
    issue: ({ ramBlocks }, signal) =>
      ramBlocks.resize(ramBlockId, length * PAGE, { generations: null, clientGone: () => signal }),
    owns: ({ kind, subject }) => kind === 'block-resized' && subject === String(length),
    holds: (ledger) => ledger.blocks.get(ramBlockId)?.length === length,
  };
}
