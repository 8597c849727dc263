// The command as a person calls it: a process, its output and its exit code.
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { convertingScript } from './replay/converting-script.ts';
import { ramBlock, ScriptedService } from './replay/scripted-service.ts';
import { convertMemory } from './replay/trace-file.ts';
import { runCommand } from './run-command.ts';

const SELFTEST = fileURLToPath(new URL('../../examples/kvm-selftest-private-mem.qemu.log', import.meta.url));
/** A port of the loopback address where nothing listens: the discard service's. */
const NOBODY = 'http://127.0.0.1:9';

const run = (args: readonly string[], stdin = '') => runCommand(['replay', ...args], stdin);

describe('rba replay', () => {
  it('exits 2 with its usage on standard error when an option is wrong', async () => {
    const { code, stdout, stderr } = await run([SELFTEST, '--speed', 'fast']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^rba replay: --speed fast: .*\nusage: rba replay FILE/);
  });

  it('exits 1 with one line when the file cannot be read', async () => {
    const { code, stdout, stderr } = await run(['no-such-trace.log']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe('rba replay: cannot read no-such-trace.log: there is no such file (ENOENT)\n');
  });

  it('exits 1 with one line when the service cannot be reached', async () => {
    const { code, stdout, stderr } = await run([SELFTEST, '--service', NOBODY]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      /^rba replay: cannot reach the service at .* \(ECONNREFUSED\); .*--service names another\n$/,
    );
  });

  it('exits 1 with one line when something else listens there', async () => {
    await using other = await ScriptedService.start(() => ({ status: 200, body: '<html>' }));
    const { code, stderr } = await run(['-', '--block', 'ram', '--service', other.url.href]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^rba replay: .*does not answer as this service does.*\n$/);
  });

  it('prints nothing but JSON with --json, and exits 0', async () => {
    await using service = await ScriptedService.start(({ path }) => {
      const block = { id: 'b1', machine: 'm', idstr: 'ram', usedLength: 2 ** 30, pageSize: 4096, attributes: {} };
      if (path.startsWith('/v1/ram-blocks?')) return { status: 200, body: { items: [block] } };
      if (path.includes('/sections')) return { status: 200, body: { items: [], nextCursor: null, generation: 0 } };
      return { status: 200, body: { changedBytes: 4096 } };
    });
    const lines =
      "4711@1763790000.000137:ram_block_attributes_state_change offset 0x0 size 0x1000 from 'private' to 'shared'\n";
    const { code, stdout, stderr } = await run(['-', '--block', 'ram', '--json', '--service', service.url.href], lines);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const summary: unknown = JSON.parse(stdout);
    expect(summary).toMatchObject({
      trace: '-',
      service: service.url.href,
      conversions: { posted: 1, changed: 1 },
      peak: { mappingsPerPage: 1 },
    });
  });

  it('says with --dry-run that nothing was changed, and exits 0', async () => {
    const low = ramBlock({ id: 'b1', machine: 'vm1', gpa: 0 });
    await using service = await ScriptedService.start(convertingScript([low]));
    const lines = `${convertMemory(4096, 8192)}\n`;
    const args = ['-', '--machine', 'vm1', '--dry-run', '--service', service.url.href];
    const { code, stdout, stderr } = await run(args, lines);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Dry run +nothing was changed/);
    expect(stdout).toContain('1 previewed: 1 changed something');
    const posted = service.requests.filter(({ method }) => method === 'POST').map(({ path }) => path);
    expect(posted).toEqual([
      '/v1/machines/vm1/conversions?dryRun=true',
      '/v1/ram-blocks/b1/conversion-batches?dryRun=true',
    ]);
  });

  it('exits 1 with one line when a dry run has no blocks', async () => {
    await using service = await ScriptedService.start(convertingScript());
    const { code, stdout, stderr } = await run([SELFTEST, '--dry-run', '--service', service.url.href]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      /^rba replay: --dry-run creates no RAM blocks, .*ram-0x100000000 \(8 MiB at 0x100000000\).*\n$/,
    );
    expect(service.requests).toEqual([]);
  });
});
