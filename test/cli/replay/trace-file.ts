// Traces for tests: lines as QEMU writes them, and a file that holds them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Target = 'shared' | 'private';

/** A conversion by guest physical address; bytes. */
export function convertMemory(start: number, size: number, to: Target = 'shared'): string {
  const direction = to === 'shared' ? 'private_to_shared' : 'shared_to_private';
  return `kvm_convert_memory start 0x${start.toString(16)} size 0x${size.toString(16)} ${direction}`;
}

/** A conversion by offset in a block; bytes. */
export function stateChange(offset: number, size: number): string {
  const range = `offset 0x${offset.toString(16)} size 0x${size.toString(16)}`;
  return `ram_block_attributes_state_change ${range} from 'private' to 'shared'`;
}

export class TraceFile implements AsyncDisposable {
  readonly path: string;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, 'trace.log');
  }

  static async write(lines: readonly string[]): Promise<TraceFile> {
    const file = new TraceFile(await mkdtemp(join(tmpdir(), 'replay-')));
    await writeFile(file.path, lines.map((line) => `${line}\n`).join(''));
    return file;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true });
  }
}
