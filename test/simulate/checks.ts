// What must hold after every step: what the service shows is what is on the disk, and no device has, or may yet get, what
// it must not have. Page by page, over the books.
import { listenerView, ramBlockView } from '../../src/service/views.ts';
import type { BookBlock, BookListener } from './books.ts';
import type { Network } from './network.ts';
import { count, fill, PAGE, type Pages, runsOf, touches } from './pages.ts';
import type { Copy } from './receiver.ts';
import type { ServiceProcess } from './service-process.ts';

/** Clients see what is durable, all of it and nothing else. @returns what is wrong with what they see of a block */
export function visible(process: ServiceProcess, id: string, book: BookBlock | undefined): string[] {
  const live = process.machines?.blocks.get(id)?.block;
  if (live === undefined || book === undefined) return live === book ? [] : [`${id} is ${live ? '' : 'not '}served`];
  const { manager } = live;
  const view = ramBlockView(live);
  const { populated } = book;
  const runs = runsOf(populated, 1);
  const shown = {
    ...{ populated: view.populated, listenerCount: view.listenerCount, sourceCount: view.sourceCount },
    ...{ generation: view.generation, usedLength: view.usedLength, shared: view.attributes?.sharedBytes },
    runs: [...manager.populated.allRuns(true)],
    sources: manager.sourceList.map(({ definition, bitmap }) => [definition.id, [...bitmap.allRuns(true)]]),
    intents: live.intents.map((intent) => intent.id),
    listeners: [...manager.listeners.values()].map((listener) => {
      const { phase, unknown, unmapped, definition } = listener;
      const mapped = definition.mode === 'sync' ? listenerView(listener, live).mapped : null;
      return { id: listener.id, phase, unknown, unmapped, mapped, url: definition.url, secret: definition.secret };
    }),
  };
  const pages = count(populated);
  const { attributes } = book;
  const durable = {
    populated: { pages, bytes: pages * PAGE, runs: runs.length },
    ...{ listenerCount: book.listeners.size, sourceCount: book.sources.size, generation: book.generation },
    ...{ usedLength: book.definition.usedLength, shared: attributes && count(attributes.bits) * PAGE },
    runs,
    sources: [...book.sources.values()].map(({ definition, bits }) => [definition.id, runsOf(bits, 1)]),
    intents: [...book.intents.keys()],
    listeners: [...book.listeners.values()].map((listener) => {
      const { phase, definition, unknown, unmapped } = listener;
      const { id: listenerId, url, secret } = definition;
      const mapped = definition.mode === 'sync' ? mappedOf(book, listener) : null;
      return { id: listenerId, phase, unknown: runsOf(unknown, 1), unmapped: runsOf(unmapped, 1), mapped, url, secret };
    }),
  };
  const differing = (Object.keys(durable) as (keyof typeof durable)[]).filter((key) => {
    return JSON.stringify(shown[key]) !== JSON.stringify(durable[key]);
  });
  return differing.map(
    (key) => `${id}: ${key} is shown as ${shortened(shown[key])}, and is ${shortened(durable[key])}`,
  );
}

function mappedOf(book: BookBlock, listener: BookListener) {
  const pages = listener.phase === 'active' ? wanted(book, listener) : new Uint8Array(book.most);
  fill(pages, runsOf(listener.unknown, 1), 0);
  const number = count(pages);
  return { bytes: number * PAGE, runs: runsOf(pages, 1).length, mappings: number };
}

/** What a listener that is active has mapped, but for what is of unknown state. */
function wanted(book: BookBlock, listener: BookListener): Pages {
  const { start, end } = book.section(listener);
  const pages = new Uint8Array(book.most);
  fill(pages, runsOf(book.populated, 1, start, end), 1);
  fill(pages, runsOf(listener.unmapped, 1), 0);
  return pages;
}

/**
 * The first promise: of every page of every sync listener that the disk does not know to be of unknown state, or about
 * to be told, the device has it mapped exactly where it is populated and not owed, and nothing on its way changes that.
 */
