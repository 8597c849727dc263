// Idempotency keys: the first request with a key runs, one that comes meanwhile is turned away, a later one gets the
// kept answer. The answer itself is written with the change, so that a retry after a crash applies once.
import { Problem } from '../errors.ts';
import type { Journal, KeptAnswer } from '../journal/journal.ts';
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
export type KeyedRequest = Pick<KeptAnswer, 'key' | 'owner' | 'fingerprint'>;

export class Idempotency {
  readonly #machines: Machines;
  readonly #limits: AnswerLimits;
  readonly #running = new Set<string>();

  constructor(machines: Machines, limits: AnswerLimits) {
    this.#machines = machines;
    this.#limits = limits;
  }

  /**
   * Runs `run` where no answer is kept under the key of a request.
   * @returns the kept answer, or the result of `run`, during which the key is taken
   * @throws Problem `idempotency-key-in-use`, `idempotency-key-reused`; `overloaded` when kept answers take as much as they
   *   may and there is none under the key: `run` is not called then
   */
  async once<T>({ key, owner, fingerprint }: KeyedRequest, run: () => Promise<T>): Promise<T | KeptAnswer> {
    if (this.#running.has(key)) {
      throw new Problem('idempotency-key-in-use', 'the first request with this Idempotency-Key is still running');
    }
    this.#running.add(key);
    try {
      const { journal } = this.#machines;
      const kept = await journal.findAnswer(key);
      if (kept === null) {
        this.#checkRoom(journal, owner);
        return await run();
      }
      if (kept.fingerprint !== fingerprint) {
        const detail = 'this Idempotency-Key was used for a request with another body or If-Match; take a new key';
        throw new Problem('idempotency-key-reused', detail);
      }
      return kept;
    } finally {
      this.#running.delete(key);
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

function noRoom(taken: string, limit: string): Problem {
  const detail = `the answers stored under Idempotency-Keys take ${taken}; the limit is ${limit}. Each is kept for 24 hours, and requests with a new key wait until some are forgotten; nothing was done`;
  return new Problem('overloaded', detail, { retryAfterSeconds: FORGET_ANSWERS_EVERY_MS / 1000 });
}
