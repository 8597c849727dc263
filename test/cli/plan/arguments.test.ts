import { describe, expect, it } from 'vitest';
import { HelpRequest } from '../../../src/cli/command-line.ts';
import { parsePlanArguments } from '../../../src/cli/plan/arguments.ts';
import { UsageError } from '../../../src/cli/usage-error.ts';
import { helpOf } from '../help-of.ts';

const GIB = 1024 ** 3;

describe('parsePlanArguments', () => {
  it('needs only a file', () => {
    expect(parsePlanArguments(['boot.ftrace'])).toEqual({
      json: false,
      trace: 'boot.ftrace',
      svg: null,
      maps: [],
      block: null,
      limit: 65_535,
      points: 200,
    });
  });

  it('takes every option', () => {
    const args = '--map 0:2G:low --map 4G:14G --block low --limit 1000 --points 50 --svg out.svg --json -';
    expect(parsePlanArguments(args.split(' '))).toEqual({
      json: true,
      trace: '-',
      svg: 'out.svg',
      maps: [
        { gpa: 0, size: 2 * GIB, offset: 0, idstr: 'low' },
        { gpa: 4 * GIB, size: 14 * GIB, offset: 0, idstr: 'ram-0x100000000' },
      ],
      block: 'low',
      limit: 1000,
      points: 50,
    });
  });

  it('asks for no file when it is asked for help', () => {
    expect(() => parsePlanArguments(['--help'])).toThrow(HelpRequest);
  });

  it.each([
    ['no file', [], /FILE is missing/],
    ['two files', ['a', 'b'], /b is too many/],
    ['an unknown option', ['a', '--bogus'], /--bogus/],
    ['an option without its value', ['a', '--svg'], /--svg/],
    ['a drawing without a name', ['a', '--svg', ''], /--svg needs the name/],
    ['a map of one field', ['a', '--map', '4G'], /^--map 4G: GPA:SIZE/],
    ['a map that is not on page borders', ['a', '--map', '1:4K'], /--map 1:4K: 1 is not a multiple/],
    ['an empty idstr', ['a', '--block', ''], /--block: an idstr/],
    ['a limit of 0', ['a', '--limit', '0'], /--limit is 0/],
    ['a limit that is no number', ['a', '--limit', '64K'], /--limit is 64K/],
    ['too many points', ['a', '--points', '2001'], /--points is 2001/],
  ])('refuses %s', (_, args, message) => {
    expect(() => parsePlanArguments(args)).toThrow(UsageError);
    expect(() => parsePlanArguments(args)).toThrow(message);
  });

  it('explains every option in its help', () => {
    for (const option of ['map', 'block', 'limit', 'points', 'svg', 'json', 'help']) {
      expect(helpOf(parsePlanArguments)).toContain(`--${option}`);
    }
  });
});
