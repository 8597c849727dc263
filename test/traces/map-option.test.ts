import { describe, expect, it } from 'vitest';
import { checkIdstr, parseMapOption } from '../../src/traces/map-option.ts';
import { GIB, MIB } from '../planner/planning.ts';

describe('a map', () => {
  it.each([
    ['4G:12G', { gpa: 4 * GIB, size: 12 * GIB, offset: 0, idstr: 'ram-0x100000000' }],
    ['4G:12G:pc.ram', { gpa: 4 * GIB, size: 12 * GIB, offset: 0, idstr: 'pc.ram' }],
    ['4G:14G@2G:pc.ram', { gpa: 4 * GIB, size: 14 * GIB, offset: 2 * GIB, idstr: 'pc.ram' }],
    [
      '0xe0000000:16MiB:0000:00:02.0/vga.vram',
      { gpa: 0xe000_0000, size: 16 * MIB, offset: 0, idstr: '0000:00:02.0/vga.vram' },
    ],
    ['0:4096:/rom@etc/x', { gpa: 0, size: 4096, offset: 0, idstr: '/rom@etc/x' }],
    ['0:64T', { gpa: 0, size: 2 ** 46, offset: 0, idstr: 'ram-0x0' }],
  ])('%s is read', (text, map) => {
    expect(parseMapOption(text)).toEqual(map);
  });

  it.each([
    ['', 'invalid-request', /GPA:SIZE\[:IDSTR\] is expected/],
    ['4G', 'invalid-request', /is expected/],
    [':4G', 'invalid-request', /is expected/],
    ['0:4X', 'invalid-request', /^map 0:4X: "4X" is not a byte size/],
    ['0:4G@x:ram', 'invalid-request', /"x" is not a byte size/],
    ['-1:4G', 'invalid-request', /"-1" is not/],
    [`0:4G:${'ä'.repeat(128)}`, 'invalid-request', /1 to 255 bytes, not 256/],
    ['0:0', 'invalid-range', /SIZE is 0/],
    ['0:9007199254740992', 'invalid-range', /2\^53-1/],
    ['8191T:1T', 'invalid-range', /2\^53-1/],
    ['0:65T', 'invalid-range', /64 TiB/],
    ['0:1T@64T:x', 'invalid-range', /64 TiB/],
    ['1:4G', 'invalid-range', /1 is not a multiple of 4096/],
    ['0:4097', 'invalid-range', /4097 is not/],
    ['0:4G@5:x', 'invalid-range', /5 is not/],
  ])('%j is %s', (text, code, message) => {
    const refused = expect.objectContaining({ code, message: expect.stringMatching(message) });
    expect(() => parseMapOption(text)).toThrow(refused);
  });

  it('has an idstr of 1 to 255 bytes', () => {
    expect(checkIdstr('pc.ram')).toBe('pc.ram');
    expect(() => checkIdstr('')).toThrow(/not 0/);
  });
});
