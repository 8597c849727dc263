// What a person reads of each event.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventText } from '../../../src/cli/listen/event-text.ts';
import { EVENT_TYPES } from '../../../src/event-types.ts';

const AT = '2026-01-01T00:00:00.000Z';
const base = { machine: 'vm1', ramBlockId: 'blk_1', generation: 17, at: AT };
const text = (event: string, data: object) => eventText({ id: '1', event, data: { ...base, ...data } });

const conversion = { id: 'cnv_1', offset: 0x200000, size: 0x1000000, to: 'shared', from: 'mixture' };

describe('eventText', () => {
  it.each([
    [
      'ram_block.created',
      { id: 'blk_1', idstr: 'pc.ram', usedLength: 16 * 2 ** 30 },
      'ram_block.created    vm1/blk_1 pc.ram, used length 16 GiB, generation 17',
    ],
    [
      'conversion.committed',
      { ...conversion, changedBytes: 3 * 2 ** 20, changed: [], notified: ['lsn_2', 'lsn_1'] },
      'conversion.committed vm1/blk_1 offset 0x200000 size 0x1000000 from mixture to shared, changed 3 MiB, notified lsn_2 lsn_1, generation 17',
    ],
    [
      'conversion.committed',
      { ...conversion, changedBytes: 4096, notified: [] },
      'conversion.committed vm1/blk_1 offset 0x200000 size 0x1000000 from mixture to shared, changed 4 KiB, nobody notified, generation 17',
    ],
    [
      'conversion.failed',
      { offset: 0, size: 4096, to: 'private', problem: { code: 'discard-unacknowledged', detail: 'lsn_1 is silent' } },
      'conversion.failed    vm1/blk_1 offset 0x0 size 0x1000 to private, discard-unacknowledged: lsn_1 is silent, generation 17',
    ],
    [
      'source.added',
      { id: 'src_1', name: 'virtio-mem0', granularity: 2 ** 21, populatedBytes: 0 },
      'source.added         vm1/blk_1 virtio-mem0, granularity 2 MiB, populated 0 bytes, generation 17',
    ],
    [
      'source.changed',
      {
        name: 'virtio-mem0',
        populatedBytes: 2 ** 21,
        change: { ...conversion, from: 'discarded', to: 'populated', changedBytes: 4096, notified: ['lsn_1'] },
      },
      'source.changed       vm1/blk_1 virtio-mem0, populated 2 MiB, offset 0x200000 size 0x1000000 from discarded to populated, changed 4 KiB, notified lsn_1, generation 17',
    ],
    [
      'listener.failing',
      { id: 'lsn_1', state: 'failing', url: 'http://h/', unsettled: { bytes: 4096, sections: [] } },
      'listener.failing     vm1/blk_1 lsn_1, state failing, unsettled 4 KiB, http://h/',
    ],
    [
      'listener.settled',
      { id: 'lsn_1', state: 'active', url: 'http://h/', unsettled: { bytes: 0, sections: [] } },
      'listener.settled     vm1/blk_1 lsn_1, state active, http://h/',
    ],
    [
      'delivery.failed',
      { listenerId: 'lsn_1', type: 'ram_block.populate', attempt: 2, status: 500, outcome: 'unanswered' },
      'delivery.failed      vm1/blk_1 listener lsn_1, ram_block.populate, attempt 2, status 500, outcome unanswered',
    ],
    [
      'delivery.failed',
      {
        listenerId: 'lsn_1',
        type: 'ram_block.discard',
        status: null,
        outcome: 'unanswered',
        responseExcerpt: 'ECONNREFUSED',
      },
      'delivery.failed      vm1/blk_1 listener lsn_1, ram_block.discard, status none, outcome unanswered, ECONNREFUSED',
    ],
    [
      'device.moved',
      { to: 'x' },
      `device.moved         vm1/blk_1 {"machine":"vm1","ramBlockId":"blk_1","generation":17,"at":"${AT}","to":"x"}`,
    ],
  ])('tells of %s', (event, data, expected) => {
    expect(text(event, data)).toBe(`${AT} ${expected}`);
  });

  it('leaves out what is not there', () => {
    expect(eventText({ id: null, event: 'conversion.failed', data: {} })).toBe('conversion.failed   ');
    expect(eventText({ id: null, event: 'listener.created', data: 'text' })).toBe('listener.created    ');
  });

  it('lets nobody write on the terminal', () => {
    expect(text('ram_block.created', { idstr: 'a\u{1b}[2Jb\nc\u{9b}d' })).toContain(' a\\u{1b}[2Jb\\u{a}c\\u{9b}d,');
  });

  it('makes one line of any event', () => {
    const names = [
      'machine',
      'ramBlockId',
      'at',
      'idstr',
      'offset',
      'size',
      'problem',
      'notified',
      'unsettled',
      'status',
    ];
    const data = fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom(...names), fc.jsonValue()));
    const event = fc.oneof(fc.constantFrom(...EVENT_TYPES), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(event, data, (type, anything) => {
        expect(eventText({ id: null, event: type, data: anything })).not.toMatch(/\p{Cc}/u);
      }),
    );
  });
});
