// The calls of the page: each one is written down for its list of calls, and every failure is a problem document.
import { NoAnswerError, type ServiceAnswer, ServiceClient } from '../../client/service-client.ts';
import { type Call, CallLog, type Outcome } from '../model/calls.ts';
import type { ProblemDocument } from '../model/resources.ts';

/** Thrown when a reading failed. */
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
  readonly client: ServiceClient;
  readonly log = new CallLog();
  /** Called after each 401: there is no token, or one that the service does not know. */
  onUnauthorized: () => void = () => {};

  constructor({ base, token }: ServiceApiOptions) {
    this.client = new ServiceClient({ url: base, token });
  }

  /** Returns what became of a call. Never throws: whatever went wrong is in the outcome. */
  async call<Body>(call: Call): Promise<Outcome<Body>> {
    const at = Date.now();
    const began = performance.now();
    const { method, path, body, file } = call;
    const content = file === undefined ? {} : { content: { type: 'text/plain', data: file.blob } };
    let status: number | null = null;
    let outcome: Outcome<Body>;
    try {
      const answer = await this.client.send({ method, path, body, ...content });
      status = answer.status;
      outcome = outcomeOf<Body>(answer);
    } catch (error) {
      if (!(error instanceof NoAnswerError)) throw error;
      outcome = { ok: false, problem: unreachable(error) };
    }
    this.log.add({ ...call, at, status, durationMs: Math.round(performance.now() - began) });
    if (status === 401) this.onUnauthorized();
    return outcome;
  }

  /** Returns the body of a GET. @throws ServiceError */
  async read<Body>(path: string): Promise<Body> {
    const outcome = await this.call<Body>({ method: 'GET', path });
    if (outcome.ok) return outcome.body;
    throw new ServiceError(outcome.problem);
  }
}

function outcomeOf<Body>({ status, text, json, header }: ServiceAnswer): Outcome<Body> {
  const isJson = /json/.test(header('content-type') ?? '') && json !== undefined;
  // What the API says it answers; openapi.json is held against its types by a test.
  const body = (isJson ? json : text) as Body;
  if (status >= 200 && status < 300) return { ok: true, body };
  if (isJson) return { ok: false, problem: body as ProblemDocument };
  return { ok: false, problem: { title: `The answer is ${status}`, status, detail: text, code: 'unknown' } };
}

function unreachable({ reason }: NoAnswerError): ProblemDocument {
  return { title: 'The service does not answer', status: 0, detail: reason, code: 'unreachable' };
}
