// The HTTP client of the page: one call after the other is written down, and every failure is a problem document.
import { type Call, CallLog, type Outcome } from '../model/calls.ts';
import type { ProblemDocument } from '../model/resources.ts';

export class ServiceError extends Error {
  readonly problem: ProblemDocument;

  constructor(problem: ProblemDocument) {
    super(problem.detail);
    this.problem = problem;
  }
}

export interface ServiceApiOptions {
  /** The service, without a slash at the end. */
  readonly base: string;
  readonly token: string | null;
}

export class ServiceApi {
  readonly base: string;
  token: string | null;
  readonly log = new CallLog();
  /** Called after each 401: there is no token, or one that the service does not know. */
  onUnauthorized: () => void = () => {};

  constructor({ base, token }: ServiceApiOptions) {
    this.base = base;
    this.token = token;
  }

  get headers(): Record<string, string> {
    return this.token === null ? {} : { authorization: `Bearer ${this.token}` };
  }

  /** Never throws: what went wrong is in the outcome. */
  async call<Body>(call: Call): Promise<Outcome<Body>> {
    const at = Date.now();
    const began = performance.now();
    let status: number | null = null;
    let outcome: Outcome<Body>;
    try {
      const { file, body } = call;
      const sent =
        file === undefined
          ? { type: 'application/json', body: body === undefined ? null : JSON.stringify(body) }
          : { type: 'text/plain', body: file.blob };
      const answer = await fetch(this.base + call.path, {
        method: call.method,
        headers: { ...this.headers, ...(sent.body === null ? {} : { 'content-type': sent.type }) },
        body: sent.body,
      });
      status = answer.status;
      outcome = await outcomeOf<Body>(answer);
    } catch (error) {
      outcome = { ok: false, problem: unreachable(error) };
    }
    this.log.add({ ...call, at, status, durationMs: Math.round(performance.now() - began) });
    if (status === 401) this.onUnauthorized();
    return outcome;
  }

  /** The body of a GET. @throws ServiceError */
  async read<Body>(path: string): Promise<Body> {
    const outcome = await this.call<Body>({ method: 'GET', path });
    if (outcome.ok) return outcome.body;
    throw new ServiceError(outcome.problem);
  }
}

async function outcomeOf<Body>(answer: Response): Promise<Outcome<Body>> {
  const text = await answer.text();
  const isJson = /json/.test(answer.headers.get('content-type') ?? '');
  // What the API says it answers; openapi.json is held against its types by a test.
  const body = (isJson ? JSON.parse(text) : text) as Body;
  if (answer.ok) return { ok: true, body };
  if (isJson) return { ok: false, problem: body as ProblemDocument };
  return { ok: false, problem: { title: answer.statusText, status: answer.status, detail: text, code: 'unknown' } };
}

export function unreachable(error: unknown): ProblemDocument {
  const detail = error instanceof Error ? error.message : String(error);
  return { title: 'The service does not answer', status: 0, detail, code: 'unreachable' };
}
