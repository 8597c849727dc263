#!/usr/bin/env node
// rba: the service and its tools in one command. Each subcommand is a file beside this one, and only the one that is asked
// for is loaded.
import { readFileSync } from 'node:fs';
import { runCommand, type Subcommand } from './command.ts';
import { commandLine, parseCommandLine, usageLine } from './command-line.ts';
import { UsageError } from './usage-error.ts';

const COMMANDS = new Map<string, { readonly summary: string; readonly load: () => Promise<Subcommand> }>([
  ['serve', { summary: 'run the service', load: () => import('./serve.ts') }],
  [
    'simulate',
    { summary: 'play a device: a webhook listener that behaves as VFIO does', load: () => import('./simulate.ts') },
  ],
  ['replay', { summary: 'post the conversions of a recorded trace to a service', load: () => import('./replay.ts') }],
  ['plan', { summary: 'say what a recorded trace needs, without a service', load: () => import('./plan.ts') }],
  ['listen', { summary: 'print the events of a service as they come', load: () => import('./listen.ts') }],
  ['sign', { summary: 'sign a webhook', load: () => import('./sign.ts') }],
  ['verify', { summary: 'tell whether a webhook was signed with a secret', load: () => import('./verify.ts') }],
]);

const TEXT = {
  name: '',
  usage: 'COMMAND [options]',
  about: "QEMU's RamBlockAttributes as a network service, and the tools around it.",
  notes: 'rba COMMAND --help explains a command.',
  exitCodes: '0 done; 1 a file or the service cannot be used; 2 wrong arguments; a command may have more',
  example: `Example, the service, and a device for its block "pc.ram" as soon as there is one:
  rba serve
  rba simulate --block pc.ram --machine default --wait 60`,
};

/** `rba` itself: its help, its version, and the refusal of everything else. */
const top: Subcommand = {
  usage: usageLine(TEXT),
  run: async (args) => {
    if (args.length === 0) throw new UsageError('a command is missing');
    const program = commandLine(TEXT).helpCommand(false).version(version(), '--version', 'print the version');
    const misplaced = (): never => {
      throw new UsageError(`${args.join(' ')}: the command comes first`);
    };
    for (const [name, { summary }] of COMMANDS) program.command(name).usage('').summary(summary).action(misplaced);
    parseCommandLine(program, args);
    return misplaced();
  },
};

/** Returns the version of the package. */
function version(): string {
  const { version: text }: { version: string } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  return text;
}

const [name = '', ...args] = process.argv.slice(2);
const command = COMMANDS.get(name);
process.exitCode =
  command === undefined
    ? await runCommand('rba', top, process.argv.slice(2))
    : await runCommand(`rba ${name}`, await command.load(), args);
