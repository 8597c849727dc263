// The client of the service's API, in Node and in a browser: the URL and the token, JSON in and out, problem documents,
// Retry-After, and one error where nobody answers. `send` takes any path and gives any answer; `call` is typed by the API's
// description.
import { fieldOf, parseJson, stringOf } from './json-fields.ts';
import type { paths } from './openapi.ts';

/** As the global `fetch`, of which the client needs this much. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface ServiceClientOptions {
  /** URL of the service; it may have a path. */
  readonly url: string;
  /** For `Authorization: Bearer`; null: none. */
  readonly token?: string | null;
  /** The global `fetch` where it is left out. */
  readonly fetch?: Fetch;
}

export type HttpMethod = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

/** A request to any path of the service. */
export interface ServiceRequest {
  readonly method: HttpMethod;
  /** From `/v1` on, with its query. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, in the place of `body`. */
  readonly content?: { readonly type: string; readonly data: Blob | string };
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface ServiceAnswer {
  readonly status: number;
  /** In lower case; null where there is none. */
  readonly header: (name: string) => string | null;
  readonly text: string;
  /** `text` as JSON; undefined where it is none. */
  readonly json: unknown;
  /** The wait that Retry-After asks for, milliseconds from now, not below 0; null where there is none. */
  readonly retryAfterMs: number | null;
}

/** A problem document (RFC 9457), or as much of one as an answer has. */
export interface ServiceProblem {
  readonly status: number;
  /** `http-<status>` where the answer is no problem document. */
  readonly code: string;
  readonly detail: string;
  readonly errno: string | null;
  readonly ramBlockId: string | null;
  readonly listenerId: string | null;
  readonly listenerDetail: string | null;
}

/** Thrown when no answer came, or it broke off. */
export class NoAnswerError extends Error {
  /** The network's code, such as `ECONNREFUSED`, else the message of the cause. */
  readonly reason: string;

  constructor(url: string, cause: unknown) {
    const reason = networkCode(cause) ?? (cause instanceof Error ? cause.message : String(cause));
    super(`no answer from ${url} (${reason})`, { cause });
    this.name = 'NoAnswerError';
    this.reason = reason;
  }
}

/** Thrown when the service answers that it did not do what it was asked. */
export class ProblemError extends Error {
  readonly answer: ServiceAnswer;
  readonly problem: ServiceProblem;

  /** @param answer with a status of 400 or more */
  constructor(url: string, answer: ServiceAnswer) {
    const problem = toProblem(answer);
    super(`the service at ${url} answered ${problem.status} ${problem.code}: ${problem.detail}`);
    this.name = 'ProblemError';
    this.answer = answer;
    this.problem = problem;
  }
}

/** Thrown when an answer is none of this service: another program listens there. */
export class UnexpectedAnswerError extends Error {
  /** The answer that was expected, such as `a stream of events`. */
  readonly expected: string;

  constructor(url: string, expected: string) {
    super(`${url} does not answer as this service does (${expected})`);
    this.name = 'UnexpectedAnswerError';
    this.expected = expected;
  }
}

/** Calls one service. Requests may run at the same time. */
export class ServiceClient {
  /** The URL of the service, without a slash at its end. */
  readonly url: string;
  /** For the requests from now on; null: none. */
  token: string | null;
  readonly #fetch: Fetch;

  constructor({ url, token = null, fetch = globalThis.fetch.bind(globalThis) }: ServiceClientOptions) {
    this.url = url.replace(/\/+$/, '');
    this.token = token;
    this.#fetch = fetch;
  }

  /** Returns the answer, whatever its status. @throws NoAnswerError */
  async send(request: ServiceRequest): Promise<ServiceAnswer> {
    const response = await this.open(request, 'application/json, application/problem+json');
    try {
      return await readAnswer(response);
    } catch (error) {
      throw new NoAnswerError(this.url, error);
    }
  }

  /** Returns the answer before its body has come: a stream of events has no end. @throws NoAnswerError */
  async open(request: ServiceRequest, accept: string): Promise<Response> {
    const { method, path, body, content, headers, signal } = request;
    const sent = body === undefined ? content : { type: 'application/json', data: JSON.stringify(body) };
    try {
      return await this.#fetch(this.url + path, {
        method,
        headers: {
          accept,
          ...(this.token === null ? {} : { authorization: `Bearer ${this.token}` }),
          ...(sent === undefined ? {} : { 'content-type': sent.type }),
          ...headers,
        },
        body: sent?.data ?? null,
        redirect: 'manual',
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      throw new NoAnswerError(this.url, error);
    }
  }

