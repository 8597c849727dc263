// An RBA_TOKENS_FILE for tests, with a token that may read, one that may write, and whatever a test writes into it.
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const READER = 'reader-token-3f8a1c';
export const WRITER = 'writer-token-9b27e4';

export class TokensFile {
  readonly path: string;
  readonly #folder: string;

  static async create(text = `${lineOf('reader', 'read', READER)}${lineOf('writer', 'write', WRITER)}`) {
    const file = new TokensFile(await mkdtemp(join(tmpdir(), 'rba-tokens-')));
    await file.write(text);
    return file;
  }

  private constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, 'tokens');
  }

  /** What makes a service use it, and be as it is without tokens for the rest: listeners of tests are in loopback. */
  get settings(): Record<string, string> {
    return { RBA_TOKENS_FILE: this.path, RBA_ALLOWED_TARGETS: '127.0.0.0/8,::1/128', RBA_RATE_LIMIT: '0' };
  }

  write(text: string): Promise<void> {
    return writeFile(this.path, text);
  }

  remove(): Promise<void> {
    return rm(this.#folder, { recursive: true });
  }
}

export function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** A line of the file. */
export function lineOf(name: string, scope: string, token: string): string {
  return `${name}:${scope}:${hashOf(token)}\n`;
}
