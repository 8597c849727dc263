// Which of several events of one conversion is applied.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventChoice } from '../../src/traces/event-choice.ts';
import { CONVERSION_EVENTS, type TraceEventName } from '../../src/traces/trace-event.ts';

function chooseFrom(...events: TraceEventName[]): EventChoice {
  const choice = new EventChoice();
  for (const event of events) choice.take(event);
  return choice;
}

/** The events in the order in which they are chosen; those of one line beside each other. */
const ORDER: readonly (readonly TraceEventName[])[] = [
  ['kvm_convert_memory'],
  ['kvm_vm_set_mem_attributes'],
  ['ram_block_attributes_state_change'],
  ['kvm_hc_map_gpa_range', 'kvm_memory_fault', 'KVM_HC_MAP_GPA_RANGE'],
  ['kvm_hypercall', 'kvm_vmgexit_msr_protocol_enter'],
];

describe('EventChoice', () => {
  it('chooses nothing of a trace without conversions', () => {
    expect(chooseFrom().chosen()).toBeNull();
  });

  it('says why, and names the events that are only counted', () => {
    const choice = chooseFrom('kvm_hc_map_gpa_range', 'kvm_convert_memory', 'ram_block_attributes_state_change');
    expect(choice.chosen()).toEqual({
      events: ['kvm_convert_memory'],
      reason:
        'it has every conversion that QEMU made, by guest physical address; the lines of ram_block_attributes_state_change (1) and kvm_hc_map_gpa_range (1) tell of the same, less exactly',
    });
  });

  it('applies exits for hypercalls and for faults together, for no conversion has both', () => {
    const choice = new EventChoice();
    expect(choice.take('kvm_memory_fault')).toBe('applied');
    expect(choice.take('kvm_hc_map_gpa_range')).toBe('applied');
    expect(choice.chosen()?.events).toEqual(['kvm_hc_map_gpa_range', 'kvm_memory_fault']);
  });

  it('says what is missing where there is only a part of the conversions', () => {
    expect(chooseFrom('kvm_vmgexit_msr_protocol_enter').chosen()?.reason).toContain('only the early boot');
    expect(chooseFrom('kvm_memory_fault').chosen()?.reason).toContain('only implicit conversions');
  });

  it('knows all events', () => {
    expect(ORDER.flat().toSorted()).toEqual(CONVERSION_EVENTS.toSorted());
  });

  it('applies the same lines however it learns of the best event: before, or while it goes', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...CONVERSION_EVENTS), { minLength: 1 }), (events) => {
        const best = ORDER.find((level) => level.some((event) => events.includes(event))) ?? [];
        const expected = events.flatMap((event, line) => (best.includes(event) ? [line] : []));
        const first = chooseFrom(...events);
        const second = new EventChoice(first);
        const twice = events.flatMap((event, line) => (second.take(event) === 'applied' ? [line] : []));
        let once: number[] = [];
        const choice = new EventChoice();
        for (const [line, event] of events.entries()) {
          const taken = choice.take(event);
          if (taken === 'better') once = [];
          if (taken !== 'repeated') once.push(line);
        }
        expect(twice).toEqual(expected);
        expect(once).toEqual(expected);
        expect(second.chosen()).toEqual(choice.chosen());
      }),
    );
  });
});
