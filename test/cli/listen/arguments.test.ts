import { describe, expect, it } from 'vitest';
import { parseListenArguments } from '../../../src/cli/listen/arguments.ts';
import { UsageError } from '../../../src/cli/usage-error.ts';
import { EVENT_TYPES, isOfType } from '../../../src/event-types.ts';
import { helpOf } from '../help-of.ts';

describe('parseListenArguments', () => {
  it('needs nothing', () => {
    expect(parseListenArguments([])).toEqual({
      json: false,
      service: new URL('http://127.0.0.1:8080'),
      token: null,
      machine: null,
      ramBlockId: null,
      after: null,
      events: [],
      forwardTo: null,
      count: null,
    });
  });

  it('takes every option', () => {
    const line =
      '--service https://host/rba --token t --machine vm1 --ram-block blk_1 --after e=1 --event conversion ' +
      '--event delivery.failed --forward-to http://localhost:3000/hook?x=1 --count 5 --json';
    expect(parseListenArguments(line.split(' '))).toEqual({
      json: true,
      service: new URL('https://host/rba'),
      token: 't',
      machine: 'vm1',
      ramBlockId: 'blk_1',
      after: 'e=1',
      events: ['conversion', 'delivery.failed'],
      forwardTo: new URL('http://localhost:3000/hook?x=1'),
      count: 5,
    });
    for (const [option] of [...line.matchAll(/--[a-z-]+/g), ['--help']])
      expect(helpOf(parseListenArguments)).toContain(option);
  });

  it.each([
    ['--bogus', /--bogus/],
    ['stray', /stray/],
    ['--service=', /--service : a URL/],
    ['--service=localhost:8080', /--service localhost:8080/],
    ['--service=file:///etc/passwd', /begins with http:\/\//],
    ['--token=', /--token is not a token/],
    ['--token=a b', /--token is not a token/],
    ['--token=a\r\nx: y', /--token is not a token/],
    ['--machine=', /--machine : a name is/],
    ['--machine=a/b', /--machine a\/b/],
    [`--machine=${'m'.repeat(65)}`, /1 to 64/],
    ['--ram-block=', /--ram-block is empty/],
    ['--after=', /--after is empty/],
    ['--event=', /--event : no event is of this type/],
    ['--event=conversions', /--event conversions: no event is of this type; there are ram_block\.created, .*delivery/],
    ['--event=conv', /--event conv:/],
    ['--event=conversion.', /--event conversion\.:/],
    ['--event=conversion.*', /--event conversion\.\*:/],
    ['--count=', /--count is ; it must be a whole number from 1/],
    ['--count=0', /--count is 0/],
    ['--count=-1', /--count is -1/],
    ['--count=1.5', /--count is 1\.5/],
    ['--count=many', /--count is many/],
    ['--count=99999999999999999999', /--count is 99999999999999999999/],
    ['--json=yes', /--json/],
    ['--forward-to', /--forward-to <URL>.*argument missing/],
  ])('refuses %j', (argument, message) => {
    expect(() => parseListenArguments([argument])).toThrow(UsageError);
    expect(() => parseListenArguments([argument])).toThrow(message);
  });

  it('says no token that it refuses', () => {
    expect(() => parseListenArguments(['--token=geheim geheim'])).toThrow(/^(?!.*geheim)/);
  });

  it.each([
    'http://localhost:3000/',
    'http://LOCALHOST/',
    'http://127.0.0.1:1/a?b=c',
    'http://127.255.255.254/',
    'http://[::1]:3000/',
    'https://localhost/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://[::ffff:127.0.0.1]/',
  ])('forwards to %s', (url) => {
    expect(parseListenArguments(['--forward-to', url]).forwardTo).toEqual(new URL(url));
  });

  it.each([
    'http://10.0.0.1/',
    'http://192.168.0.1/',
    'http://169.254.169.254/latest/meta-data',
    'http://example.com/',
    'http://localhost.example.com/',
    'http://127.0.0.1.example.com/',
    'http://localhost@example.com/',
    'http://example.com#localhost',
    'http://0.0.0.0/',
    'http://[::]/',
    'http://[fe80::1]/',
    'http://[::ffff:10.0.0.1]/',
    'http://128.0.0.1/',
    'http://xlocalhost/',
  ])('does not forward to %s', (url) => {
    expect(() => parseListenArguments(['--forward-to', url])).toThrow(UsageError);
    expect(() => parseListenArguments(['--forward-to', url])).toThrow(/only to this machine/);
  });

  it.each(['localhost:3000', 'ws://localhost/', '/hook', ''])('does not take %s for a URL to forward to', (url) => {
    expect(() => parseListenArguments([`--forward-to=${url}`])).toThrow(/--forward-to .*: a URL that begins with http/);
  });

  it('names every event in its help, and gives an example', () => {
    for (const type of EVENT_TYPES) expect(helpOf(parseListenArguments)).toContain(type);
    expect(helpOf(parseListenArguments)).toMatch(/Example.*\n {2}rba listen --machine vm1/);
  });
});

describe('isOfType', () => {
  it('takes a type, and the words that it begins with', () => {
    expect(isOfType('conversion.failed', 'conversion.failed')).toBe(true);
    expect(isOfType('conversion.failed', 'conversion')).toBe(true);
    for (const wanted of ['conv', 'conversion.', 'conversion.committed', 'failed', '']) {
      expect(isOfType('conversion.failed', wanted)).toBe(false);
    }
  });
});
