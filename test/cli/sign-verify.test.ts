// rba sign and rba verify as a person calls them: processes, their output and their exit codes.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Run, runCommand } from './run-command.ts';

const KEY = Buffer.alloc(32, 7).toString('base64');
const SECRET = `whsec_${KEY}`;
const BODY = '{"grüße":1}\n';

let folder: string;
let bodyFile: string;
let secretFile: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rba-webhook-'));
  [bodyFile, secretFile] = [join(folder, 'body.json'), join(folder, 'secret')];
  await writeFile(bodyFile, BODY);
  await writeFile(secretFile, `${SECRET}\n`);
});

afterAll(() => rm(folder, { recursive: true }));

/** Whatever a command says, it does not say the secret. */
async function run(command: string, args: readonly string[], stdin: string | Uint8Array = ''): Promise<Run> {
  const result = await runCommand([command, ...args], stdin);
  expect(result.stdout + result.stderr).not.toContain(KEY.slice(0, 16));
  return result;
}

const sign = (args: readonly string[], stdin?: string | Uint8Array) => run('sign', args, stdin);
const verify = (args: readonly string[], stdin?: string) => run('verify', args, stdin);

const headerArguments = (headers: Record<string, string>) =>
  ['id', 'timestamp', 'signature'].map((name) => `--${name}=${headers[`webhook-${name}`]}`);

describe('rba verify', () => {
  it('prints what it was given without what controls a terminal', async () => {
    const { code, stderr } = await verify([bodyFile, 'other\u001b[2J\u009b\u007f', '--secret', SECRET]);
    expect(code).toBe(2);
    expect(stderr).toContain('other\\u{1b}[2J\\u{9b}\\u{7f} is too many');
    expect(stderr).not.toMatch(/[^\P{Cc}\n]/u);
  });
});

describe('rba sign', () => {
  it('prints the headers of a file, one on a line, as curl takes them', async () => {
    const { code, stdout, stderr } = await sign([bodyFile, '--secret-file', secretFile]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^webhook-id: msg_\w+\nwebhook-timestamp: \d+\nwebhook-signature: v1,[A-Za-z0-9+/]{43}=\n$/);
    const headers = Object.fromEntries(stdout.split('\n').map((line) => line.split(': ')));
    expect(new Webhook(SECRET).verify(BODY, headers)).toEqual({ grüße: 1 });
  });

  it('prints JSON of standard input, another id each time', async () => {
    const runs = await Promise.all([1, 2].map(() => sign(['--secret', SECRET, '--json'], BODY)));
    const [one, two] = runs.map(({ stdout }) => JSON.parse(stdout));
    expect(new Webhook(SECRET).verify(BODY, one)).toEqual({ grüße: 1 });
    expect(one['webhook-id']).not.toBe(two['webhook-id']);
  });

  it('signs with the id and the time that it is told', async () => {
    const { stdout } = await sign(['--secret', SECRET, '--id', 'x', '--timestamp', '5', '--json'], '{}');
    expect(JSON.parse(stdout)).toEqual({
      'webhook-id': 'x',
      'webhook-timestamp': '5',
      'webhook-signature': new Webhook(SECRET).sign('x', new Date(5000), '{}'),
    });
  });

  it.each([
    [
      'a body that is not there',
      () => ['nowhere', '--secret', SECRET],
      1,
      'cannot read nowhere: there is no such file',
    ],
    ['a secret file that is not there', () => ['--secret-file', 'nowhere'], 1, 'cannot read nowhere'],
    ['a secret where the file should be', () => [SECRET, '--secret-file', secretFile], 1, 'cannot read whsec_...:'],
    ['a secret file without a secret', () => ['--secret-file', bodyFile], 2, 'a secret is "whsec_" and base64'],
    ['no secret', () => [bodyFile], 2, 'the secret is missing'],
    ['two files, one of them a secret', () => [bodyFile, SECRET, '--secret', SECRET], 2, 'whsec_... is too many'],
  ])('says what is wrong with %s', async (_, args, code, message) => {
    const { stdout, stderr, ...result } = await sign(args());
    expect({ ...result, stdout }).toEqual({ code, stdout: '' });
    expect(stderr).toMatch(/^rba sign: /);
    expect(stderr).toContain(message);
    expect(stderr.includes('usage: rba sign')).toBe(code === 2);
  });

  it('signs no body that is not UTF-8', async () => {
    const { code, stderr } = await sign(['--secret', SECRET], Buffer.from([0xff, 0xfe]));
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'rba sign: the body is not UTF-8, as the JSON of a webhook is\n',
    });
  });
});

describe('rba verify', () => {
  const signed = (seconds = Math.floor(Date.now() / 1000)): Record<string, string> => ({
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(seconds),
    'webhook-signature': new Webhook(SECRET).sign('msg_1', new Date(seconds * 1000), BODY),
  });

  it('exits with 0 for what is valid, of a file or of standard input', async () => {
    const args = ['--secret-file', secretFile, ...headerArguments(signed())];
    for (const result of [await verify([bodyFile, ...args]), await verify(args, BODY)]) {
      expect(result).toMatchObject({ code: 0, stderr: '' });
      expect(result.stdout).toMatch(/^valid: msg_1, signed \d+ s ago\n$/);
    }
  });

  it('takes what rba sign signed', async () => {
    const { stdout } = await sign([bodyFile, '--secret-file', secretFile, '--json']);
    const result = await verify([bodyFile, '--secret', SECRET, '--json', ...headerArguments(JSON.parse(stdout))]);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(result.stdout)).toMatchObject({ valid: true, reason: null });
  });

  it.each([
    ['another body', signed(), `${BODY} `, 'signature-mismatch', 'the signature does not match'],
    ['an old time', signed(1000), BODY, 'too-old', 'too old: signed'],
    ['a time to come', signed(4_000_000_000), BODY, 'in-the-future', 'in the future: signed for'],
    ['no time', { ...signed(), 'webhook-timestamp': 'x' }, BODY, 'malformed', 'webhook-timestamp is not'],
  ])('exits with 1 and says why, for %s', async (_, headers, body, reason, detail) => {
    const args = ['--secret-file', secretFile, ...headerArguments(headers)];
    const text = await verify(args, body);
    expect(text).toMatchObject({ code: 1, stdout: '' });
    expect(text.stderr).toMatch(new RegExp(`^rba verify: not valid: ${detail}.*\\n$`));
    const json = await verify([...args, '--json'], body);
    expect(json).toMatchObject({ code: 1, stderr: '' });
    expect(JSON.parse(json.stdout)).toMatchObject({ valid: false, reason });
  });

  it('takes any age when it is told to', async () => {
    const args = ['--secret', SECRET, '--tolerance', 'any', ...headerArguments(signed(1000))];
    expect((await verify(args, BODY)).code).toBe(0);
  });

  it('exits with 2 and its usage where an option is missing', async () => {
    const { code, stderr } = await verify(['--secret', SECRET]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^rba verify: --id is missing: the header webhook-id\nusage: rba verify/);
  });
});
