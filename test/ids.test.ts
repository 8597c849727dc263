import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createIds } from '../src/ids.ts';

const AT = Date.parse('2026-11-25T19:00:00.000Z');

it('ids say when they were made, and count within a millisecond', () => {
  const newId = createIds(() => AT);
  const time = AT.toString(16).padStart(12, '0');
  const made = ['blk', 'cnv', 'blk', 'intent'].map((prefix) => newId(prefix));
  expect(made.map((id) => id.slice(0, -8))).toEqual([
    `blk_${time}0000`,
    `cnv_${time}0001`,
    `blk_${time}0002`,
    `intent_${time}0003`,
  ]);
  expect(new Set(made.map((id) => id.slice(-8))).size).toBe(4);
  for (const id of made) expect(id).toMatch(/^[a-z]+_[0-9a-f]{24}$/);
});

it('ids ascend, wherever the clock goes', () => {
  const time = fc.oneof(
    fc.nat(3).map((later) => AT + later),
    fc.nat(2 ** 48 - 2 ** 20),
  );
  fc.assert(
    fc.property(fc.array(time), (times) => {
      let read = 0;
      const newId = createIds(() => times[read++] ?? 0);
      const made = times.map(() => newId('cnv'));
      expect(made).toEqual([...new Set(made)].sort());
    }),
  );
});

it('ids ascend beyond the numbers of one millisecond', () => {
  const newId = createIds(() => AT);
  let last = '';
  for (let count = 0; count < 3 * 0x10000; count++) {
    const id = newId('cnv');
    if (id <= last) expect.fail(`${id} follows ${last}`);
    last = id;
  }
  expect(last.slice(4, 20)).toBe(`${(AT + 2).toString(16).padStart(12, '0')}ffff`);
});
