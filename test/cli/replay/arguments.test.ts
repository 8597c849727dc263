// The command line of rba replay: what can be said, and what is refused.
import { describe, expect, it } from 'vitest';
import { HelpRequest } from '../../../src/cli/command-line.ts';
import { parseReplayArguments } from '../../../src/cli/replay/arguments.ts';
import { UsageError } from '../../../src/cli/usage-error.ts';
import { helpOf } from '../help-of.ts';

const GIB = 1024 ** 3;

describe('parseReplayArguments', () => {
  it('needs only a file', () => {
    expect(parseReplayArguments(['boot.ftrace'])).toEqual({
      json: false,
      trace: 'boot.ftrace',
      service: new URL('http://127.0.0.1:8080'),
      token: null,
      machine: null,
      maps: [],
      block: null,
      speed: null,
      dryRun: false,
    });
  });

  it('takes every option', () => {
    const args =
      '--service https://host/rba --token abc --machine vm1 --block pc.ram --speed 0.5x --json --map 0:2G:low --map 4G:14G:high -';
    expect(parseReplayArguments(args.split(' '))).toEqual({
      json: true,
      trace: '-',
      service: new URL('https://host/rba'),
      token: 'abc',
      machine: 'vm1',
      maps: [
        { gpa: 0, size: 2 * GIB, offset: 0, idstr: 'low' },
        { gpa: 4 * GIB, size: 14 * GIB, offset: 0, idstr: 'high' },
      ],
      block: 'pc.ram',
      speed: 0.5,
      dryRun: false,
    });
  });

  it('takes a RAM block whose idstr has colons, and an offset into a block', () => {
    const { maps } = parseReplayArguments([
      'x',
      '--map',
      '0xe0000000:16MiB:0000:00:02.0/vga.vram',
      '--map',
      '4G:14G@2G:/rom@etc/x',
    ]);
    expect(maps).toEqual([
      { gpa: 0xe000_0000, size: 16 * 1024 ** 2, offset: 0, idstr: '0000:00:02.0/vga.vram' },
      { gpa: 4 * GIB, size: 14 * GIB, offset: 2 * GIB, idstr: '/rom@etc/x' },
    ]);
  });

  it('takes a dry run, and standard input for the blocks that a machine has', () => {
    expect(parseReplayArguments(['-', '--machine', 'vm1', '--dry-run'])).toMatchObject({ dryRun: true, trace: '-' });
  });

  it('asks for no file when it is asked for help', () => {
    expect(() => parseReplayArguments(['--help'])).toThrow(HelpRequest);
  });

  it.each([
    ['no file', [], /FILE is missing/],
    ['two files', ['a', 'b'], /b is too many/],
    ['an unknown option', ['a', '--bogus'], /--bogus/],
    ['an option without its value', ['a', '--map'], /--map/],
    ['standard input without blocks', ['-'], /--machine, --map or --block/],
    ['a dry run at a speed', ['a', '--dry-run', '--speed', '1x'], /--speed makes no sense with --dry-run/],
    ['a map of two fields', ['a', '--map', '0:4G'], /--map 0:4G/],
    ['a map with a bad number', ['a', '--map', '0:4X:ram'], /--map 0:4X:ram: "4X" is not a byte size/],
    ['an empty map', ['a', '--map', '0:0:ram'], /SIZE is 0/],
    ['a map beyond 2^53-1', ['a', '--map', '8191T:1024T:ram'], /2\^53-1/],
    ['a service that is no URL', ['a', '--service', 'localhost'], /--service localhost/],
    ['a service of another scheme', ['a', '--service', 'ftp://host'], /http:\/\//],
    ['speed 0', ['a', '--speed', '0x'], /--speed 0x/],
    ['a speed that is no number', ['a', '--speed', 'fast'], /--speed fast/],
    ['a token with a line feed', ['a', '--token', 'a\nb'], /--token/],
    ['a machine name with a slash', ['a', '--machine', 'a/b'], /--machine a\/b/],
  ])('refuses %s', (_, args, message) => {
    expect(() => parseReplayArguments(args)).toThrow(UsageError);
    expect(() => parseReplayArguments(args)).toThrow(message);
  });

  it('explains every option in its help', () => {
    for (const option of ['service', 'token', 'map', 'block', 'machine', 'speed', 'dry-run', 'json', 'help']) {
      expect(helpOf(parseReplayArguments)).toContain(`--${option}`);
    }
  });
});
