// Every command says what it is for, in one shape, with an example.
import { describe, expect, it } from 'vitest';
import { runCommand } from './run-command.ts';

const { stdout: top } = await runCommand(['--help']);
const commands = [...(/^Commands:\n((?: {2}.*\n)+)/m.exec(top)?.[1] ?? '').matchAll(/^ {2}([a-z]+) /gm)].map(
  ([, name]) => name ?? '',
);

describe('rba', () => {
  it('has these commands', () => {
    expect(commands).toEqual(['serve', 'simulate', 'replay', 'plan', 'listen', 'sign', 'verify']);
  });

  it('prints its version', async () => {
    expect(await runCommand(['--version'])).toEqual({ code: 0, stdout: '0.1.0\n', stderr: '' });
  });

  it.each([
    [[], /^rba: a command is missing\nusage: rba COMMAND/],
    [['plna'], /^rba: unknown command 'plna' \(Did you mean plan\?\)\nusage: rba COMMAND/],
    [['--json', 'plan'], /^rba: unknown option '--json'\n/],
    [['--', 'plan'], /^rba: -- plan: the command comes first\n/],
    [['serve', 'here'], /^rba serve: here: this command takes options only\nusage: rba serve/],
  ])('exits with 2 for %j', async (args, message) => {
    const { code, stdout, stderr } = await runCommand(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });
});

describe('--help', () => {
  it.each(commands)('of rba %s has usage, options, exit codes and an example', async (name) => {
    const { code, stdout, stderr } = await runCommand([name, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: rba ${name} \\S[\\s\\S]*\\n\\n[A-Z].*:\\n {2}-`));
    expect(stdout).toMatch(/\n\nExit code: 0 .*; 2 wrong arguments/);
    const [, example = ''] = stdout.split(/^Example.*$/m);
    expect(example).toMatch(new RegExp(`^\\n  (PORT=.* )?rba ${name}`));
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(125);
  });

  it('is -h, too', async () => {
    expect(await runCommand(['-h'])).toEqual({ code: 0, stdout: top, stderr: '' });
    expect(await runCommand(['sign', '-h'])).toEqual(await runCommand(['sign', '--help']));
  });
});
