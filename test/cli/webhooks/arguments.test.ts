// The command lines of rba sign and rba verify: every option, missing, garbage, or of another kind.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommandError } from '../../../src/cli/command-error.ts';
import { HelpRequest } from '../../../src/cli/command-line.ts';
import { UsageError } from '../../../src/cli/usage-error.ts';
import { loadSecret } from '../../../src/cli/webhooks/secret.ts';
import { parseSignArguments } from '../../../src/cli/webhooks/sign-arguments.ts';
import { parseVerifyArguments } from '../../../src/cli/webhooks/verify-arguments.ts';
import { helpOf } from '../help-of.ts';

const KEY = Buffer.alloc(32, 7).toString('base64');
const SECRET = `whsec_${KEY}`;
const SIGN = ['--secret', SECRET];
const VERIFY = ['--secret', SECRET, '--id', 'a', '--timestamp', '1', '--signature', 'v1,A'];

const BAD_SECRETS: [string, string][] = [
  ['nothing', ''],
  ['no prefix', KEY],
  ['another prefix', `whpk_${KEY}`],
  ['no base64', `whsec_${'!'.repeat(40)}`],
  ['base64url', `whsec_${Buffer.alloc(32, 0xfb).toString('base64url')}`],
  ['23 bytes', `whsec_${Buffer.alloc(23).toString('base64')}`],
  ['65 bytes', `whsec_${Buffer.alloc(65).toString('base64')}`],
  ['a line in the middle', `whsec_${KEY.slice(0, 8)}\n${KEY.slice(8)}`],
];

function refusal(parse: (args: string[]) => unknown, args: string[]): string {
  try {
    parse(args);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return String(error);
  }
  throw new Error(`${args.join(' ')} was taken`);
}

