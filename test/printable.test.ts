import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable, printableJson } from '../src/printable.ts';

const CONTROL = /\p{Cc}/u;
const someText = fc.string({
  unit: fc.oneof(fc.constantFrom('\u001b', '\u007f', '\u009b', '\n', '\\', '"'), fc.string()),
});

describe('printable', () => {
  it('writes out C0, DEL and C1', () => {
    expect(printable('a\u001b[2J\u007f\u009b\nb')).toBe('a\\u{1b}[2J\\u{7f}\\u{9b}\\u{a}b');
  });

  it('leaves no control character, and all else as it is', () => {
    fc.assert(
      fc.property(someText, (text) => {
        expect(printable(text)).not.toMatch(CONTROL);
        if (!CONTROL.test(text)) expect(printable(text)).toBe(text);
      }),
    );
  });
});

describe('printableJson', () => {
  it('is JSON of the same value, without a control character', () => {
    fc.assert(
      fc.property(someText, (text) => {
        const json = printableJson({ [text]: [text] });
        expect(json).not.toMatch(CONTROL);
        expect(JSON.parse(json)).toEqual({ [text]: [text] });
      }),
    );
  });
});
