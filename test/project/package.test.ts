// The package as a user gets it: packed, installed into an empty folder, and run from there.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Api } from '../support/api.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TRACE = join(ROOT, 'examples/kvm-selftest-private-mem.qemu.log');

let folder: string;
const RBA = () => join(folder, 'node_modules/.bin/rba');
/** The Node of this run comes first, as for every npm script. */
const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rba-package-'));
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: ROOT, env });
  // Scripts of the package write to stdout before the JSON.
  const [{ filename, files }] = JSON.parse(stdout.slice(stdout.indexOf('[\n')));
  const packed = files.map(({ path }: { path: string }) => path);
  expect(packed).toContain('dist/cli/rba.js');
  expect(packed.filter((path: string) => path.startsWith('src/') || path.startsWith('test/'))).toEqual([]);
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--omit=optional', `./${filename}`];
  await run('npm', install, { cwd: folder, env });
}, 240_000);

afterAll(() => rm(folder, { recursive: true }));

/** Runs `rba` until its output has `pattern`. */
async function start(args: string[], pattern: RegExp, settings: Record<string, string> = {}) {
  const child = spawn(RBA(), args, {
    cwd: folder,
    env: { ...env, ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const found = new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const match = pattern.exec(line);
      if (match !== null) resolve(match[1] ?? line);
    });
    child.on('exit', (code) => reject(new Error(`rba ${args[0]} ended with ${code}`)));
  });
  const end = async (): Promise<number | null> => {
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    return code;
  };
  return { said: await found, end };
}

describe('the installed package', () => {
  it.each(['simulate', 'replay', 'plan', 'listen', 'sign', 'verify'])(
    'has rba %s, which explains itself',
    async (name) => {
      const { stdout } = await run(RBA(), [name, '--help'], { cwd: folder, env });
      expect(stdout).toContain(`rba ${name}`);
      expect(stdout).toMatch(/example/i);
    },
  );

  it('exports the client', async () => {
    const script =
      "import { ServiceClient, verifyWebhook } from 'ram-block-attributes/client'; console.log(new ServiceClient({ url: 'http://s/' }).url, typeof verifyWebhook)";
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: folder, env });
    expect(stdout).toBe('http://s function\n');
  });

  it('serves, drives a device, replays a trace, and ends well', async () => {
    const settings = { PORT: '0', RBA_DATA_DIR: join(folder, 'data') };
    const service = await start(['serve'], /Server listening at (http:[^"]+)/, settings);
    const api = new Api(service.said);
    for (const [path, word] of [
      ['/ui/', 'main.js'],
      ['/ui/main.js', './view/page.js'],
      ['/ui/view/page.js', '../vendor/lit-html/lit-html.js'],
      ['/ui/vendor/lit-html/lit-html.js', 'export'],
      ['/ui/style.css', '--shared'],
      ['/ui/memory.css', '.map'],
    ] as const) {
      expect(await (await fetch(service.said + path)).text()).toContain(word);
    }
    await api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '1G' });
    const args = ['simulate', '--service', service.said, '--block', 'pc.ram', '--strict', '--json'];
    const device = await start(args, /^(\{.*\})$/);
    const replay = ['replay', '--service', service.said, '--map', '4G:1G:pc.ram', '--json', TRACE];
    const { stdout } = await run(RBA(), replay, { cwd: folder, env });
    expect(JSON.parse(stdout)).toMatchObject({ conversions: { posted: 66, changed: 44, refused: 0 } });
    expect(await device.end()).toBe(0);
    await api.close();
    expect(await service.end()).toBe(0);
  });
});