describe.each([
  ['rba sign', parseSignArguments, SIGN],
  ['rba verify', parseVerifyArguments, VERIFY],
] as const)('%s', (_, parse, good) => {
  const without = (option: string) => good.toSpliced(good.indexOf(option), 2);

  it.each(BAD_SECRETS)('takes no secret with %s, and does not show it', (__, secret) => {
    const message = refusal(parse, [...without('--secret'), `--secret=${secret}`]);
    expect(message).toContain('--secret: ');
    for (const part of [secret, KEY, secret.slice(6, 30)]) if (part !== '') expect(message).not.toContain(part);
  });

  it.each([
    ['no secret', () => without('--secret'), /the secret is missing: --secret-file FILE/],
    ['two secrets', () => [...good, '--secret-file', 'x'], /--secret and --secret-file: one is enough/],
    ['an option without its value', () => [...without('--secret'), '--secret'], /--secret <SECRET>.*argument missing/],
    [
      'an option for a value',
      () => [...without('--secret'), '--secret', '--json'],
      /the value of --secret <SECRET> is missing before --json/,
    ],
    ['a value for a flag', () => [...good, '--json=yes'], /unknown option '--json=yes'/],
    ['an unknown option', () => [...good, '--sceret=whsec_x'], /unknown option '--sceret=/],
    ['two files', () => [...good, 'a', 'b'], /one FILE at a time: b is too many/],
  ])('refuses %s', (__, args, message) => {
    expect(refusal(parse, [...args()])).toMatch(message);
  });

  it('reads standard input unless there is a file', () => {
    expect(parse(good).file).toBe('-');
    expect(parse([...good, '-']).file).toBe('-');
    expect(parse(['body.json', ...good]).file).toBe('body.json');
  });

  it('asks for nothing more with --help', () => {
    for (const option of ['--help', '-h']) expect(() => parse([option])).toThrow(HelpRequest);
  });
});

describe('rba sign', () => {
  it('needs only a secret', () => {
    expect(parseSignArguments(SIGN)).toEqual({
      file: '-',
      secret: { kind: 'given', secret: SECRET },
      id: null,
      timestamp: null,
      json: false,
    });
  });

  it('takes every option', () => {
    const args = ['f', '--secret-file', 's', '--id', 'msg_1', '--timestamp', '0', '--json'];
    expect(parseSignArguments(args)).toEqual({
      file: 'f',
      secret: { kind: 'file', path: 's' },
      id: 'msg_1',
      timestamp: 0,
      json: true,
    });
  });

  it.each([
    ['--id=', /--id "": 1 to 255 visible ASCII characters/],
    ['--id=a.1', /none of them a dot/],
    ['--id=a b', /--id "a b"/],
    ['--id=a\r\nwebhook-signature: v1,x', /--id "a\\r\\n/],
    ['--id=grüße', /visible ASCII/],
    [`--id=${'a'.repeat(256)}`, /1 to 255/],
    ['--timestamp=', /--timestamp is ; it must be a whole number from 0 to 253402300799/],
    ['--timestamp=now', /--timestamp is now/],
    ['--timestamp=-1', /--timestamp is -1/],
    ['--timestamp=1.5', /--timestamp is 1\.5/],
    ['--timestamp=1e9', /--timestamp is 1e9/],
    ['--timestamp=0x10', /--timestamp is 0x10/],
    ['--timestamp=1767225600000', /--timestamp is 1767225600000; it must be a whole number from 0 to 253402300799/],
    ['--timestamp=2026-01-01T00:00:00Z', /--timestamp is 2026/],
  ])('refuses %j', (option, message) => {
    expect(refusal(parseSignArguments, [...SIGN, option])).toMatch(message);
  });

  it('explains every option in its help, with an example', () => {
    for (const option of ['secret', 'secret-file', 'id', 'timestamp', 'json', 'help'])
      expect(helpOf(parseSignArguments)).toContain(`--${option}`);
    expect(helpOf(parseSignArguments)).toMatch(/Example.*\n {2}rba sign body\.json/);
  });
});

describe('rba verify', () => {
  it('takes every option', () => {
    const args = [...VERIFY, 'f', '--tolerance', '10', '--json'];
    expect(parseVerifyArguments(args)).toEqual({
      file: 'f',
      secret: { kind: 'given', secret: SECRET },
      id: 'a',
      timestamp: '1',
      signatures: 'v1,A',
      tolerance: 10,
      json: true,
    });
  });

  it('leaves 300 seconds, and any age when it is asked to', () => {
    expect(parseVerifyArguments(VERIFY)?.tolerance).toBe(300);
    expect(parseVerifyArguments([...VERIFY, '--tolerance', 'any'])?.tolerance).toBeNull();
  });

  it.each(['id', 'timestamp', 'signature'])('needs --%s', (name) => {
    const args = VERIFY.toSpliced(VERIFY.indexOf(`--${name}`), 2);
    expect(refusal(parseVerifyArguments, args)).toContain(`--${name} is missing: the header webhook-${name}`);
  });

  it.each([
    ['0', /--tolerance 0: no webhook could pass; any takes every age/],
    ['', /--tolerance is ; it must be a whole number from 1/],
    ['-1', /--tolerance is -1/],
    ['00', /--tolerance is 00/],
    ['5m', /--tolerance is 5m/],
    ['Infinity', /--tolerance is Infinity/],
    ['9999999999999', /--tolerance is 9999999999999/],
  ])('refuses a tolerance of "%s"', (tolerance, message) => {
    expect(refusal(parseVerifyArguments, [...VERIFY, `--tolerance=${tolerance}`])).toMatch(message);
  });

  it('leaves what a sender may have sent to the verification', () => {
    const args = ['--secret', SECRET, '--id=', '--timestamp=now', '--signature=?'];
    expect(parseVerifyArguments(args)).toMatchObject({ id: '', timestamp: 'now', signatures: '?' });
  });

  it('explains every option in its help, with an example', () => {
    const options = ['secret', 'secret-file', 'id', 'timestamp', 'signature', 'tolerance', 'json', 'help'];
    for (const option of options) expect(helpOf(parseVerifyArguments)).toContain(`--${option}`);
    expect(helpOf(parseVerifyArguments)).toMatch(/Example:\n {2}rba verify body\.json/);
  });
});

describe('a secret in a file', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rba-secret-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function fromFile(text: string): Promise<string> {
    const path = join(folder, 'secret');
    await writeFile(path, text);
    return loadSecret({ kind: 'file', path });
  }

  it('may have white space around it', async () => {
    for (const text of [SECRET, `${SECRET}\n`, `  ${SECRET}\r\n\n`]) expect(await fromFile(text)).toBe(SECRET);
  });

  it.each(BAD_SECRETS)('is none with %s, and is not shown', async (_, secret) => {
    const error = await fromFile(secret).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UsageError);
    expect(String(error)).toMatch(/--secret-file .*secret: /);
    for (const part of [secret.slice(6), KEY]) if (part !== '') expect(String(error)).not.toContain(part);
  });

  it('is needed', async () => {
    const missing = loadSecret({ kind: 'file', path: join(folder, 'nowhere') });
    await expect(missing).rejects.toThrow(CommandError);
    await expect(missing).rejects.toThrow(/cannot read .*nowhere: there is no such file \(ENOENT\)/);
    await expect(loadSecret({ kind: 'file', path: folder })).rejects.toThrow(/it is a directory \(EISDIR\)/);
  });
});
