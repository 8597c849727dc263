// What is kept of an answer must not keep all of the answer: a listener that answers at length would end the service.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('heap-of-answers.ts', import.meta.url));

it('an answer of 16 KiB takes as much of the heap as one of 512 bytes, for as much is kept of it', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', SCRIPT]);
  const figures: { name: string; small: number; large: number }[] = JSON.parse(stdout);
  expect(figures.map(({ name }) => name)).toEqual(['accepted', 'unusable', 'in a problem document']);
  for (const { name, small, large } of figures) {
    // The whole answer would be another 16,000 bytes, beside less than 2,000: what is read is one byte a character.
    expect(large - small, `${name}: ${large} against ${small} bytes`).toBeLessThan(8000);
    expect(small, name).toBeLessThan(8000);
  }
});
