// What the page writes and understands: sizes and addresses as the API does, events, cells and commands in words.
import { describe, expect, it } from 'vitest';
import { parseByteSize } from '../../src/byte-size.ts';
import { Activity, lineOf } from '../../src/ui/model/activity.ts';
import {
  compactCount,
  formatAge,
  formatBytes,
  formatCount,
  formatShare,
  hex,
  parseBytes,
  plural,
  shortBytes,
} from '../../src/ui/model/bytes.ts';
import { CallLog, curlOf } from '../../src/ui/model/calls.ts';
import { cellText, spoken } from '../../src/ui/model/cell-text.ts';
import { routeFrom, routeText } from '../../src/ui/model/routes.ts';
import { block, listener } from './samples.ts';

describe('byte sizes', () => {
  const good = ['0', '4096', '0x1000', '0X1f', '4K', '4KiB', '16G', '16GiB', '64T', '9007199254740991', '007'];
  const bad = ['', '-1', '1.5', '4k', '4KB', '0x', 'x', '1e3', '9007199254740992', '8388608T', '4 K', '0x1G', '१'];

  it.each(good)('%s is what the API takes it for', (text) => {
    expect(parseBytes(` ${text} `)).toBe(parseByteSize(text));
  });

  it.each(bad)('%j is none, as in the API', (text) => {
    expect(parseBytes(text)).toBeNull();
    expect(() => parseByteSize(text)).toThrow();
  });

  it.each([
    [0, '0'],
    [4096, '4K'],
    [2 ** 21, '2M'],
    [3 * 2 ** 30, '3G'],
    [2 ** 46, '64T'],
    [0x20_1000, '2052K'],
    [2 ** 33 + 4096, '0x200001000'],
    [5, '0x5'],
  ])('%i is written as %s, which says the same', (bytes, text) => {
    expect(shortBytes(bytes)).toBe(text);
    expect(parseBytes(text)).toBe(bytes);
  });

  it('are told to people in three digits', () => {
    expect([0, 1, 1023, 1536, 2 ** 30, 1.333 * 2 ** 40, 123.4 * 2 ** 20, -4096].map(formatBytes)).toEqual([
      '0 bytes',
      '1 byte',
      '1023 bytes',
      '1.5 KiB',
      '1 GiB',
      '1.33 TiB',
      '123 MiB',
      '-4 KiB',
    ]);
    expect([formatCount(1234567), compactCount(65535), hex(2 ** 21), plural(1, 'page'), plural(0, 'page')]).toEqual([
      '1,234,567',
      '65.5K',
      '0x200000',
      '1 page',
      '0 pages',
    ]);
    expect([300, 12_000, 180_000, 8 * 3_600_000].map(formatAge)).toEqual(['300 ms', '12 s', '3 min', '8 h']);
  });

  it('as shares are 0 % and 100 % only where that is true', () => {
    expect([0, 1, 50, 123_456, 999_999, 1_000_000].map((part) => formatShare(part, 1_000_000))).toEqual([
      '0 %',
      '< 0.01 %',
      '< 0.01 %',
      '12.3 %',
      '> 99.99 %',
      '100 %',
    ]);
  });
});

describe('a cell in words', () => {
  const options = { block, pages: { start: 512, end: 1024 }, labelOf: (id: string) => id.toUpperCase() };
  const counts = { pages: 512, shared: 512, discarded: 0, private: 0, isExact: true };

  it('is where it is, what it is, and who has it mapped', () => {
    const text = cellText({ ...options, counts, listeners: [listener({ id: 'l1' })] });
    expect(text).toEqual({
      offset: '0x200000 – 0x3fffff',
      gpa: '0x100200000 – 0x1003fffff',
      size: '2 MiB, 512 pages',
      state: 'shared',
      mapped: [{ label: 'L1', state: 'mapped', isBad: false }],
    });
    expect(spoken(text)).toContain('shared; offset 0x200000 – 0x3fffff, guest physical address');
    expect(spoken(text)).toMatch(/L1 mapped$/);
  });

  it('says how much of a mixture is what, and what is not known exactly', () => {
    const mixed = { pages: 512, shared: 2, discarded: 10, private: 500, isExact: false };
    const text = cellText({ ...options, block: { ...block, gpa: null }, counts: mixed, listeners: [] });
    expect(text.state).toBe(
      'mixture: 2 pages shared (0.39 %), at most 500 pages private, at least 10 pages discarded by another source',
    );
    expect(text.gpa).toBeNull();
    expect(spoken(text)).toMatch(/no listener$/);
  });
});

