// What is written down of records is all of them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BlockRecord, Conversion, SourceStep } from '../../src/core/records.ts';
import { decodeRecord, decodeRecords, decodeWithoutLists, encodeRecord } from '../../src/journal/record-text.ts';

const bytes = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const sections = fc.array(fc.record({ offset: bytes, size: bytes }), { minLength: 1, maxLength: 4 });
const runs = fc.uniqueArray(fc.nat(), { maxLength: 6 }).map((ends) => {
  const sorted = ends.toSorted((a, b) => a - b);
  return sorted.flatMap((start, index) => (index % 2 === 1 ? [] : [{ start, end: sorted[index + 1] ?? start + 1 }]));
});
const listeners = fc.array(fc.constantFrom('lsn_a', 'lsn_b', 'lsn_c'), { maxLength: 3 });
const states = fc.constantFrom('shared', 'private', 'populated', 'discarded');

const steps = (generation: number): fc.Arbitrary<SourceStep> =>
  fc
    .record({
      id: fc.oneof(fc.stringMatching(/^cnv_[0-9a-f]+$/), fc.constantFrom('cnv_1', 'cnv_12', null)),
      offset: bytes,
      size: bytes,
      to: states,
      from: fc.oneof(states, fc.constant('mixture')),
      isWhole: fc.boolean(),
      changed: sections,
      changedTruncated: fc.boolean(),
      notified: listeners,
      runs: fc.option(runs),
    })
    .map(({ isWhole, changed, runs: own, ...fields }) => {
      const shown = isWhole ? [{ offset: fields.offset, size: fields.size }] : changed;
      const shownBytes = shown.reduce((sum, { size }) => sum + size, 0);
      // fc.constantFrom forgets which words these are.
      const conversion = {
        ...fields,
        ramBlockId: 'blk_1',
        changed: shown,
        changedBytes: fields.changedTruncated ? shownBytes + 4096 : shownBytes,
        generation,
      } as Conversion;
      return own === null ? { conversion } : { conversion, runs: own };
    });

const idOf = ({ conversion: { id } }: SourceStep): string => id ?? '';

const changes: fc.Arbitrary<BlockRecord> = fc.nat().chain((generation) =>
  fc.tuple(fc.array(steps(generation), { maxLength: 6 }), fc.boolean()).map(([all, inOrder]) => ({
    ramBlockId: 'blk_1',
    kind: 'source-changed' as const,
    sourceId: 'src_1',
    // Ids ascend where they are of one making.
    steps: inOrder ? all.toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1)) : all,
    at: '2026-11-25T19:00:00.000Z',
  })),
);

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
        const texts = records.map((record) => encodeRecord(record).text);
        expect(decodeRecords(texts.join(','))).toEqual(records);
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

  it('is short where a conversion changes its whole section and tells nobody', () => {
    const section = { offset: 2_097_152, size: 4096 };
    const conversion: Conversion = {
      ...{ id: 'cnv_1', ramBlockId: 'blk_1', ...section, to: 'shared', from: 'private', changedBytes: 4096 },
      ...{ changed: [section], changedTruncated: false, generation: 7, notified: [] },
    };
    const record = { ramBlockId: 'blk_1', kind: 'source-changed', sourceId: 'src_1', at: 'now' } as const;
    const { kind: _kind, ...same } = record;
    const common = { ...same, kind: 'changed', generation: 7 };
    expect(JSON.parse(encodeRecord({ ...record, steps: [{ conversion }] }).text)).toEqual({
      ...{ ...common, ids: 'cnv_1', sections: [2_097_152, 4096], states: 'sp' },
    });
    // Of several, what their ids have in common is there once.
    const steps = ['cnv_07', 'cnv_08', 'cnv_19'].map((id) => ({ conversion: { ...conversion, id } }));
    expect(JSON.parse(encodeRecord({ ...record, steps }).text)).toEqual({
      ...{ ...common, ids: 'cnv_07 08 19', inCommon: 4 },
      ...{ sections: [2_097_152, 4096, 2_097_152, 4096, 2_097_152, 4096], states: 'spspsp' },
    });
  });
});
