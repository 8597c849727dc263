// The plan of a trace, worked out in the slow and obvious way: an array of pages for each RAM block, looked through as a
// whole after every conversion. For traces by address, with blocks that are named.

import { PIECE_SIZES, type Plan, TRACKINGS } from '../../src/planner/plan.ts';
import type { MapOption } from '../../src/traces/map-option.ts';
import type { TraceEvent } from '../../src/traces/trace-event.ts';
import {
  type Block,
  bodyOf,
  ended,
  endedRuns,
  footprint,
  type Lifetime,
  PAGE,
  partsOf,
  piecesOf,
  runsOf,
  timeOf,
} from './naive-pages.ts';

const HOT_PAGES = 512;
const NO_EVENTS = {
  kvm_convert_memory: 0,
  kvm_vm_set_mem_attributes: 0,
  ram_block_attributes_state_change: 0,
  kvm_hc_map_gpa_range: 0,
  kvm_memory_fault: 0,
  KVM_HC_MAP_GPA_RANGE: 0,
  kvm_hypercall: 0,
  kvm_vmgexit_msr_protocol_enter: 0,
};

/** What holds after a conversion, by tracking. */
interface State {
  readonly line: number;
  readonly at: number;
  readonly mappings: number[];
  readonly pinned: number[];
}

export interface NaiveOptions {
  readonly maps: readonly MapOption[];
  readonly limit: number;
}

