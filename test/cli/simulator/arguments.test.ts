import { describe, expect, it } from 'vitest';
import { HelpRequest } from '../../../src/cli/command-line.ts';
import { parseArguments } from '../../../src/cli/simulator/arguments.ts';
import { DEFAULT_OPTIONS } from '../../../src/cli/simulator/options.ts';
import { UsageError } from '../../../src/cli/usage-error.ts';
import { helpOf } from '../help-of.ts';
import { SECRET } from './webhooks.ts';

const parse = (line: string) => parseArguments(line.split(' ').filter((word) => word !== ''));

describe('parseArguments', () => {
  it('needs no more than a block', () => {
    expect(parse('--block pc.ram')).toEqual({
      strict: false,
      json: false,
      options: { ...DEFAULT_OPTIONS, block: 'pc.ram' },
    });
  });

  it('understands every option', () => {
    const line =
      '--service https://a.example/x --token t --block b --machine m --wait 60 --section 1M:0x200000 --granularity 2M ' +
      `--timeout-ms 100 --description d --keep --host ::1 --port 9000 --public-url http://h:1/ --secret ${SECRET} ` +
      '--dma-max-mappings 10 --memlock 1GiB --dma 5 --refuse-after 0 --latency 7 --fail-rate .25 --seed 1 --strict --json';
    const { options, strict, json } = parse(line);
    expect(options).toEqual({
      ...DEFAULT_OPTIONS,
      service: 'https://a.example/x',
      token: 't',
      block: 'b',
      machine: 'm',
      waitMs: 60_000,
      section: { offset: 2 ** 20, size: 2 ** 21 },
      granularity: 2 ** 21,
      timeoutMs: 100,
      description: 'd',
      keep: true,
      host: '::1',
      port: 9000,
      publicUrl: 'http://h:1/',
      secret: SECRET,
      dmaMaxMappings: 10,
      memlock: 2 ** 30,
      dma: 5,
      refuseAfter: 0,
      latencyMs: 7,
      failRate: 0.25,
      seed: 1,
    });
    expect([strict, json]).toEqual([true, true]);
    for (const name of line.match(/--[a-z-]+/g) ?? []) expect(helpOf(parseArguments)).toContain(name);
  });

  it('is an asynchronous listener with --async', () => {
    expect(parse('--block b --async').options).toEqual({ ...DEFAULT_OPTIONS, block: 'b', mode: 'async' });
    expect(helpOf(parseArguments)).toContain('--async ');
  });

  it('asks for nothing more with --help', () => {
    expect(() => parse('--help')).toThrow(HelpRequest);
  });

  it.each([
    ['', 'needs --secret'],
    ['--block b --bogus', "unknown option '--bogus'"],
    ['--block b stray', 'stray'],
    ['--block b --port 65536', '--port is 65536; it must be a whole number from 0 to 65535'],
    ['--block b --port 1e3', '--port is 1e3'],
    ['--block b --timeout-ms 99', 'from 100 to 30000'],
    ['--block b --fail-rate 1.5', '--fail-rate is 1.5; it must be a number from 0 to 1'],
    ['--block b --fail-rate x', '--fail-rate is x'],
    ['--block b --granularity 3M', 'power of two'],
    ['--block b --granularity 2K', 'at least 4096'],
    ['--block b --memlock 1X', '--memlock: "1X" is not a byte size'],
    ['--block b --section 0', '--section is 0; it must be OFFSET:SIZE'],
    ['--block b --section 0:0', 'the size not 0'],
    ['--block b --section 1:4K', 'multiples of 4096'],
    ['--block b --service localhost:8080', '--service is localhost:8080; it must be an http or https URL'],
    ['--block b --secret abc', '--secret: '],
    ['--block b --host 0.0.0.0', 'give --public-url'],
    ['--block b --async --dma-max-mappings 65535', '--dma-max-mappings makes no sense with --async'],
    ['--block b --async --memlock 1G', '--memlock makes no sense with --async'],
    ['--block b --async --refuse-after 3', 'with --async: an asynchronous listener cannot refuse'],
    [`--secret ${SECRET} --dma 5`, '--dma needs to know the section'],
  ])('refuses "%s"', (line, message) => {
    expect(() => parse(line)).toThrow(UsageError);
    expect(() => parse(line)).toThrow(message);
  });

  it('listens on every address when it is told how it is called', () => {
    expect(parse('--block b --host 0.0.0.0 --public-url http://device:9000/').options.host).toBe('0.0.0.0');
  });
});
