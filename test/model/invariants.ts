// What must hold in every state, and what once all that can go on has: said in terms of the disk, the devices and the
// answers, page by page.
import { type Ledger, type LedgerBlock, type LedgerListener, pagesIn } from './ledger.ts';
import type { Course, World } from './world.ts';

/** What is wrong in this state; empty where nothing is. */
export function violationsIn(world: World): string[] {
  return [...devices(world), ...answers(world), ...visible(world)];
}

/**
 * What is wrong where nothing is left to do: everything is answered, settled and mapped as it is populated. (That late
 * copies change nothing any more is said of every settled page already.)
 */
export function violationsAtTheEnd(world: World): string[] {
  const wrong: string[] = [];
  if (!world.isAtRest) wrong.push('something goes on for ever');
  for (const { command, fate } of world.courses) {
    if (fate === 'to come' || fate === 'running') wrong.push(`${command.name} is never answered`);
  }
  for (const { intents, listeners } of world.store.ledger.blocks.values()) {
    if (intents.size > 0) wrong.push('an intent has no outcome');
    for (const [id, { phase, unknown, unmapped }] of listeners) {
      if (phase !== 'active') wrong.push(`${id} stays ${phase}`);
      if (unknown.size + unmapped.size > 0) wrong.push(`${id} stays unsettled`);
    }
  }
  return wrong;
}

/**
 * No device has mapped what is private, or will: for every page of every listener that the disk does not know to be of
 * unknown state, or about to be told, the device has it mapped exactly where it is populated and not owed, and no copy
 * that is still on its way could change that.
 */
function devices({ store, devices: all, late, process }: World): string[] {
  const wrong: string[] = [];
  for (const [listenerId, device] of all) {
    const copies = [...late, ...process.inFlight.map(({ copy }) => copy)].filter((copy) => {
      return copy.listenerId === listenerId && !device.ignores(copy);
    });
    const { block, listener } = find(store.ledger, listenerId);
    for (const page of Array.from({ length: block?.maxLength ?? 8 }, (_, index) => index)) {
      const expected = block && listener ? expectedAt(block, listenerId, listener, page) : false;
      if (expected === null) continue;
      if (device.mapped.has(page) !== expected) {
        wrong.push(`${listenerId} ${expected ? 'lacks' : 'has mapped'} page ${page}, which is ${nameOf(block, page)}`);
      }
      for (const { type, pages, sequence } of copies) {
        if ((type === 'populate') === expected || !pages.includes(page)) continue;
        wrong.push(`${type} ${sequence} may yet reach ${listenerId}; page ${page} is ${nameOf(block, page)} for good`);
      }
    }
  }
  return wrong;
}

function nameOf(block: LedgerBlock | undefined, page: number): string {
  return block?.isPopulated(page) ? 'populated' : 'private';
}

/** Whether the device has the page mapped; null where that is not known. */
function expectedAt(block: LedgerBlock, listenerId: string, listener: LedgerListener, page: number): boolean | null {
  if (block.isBeingTold(listenerId, page) || listener.unknown.has(page)) return null;
  if (listener.phase !== 'active') return listener.phase === 'removing' ? null : false;
  return block.section(listener).includes(page) && block.isPopulated(page) && !listener.unmapped.has(page);
}

function find(ledger: Ledger, listenerId: string): { block?: LedgerBlock; listener?: LedgerListener } {
  for (const block of ledger.blocks.values()) {
    const listener = block.listeners.get(listenerId);
    if (listener !== undefined) return { block, listener };
  }
  return {};
}

/** What was answered is so for ever; what failed never was. */
function answers({ courses, store: { ledger } }: World): string[] {
  return courses.flatMap((course) => answer(course, ledger));
}

function answer({ command, fate, ids, code }: Course, ledger: Ledger): string[] {
  const own = ledger.changes.filter((change) => command.owns(change));
  const recorded = own.flatMap(({ steps }) => steps.flatMap(({ id }) => id ?? []));
  const lost = ids.filter((id) => !recorded.includes(id));
  if (lost.length > 0) return [`${command.name} is answered, and ${lost} is not on the disk`];
  if (own.length > 0 && (fate === 'nothing to do' || fate === 'to come')) return [`${command.name} did something`];
  if (own.length > 0 && fate === 'failed') return [`${command.name} failed (${code}), and is on the disk`];
  if (own.length === 0 && fate === 'done') return [`${command.name} is answered, and is not on the disk`];
  // Of several blocks one change each; they became durable together, which is checked when they did.
  const blocks = new Set(own.map(({ ramBlockId }) => ramBlockId));
  if (own.length > blocks.size) return [`${command.name} is on the disk ${own.length} times`];
  return [];
}

/** Clients see what is durable, all of it and nothing else; unless it is not known, and the journal is being read back. */
function visible({ process, store: { ledger } }: World): string[] {
  const { machines, isReady } = process;
  if (machines === null || !isReady) return [];
  return [...ledger.blocks].flatMap(([id, block]) => {
    const live = machines.blocks.get(id)?.block;
    if (live === undefined) return [`${id} is not served`];
    const { manager, generation, intents, usedLength, pageSize } = live;
    const shown = {
      generation,
      length: usedLength / pageSize,
      populated: [...pagesIn([...manager.populated.allRuns(true)])],
      populatedPages: manager.populated.populated,
      sources: [...manager.sources].map(([sourceId, { bitmap }]) => [
        ...[sourceId, [...pagesIn([...bitmap.allRuns(true)])], bitmap.populated],
      ]),
      intents: intents.map(({ id }) => id),
      // Not the last sequence: it is counted where it is sent, from what the intents have reserved.
      listeners: [...manager.listeners.values()].map((listener) => {
        const { id: listenerId, phase, unknown, unmapped, isUnknown, isUnsettled } = listener;
        return {
          ...{ id: listenerId, phase, isUnknown, isUnsettled },
          ...{ unknown: [...pagesIn(unknown)], unmapped: [...pagesIn(unmapped)] },
          mappedPages: listener.mapped(manager.populated).pages,
        };
      }),
    };
    const durable = {
      generation: block.generation,
      length: block.length,
      populated: block.populatedPages,
      populatedPages: block.populatedPages.length,
      sources: [...block.sources].map(([sourceId, bits]) => {
        const pages = bits.flatMap((isSet, page) => (isSet ? [page] : []));
        return [sourceId, pages, pages.length];
      }),
      intents: [...block.intents.keys()],
      listeners: [...block.listeners].map(([listenerId, listener]) => {
        const { phase, unknown, unmapped } = listener;
        const [isUnknown, isUnsettled] = [unknown.size > 0, unknown.size + unmapped.size > 0];
        return {
          ...{ id: listenerId, phase, isUnknown, isUnsettled },
          ...{ unknown: ascending(unknown), unmapped: ascending(unmapped) },
          mappedPages: mappedPages(block, listener),
        };
      }),
    };
    if (JSON.stringify(shown) === JSON.stringify(durable)) return [];
    return [`${id} is shown as ${JSON.stringify(shown)}, and is ${JSON.stringify(durable)}`];
  });
}

/** How many pages the books say it has mapped: one that is not active is said to have none. */
function mappedPages(block: LedgerBlock, listener: LedgerListener): number {
  const { phase, unknown, unmapped } = listener;
  if (phase !== 'active') return 0;
  const section = block.section(listener);
  return section.filter((page) => block.isPopulated(page) && !unknown.has(page) && !unmapped.has(page)).length;
}

function ascending(pages: ReadonlySet<number>): number[] {
  return [...pages].sort((a, b) => a - b);
}
