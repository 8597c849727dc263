// The clients that may call the service: the bearer tokens of RBA_TOKENS_FILE, kept as hashes. The tokens themselves are nowhere here,
// and neither they nor their hashes are in any message.
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';

export type Scope = 'read' | 'write';

export interface Token {
  /** The name of the client that holds it; several tokens of one name are one client, whose token is being replaced. */
  readonly name: string;
  /** `write` includes `read`. */
  readonly scope: Scope;
}

interface Entry {
  readonly token: Token;
  /** SHA-256. */
  readonly hash: Buffer;
}

const LINE = /^([A-Za-z0-9._-]{1,64}):(read|write):([0-9A-Fa-f]{64})$/;

export class Tokens {
  readonly #file: string;
  #entries: readonly Entry[];

  /**
   * @param file a line `name:scope:sha256-hex` for each token; empty lines and those that begin with `#` are skipped
   * @throws Error that names file and line when the file cannot be read or a line is none of these
   */
  constructor(file: string) {
    this.#file = file;
    this.#entries = read(file);
  }

  get size(): number {
    return this.#entries.length;
  }

  /** The token that `presented` is; null when it is none. Takes as long whichever it is, or none. */
  find(presented: string): Token | null {
    const hash = createHash('sha256').update(presented).digest();
    let found: Token | null = null;
    for (const entry of this.#entries) {
      if (timingSafeEqual(entry.hash, hash)) found = entry.token;
    }
    return found;
  }

  /** Whether `token` is still one of them. */
  has(token: Token): boolean {
    return this.#entries.some((entry) => entry.token === token);
  }

  /** Reads the file again. @throws Error as the constructor; what was known stays then */
  reload(): void {
    const known = this.#entries;
    this.#entries = read(this.#file).map((entry) => known.find((other) => isSame(entry, other)) ?? entry);
  }
}

/** In one go, not in steps: a second reload cannot overtake the first. */
function read(file: string): Entry[] {
  const entries: Entry[] = [];
  for (const [index, text] of readFileSync(file, 'utf8').split('\n').entries()) {
    const line = text.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [, name, scope, hash] = LINE.exec(line) ?? [];
    const where = `${file}, line ${index + 1}`;
    // Never the line itself: somebody may have written a token in the place of its hash.
    if (name === undefined || hash === undefined) throw new Error(`${where}: must be name:read|write:sha256 in hex`);
    const entry: Entry = {
      token: { name, scope: scope === 'write' ? 'write' : 'read' },
      hash: Buffer.from(hash, 'hex'),
    };
    if (entries.some((other) => other.hash.equals(entry.hash)))
      throw new Error(`${where}: this token was there before`);
    entries.push(entry);
  }
  if (entries.length === 0) throw new Error(`${file} has no token`);
  return entries;
}

function isSame(a: Entry, b: Entry): boolean {
  return a.token.name === b.token.name && a.token.scope === b.token.scope && a.hash.equals(b.hash);
}
