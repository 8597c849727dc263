// Which blocks a conversion of a trace belongs to, and what the range rules refuse.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlockMap, type Mapping, OverlapError } from '../../src/traces/block-map.ts';
import { type Placeable, Placement } from '../../src/traces/placement.ts';
import type { TraceConversion, TraceEventName } from '../../src/traces/trace-event.ts';

const PAGE = 4096;
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

interface Block extends Placeable {
  readonly name: string;
}
const block = (name: string, usedLength: number, pageSize = PAGE): Block => ({ name, usedLength, pageSize });

const low = block('low', 2 * GIB);
const high = block('high', 14 * GIB);
const next = block('next', GIB);
/** low | hole | high, next */
const map = new BlockMap<Block>([
  { gpa: 18 * GIB, size: GIB, offset: 0, block: next },
  { gpa: 0, size: 2 * GIB, offset: 0, block: low },
  { gpa: 4 * GIB, size: 14 * GIB, offset: 0, block: high },
]);

const conversion = (
  start: number,
  size: number,
  to: 'shared' | 'private' = 'shared',
  event: TraceEventName = 'kvm_hypercall',
): TraceConversion => ({ event, start, size, to, time: null });
const stateChange = (offset: number, size: number): TraceConversion =>
  conversion(offset, size, 'shared', 'ram_block_attributes_state_change');

const placement = (stateChangeBlock: Block | null = null): Placement<Block> =>
  new Placement({ map, machine: null, stateChangeBlock });

describe('BlockMap', () => {
  it('cuts a range at the border of two blocks', () => {
    expect(map.cut(18 * GIB - PAGE, 3 * PAGE)).toEqual({
      parts: [
        { block: high, offset: 14 * GIB - PAGE, size: PAGE },
        { block: next, offset: 0, size: 2 * PAGE },
      ],
      unmappedBytes: 0,
    });
  });

  it('says how much of a range lies in no block', () => {
    expect(map.cut(2 * GIB - PAGE, 3 * GIB)).toEqual({
      parts: [
        { block: low, offset: 2 * GIB - PAGE, size: PAGE },
        { block: high, offset: 0, size: GIB - PAGE },
      ],
      unmappedBytes: 2 * GIB,
    });
    expect(map.cut(3 * GIB, PAGE)).toEqual({ parts: [], unmappedBytes: PAGE });
  });

  it('moves the offset where only a part of a block is mapped', () => {
    const ram = block('pc.ram', 16 * GIB);
    const around = new BlockMap([
      { gpa: 0, size: 2 * GIB, offset: 0, block: ram },
      { gpa: 4 * GIB, size: 14 * GIB, offset: 2 * GIB, block: ram },
    ]);
    expect(around.cut(4 * GIB + PAGE, PAGE).parts).toEqual([{ block: ram, offset: 2 * GIB + PAGE, size: PAGE }]);
  });

  it('refuses mappings that share an address', () => {
    const overlapping = (): unknown =>
      new BlockMap([
        { gpa: PAGE, size: PAGE, offset: 0, block: high },
        { gpa: 0, size: 2 * PAGE, offset: 0, block: low },
      ]);
    expect(overlapping).toThrow(OverlapError);
    expect(overlapping).toThrow(/0x0:8192.*0x1000:4096/);
  });

  it('gives each byte of a range to the block that is mapped there', () => {
    const someMappings = fc.array(fc.tuple(fc.nat({ max: 5 }), fc.integer({ min: 1, max: 5 })), { maxLength: 6 });
    fc.assert(
      fc.property(someMappings, fc.nat({ max: 40 }), fc.integer({ min: 1, max: 40 }), (layout, start, size) => {
        const mappings: Mapping<number>[] = [];
        let end = 0;
        for (const [index, [gap, length]] of layout.entries()) {
          mappings.push({ gpa: end + gap, size: length, offset: 100 * index, block: index });
          end += gap + length;
        }
        const expected: [number, number][] = [];
        for (let address = start; address < start + size; address++) {
          const mapping = mappings.find(({ gpa, size: length }) => gpa <= address && address < gpa + length);
          if (mapping !== undefined) expected.push([mapping.block, mapping.offset + address - mapping.gpa]);
        }
        const { parts, unmappedBytes } = new BlockMap(mappings).cut(start, size);
        const given = parts.flatMap(({ block: index, offset, size: length }) =>
          Array.from({ length }, (_, byte): [number, number] => [index, offset + byte]),
        );
        expect(given).toEqual(expected);
        expect(unmappedBytes).toBe(size - expected.length);
      }),
    );
  });
});

