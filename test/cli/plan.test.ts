// The command as a person calls it: a process, its output and its exit code.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RBA, runCommand } from './run-command.ts';

const SELFTEST = fileURLToPath(new URL('../../examples/kvm-selftest-private-mem.qemu.log', import.meta.url));

const LONG = 300_000;

const run = (args: readonly string[], stdin = '') => runCommand(['plan', ...args], stdin);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plan-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('rba plan', () => {
  it('prints a table, and draws it', async () => {
    const svg = join(folder, 'plan.svg');
    const { code, stdout, stderr } = await run([SELFTEST, '--svg', svg]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^per page +513 +0 +2\.00 MiB /m);
    expect(stdout).toMatch(/^at 2 MiB +2 +0 +4 MiB /m);
    expect(await readFile(svg, 'utf8')).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  });

  it('prints nothing but JSON with --json, also of standard input', async () => {
    const lines = 'kvm_hypercall: nr 0xc a0 0x1000 a1 0x2 a2 0x0 a3 0x0\n';
    const { code, stdout, stderr } = await run(['-', '--json', '--limit', '1', '--map', '0:1G:pc.ram'], lines);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      blocks: [{ idstr: 'pc.ram', gpa: 0, guessed: false }],
      limit: 1,
      smallestGranularity: 65_536,
      conversions: { total: 1 },
    });
  });

  it.each([
    [[SELFTEST, '--limit', 'many'], /^rba plan: --limit is many; .*\nusage: rba plan FILE/],
    [
      [SELFTEST, '--map', '0:2G', '--map', '1G:2G'],
      /^rba plan: --map: the maps at 0x0 and 0x40000000 overlap.*\nusage:/,
    ],
  ])('exits 2 with its usage on standard error for %j', async (args, message) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it('plans a trace that is larger than the memory that it may use', async () => {
    const file = join(folder, 'long.ftrace');
    const lines = Array.from({ length: LONG }, (_, index) => {
      const time = (100 + index / 1000).toFixed(6);
      const page = ((index * 7919) % 2 ** 22).toString(16);
      return `CPU 0/KVM-1 [000] ..... ${time}: kvm_hypercall: nr 0xc a0 0x${page}000 a1 0x${index % 512} a2 0x0 a3 0x0\n`;
    });
    await writeFile(file, lines.join(''));
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--max-old-space-size=24',
      RBA,
      'plan',
      file,
      '--json',
    ]);
    expect(JSON.parse(stdout).lines).toMatchObject({ total: LONG, foreign: 0 });
    expect((await stat(file)).size).toBeGreaterThan(24 * 2 ** 20);
  });

  it('exits 1 with one line when the file cannot be read', async () => {
    const { code, stdout, stderr } = await run(['no-such-trace.log']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe('rba plan: cannot read no-such-trace.log: there is no such file (ENOENT)\n');
  });

  it('exits 1 with one line that quotes a line which names an event and cannot be read', async () => {
    const path = join(folder, 'other.log');
    await writeFile(path, 'hello\nkvm_convert_memory start \u001b[2Jhere\u009b\n');
    const { code, stdout, stderr } = await run([path]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      /^rba plan: .*other\.log: line 2 names kvm_convert_memory, but cannot be read: "kvm_convert_memory start \\u\{1b\}\[2Jhere\\u\{9b\}"\n$/,
    );
  });

  it('exits 1 with one line when the drawing cannot be written', async () => {
    const { code, stdout, stderr } = await run([SELFTEST, '--svg', join(folder, 'none', 'plan.svg')]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^rba plan: cannot write .*plan\.svg, which --svg names \(ENOENT\)\n$/);
  });
});
