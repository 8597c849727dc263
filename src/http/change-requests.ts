// Everything that requests for a change share: If-Match, Idempotency-Key, and a client that may go away.
import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../errors.ts';
import type { KeptAnswer } from '../journal/journal.ts';
import type { Idempotency } from '../service/idempotency.ts';
import type { ChangeOptions, Generations } from '../service/options.ts';
import { decodeAnswer, encodeAnswer } from './kept-answers.ts';

/** The tag of a generation: a number as it is written out. */
const GENERATION = /^"(0|[1-9][0-9]{0,15})"$/;
const ENTITY_TAG = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g;
/** Characters of the digest of a token's name: 128 bits and more. */
const OWNER_LENGTH = 22;
const KEY = /^[\x21-\x7e]{1,255}$/;

/** How a change is carried out and answered. */
export interface ChangeRequest<Resource> {
  readonly status: 200 | 201 | 202 | ((resource: Resource) => 200 | 202);
  readonly run: (options: ChangeOptions<Resource>) => Promise<Resource>;
  readonly headers?: (resource: Resource) => Record<string, string>;
}

export class ChangeRequests {
  readonly #idempotency: Idempotency;
  readonly #now: () => number;

  constructor(idempotency: Idempotency, now: () => number) {
    this.#idempotency = idempotency;
    this.#now = now;
  }

  /**
   * Runs a POST once per Idempotency-Key and answers it.
   * @throws Problem `invalid-request` on headers that cannot be read, `idempotency-key-in-use`,
   *   `idempotency-key-reused`, `overloaded` where stored answers take as much as they may, and what `run` throws
   */
  post<Resource>(request: FastifyRequest, reply: FastifyReply, change: ChangeRequest<Resource>): Promise<Resource> {
    const common = withoutKey(request, reply);
    const key = parseIdempotencyKey(request);
    if (key !== null) return this.#once(key, common, request, reply, change);
    return change.run(common).then((resource) => answerWith(resource, reply, change));
  }

  async #once<Resource>(
    key: string,
    common: ReturnType<typeof withoutKey>,
    request: FastifyRequest,
    reply: FastifyReply,
    change: ChangeRequest<Resource>,
  ): Promise<Resource> {
    const name = request.token?.name;
    const keyed = {
      owner: name === undefined ? '' : digest(name).slice(0, OWNER_LENGTH),
      key: digest(name ?? '', request.method, request.url, key),
      fingerprint: digest(request.rawBody ?? '', JSON.stringify(entityTags(request))),
    };
    const answered = (resource: Resource): KeptAnswer => {
      const status = statusOf(resource, change);
      const body = String(reply.serializeInput(Object(resource), String(status)));
      const content = encodeAnswer({ status, headers: headersOf(resource, change), body });
      return { ...keyed, at: this.#now(), content };
    };
    const outcome = await this.#idempotency.once(keyed, async () => {
      return { resource: await change.run({ ...common, answered }) };
    });
    if ('resource' in outcome) return answerWith(outcome.resource, reply, change);
    const { status, headers, body } = await decodeAnswer(outcome.content);
    reply.code(status).headers({ ...headers, 'idempotent-replayed': 'true' });
    reply.type('application/json; charset=utf-8').serializer(String);
    // The stored text is what the serializer made of a Resource when it was first answered.
    return body as Resource;
  }
}

function answerWith<Resource>(resource: Resource, reply: FastifyReply, change: ChangeRequest<Resource>): Resource {
  reply.code(statusOf(resource, change)).headers(headersOf(resource, change));
  return resource;
}

function statusOf<Resource>(resource: Resource, { status }: ChangeRequest<Resource>): number {
  return typeof status === 'function' ? status(resource) : status;
}

function headersOf<Resource>(resource: Resource, { headers }: ChangeRequest<Resource>): Record<string, string> {
  return headers === undefined ? {} : headers(resource);
}

/** The options of a change that has no Idempotency-Key. @throws Problem `invalid-request` */
export function withoutKey(request: FastifyRequest, reply: FastifyReply) {
  return { generations: parseIfMatch(request), clientGone: clientGone(reply), answered: unkept };
}

const unkept = (): null => null;

/**
 * Gives what aborts when the client goes away before it is answered. (request.signal aborts as soon as the body of the
 * request is read, for that is when the request closes.)
 */
export function clientGone({ raw }: FastifyReply): () => AbortSignal {
  return () => {
    const gone = new AbortController();
    const closed = (): void => {
      if (!raw.writableFinished) gone.abort();
    };
    if (raw.closed) closed();
    else raw.on('close', closed);
    return gone.signal;
  };
}

/** Returns the entity tag of a block with this generation. */
export function etag(generation: number): string {
  return `"${generation}"`;
}

/** Returns the generations that an If-Match header is for; null where there is none. @throws Problem `invalid-request` */
export function parseIfMatch(request: FastifyRequest): Generations {
  const tags = entityTags(request);
  if (tags === null) return null;
  if (tags === '*') return 'any';
  // The comparison is strong (RFC 9110, 13.1.1): a tag that is not written as ours matches nothing.
  return tags.flatMap((tag) => GENERATION.exec(tag)?.[1] ?? []).map(Number);
}

/** Returns what an If-Match header has; null where there is none. @throws Problem `invalid-request` */
function entityTags(request: FastifyRequest): readonly string[] | '*' | null {
  const header = request.headers['if-match'];
  if (header === undefined) return null;
  if (header.trim() === '*') return '*';
  const tags = header.match(ENTITY_TAG) ?? [];
  // Only commas are left: at least one between two tags, and more where elements of the list are empty.
  const gaps = header.split(ENTITY_TAG);
  const isList = gaps.every((gap) => /^[\s,]*$/.test(gap)) && gaps.slice(1, -1).every((gap) => gap.includes(','));
  if (tags.length > 0 && isList) return tags;
  throw invalidHeader('if-match', 'must be * or a list of entity tags such as "17"');
}

/** @throws Problem `invalid-request` */
function parseIdempotencyKey(request: FastifyRequest): string | null {
  const header = request.headers['idempotency-key'];
  if (header === undefined) return null;
  const text = String(header);
  const key = text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
  if (KEY.test(key) && !key.includes('"')) return key;
  throw invalidHeader('idempotency-key', 'must be a quoted string or bare token of 1 to 255 visible ASCII characters');
}

/** Whether the client asked for a short answer (RFC 7240). */
export function prefersMinimal(request: FastifyRequest): boolean {
  const { prefer } = request.headers;
  if (prefer === undefined) return false;
  return [prefer].flat().some((value) => /(?:^|[,;])\s*return\s*=\s*"?minimal"?\s*(?:[,;]|$)/i.test(value));
}

function invalidHeader(name: string, detail: string): Problem {
  return new Problem('invalid-request', `header ${name} ${detail}`, { errors: [{ path: [name], detail }] });
}

/** Returns one digest of several parts; no two ways to cut a text into parts give the same. */
function digest(...parts: (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('base64url');
}