export function devices(network: Network, id: string, book: BookBlock): string[] {
  const wrong: string[] = [];
  for (const [listenerId, receiver] of network.receivers.get(id) ?? []) {
    wrong.push(...receiver.wrong.map((what) => `${listenerId} ${what}`));
    const listener = book.listeners.get(listenerId);
    if (network.gone.has(listenerId) || receiver.mode === 'async' || listener?.phase === 'removing') continue;
    const pages = listener?.phase === 'active' ? wanted(book, listener) : new Uint8Array(book.most);
    const known = new Uint8Array(book.most).fill(1);
    if (listener !== undefined) fill(known, runsOf(listener.unknown, 1), 0);
    for (const { calls, runs } of book.intents.values()) {
      if (calls.some((call) => call.listenerId === listenerId)) fill(known, runs, 0);
    }
    for (const { start, end } of runsOf(known, 1)) {
      if (Buffer.compare(receiver.mapped.subarray(start, end), pages.subarray(start, end)) === 0) continue;
      let at = start;
      while (at < end && receiver.mapped[at] === pages[at]) at++;
      wrong.push(
        `${listenerId} ${pages[at] ? 'lacks' : 'has mapped'} page ${at} of ${id}, which is ${stateOf(book, at)}`,
      );
      break;
    }
    for (const copy of network.onTheWay) {
      if (copy.listenerId !== listenerId || !receiver.wouldAct(copy)) continue;
      const what = harmOf(copy, pages, known);
      if (what !== null)
        wrong.push(
          `${copy.type} ${copy.sequence} may yet reach ${listenerId}, and page ${what} of ${id} is ${stateOf(book, what)}`,
        );
    }
  }
  return wrong;
}

/** The first page that `copy` would turn into what it must not be; null where there is none. */
function harmOf({ type, runs }: Copy, pages: Pages, known: Pages): number | null {
  const turns = type === 'populate' ? 0 : 1;
  for (const run of runs) {
    for (const { start, end } of runsOf(known, 1, run.start, run.end)) {
      const at = pages.subarray(start, end).indexOf(turns);
      if (at >= 0) return start + at;
    }
  }
  return null;
}

function stateOf(book: BookBlock, page: number): string {
  if (page >= book.length) return 'beyond the end';
  return book.populated[page] ? 'populated' : 'private';
}

/** What is wrong where nothing is left to do and every device is well. */
export function atRest(network: Network, id: string, book: BookBlock): string[] {
  const wrong: string[] = book.intents.size > 0 ? [`${id} has an intent without an outcome`] : [];
  for (const [listenerId, listener] of book.listeners) {
    const { phase, definition, unknown, unmapped } = listener;
    if (definition.mode === 'sync') {
      if (phase !== 'active') wrong.push(`${listenerId} stays ${phase}`);
      if (count(unknown) + count(unmapped) > 0) wrong.push(`${listenerId} stays unsettled`);
    } else if (phase === 'active') {
      const pages = wanted(book, listener);
      const mapped = network.receivers.get(id)?.get(listenerId)?.mapped ?? new Uint8Array(book.most);
      if (Buffer.compare(pages, mapped) !== 0) wrong.push(`the mirror ${listenerId} of ${id} is not as its block`);
    }
  }
  return wrong;
}

/** What is wrong with sending `copy` to a sync listener now. */
export function sending(network: Network, copy: Copy, book: BookBlock | undefined, isForced: boolean): string[] {
  const { listenerId, sequence, settledThrough, runs, type } = copy;
  const wrong: string[] = [];
  const listener = book?.listeners.get(listenerId);
  if (settledThrough >= sequence) wrong.push('fences itself');
  const others = [...network.underWay].filter((other) => other.listenerId === listenerId);
  if (others.some((other) => other.sequence <= settledThrough) && !isForced) wrong.push('fences what is under way');
  if (book === undefined || listener === undefined) {
    if (!isForced) wrong.push('is to nobody who is known');
  } else if (!isForced) {
    if (others.some((other) => runs.some(({ start, end }) => touches(other.runs, start, end))))
      wrong.push('crosses another');
    if (sequence > listener.reserved) wrong.push('has a sequence that is not durable');
    const { start, end } = book.section(listener);
    const isInside = runs.every(
      (run) => run.start >= start && (run.end <= end || type === 'populate' || run.end <= book.most),
    );
    if (runs.length === 0 || !isInside) wrong.push('is of pages outside its section');
  }
  return wrong.map((what) => `delivery ${sequence} to ${listenerId} ${what}`);
}

function shortened(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 400 ? `${text.slice(0, 400)}...` : text;
}
