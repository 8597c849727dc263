// The answers that a receiver gave, by `webhook-id`: a delivery that comes again is answered as before, and not acted on
// twice.

/** Answers that are remembered: more than a service has on their way at once. */
export const REMEMBERED_ANSWERS = 10_000;

/** Remembers the last answers; the oldest is forgotten first. */
export class AnswerMemory<Answer> {
  readonly #limit: number;
  readonly #answers = new Map<string, Answer>();

  /** @param limit how many answers are remembered */
  constructor(limit = REMEMBERED_ANSWERS) {
    this.#limit = limit;
  }

  /** Returns the answer that the delivery got before; undefined where it is new. */
  get(webhookId: string): Answer | undefined {
    return this.#answers.get(webhookId);
  }

  /** Remembers the answer to a delivery. */
  set(webhookId: string, answer: Answer): void {
    this.#answers.set(webhookId, answer);
    if (this.#answers.size <= this.#limit) return;
    // A Map keeps its keys in the order of their arrival.
    for (const oldest of this.#answers.keys()) {
      this.#answers.delete(oldest);
      break;
    }
  }
}
