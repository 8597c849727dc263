// Idempotency keys: the first request with a key runs, one that comes meanwhile is turned away, a later one gets the
// stored answer. The answer itself is written with the change (Answered), so that a retry after a crash applies once.
import { promisify } from 'node:util';
import { deflateRawSync, inflateRaw } from 'node:zlib';
import { Problem } from '../errors.ts';
import type { Answered, Journal } from '../journal/journal.ts';
import type { Machines } from './machines.ts';
import { FORGET_ANSWERS_EVERY_MS } from './machines.ts';

/** Bytes that stored answers may take before requests with new keys are refused. */
export interface AnswerLimits {
  /** RBA_ANSWERS_LIMIT: of all. */
  readonly inAll: number;
  /** RBA_ANSWERS_PER_TOKEN_LIMIT: of one token. */
  readonly ofToken: number;
}

/** Who asks for what under which key. */
export interface RequestKey {
  /** Digest of the token's name; '' where there is no token. It has no dot. */
  readonly owner: string;
  /** Digest of token, method, path with query, and key. */
  readonly digest: string;
}

/** Characters of an answer that is kept as it is; a longer one is deflated. */
const LONG_ANSWER = 4096;

const inflate = promisify(inflateRaw);

export class Idempotency {
  readonly #machines: Machines;
  readonly #limits: AnswerLimits;
  readonly #running = new Set<string>();

  constructor(machines: Machines, limits: AnswerLimits) {
    this.#machines = machines;
    this.#limits = limits;
  }

  /**
   * Runs `run` where no answer is stored under `key`.
   * @param fingerprint digest of body and If-Match
   * @returns the stored answer, its body as it was given, or the result of `run`, during which the key is taken
   * @throws Problem `idempotency-key-in-use`, `idempotency-key-reused`; `overloaded` when stored answers take as much as
   *   they may and there is none under `key`: `run` is not called then
   */
  async once<T>(key: RequestKey, fingerprint: string, run: (storedKey: string) => Promise<T>): Promise<T | Answered> {
    const storedKey = key.owner === '' ? key.digest : `${key.owner}.${key.digest}`;
    if (this.#running.has(storedKey)) {
      throw new Problem('idempotency-key-in-use', 'the first request with this Idempotency-Key is still running');
    }
    this.#running.add(storedKey);
    try {
      const { journal } = this.#machines;
      const stored = await findAnswer(journal, storedKey, key.digest);
      if (stored === null) {
        this.#checkRoom(journal, key.owner);
        return await run(storedKey);
      }
      if (stored.fingerprint !== fingerprint) {
        const detail = 'this Idempotency-Key was used for a request with another body or If-Match; take a new key';
        throw new Problem('idempotency-key-reused', detail);
      }
      return { ...stored, body: await bodyOf(stored) };
    } finally {
      this.#running.delete(storedKey);
    }
  }

  /** @throws Problem `overloaded` */
  #checkRoom(journal: Journal, owner: string): void {
    const { inAll, ofToken } = this.#limits;
    const total = journal.answerBytes();
    if (total >= inAll) throw noRoom(`${total} bytes`, `${inAll} (RBA_ANSWERS_LIMIT)`);
    const own = owner === '' ? 0 : journal.answerBytes(owner);
    if (own >= ofToken) throw noRoom(`${own} bytes of this token`, `${ofToken} (RBA_ANSWERS_PER_TOKEN_LIMIT)`);
  }
}

/** Returns `text` as the body of an Answered: deflated where it is long. */
export function keptBody(text: string): Pick<Answered, 'body' | 'encoding'> {
  if (text.length < LONG_ANSWER) return { body: text };
  // Answers repeat themselves so much that the lowest level makes a tenth of them, and costs no more than to write them whole.
  return { body: deflateRawSync(text, { level: 1 }).toString('base64'), encoding: 'deflate' };
}

async function bodyOf({ body, encoding }: Answered): Promise<string> {
  return encoding === undefined ? body : (await inflate(Buffer.from(body, 'base64'))).toString();
}

/** Finds what is stored under a key, also where it was stored when keys did not say yet whose they are. */
async function findAnswer(journal: Journal, storedKey: string, digest: string): Promise<Answered | null> {
  const stored = await journal.findAnswer(storedKey);
  if (stored !== null || storedKey === digest || journal.answerBytes('') === 0) return stored;
  return journal.findAnswer(digest);
}

function noRoom(taken: string, limit: string): Problem {
  const detail = `the answers stored under Idempotency-Keys take ${taken}; the limit is ${limit}. Each is kept for 24 hours, and requests with a new key wait until some are forgotten; nothing was done`;
  return new Problem('overloaded', detail, { retryAfterSeconds: FORGET_ANSWERS_EVERY_MS / 1000 });
}
