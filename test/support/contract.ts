// Every answer in the tests is held against openapi/openapi.json: its status must be documented for the route, its media
// type and body must fit.
import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

interface Response {
  readonly description: string;
  readonly headers?: Record<string, unknown>;
  readonly content?: Record<string, unknown>;
}

interface Operation {
  readonly operationId: string;
  readonly responses: Record<string, Response>;
}

interface OpenApi {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly webhooks: Record<string, unknown>;
  readonly components: { readonly schemas: Record<string, unknown> };
}

export const openapi: OpenApi = JSON.parse(
  readFileSync(new URL('../../openapi/openapi.json', import.meta.url), 'utf8'),
);

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema(openapi, 'openapi');
const validators = new Map<string, ValidateFunction>();

function validator(...pointer: string[]): ValidateFunction {
  const path = pointer
    .map((part) => `/${encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))}`)
    .join('');
  let validate = validators.get(path);
  if (validate === undefined) {
    validate = ajv.compile({ $ref: `openapi#${path}` });
    validators.set(path, validate);
  }
  return validate;
}

const routes = Object.entries(openapi.paths).map(([template, operations]) => {
  const pattern = new RegExp(`^${template.replace(/\{[^}]+\}/g, '[^/]+')}$`);
  return { template, pattern, operations };
});

/** The operation that a method and path come to; undefined where the document has none. */
export function operationOf(method: string, path: string): { template: string; operation: Operation } | undefined {
  const pathname = path.split('?', 1)[0] ?? '';
  for (const { template, pattern, operations } of routes) {
    const operation = operations[method.toLowerCase()];
    if (operation !== undefined && pattern.test(pathname)) return { template, operation };
  }
  return undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: unknown;
}

/** Codes that any request can meet; the document has them as `default`. */
const ANYWHERE = ['request-timeout', 'headers-too-large', 'internal'];

/** Headers that an answer may have only where the document says so. */
const DOCUMENTED_HEADERS = [
  'etag',
  'location',
  'idempotent-replayed',
  'preference-applied',
  'retry-after',
  'www-authenticate',
];

/** The codes that the description of a response lists. */
export function codesOf({ description }: Response): string[] {
  return [...description.matchAll(/`([a-z-]+)`:/g)].map(([, code]) => String(code));
}

/** @throws Error that says what of the answer the document does not have */
export function checkAnswer(method: string, path: string, { status, headers, body }: Answer): void {
  const where = `${method} ${path} -> ${status}`;
  if (headers['cache-control'] !== 'no-store' || headers['x-content-type-options'] !== 'nosniff') {
    throw new Error(`${where}: cache-control or x-content-type-options is missing`);
  }
  const mediaType = String(headers['content-type'] ?? '').split(';', 1)[0] ?? '';
  const found = operationOf(method, path);
  if (status >= 400 && mediaType !== 'application/problem+json') {
    throw new Error(`${where}: a problem is answered as ${mediaType}`);
  }
  if (found === undefined) {
    if (status < 400) throw new Error(`${where}: the document does not have this operation`);
    check(where, validator('components', 'schemas', 'Problem'), body);
    return;
  }
  const { template, operation } = found;
  const key = String(status) in operation.responses ? String(status) : 'default';
  const response = operation.responses[key];
  if (response === undefined || (key === 'default' && status < 400)) {
    throw new Error(`${where}: the document does not have this status`);
  }
  for (const name of DOCUMENTED_HEADERS) {
    if (headers[name] !== undefined && !(name in (response.headers ?? {}))) {
      throw new Error(`${where}: the document does not have header ${name}`);
    }
  }
  const { code, detail } = Object(body);
  const isStarting = code === 'overloaded' && String(detail).startsWith('the service is starting: ');
  const isFine = key === 'default' ? ANYWHERE.includes(code) || isStarting : codesOf(response).includes(code);
  if (status >= 400 && !isFine) {
    throw new Error(`${where}: the document does not have ${code} there`);
  }
  if (response.content === undefined) {
    if (body !== '') throw new Error(`${where}: a body that the document does not have`);
    return;
  }
  if (!(mediaType in response.content)) throw new Error(`${where}: answered as ${mediaType}`);
  if (!mediaType.endsWith('json')) return;
  const pointer = ['paths', template, method.toLowerCase(), 'responses', key, 'content', mediaType, 'schema'];
  check(where, validator(...pointer), body);
}

/** @throws Error when `body` is not a webhook as the document has it */
export function checkWebhook(body: { readonly type: string }): void {
  const name = body.type === 'ram_block.populate' ? 'PopulateWebhook' : 'DiscardWebhook';
  check(`webhook ${body.type}`, validator('components', 'schemas', name), body);
}

function check(where: string, validate: ValidateFunction, value: unknown): void {
  if (validate(value)) return;
  throw new Error(`${where}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(value)?.slice(0, 2000)}`);
}
