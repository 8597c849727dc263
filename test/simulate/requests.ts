// What clients ask for: every kind of command that the service has, made up by chance over what there is just now, with
// what its answer must be and how what it changes is told from what others change.

import type { BlockRecord } from '../../src/core/records.ts';
import type { PageRange } from '../../src/core/section.ts';
import type { ChangeOptions } from '../../src/service/options.ts';
import { type Conversion, conversionsOf } from '../../src/service/views.ts';
import type { Chance } from '../fuzz/chance.ts';
import type { Rules } from '../support/rules.ts';
import type { BookBlock, BookedDisk } from './books.ts';
import { PAGE, runsOf } from './pages.ts';

/** The options of a change whose answer, whatever it is, may be kept under a key. */
export type Options = ChangeOptions<unknown>;

/** One command, as one client sends it, once or again with the same key. */
export interface Request {
  readonly kind: Kind;
  readonly text: string;
  readonly send: (rules: Rules, options: Options) => Promise<unknown>;
  /** Whether this record may be its doing. */
  readonly owns: (record: BlockRecord) => boolean;
  /** What is wrong with its answer, given the books right then. */
  readonly verify: (answer: unknown, disk: BookedDisk) => string[];
  /** The generation that it is for; null where any will do. */
  readonly generation: number | null;
  /** A POST, which may have a key. */
  readonly canHaveKey: boolean;
  /** The operator's word that the devices of these listeners, or of all listeners of a block, are gone. */
  readonly forced?: () => readonly string[];
}

export const KINDS = {
  'create block': 3,
  'delete block': 0.7,
  'delete block by force': 0.4,
  convert: 60,
  batch: 8,
  bitmap: 5,
  'convert machine': 8,
  'dry run': 2,
  'add source': 3,
  'remove source': 3,
  'change source': 8,
  grow: 5,
  shrink: 4,
  'register sync': 9,
  'register async': 2,
  unregister: 2,
  'unregister by force': 1.5,
  replay: 4,
  'rotate secret': 2,
  'patch listener': 2,
  'pause async': 0.7,
  'resume async': 1.5,
  retry: 1,
  skip: 1,
  history: 1,
} as const;
export type Kind = keyof typeof KINDS;

/** How much there is at once. */
export interface Scale {
  readonly blocks: number;
  /** Whether there are blocks of many pages, which are slow to look at. */
  readonly hasBig: boolean;
}

/** Devices that listeners can name. */
export const DEVICES = 6;
const MACHINES = ['m0', 'm1'];
const MOST_LISTENERS = 4;
/** Pages, in use and at most: beside small blocks those at which growth went wrong at the borders of a chunk. */
const LENGTHS: readonly (readonly [number, number])[] = [
  [24, 24],
  [32, 48],
  [10, 40],
  [8, 64],
  [32_768, 40_000],
  [32_768, 131_072],
];

/** What there is to do only where there are RamBlockAttributes. */
const FOR_ATTRIBUTES: readonly Kind[] = ['convert', 'batch', 'bitmap', 'convert machine'];

const never = (): boolean => false;
const right = (): string[] => [];

export class Requests {
  readonly #chance: Chance;
  readonly #disk: BookedDisk;
  readonly #number: number;
  readonly #scale: Scale;

  /** @param number of the request: whatever it makes is named after it  */
  constructor(chance: Chance, disk: BookedDisk, number: number, scale: Scale) {
    this.#chance = chance;
    this.#disk = disk;
    this.#number = number;
    this.#scale = scale;
  }

