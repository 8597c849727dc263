// What is written down of records is all of them.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BlockRecord, SourceStep } from '../../src/core/records.ts';
import { countPages } from '../../src/core/section.ts';
import { decodeRecord, decodeRecords, decodeWithoutLists, encodeRecord } from '../../src/journal/record-text.ts';
import { turned } from '../support/source-steps.ts';

const page = fc.nat({ max: 2 ** 40 });
const range = fc.tuple(page, page).map(([start, length]) => ({ start, end: start + length + 1 }));
/** Runs that lie apart: a few, or about as many as the text has itself. */
const runs = fc
  .oneof(
    fc.array(fc.tuple(fc.nat(9), fc.nat(9)), { maxLength: 6 }),
    fc.integer({ min: 990, max: 1100 }).map((length) => Array.from({ length }, () => [1, 2] as [number, number])),
  )
  .map((gaps) => {
    let end = 0;
    return gaps.map(([gap, length]) => {
      const start = end + gap + 1;
      end = start + length + 1;
      return { start, end };
    });
  });
const listeners = fc.array(fc.constantFrom('lsn_a', 'lsn_b', 'lsn_c'), { maxLength: 3 });

const step: fc.Arbitrary<SourceStep> = fc
  .record({
    id: fc.oneof(fc.stringMatching(/^cnv_[0-9a-f]+$/), fc.constantFrom('cnv_1', 'cnv_12', null)),
    range,
    populate: fc.boolean(),
    from: fc.constantFrom('populated', 'discarded', 'mixture'),
    isWhole: fc.boolean(),
    changed: runs,
    unlisted: fc.constantFrom(0, 0, 7),
    notified: listeners,
  })
  .map(({ isWhole, changed, unlisted, ...fields }) => {
    const all = isWhole ? [fields.range] : changed;
    // fc.constantFrom forgets which words these are.
    return { ...fields, changed: all, changedPages: countPages(all) + unlisted } as SourceStep;
  });

const idOf = ({ id }: SourceStep): string => id ?? '';

const changes: fc.Arbitrary<BlockRecord> = fc
  .record({
    ...{ generation: fc.nat(), isConversion: fc.boolean() },
    ...{ all: fc.array(step, { maxLength: 6 }), inOrder: fc.boolean() },
  })
  .map(({ generation, isConversion, all, inOrder }) => ({
    ...{ ramBlockId: 'blk_1', kind: 'source-changed' as const, sourceId: 'src_1', isConversion, generation },
    // Ids ascend where they are of one making.
    steps: inOrder ? all.toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1)) : all,
    at: '2026-11-25T19:00:00.000Z',
  }));

const CHANGE = {
  ...({ ramBlockId: 'blk_1', kind: 'source-changed', sourceId: 'src_1', isConversion: true } as const),
  ...{ generation: 7, at: 'now' },
};

describe('the text of a record', () => {
  it('tells all of a change of a source', () => {
    fc.assert(
      fc.property(changes, (record) => {
        expect(decodeRecord(encodeRecord(record))).toEqual(record);
      }),
      { numRuns: 500 },
    );
  });

  it('tells all of several between commas', () => {
    fc.assert(
      fc.property(fc.array(changes), (records) => {
        const without = records.filter((record) => encodeRecord(record).lists.length === 0);
        const texts = without.map((record) => encodeRecord(record).text);
        expect(decodeRecords(texts.join(','))).toEqual(without);
      }),
    );
  });

  it('has long lists of runs beside it in parts, without which all else can be read', () => {
    const list = (count: number) => Array.from({ length: count }, (_, run) => ({ start: 3 * run, end: 3 * run + 2 }));
    const record: BlockRecord = {
      ...{ ramBlockId: 'blk_1', at: 'now', kind: 'outcome', intentId: 'int_1' },
      listeners: [
        { listenerId: 'lsn_1', lastSequence: 1, unknown: list(200_000), settled: list(3) },
        { listenerId: 'lsn_2', lastSequence: 2, unmapped: list(33), settled: list(32) },
      ],
    };
    const encoded = encodeRecord(record);
    expect(encoded.text.length).toBeLessThan(1500);
    expect(encoded.lists).toHaveLength(5);
    expect(Math.max(...encoded.lists.map(({ byteLength }) => byteLength))).toBeLessThanOrEqual(2 ** 20);
    expect(decodeRecord(encoded)).toEqual(record);
    const [one, two] = record.listeners;
    const listeners = [
      { ...one, unknown: undefined },
      { ...two, unmapped: undefined },
    ];
    expect(decodeWithoutLists(encoded.text, true)).toEqual({ ...record, listeners });
  });

  it('tells all of any other record', () => {
    const record: BlockRecord = { ramBlockId: 'blk_1', kind: 'block-resized', usedLength: 4096, at: 'now' };
    expect(decodeRecord(encodeRecord(record))).toEqual(record);
  });

  it('keeps for the history the first thousand runs of a step, and how many pages changed', () => {
    const changed = Array.from({ length: 5000 }, (_, run) => ({ start: 2 * run, end: 2 * run + 1 }));
    const whole = { ...turned({ start: 0, end: 10_000 }, true), changed, changedPages: 5000 };
    const encoded = encodeRecord({ ...CHANGE, steps: [whole] });
    expect(decodeRecord(encoded)).toEqual({ ...CHANGE, steps: [whole] });
    const steps = [{ ...whole, changed: changed.slice(0, 1000) }];
    expect(decodeWithoutLists(encoded.text, true)).toEqual({ ...CHANGE, steps });
  });

  it('is short where a conversion changes its whole range and tells nobody', () => {
    const one = { start: 512, end: 513 };
    const text = (ids: readonly string[]) => {
      return JSON.parse(encodeRecord({ ...CHANGE, steps: ids.map((id) => turned(one, true, id)) }).text);
    };
    expect(text(['cnv_1'])).toEqual({ ...CHANGE, ids: 'cnv_1', ranges: [512, 1], states: '+-' });
    // Of several, what their ids have in common is there once.
    expect(text(['cnv_07', 'cnv_08', 'cnv_19'])).toEqual({
      ...{ ...CHANGE, ids: 'cnv_07 08 19', inCommon: 4 },
      ...{ ranges: [512, 1, 512, 1, 512, 1], states: '+-+-+-' },
    });
  });
});
