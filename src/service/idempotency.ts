// Idempotency keys: the first request with a key runs, one that comes meanwhile is turned away, a later one gets the
// stored answer. The answer itself is written with the change (Answered), so that a retry after a crash applies once.
import { Problem } from '../errors.ts';
import type { Answered } from '../journal/journal.ts';
import type { Machines } from './machines.ts';

export class Idempotency {
  readonly #machines: Machines;
  readonly #running = new Set<string>();

  constructor(machines: Machines) {
    this.#machines = machines;
  }

  /**
   * @param key digest of who asks for what under which key @param fingerprint digest of body and If-Match
   * @returns the stored answer, or what `run` gives while the key is taken
   * @throws Problem `idempotency-key-in-use`, `idempotency-key-reused`
   */
  async once<T>(key: string, fingerprint: string, run: () => Promise<T>): Promise<T | Answered> {
    if (this.#running.has(key)) {
      throw new Problem('idempotency-key-in-use', 'the first request with this Idempotency-Key is still running');
    }
    this.#running.add(key);
    try {
      const stored = await this.#machines.journal.findAnswer(key);
      if (stored === null) return await run();
      if (stored.fingerprint !== fingerprint) {
        const detail = 'this Idempotency-Key was used for a request with another body or If-Match; take a new key';
        throw new Problem('idempotency-key-reused', detail);
      }
      return stored;
    } finally {
      this.#running.delete(key);
    }
  }
}
