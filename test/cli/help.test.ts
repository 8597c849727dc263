// Every command of the package says what it is for, with an example.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCommand } from './run-command.ts';

const packageJson = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const commands = Object.entries<string>(packageJson.bin).flatMap(([name, path]) => {
  const [, file] = /^dist\/cli\/(.+)\.js$/.exec(path) ?? [];
  return file === undefined ? [] : [[name, `${file}.ts`] as const];
});

describe('--help', () => {
  it.each(commands)('of %s has an example', async (name, file) => {
    for (const option of ['--help', '-h']) {
      const { code, stdout, stderr } = await runCommand(file, [option]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const [, example = ''] = stdout.split(/^Example.*$/m);
      expect(example).toMatch(new RegExp(`^\\n  (${name}|echo) `));
      expect(stdout).toContain('--json');
      for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(125);
    }
  });
});