  /**
   * Calls an operation of the API. The compiler checks path, query, headers and body against the API's description.
   * @param path as the description has it: `/v1/ram-blocks/{ramBlockId}`
   * @returns the body of the answer, which is not checked; undefined where there is none
   * @throws NoAnswerError; ProblemError for a status of 400 or more; UnexpectedAnswerError for a redirect, or a body that
   * is no JSON
   */
  async call<Path extends keyof paths, Method extends MethodOf<Path>>(
    method: Method,
    path: Path,
    ...[call]: CallArguments<Path, Method>
  ): Promise<ResultOf<Path, Method>> {
    const parts: Partial<Record<'path' | 'query' | 'headers', object>> & { body?: unknown; signal?: AbortSignal } =
      call ?? {};
    const answer = await this.send({
      method,
      path: filledIn(path, parts.path, parts.query),
      ...(parts.body === undefined ? {} : { body: parts.body }),
      ...(parts.signal === undefined ? {} : { signal: parts.signal }),
      headers: textsOf(parts.headers),
    });
    if (answer.status >= 400) throw new ProblemError(this.url, answer);
    if (answer.status >= 300 || (answer.json === undefined && answer.text !== '')) {
      throw new UnexpectedAnswerError(this.url, `the answer to ${method} ${path}`);
    }
    // The API's description says so, and a test holds the service against it.
    return answer.json as ResultOf<Path, Method>;
  }
}

type Lower<Method extends HttpMethod> = Lowercase<Method>;

/** The methods that a path has. */
type MethodOf<Path extends keyof paths> = {
  [Method in HttpMethod]: paths[Path] extends Record<Lower<Method>, { responses: object }> ? Method : never;
}[HttpMethod];

type Operation<Path extends keyof paths, Method extends HttpMethod> =
  Lower<Method> extends keyof paths[Path] ? NonNullable<paths[Path][Lower<Method>]> : never;

/** `Name` with the fields of `Value`; optional where none of them is required, left out where there is none. */
type Part<Name extends string, Value> = [NonNullable<Value>] extends [never]
  ? { readonly [Key in Name]?: never }
  : object extends Value
    ? { readonly [Key in Name]?: NonNullable<Value> }
    : { readonly [Key in Name]: NonNullable<Value> };

type ParametersOf<Op> = Op extends { parameters: infer Parameters } ? Parameters : never;
type ParameterOf<Op, Kind extends string> =
  ParametersOf<Op> extends { [Key in Kind]?: infer Value } ? NonNullable<Value> : never;

type BodyOf<Op> = Op extends { requestBody?: { content: infer Content } }
  ? Content extends { 'application/json': infer Body }
    ? Body
    : never
  : never;

/** Options of a call, beside method and path. */
export type Call<Path extends keyof paths, Method extends HttpMethod> = Part<
  'path',
  ParameterOf<Operation<Path, Method>, 'path'>
> &
  Part<'query', ParameterOf<Operation<Path, Method>, 'query'>> &
  Part<'headers', ParameterOf<Operation<Path, Method>, 'header'>> &
  Part<'body', BodyOf<Operation<Path, Method>>> & { readonly signal?: AbortSignal };

type CallArguments<Path extends keyof paths, Method extends HttpMethod> =
  object extends Call<Path, Method> ? [call?: Call<Path, Method>] : [call: Call<Path, Method>];

type SuccessOf<Responses> = {
  [Status in keyof Responses]: Status extends 200 | 201 | 202
    ? Responses[Status] extends { content: { 'application/json': infer Body } }
      ? Body
      : undefined
    : Status extends 204
      ? undefined
      : never;
}[keyof Responses];

/** The body of the answer when all goes well. */
export type ResultOf<Path extends keyof paths, Method extends HttpMethod> =
  Operation<Path, Method> extends { responses: infer Responses } ? SuccessOf<Responses> : never;

function filledIn(path: string, values: object = {}, query: object = {}): string {
  const names = new Map(Object.entries(values));
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(names.get(name))));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) search.append(name, String(one));
  }
  return search.size === 0 ? filled : `${filled}?${search}`;
}

function textsOf(headers: object = {}): Record<string, string> {
  const given = Object.entries(headers).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
}

/** Returns the answer with all of its body. @throws whatever the body throws when it breaks off */
export async function readAnswer(response: Response): Promise<ServiceAnswer> {
  const text = await response.text();
  const retryAfter = response.headers.get('retry-after');
  return {
    status: response.status,
    header: (name) => response.headers.get(name),
    text,
    json: parseJson(text),
    retryAfterMs: retryAfter === null ? null : retryDelay(retryAfter),
  };
}

/** Milliseconds to wait for a Retry-After of seconds or of a date; 0 where it is neither. */
function retryDelay(retryAfter: string): number {
  const milliseconds = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.now();
  return Number.isNaN(milliseconds) ? 0 : Math.max(milliseconds, 0);
}

/** Returns the problem that an answer tells of. @param answer with a status of 400 or more */
export function toProblem({ status, text, json }: Pick<ServiceAnswer, 'status' | 'text' | 'json'>): ServiceProblem {
  const detail = stringOf(json, 'detail') ?? stringOf(json, 'title') ?? text.slice(0, 200).replaceAll(/\s+/g, ' ');
  return {
    status,
    code: stringOf(json, 'code') ?? `http-${status}`,
    detail,
    errno: stringOf(json, 'errno'),
    ramBlockId: stringOf(json, 'ramBlockId'),
    listenerId: stringOf(json, 'listenerId'),
    listenerDetail: stringOf(json, 'listenerDetail'),
  };
}

/** The code of an error of the network; `fetch` of Node has it in the cause. */
function networkCode(error: unknown): string | null {
  return stringOf(error, 'code') ?? stringOf(fieldOf(error, 'cause'), 'code');
}