  /** A request of this kind; null where there is nothing to ask it of. */
  make(kind: Kind): Request | null {
    const chance = this.#chance;
    const blocks = [...this.#disk.books.entries()];
    if (kind === 'create block') return blocks.length < this.#scale.blocks ? this.#create() : null;
    if (blocks.length === 0) return null;
    const all =
      FOR_ATTRIBUTES.includes(kind) && chance.is(0.95)
        ? blocks.filter(([, one]) => one.attributes !== undefined)
        : blocks;
    const [id, block] = chance.pick(all.length > 0 ? all : blocks);
    const generation = chance.is(0.05) ? Math.max(0, block.generation - chance.below(2)) : null;
    const make = (parts: Partial<Request> & Pick<Request, 'text' | 'send'>): Request => {
      return { kind, owns: never, verify: right, generation: null, canHaveKey: true, ...parts };
    };
    switch (kind) {
      case 'delete block':
      case 'delete block by force': {
        const force = kind === 'delete block by force';
        return make({
          text: `${kind} ${id}`,
          canHaveKey: false,
          send: ({ ramBlocks }, options) => ramBlocks.delete(id, force, options),
          owns: (record) => record.kind === 'block-deleted' && record.ramBlockId === id,
          verify: () => (this.#disk.books.has(id) ? [`block ${id} is still there`] : []),
          ...(force ? { forced: () => [id, ...block.listeners.keys()] } : {}),
        });
      }
      case 'convert': {
        const range = this.#range(block);
        // Mostly something that is not so already.
        const isShared = block.attributes?.bits[range.offset / PAGE] === 1;
        const to = isShared === chance.is(0.85) ? ('private' as const) : ('shared' as const);
        const asked = { ...range, to };
        return make({
          text: `${asked.to} ${show(asked)} of ${id}${generation === null ? '' : ` if ${generation}`}`,
          generation,
          send: ({ conversions }, options) => conversions.convert(id, asked, options),
          owns: ownsSteps(id, undefined, [asked]),
          verify: (answer) => this.#verifySteps(id, [asked], [answer as Conversion]),
        });
      }
      case 'batch': {
        const asked = Array.from({ length: 1 + chance.below(5) }, () => {
          return { ...this.#range(block), to: chance.pick(['shared', 'private'] as const) };
        });
        return make({
          text: `batch of ${id}: ${asked.map((one) => `${one.to} ${show(one)}`).join(', ')}`,
          generation,
          send: ({ conversions }, options) => conversions.convertAll(id, asked, options),
          owns: ownsSteps(id, undefined, asked),
          verify: (answer) => this.#verifySteps(id, asked, conversionsIn(answer)),
        });
      }
      case 'dry run':
        return make({
          text: `dry run of ${id}`,
          canHaveKey: false,
          send: async ({ conversions }) => {
            return conversions.previewAll(
              id,
              [{ ...this.#range(block), to: chance.pick(['shared', 'private']) }],
              null,
            );
          },
          verify: (answer) => (conversionsIn(answer).some((one) => one.id !== null) ? ['a dry run has an id'] : []),
        });
      case 'bitmap': {
        // Of a big block a part: each run of it may be a delivery.
        const { offset, size: wanted } = this.#range(block);
        const pages = Math.min(wanted / PAGE, 64);
        const size = pages * PAGE;
        const bytes = Uint8Array.from({ length: Math.ceil(pages / 8) }, () => chance.below(256));
        if (pages % 8 !== 0) bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) & ((1 << (pages % 8)) - 1);
        return make({
          text: `bitmap of ${id} ${show({ offset, size })}`,
          canHaveKey: false,
          generation,
          send: ({ conversions }, options) => conversions.setBitmap(id, { offset, size }, bytes, options),
          owns: (record) =>
            record.ramBlockId === id &&
            record.kind === 'source-changed' &&
            record.steps.every(({ range, populate, changed }) => {
              if (range.start < offset / PAGE || range.end > offset / PAGE + pages) return false;
              return changed.every((run) => isAsIn(bytes, run, offset / PAGE, populate));
            }),
          verify: (answer) => this.#verifyIds(id, conversionsIn(answer)),
        });
      }
      case 'convert machine': {
        const { machine, gpa } = block.definition;
        if (gpa === null) return null;
        const start = gpa / PAGE + chance.below(block.length);
        const range = { gpa: start * PAGE, size: (1 + chance.below(chance.is(0.5) ? 8 : 80)) * PAGE };
        const to = chance.pick(['shared', 'private'] as const);
        return make({
          text: `${to} ${machine} ${start}+${range.size / PAGE}`,
          send: ({ machineConversions }, options) => machineConversions.convert(machine, range, to, options),
          owns: (record) => {
            if (record.kind !== 'source-changed' || record.steps.length !== 1) return false;
            const [step] = record.steps;
            const base = this.#disk.definitions.get(record.ramBlockId);
            if (step === undefined || base === undefined || base.machine !== machine || base.gpa === null) return false;
            const { start, end } = step.range;
            const isWithin = base.gpa + start * PAGE >= range.gpa && base.gpa + end * PAGE <= range.gpa + range.size;
            return isWithin && record.isConversion && step.populate === (to === 'shared');
          },
          verify: (answer) => conversionsIn(answer).flatMap((one) => this.#verifyIds(one.ramBlockId, [one])),
        });
      }
      case 'add source': {
        const name = chance.pick(['ram-block-attributes', 'virtio-mem0', 'virtio-mem1']);
        const isConversion = name === 'ram-block-attributes';
        const granule = isConversion ? 1 : chance.pick([1, 2, 4]);
        const runs = chance.is(0.3)
          ? []
          : chance.is(0.6)
            ? [{ offset: 0, size: block.length * PAGE }]
            : [this.#range(block, granule)];
        return make({
          text: `add source ${name} to ${id}`,
          generation,
          send: ({ sources }, options) =>
            sources.add(id, { name, granularity: isConversion ? undefined : granule * PAGE, populated: runs }, options),
          owns: (record) => record.ramBlockId === id && record.kind === 'source-added' && record.source.name === name,
          verify: (answer) => {
            const { id: sourceId } = answer as { id: string };
            return this.#block(id, (now) => (now.sources.has(sourceId) ? [] : [`source ${sourceId} is not there`]));
          },
        });
      }
      case 'remove source':
      case 'change source': {
        const all = [...block.sources.values()];
        if (all.length === 0) return null;
        const { definition } = chance.pick(all);
        if (kind === 'remove source') {
          return make({
            text: `remove source ${definition.name} of ${id}`,
            canHaveKey: false,
            generation,
            send: ({ sources }, options) =>
              sources.remove(id, definition.id, true, { ...options, answered: () => null }),
            owns: (record) => record.kind === 'source-removed' && record.sourceId === definition.id,
            verify: () =>
              this.#block(id, (now) =>
                now.sources.has(definition.id) ? [`source ${definition.id} is still there`] : [],
              ),
          });
        }
        const asked = {
          ...this.#range(block, definition.granularity / PAGE),
          to: chance.pick(['populated', 'discarded'] as const),
        };
        return make({
          text: `${asked.to} ${show(asked)} in ${definition.name} of ${id}`,
          generation,
          send: ({ conversions }, options) => conversions.changeSource(id, definition.id, asked, options),
          owns: ownsSteps(id, definition.id, [asked]),
          verify: (answer) => this.#verifySteps(id, [asked], [answer as Conversion]),
        });
      }
      case 'grow':
      case 'shrink': {
        const { length, most } = block;
        const isGrowing = kind === 'grow';
        if (isGrowing ? length === most : length === 1) return null;
        const pages = isGrowing
          ? chance.is(0.5)
            ? most
            : length + 1 + chance.below(Math.min(most - length, 8))
          : Math.max(1, chance.is(0.3) ? Math.ceil(length / 2) : length - 1 - chance.below(6));
        return make({
          text: `${kind} ${id} from ${length} to ${pages}`,
          canHaveKey: false,
          generation,
          send: ({ ramBlocks }, options) => ramBlocks.resize(id, pages * PAGE, options),
          owns: (record) =>
            record.ramBlockId === id && record.kind === 'block-resized' && record.usedLength === pages * PAGE,
          verify: () => this.#block(id, (now) => (now.length === pages ? [] : [`${id} has ${now.length} pages`])),
        });
      }
      case 'register sync':
      case 'register async':
        return block.listeners.size < MOST_LISTENERS ? this.#register(id, block, kind, make) : null;
      case 'history':
        return make({
          text: `history of ${id}`,
          canHaveKey: false,
          send: ({ conversions }) => conversions.history(id, Number.MAX_SAFE_INTEGER, 20),
        });
      default:
        return this.#control(kind, id, block, make);
    }
  }

  #create(): Request {
    const chance = this.#chance;
    const machine = chance.pick(MACHINES);
    // Big ones are slow to look at: one at a time.
    const isBig = [...this.#disk.books.values()].some(({ most }) => most > 1000);
    const [pages, most] = chance.pick(isBig || !this.#scale.hasBig || chance.is(0.5) ? LENGTHS.slice(0, 4) : LENGTHS);
    const gpa = chance.is(0.85) ? this.#room(machine, most) : null;
    const wanted = {
      ...{ idstr: `ram${this.#number}`, machine, pageSize: PAGE, gpa, usedLength: pages * PAGE },
      ...{ maxLength: most === pages ? undefined : most * PAGE, guestMemfd: chance.is(0.7) },
    };
    const owns = (record: BlockRecord): boolean =>
      record.kind === 'block-created' && record.block.idstr === wanted.idstr;
    return {
      kind: 'create block',
      text: `create ${wanted.idstr} of ${pages} pages, at most ${most}${wanted.guestMemfd ? '' : ', without a source'}`,
      send: ({ ramBlocks }, options) => ramBlocks.create(wanted, options),
      owns,
      verify: (answer) => {
        const { id } = answer as { id: string };
        return this.#disk.books.has(id) ? [] : [`block ${id} is not there`];
      },
      generation: null,
      canHaveKey: true,
    };
  }

  /** Right behind another block, mostly, so that ranges of guest pages reach over several. */
  #room(machine: string, pages: number): number {
    const taken = [...this.#disk.books.values()].filter(
      ({ definition }) => definition.machine === machine && definition.gpa !== null,
    );
    const ends = taken.map(({ definition }) => (definition.gpa ?? 0) + definition.maxLength);
    const hole = this.#chance.is(0.2) ? this.#chance.below(4) * PAGE : 0;
    return Math.max(0, ...ends) + hole + (pages > 0 ? 0 : PAGE);
  }

  #register(id: string, block: BookBlock, kind: 'register sync' | 'register async', make: Maker): Request {
    const chance = this.#chance;
    const number = this.#number;
    const isAll = chance.is(0.6);
    const { offset, size } = isAll
      ? { offset: 0, size: null }
      : chance.is(0.5)
        ? this.#half(block)
        : this.#range(block);
    const mode = kind === 'register sync' ? 'sync' : 'async';
    const wanted = {
      url: `http://device-${chance.below(DEVICES)}/${number}`,
      mode,
      section: { offset, size, offsetWithinAddressSpace: undefined },
      granularity: undefined,
      doubleDiscardSupported: chance.is(0.7),
      coordinatedDiscard: chance.is(0.95),
      dmaMaxMappings: mode === 'sync' && chance.is(0.15) ? 4 + chance.below(20) : null,
      maxSections: chance.pick([1, 2, 512]),
      timeoutMs: chance.pick([200, 1000, 5000]),
      description: String(number),
      secret: `whsec_${number}`,
    } as const;
    return make({
      text: `${kind} ${number} of ${id}: ${size === null ? 'all' : show({ offset, size })}`,
      send: ({ listeners }, options) => listeners.register(id, wanted, options),
      verify: (answer) => {
        const { id: listenerId } = answer as { id: string };
        return this.#block(id, (now) => {
          const phase = now.listeners.get(listenerId)?.phase;
          return mode === 'sync' && phase !== 'active' ? [`listener ${listenerId} is ${phase}`] : [];
        });
      },
    });
  }

  /** What is asked of one listener. */
  #control(kind: Kind, id: string, block: BookBlock, make: Maker): Request | null {
    const chance = this.#chance;
    const number = this.#number;
    const isOfAsync = ['pause async', 'resume async', 'retry', 'skip'].includes(kind);
    const all = [...block.listeners.values()].filter(({ definition }) => !isOfAsync || definition.mode === 'async');
    if (all.length === 0) return null;
    const { definition } = chance.pick(all);
    const { id: listenerId } = definition;
    const text = `${kind} ${listenerId} of ${id}`;
    const about = (check: (listener: NonNullable<ReturnType<BookBlock['listeners']['get']>>) => boolean) => () => {
      return this.#block(id, (now) => {
        const listener = now.listeners.get(listenerId);
        return listener === undefined || check(listener) ? [] : [`listener ${listenerId} is not as was answered`];
      });
    };
    switch (kind) {
      case 'unregister':
      case 'unregister by force': {
        const force = kind === 'unregister by force';
        return make({
          text,
          canHaveKey: false,
          send: ({ listeners }, options) => listeners.unregister(id, listenerId, force, options),
          verify: about(({ phase }) => definition.mode === 'async' && !force && phase === 'removing'),
          ...(force ? { forced: () => [listenerId] } : {}),
        });
      }
      case 'replay':
        return make({ text, send: ({ listenerControl }, options) => listenerControl.replay(id, listenerId, options) });
      case 'rotate secret': {
        const secret = `whsec_rotated${number}`;
        return make({
          text,
          send: ({ listenerControl }, options) =>
            listenerControl.rotateSecret(id, listenerId, { secret, graceSeconds: 5 }, options),
          owns: (record) => record.kind === 'listener-changed' && record.changes.secret === secret,
          verify: () => [],
        });
      }
      case 'patch listener': {
        const url = chance.is(0.5) ? `http://device-${chance.below(DEVICES)}/${number}` : undefined;
        const description = String(number);
        return make({
          text,
          canHaveKey: false,
          send: ({ listenerControl }, options) =>
            listenerControl.update(id, listenerId, { url, description, timeoutMs: 300 }, options),
          owns: (record) => record.kind === 'listener-changed' && record.changes.description === description,
        });
      }
      case 'pause async':
      case 'resume async': {
        const state = kind === 'pause async' ? 'disabled' : 'active';
        return make({
          text,
          canHaveKey: false,
          send: ({ listenerControl }, options) => listenerControl.update(id, listenerId, { state }, options),
        });
      }
      case 'retry':
        return make({ text, send: ({ listenerControl }, options) => listenerControl.retry(id, listenerId, options) });
      case 'skip':
        return make({ text, send: ({ listenerControl }, options) => listenerControl.skip(id, listenerId, options) });
      default:
        throw new Error(`nobody makes ${kind}`);
    }
  }

  /** The first half of the block, or the second. */
  #half({ length }: BookBlock): { offset: number; size: number } {
    const middle = Math.ceil(length / 2);
    const isFirst = length === 1 || this.#chance.is(0.5);
    return isFirst ? { offset: 0, size: middle * PAGE } : { offset: middle * PAGE, size: (length - middle) * PAGE };
  }

  /** A part of the block, mostly small; now and then it does not fit. */
  #range(block: BookBlock, granule = 1): { offset: number; size: number } {
    const chance = this.#chance;
    const { length } = block;
    if (chance.is(0.01)) return { offset: 0, size: (length + 1) * PAGE };
    const whole = Math.ceil(length / granule);
    // Near the start of a big block or near its end, so that changes meet.
    const from =
      length > 1000 && chance.is(0.7) ? chance.pick([0, whole - 12]) + chance.below(12) : chance.below(whole);
    const start = Math.min(from, whole - 1);
    const most = chance.is(0.15) ? whole - start : Math.min(whole - start, chance.is(0.6) ? 1 : 6);
    const end = Math.min(length, (start + 1 + chance.below(most)) * granule);
    return { offset: start * granule * PAGE, size: (end - start * granule) * PAGE };
  }

  #block(id: string, check: (block: BookBlock) => string[]): string[] {
    const block = this.#disk.books.get(id);
    // Deleted since.
    return block === undefined ? [] : check(block);
  }

  #verifySteps(id: string, asked: readonly Asked[], answered: readonly Conversion[]): string[] {
    const plain = (steps: readonly Asked[]) => JSON.stringify(steps.map(({ offset, size, to }) => [offset, size, to]));
    if (plain(asked) !== plain(answered)) return [`asked is ${plain(asked)}, answered ${plain(answered)}`];
    return this.#verifyIds(id, answered);
  }

  /** What was answered is in the history, as it was answered. */
  #verifyIds(id: string, answered: readonly Conversion[]): string[] {
    return this.#block(id, ({ history }) => {
      return answered.flatMap((one) => {
        if (one.id === null) return one.changedBytes === 0 ? [] : [`a change of ${id} has no id`];
        const kept = history.findLast((past) => past.id === one.id);
        if (kept === undefined) return [`${one.id} is answered, and is not on the disk`];
        return JSON.stringify(kept) === JSON.stringify(one) ? [] : [`${one.id} is answered otherwise than it is kept`];
      });
    });
  }
}

