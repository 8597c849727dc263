// Which events of a trace are applied. One conversion may be logged by several events on its way from the guest through the
// VMM to KVM, and to apply each of them would count it several times. So the events of one level are applied, the first
// that the trace has any of; the others are counted. To meet a better level late changes nothing in this rule: whoever
// reads a trace once begins anew there.
import { CONVERSION_EVENTS, type TraceEventName } from './trace-event.ts';

/** Events that are logged for different conversions, and what they tell. */
interface Level {
  readonly events: readonly TraceEventName[];
  readonly why: string;
}

/** Conversions that were carried out rank before requests, and addresses before offsets. */
const LEVELS: readonly Level[] = [
  { events: ['kvm_convert_memory'], why: 'it has every conversion that QEMU made, by guest physical address' },
  { events: ['kvm_vm_set_mem_attributes'], why: 'it has every change of attributes that KVM made, by frame number' },
  {
    events: ['ram_block_attributes_state_change'],
    why: 'it has every change that QEMU made, but only as an offset in a RAM block without a name',
  },
  {
    events: ['kvm_hc_map_gpa_range', 'kvm_memory_fault', 'KVM_HC_MAP_GPA_RANGE'],
    why: 'they are what the VMM was asked for',
  },
  { events: ['kvm_hypercall', 'kvm_vmgexit_msr_protocol_enter'], why: 'they are what the guest asked KVM for' },
];

/** Events that are only a part of a guest's conversions, and what is missing where they are all that is applied. */
const PARTIAL: Partial<Record<TraceEventName, string>> = {
  kvm_memory_fault: 'only implicit conversions: kvm_hc_map_gpa_range has the others',
  kvm_vmgexit_msr_protocol_enter: 'only the early boot of an SNP guest: kvm_vm_set_mem_attributes has all of it',
};

const LEVEL_OF = new Map(LEVELS.flatMap(({ events }, level) => events.map((event) => [event, level] as const)));

/** Lines by their event. */
export type EventCounts = Readonly<Record<TraceEventName, number>>;

/** The events of a trace that are applied, and why these. */
export interface ChosenEvents {
  readonly events: readonly TraceEventName[];
  readonly reason: string;
}

/** Counts the conversions of one trace by their event, and tells which level is the best so far. */
export class EventChoice {
  readonly #counts: Record<TraceEventName, number>;
  #level: number;

  /** @param known the choice of a reader that has read the whole trace before; left out, it is made while it is read */
  constructor(known: EventChoice | null = null) {
    this.#counts = noEvents();
    this.#level = known === null ? LEVELS.length : known.#level;
  }

  /**
   * Counts one conversion.
   * @returns `better` where those that were applied so far are not to be, `applied` or `repeated` for this one alone
   */
  take(event: TraceEventName): 'better' | 'applied' | 'repeated' {
    this.#counts[event]++;
    const level = LEVEL_OF.get(event) ?? LEVELS.length;
    if (level > this.#level) return 'repeated';
    if (level === this.#level) return 'applied';
    const isFirst = this.#level === LEVELS.length;
    this.#level = level;
    return isFirst ? 'applied' : 'better';
  }

  get counts(): EventCounts {
    return this.#counts;
  }

  /** Returns the events that are applied, of those that the trace has; null without any conversion. */
  chosen(): ChosenEvents | null {
    const level = LEVELS[this.#level];
    if (level === undefined) return null;
    const has = (event: TraceEventName) => this.#counts[event] > 0;
    const events = level.events.filter(has);
    const others = CONVERSION_EVENTS.filter((event) => has(event) && !level.events.includes(event));
    const partial = events.length === 1 && events[0] !== undefined ? PARTIAL[events[0]] : undefined;
    const why = partial ?? (events.length === 1 ? level.why.replace(/^they are/, 'it is') : level.why);
    const lines = others.map((event) => `${event} (${this.#counts[event]})`).join(' and ');
    const rest =
      others.length === 0
        ? 'no other event of conversions is in the trace'
        : `the lines of ${lines} tell of the same, less exactly`;
    return { events, reason: `${why}; ${rest}` };
  }
}

function noEvents(): Record<TraceEventName, number> {
  // fromEntries forgets which keys it was given.
  return Object.fromEntries(CONVERSION_EVENTS.map((event) => [event, 0])) as Record<TraceEventName, number>;
}