/** All of a plan but its series; and the states that those are made of. @param events all on page borders */
export function naivePlan(events: readonly TraceEvent[], { maps, limit }: NaiveOptions) {
  const blocks = [...new Set(maps.toSorted((a, b) => a.gpa - b.gpa).map(({ idstr }) => idstr))].map((idstr): Block => {
    const parts = maps.filter((map) => map.idstr === idstr);
    const length = Math.max(...parts.map(({ offset, size }) => offset + size)) / PAGE;
    const first = parts.toSorted((a, b) => a.offset - b.offset)[0] as MapOption;
    const gpa = first.gpa >= first.offset ? first.gpa - first.offset : null;
    return { idstr, gpa, pages: Array.from({ length }, () => null), sequence: 0, generation: 0 };
  });
  const states: State[] = [];
  const lifetimes: Lifetime[] = [];
  const requests: { line: number; populate: boolean; sections: number; bytes: number }[] = [];
  const hot = new Map<string, number>();
  const refused: Plan['lines']['refused'][number][] = [];
  const pinnedConversions = [0, 0, 0, 0, 0];
  const done: { event: TraceEvent; at: number; bytes: number; changed: number; from: Set<boolean>; blocks: number }[] =
    [];

  for (const event of events) {
    const { line, start, size, to } = event;
    const populate = to === 'shared';
    const places: { block: Block; page: number }[] = [];
    for (let address = start; address < start + size; address += PAGE) {
      const map = maps.find((one) => one.gpa <= address && address < one.gpa + one.size);
      const block = blocks.find(({ idstr }) => idstr === map?.idstr);
      if (map !== undefined && block !== undefined) {
        places.push({ block, page: (map.offset + address - map.gpa) / PAGE });
      }
    }
    const isWhole = places.length * PAGE === size;
    if (places.length === 0 || (!populate && !isWhole)) {
      const reason = populate ? 'unmappedToShared' : 'unmappedToPrivate';
      const index = refused.findIndex((one) => one.reason === reason);
      if (index < 0) refused.push({ reason, lines: 1, firstLine: line });
      else
        refused[index] = { ...(refused[index] as (typeof refused)[number]), lines: (refused[index]?.lines ?? 0) + 1 };
      continue;
    }
    const at = timeOf(
      event,
      done.map((one) => one.event),
      done.at(-1)?.at ?? 0,
    );
    const before = new Map(blocks.map((block) => [block, [...block.pages]]));
    for (const { block, page } of places) {
      if (populate) block.pages[page] ??= at;
      else block.pages[page] = null;
    }
    let changed = 0;
    for (const [block, old] of before) {
      // Parts are converted one after the other: a block that is touched in two parts hears of each.
      for (const part of partsOf(places, block)) {
        const isChanged = (page: number) =>
          page >= part.start && page < part.end && (old[page] === null) !== (block.pages[page] === null);
        const runs = runsOf(block.pages.length, isChanged);
        if (runs.length === 0) continue;
        for (const run of runs) changed += run.end - run.start;
        if (!populate) lifetimes.push(...ended(runs, old, at));
        const touched = new Set(runs.flatMap(({ start: from, end }) => piecesOf(from, end, HOT_PAGES)));
        for (const piece of touched) {
          const key = `${block.idstr} ${piece * HOT_PAGES * PAGE}`;
          hot.set(key, (hot.get(key) ?? 0) + 1);
        }
        for (let from = 0; from < runs.length; from += 512) {
          const sections = runs.slice(from, from + 512);
          block.sequence++;
          requests.push({ line, populate, sections: sections.length, bytes: bodyOf(block, populate, sections).length });
        }
        block.generation++;
      }
    }
    for (const [index, bytes] of PIECE_SIZES.entries()) {
      if (populate) continue;
      const pages = bytes / PAGE;
      const isKept = blocks.some((block) => {
        const old = before.get(block) ?? [];
        return old.some((was, page) => {
          if (was === null || block.pages[page] !== null) return false;
          const piece = Math.floor(page / pages);
          return block.pages.slice(piece * pages, (piece + 1) * pages).some((since) => since !== null);
        });
      });
      if (isKept) pinnedConversions[2 + index] = (pinnedConversions[2 + index] ?? 0) + 1;
    }
    const from = new Set(places.map(({ block, page }) => before.get(block)?.[page] !== null));
    const distinct = new Set(places.map(({ block }) => block)).size;
    done.push({ event, at, bytes: places.length * PAGE, changed: changed * PAGE, from, blocks: distinct });
    states.push({ line, at, ...footprint(blocks) });
  }

  const clock = { unit: done[0]?.event.time == null ? ('conversions' as const) : ('seconds' as const) };
  const ticks = clock.unit === 'seconds' ? 1e6 : 1;
  const duration = (done.at(-1)?.at ?? 0) / ticks;
  return { states, ticks, plan: { clock: { ...clock, duration }, ...rest() } };

  function rest(): Omit<Plan, 'trackings' | 'clock' | 'step'> & { trackings: unknown[] } {
    const trackings = TRACKINGS.map((tracking, index) => {
      const mappings = states.map((state) => state.mappings[index] ?? 0);
      const pinned = states.map((state) => state.pinned[index] ?? 0);
      return {
        tracking,
        granularity: [PAGE, null, ...PIECE_SIZES][index],
        mappings: { ...peakOf(mappings), end: mappings.at(-1) ?? 0, exceeded: exceeded(mappings) },
        pinned: {
          peakBytes: peakOf(pinned).peak,
          peakAt: peakOf(pinned).peakAt,
          endBytes: pinned.at(-1) ?? 0,
          peakPrivateBytes: Math.max(0, ...states.map((state, n) => (pinned[n] ?? 0) - (state.pinned[0] ?? 0))),
        },
        pinnedConversions: pinnedConversions[index],
      };
    });
    const fitting = TRACKINGS.map((_, index) => index).filter((index) => {
      return index !== 1 && states.every(({ mappings }) => (mappings[index] ?? 0) <= limit);
    });
    const stillShared = blocks.flatMap((block) => endedRuns(block.pages));
    const ages = lifetimes.map(({ age }) => age);
    return {
      layout: 'map',
      blocks: blocks.map(({ idstr, gpa, pages }) => ({ idstr, gpa, size: pages.length * PAGE, guessed: false })),
      ramBytes: blocks.reduce((bytes, { pages }) => bytes + pages.length * PAGE, 0),
      lines: {
        total: events.length,
        applied: done.length,
        repeated: 0,
        layout: 0,
        foreign: 0,
        cutOff: false,
        refused: refused.toSorted((a, b) => b.reason.localeCompare(a.reason)),
        byEvent: { ...NO_EVENTS, kvm_hypercall: events.length },
        chosen: {
          events: ['kvm_hypercall'],
          reason: 'it is what the guest asked KVM for; no other event of conversions is in the trace',
        },
      },
      limit,
      smallestGranularity: fitting.length === 0 ? null : ([PAGE, null, ...PIECE_SIZES][fitting[0] ?? 0] ?? null),
      trackings,
      conversions: {
        total: done.length,
        changed: done.filter(({ changed }) => changed > 0).length,
        unchanged: done.filter(({ changed }) => changed === 0).length,
        mixed: done.filter(({ from }) => from.size > 1).length,
        acrossBlocks: done.filter((one) => one.blocks > 1).length,
        toShared: direction('shared'),
        toPrivate: direction('private'),
        perSecond: clock.unit === 'seconds' && duration > 0 ? done.length / duration : null,
        busiestSecond: clock.unit === 'seconds' && done.length > 0 ? busiest() : null,
        sizes: sizes(),
      },
      lifetimes: {
        ranges: ages.length,
        bytes: lifetimes.reduce((sum, { bytes }) => sum + bytes, 0),
        shortest: ages.length === 0 ? null : Math.min(...ages) / ticks,
        longest: ages.length === 0 ? null : Math.max(...ages) / ticks,
        mean: ages.length === 0 ? null : ages.reduce((sum, age) => sum + age, 0) / ages.length / ticks,
        histogram: decades(),
        stillSharedRanges: stillShared.length,
        stillSharedBytes: stillShared.reduce((sum, { end, start }) => sum + (end - start) * PAGE, 0),
      },
      hottest: { pieceBytes: 2 * 2 ** 20, exact: true, pieces: hottest() },
      listener: {
        requests: requests.length,
        populates: requests.filter(({ populate }) => populate).length,
        discards: requests.filter(({ populate }) => !populate).length,
        sections: requests.reduce((sum, { sections }) => sum + sections, 0),
        bytes: requests.reduce((sum, { bytes }) => sum + bytes, 0),
        largest: largest(),
      },
    };
  }

  function peakOf(values: readonly number[]) {
    const peak = Math.max(0, ...values);
    const state = states[values.indexOf(peak)];
    return { peak, peakAt: state === undefined || peak === 0 ? null : { line: state.line, at: state.at / ticks } };
  }

  function exceeded(values: readonly number[]) {
    const over = values.flatMap((value, index) => (value > limit ? [index] : []));
    const first = states[over[0] ?? -1];
    if (first === undefined) return null;
    // From each state that is over the limit up to the next one, whatever that is.
    const lasted = over.reduce(
      (sum, index) => sum + (states[index + 1]?.at ?? states[index]?.at ?? 0) - (states[index]?.at ?? 0),
      0,
    );
    const times = over.filter((index) => !over.includes(index - 1)).length;
    return {
      first: { line: first.line, at: first.at / ticks },
      duration: lasted / ticks,
      conversions: over.length,
      times,
    };
  }

  function direction(to: 'shared' | 'private') {
    const these = done.filter(({ event }) => event.to === to);
    const sum = (of: (one: (typeof done)[number]) => number) => these.reduce((total, one) => total + of(one), 0);
    return { conversions: these.length, bytes: sum(({ bytes }) => bytes), changedBytes: sum(({ changed }) => changed) };
  }

  function busiest() {
    const seconds = [...new Set(done.map(({ at }) => Math.floor(at / 1e6)))];
    const counts = seconds.map((at) => ({
      at,
      conversions: done.filter((one) => Math.floor(one.at / 1e6) === at).length,
    }));
    return counts.toSorted((a, b) => b.conversions - a.conversions || a.at - b.at)[0] ?? null;
  }

  function sizes() {
    const classes = Array.from({ length: 40 }, (_, power) => 2 ** power).map((upTo) => {
      const within = done.filter(({ bytes }) => bytes <= upTo && bytes > upTo / 2);
      const toShared = within.filter(({ event }) => event.to === 'shared').length;
      return { upTo, toShared, toPrivate: within.length - toShared };
    });
    return classes.filter(({ toShared, toPrivate }) => toShared + toPrivate > 0);
  }

  function decades() {
    const all = Array.from({ length: 20 }, (_, power) => {
      const within = lifetimes.filter(({ age }) => age < 10 ** power && (power === 0 || age >= 10 ** (power - 1)));
      return {
        below: 10 ** power / ticks,
        ranges: within.length,
        bytes: within.reduce((sum, { bytes }) => sum + bytes, 0),
      };
    });
    const filled = all.flatMap(({ ranges }, index) => (ranges > 0 ? [index] : []));
    return filled.length === 0 ? [] : all.slice(filled[0], (filled.at(-1) ?? 0) + 1);
  }

  function hottest() {
    const counted = [...hot].map(([key, conversions]) => {
      const [idstr = '', text = ''] = key.split(' ');
      const offset = Number(text);
      const map = maps
        .toSorted((a, b) => a.gpa - b.gpa)
        .find((one) => {
          return one.idstr === idstr && one.offset <= offset && offset < one.offset + one.size;
        });
      return { idstr, offset, gpa: map === undefined ? null : map.gpa + offset - map.offset, conversions };
    });
    return counted;
  }

  function largest() {
    const [first] = requests.toSorted((a, b) => b.bytes - a.bytes);
    return first === undefined ? null : { line: first.line, sections: first.sections, bytes: first.bytes };
  }
}