describe('calls', () => {
  const base = 'http://127.0.0.1:8080';

  it.each([
    [{ method: 'GET', path: '/v1/machines' }, `curl -sS ${base}/v1/machines`],
    [{ method: 'GET', path: '/v1/events?a=1&b=2' }, `curl -sS '${base}/v1/events?a=1&b=2'`],
    [{ method: 'POST', path: '/v1/x/replay' }, `curl -sS -X POST ${base}/v1/x/replay`],
    [{ method: 'DELETE', path: '/v1/x' }, `curl -sS -X DELETE ${base}/v1/x`],
    [{ method: 'POST', path: '/v1/x', body: { a: "it's" } }, `curl -sS --json '{"a":"it'\\''s"}' ${base}/v1/x`],
    [{ method: 'PATCH', path: '/v1/x', body: {} }, `curl -sS -X PATCH --json '{}' ${base}/v1/x`],
    [{ method: 'GET', path: '/v1/events', isStream: true }, `curl -sSN ${base}/v1/events`],
  ] as const)('%o is %s', (call, command) => {
    expect(curlOf(call, base, false)).toBe(command);
  });

  it.each([
    ['boot.log', '-T boot.log'],
    ['my boot.log', "-T 'my boot.log'"],
    // Curl has a meaning of its own for these.
    ['boot[1].log', "-g -T 'boot[1].log'"],
    ['{a,b}.log', "-g -T '{a,b}.log'"],
  ])('that send the file %s name it so that curl finds it', (name, words) => {
    const command = curlOf({ method: 'POST', path: '/v1/plans', file: { name, blob: new Blob() } }, base, false);
    expect(command.replace("-H 'content-type: text/plain' ", '')).toBe(`curl -sS -X POST ${words} ${base}/v1/plans`);
  });

  it('never have the token in the command', () => {
    const command = curlOf({ method: 'GET', path: '/v1/machines' }, base, true);
    expect(command).toBe(`curl -sS -H "Authorization: Bearer $RBA_TOKEN" ${base}/v1/machines`);
  });

  it('are kept: each change, and of each reading the last', () => {
    const log = new CallLog(3);
    const add = (method: 'GET' | 'POST', path: string) => log.add({ method, path, at: 0, status: 200, durationMs: 1 });
    add('POST', '/v1/a');
    add('GET', '/v1/b?cells=1');
    add('GET', '/v1/b?cells=2');
    add('POST', '/v1/a');
    expect(log.records.map(({ method, path, times }) => `${method} ${path} ${times}`)).toEqual([
      'POST /v1/a 1',
      'GET /v1/b?cells=2 2',
      'POST /v1/a 1',
    ]);
    add('POST', '/v1/c');
    expect(log.records).toHaveLength(3);
  });
});

describe('events', () => {
  it.each([
    [
      'conversion.committed',
      { offset: 0x1000, size: 0x2000, to: 'shared', changedBytes: 8192, notified: ['a'] },
      '0x1000+0x2000 to shared: 8 KiB changed, told 1 listener',
    ],
    [
      'conversion.failed',
      { offset: 0, size: 4096, to: 'shared', problem: { code: 'listener-refused', detail: 'a said no' } },
      '0x0+0x1000 to shared: a said no',
    ],
    [
      'source.changed',
      { name: 'virtio-mem0', change: { offset: 0, size: 4096, to: 'discarded', changedBytes: 0 } },
      'virtio-mem0: 0x0+0x1000 to discarded: 0 bytes changed',
    ],
    ['source.added', { name: 'virtio-mem0' }, 'virtio-mem0'],
    ['ram_block.created', { idstr: 'pc.ram', usedLength: 2 ** 30 }, 'pc.ram, 1 GiB'],
    ['listener.failing', { id: 'lsn_1', state: 'failing', url: 'http://x/' }, 'lsn_1 failing, http://x/'],
    [
      'delivery.failed',
      { type: 'ram_block.populate', listenerId: 'lsn_1', attempt: 2, status: null, responseExcerpt: 'timed out' },
      'populate to lsn_1, attempt 2: no answer. timed out',
    ],
    ['something.new', { x: 1 }, '{"x":1}'],
  ] as const)('%s is a line', (type, data, text) => {
    const line = lineOf({ type, data: { at: '2026-01-01T00:00:00Z', ...data } });
    expect(line).toMatchObject({ type, at: '2026-01-01T00:00:00Z' });
    expect(line.text.replace('"at":"2026-01-01T00:00:00Z",', '')).toBe(text);
    expect(line.isBad).toBe(/fail/.test(type));
  });

  it('are kept, the last ones, and given of one block', () => {
    const activity = new Activity(10);
    for (let n = 0; n < 100; n++) {
      activity.add({ type: 'conversion.committed', data: { ramBlockId: n % 2 === 0 ? 'a' : 'b', offset: n } });
    }
    expect(activity.lines(3, 'b').map(({ text }) => text.split('+')[0])).toEqual(['0x63', '0x61', '0x5f']);
    expect(activity.lines(2, null)).toHaveLength(2);
  });
});

describe('routes', () => {
  it.each([
    ['#/memory/default/blk_1', { view: 'memory', machine: 'default', ramBlockId: 'blk_1' }],
    ['#/memory', { view: 'memory', machine: null, ramBlockId: null }],
    ['#/plans', { view: 'plans', machine: null, ramBlockId: null }],
    ['#/calls', { view: 'calls', machine: null, ramBlockId: null }],
  ] as const)('%s is read and written', (hash, route) => {
    expect(routeFrom(hash)).toEqual(route);
    expect(routeText(route)).toBe(hash);
  });

  it.each(['', '#', '#/nowhere', '#/%zz'])('%j leads to the memory', (hash) => {
    expect(routeFrom(hash).view).toBe('memory');
  });
});
