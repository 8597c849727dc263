// The index of blocks: by id, by machine, and by nothing that grows with the other machines.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RamBlock } from '../../src/core/ram-block.ts';
import { MemoryJournal } from '../../src/journal/memory-journal.ts';
import { BlockIndex } from '../../src/service/block-index.ts';
import { Machine } from '../../src/service/machine.ts';

const PAGE = 4096;

/** A block whose uses are counted. */
function counted(id: string, name: string, uses: { count: number }) {
  const block = new RamBlock({
    id,
    machine: name,
    idstr: id,
    ramAddr: 0,
    gpa: null,
    usedLength: PAGE,
    maxLength: PAGE,
    pageSize: PAGE,
    resizeable: false,
    guestMemfd: false,
    createdAt: '',
  });
  const machine = new Machine(name, {
    journal: new MemoryJournal(),
    sequence: 0,
    timestamp: () => '',
    onFailure: () => undefined,
  });
  return {
    machine,
    get block() {
      uses.count++;
      return block;
    },
  };
}

it('lists all machines and their blocks with a few looks at each block', () => {
  const uses = { count: 0 };
  const index = new BlockIndex<ReturnType<typeof counted>>();
  const blocks = 2000;
  for (let id = 0; id < blocks; id++) index.add(counted(`blk_${id}`, `machine-${id % (blocks / 2)}`, uses));
  uses.count = 0;
  const all = index.machineNames.flatMap((name) => index.ofMachine(name));
  expect(all).toHaveLength(blocks);
  expect(uses.count).toBeLessThan(5 * blocks);
  uses.count = 0;
  expect(index.hasMachine('machine-7')).toBe(true);
  expect(uses.count).toBe(0);
});

it('answers as a list of blocks does, whatever comes and goes', () => {
  const names = fc.constantFrom('a', 'b', 'B');
  const steps = fc.array(fc.record({ id: fc.nat(8), name: names, isAdded: fc.boolean() }));
  fc.assert(
    fc.property(steps, (all) => {
      const index = new BlockIndex<ReturnType<typeof counted>>();
      const there = new Map<string, ReturnType<typeof counted>>();
      for (const { id, name, isAdded } of all) {
        const known = there.get(`${id}`);
        if (isAdded && known === undefined) {
          const live = counted(`${id}`, name, { count: 0 });
          there.set(`${id}`, live);
          index.add(live);
        } else if (!isAdded && known !== undefined) {
          there.delete(`${id}`);
          index.remove(known);
        }
      }
      const lives = [...there.values()];
      expect([...index.all.values()]).toEqual(lives);
      expect(index.machineNames).toEqual([...new Set(lives.map(({ machine }) => machine.name))].sort());
      for (const name of ['a', 'b', 'B']) {
        const own = lives.filter(({ machine }) => machine.name === name);
        expect(index.ofMachine(name)).toEqual(own.sort((a, b) => (a.block.id < b.block.id ? -1 : 1)));
        expect(index.hasMachine(name)).toBe(own.length > 0);
      }
    }),
  );
});