describe('Placement', () => {
  it('makes one part of each block that a conversion touches', () => {
    expect(placement().place(conversion(18 * GIB - PAGE, 2 * PAGE, 'private'))).toMatchObject({
      kind: 'parts',
      parts: [{ block: high }, { block: next }],
    });
  });

  it.each([
    ['an empty range', conversion(0, 0), 'empty'],
    ['an unaligned address', conversion(1, PAGE), 'unaligned'],
    ['an unaligned size', conversion(0, PAGE + 1), 'unaligned'],
    ['an address beyond 2^53-1', conversion(2 ** 53, PAGE), 'beyondLimit'],
    ['an end beyond 2^53-1', conversion(2 ** 53 - PAGE, PAGE), 'beyondLimit'],
    ['a hole, to shared', conversion(3 * GIB, PAGE), 'unmappedToShared'],
    ['a hole, to private', conversion(3 * GIB, PAGE, 'private'), 'unmappedToPrivate'],
    ['a range that ends in a hole, to private', conversion(2 * GIB - PAGE, 2 * PAGE, 'private'), 'unmappedToPrivate'],
    ['a state change without a block', stateChange(0, PAGE), 'noBlock'],
  ])('refuses %s', (_, refused, reason) => {
    expect(placement().place(refused)).toEqual({ kind: 'refused', reason });
  });

  it('leaves a hole out when the rest is converted to shared', () => {
    expect(placement().place(conversion(2 * GIB - PAGE, 2 * PAGE))).toEqual({
      kind: 'parts',
      parts: [{ block: low, offset: 2 * GIB - PAGE, size: PAGE }],
      unassignedBytes: PAGE,
      machine: null,
    });
  });

  it('makes one conversion of the machine where the service has the same blocks at these addresses', () => {
    const elsewhere = block('elsewhere', GIB);
    const machine = {
      name: 'vm1',
      map: new BlockMap<Block>([
        { gpa: 0, size: 2 * GIB, offset: 0, block: low },
        { gpa: 3 * GIB, size: GIB, offset: 0, block: elsewhere },
        { gpa: 4 * GIB, size: 14 * GIB, offset: 0, block: high },
      ]),
    };
    const options = { map, machine, stateChangeBlock: low };
    const machineOf = (start: number, size: number, event?: TraceEventName): unknown => {
      return Reflect.get(new Placement(options).place(conversion(start, size, 'shared', event)), 'machine');
    };
    expect(machineOf(PAGE, PAGE)).toBe('vm1');
    expect(machineOf(2 * GIB - PAGE, 2 * PAGE)).toBe('vm1');
    expect(machineOf(2 * GIB - PAGE, 3 * GIB)).toBeNull();
    expect(machineOf(4 * GIB - PAGE, 2 * PAGE)).toBeNull();
    expect(machineOf(18 * GIB - PAGE, 2 * PAGE)).toBeNull();
    expect(machineOf(PAGE, PAGE, 'ram_block_attributes_state_change')).toBeNull();
  });

  it('refuses a whole line when the pages of one block are larger', () => {
    const huge = block('huge', GIB, 2 * MIB);
    const mixed = new BlockMap([
      { gpa: 0, size: GIB, offset: 0, block: low },
      { gpa: GIB, size: GIB, offset: 0, block: huge },
    ]);
    const mixedPlacement = new Placement({
      map: mixed,
      machine: null,
      stateChangeBlock: null,
    });
    const place = (size: number) => mixedPlacement.place(conversion(GIB - PAGE, PAGE + size));
    expect(place(2 * MIB).kind).toBe('parts');
    expect(place(PAGE)).toEqual({ kind: 'refused', reason: 'unaligned' });
  });

  it('puts state changes into their block, by offset', () => {
    expect(placement(low).place(stateChange(PAGE, PAGE))).toEqual({
      kind: 'parts',
      parts: [{ block: low, offset: PAGE, size: PAGE }],
      unassignedBytes: 0,
      machine: null,
    });
    expect(placement(low).place(stateChange(2 * GIB, PAGE))).toEqual({ kind: 'refused', reason: 'outsideBlock' });
  });
});
