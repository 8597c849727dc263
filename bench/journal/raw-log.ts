// The yardstick of the journal: a file that appends are written to as they are, with group commit as the journal has it:
// what waits is written together, then fdatasync, in Node's thread pool.
import { close, fdatasync, open, write } from 'node:fs';
import { promisify } from 'node:util';

const openFile = promisify(open);
const closeFile = promisify(close);
const sync = promisify(fdatasync);

interface Waiting {
  readonly bytes: Buffer;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class RawLog {
  readonly #file: number;
  #waiting: Waiting[] = [];
  #committing = false;

  static async open(path: string): Promise<RawLog> {
    return new RawLog(await openFile(path, 'a'));
  }

  private constructor(file: number) {
    this.#file = file;
  }

  /** Resolves when `bytes` are durable. */
  append(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes, resolve, reject });
      if (this.#committing) return;
      this.#committing = true;
      queueMicrotask(() => void this.#commitWaiting());
    });
  }

  async close(): Promise<void> {
    await closeFile(this.#file);
  }

  async #commitWaiting(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        await this.#write(Buffer.concat(group.map(({ bytes }) => bytes)));
        await sync(this.#file);
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#committing = false;
  }

  #write(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      write(this.#file, bytes, (error, written) => {
        if (error !== null) reject(error);
        else if (written < bytes.length) reject(new Error(`${written} of ${bytes.length} bytes were written`));
        else resolve();
      });
    });
  }
}