type Maker = (parts: Partial<Request> & Pick<Request, 'text' | 'send'>) => Request;
type Asked = Pick<Conversion, 'offset' | 'size' | 'to'>;

export function conversionsIn(answer: unknown): readonly Conversion[] {
  const { conversions } = Object(answer) as { conversions?: readonly Conversion[] };
  return conversions ?? [];
}

/** Whether all pages of `run` are in a bitmap that begins at page `first` as `populate` says. */
function isAsIn(bytes: Uint8Array, { start, end }: PageRange, first: number, populate: boolean): boolean {
  for (let page = start - first; page < end - first; page++) {
    if ((((bytes[page >> 3] ?? 0) >> (page & 7)) & 1) !== (populate ? 1 : 0)) return false;
  }
  return true;
}

/** The steps that changed something are some of those that were asked for, in their order. */
function ownsSteps(ramBlockId: string, sourceId: string | undefined, asked: readonly Asked[]) {
  return (record: BlockRecord): boolean => {
    if (record.kind !== 'source-changed' || record.ramBlockId !== ramBlockId) return false;
    if (sourceId !== undefined && record.sourceId !== sourceId) return false;
    let at = 0;
    // A bitmap turns some pages of its range only, and is owned by nobody here.
    return conversionsOf(record, PAGE).every((conversion) => {
      const is = (one: Asked): boolean =>
        one.offset === conversion.offset && one.size === conversion.size && one.to === conversion.to;
      while (at < asked.length && !is(asked[at] as Asked)) at++;
      return at++ < asked.length;
    });
  };
}

function show({ offset, size }: { readonly offset: number; readonly size: number }): string {
  return `${offset / PAGE}-${(offset + size) / PAGE}`;
}

/** The runs of what is populated, for people who read a failure. */
export function populatedText(block: BookBlock): string {
  return runsOf(block.populated, 1)
    .map(({ start, end }) => `${start}-${end}`)
    .join(' ');
}
