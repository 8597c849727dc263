// The file of a command: opened as often as it is asked to, and named when it cannot be read.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommandError } from '../../src/cli/command-error.ts';
import { findTrace } from '../../src/cli/trace-source.ts';

const LINE = 'kvm_convert_memory start 0x1000 size 0x1000 private_to_shared';

async function* stream(pieces: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece, 'latin1');
}

describe('findTrace', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'replay-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('opens a file as often as it is asked to', async () => {
    const path = join(folder, 'trace.log');
    await writeFile(path, `${LINE}\n${LINE}\n`);
    const trace = await findTrace(path, stream([]));
    expect(trace.size).toBe(2 * (LINE.length + 1));
    for (let pass = 0; pass < 2; pass++) expect(await Array.fromAsync(trace.open())).toHaveLength(2);
  });

  it('reads a log that is still written up to its length of the beginning', async () => {
    const path = join(folder, 'growing.log');
    await writeFile(path, `${LINE}\n`);
    const trace = await findTrace(path, stream([]));
    await writeFile(path, `${LINE}\n${LINE}\n`);
    expect(await Array.fromAsync(trace.open())).toHaveLength(1);
  });

  it('reads an empty file', async () => {
    const path = join(folder, 'empty.log');
    await writeFile(path, '');
    expect(await Array.fromAsync((await findTrace(path, stream([]))).open())).toEqual([]);
  });

  it('reads standard input once', async () => {
    const trace = await findTrace('-', stream([`${LINE}\n`]));
    expect(trace.size).toBeNull();
    expect(await Array.fromAsync(trace.open())).toHaveLength(1);
  });

  it('names a file that is not there', async () => {
    await expect(findTrace(join(folder, 'none.log'), stream([]))).rejects.toThrow(/none\.log: there is no such file/);
  });

  it('does not take a directory', async () => {
    await expect(findTrace(folder, stream([]))).rejects.toThrow(CommandError);
  });
});
