// Requests as bytes: of any operation of the document, as it should be, nearly so, or not at all.
import { openapi } from '../support/contract.ts';
import type { Chance } from './chance.ts';
import { FIELDS, HEADERS, JSON_TEXTS, METHODS, NO_JSON, NO_UTF8, URL_TEXTS } from './hostile.ts';
import type { KnownBlock } from './pool.ts';
import { type Setting, SHAPES, type Shape } from './shapes.ts';

export type Kind = 'valid' | 'near' | 'malformed';

export interface FuzzRequest {
  readonly number: number;
  readonly kind: Kind;
  readonly operationId: string;
  readonly method: string;
  readonly path: string;
  /** All of it, to be sent as it is. */
  readonly bytes: Buffer;
}

interface Operation {
  readonly operationId: string;
  readonly method: string;
  readonly template: string;
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly mediaTypes: readonly string[];
}

/** Something that is being made. */
interface Draft {
  method: string;
  path: string;
  query: [string, string][];
  headers: Map<string, string>;
  body: Buffer | null;
}

const OPERATIONS: readonly Operation[] = Object.entries(openapi.paths).flatMap(([template, methods]) =>
  Object.entries(methods).map(([method, operation]) => {
    const { operationId, parameters = [], requestBody = {} } = Object(operation);
    const mediaTypes = Object.keys(requestBody.content ?? {});
    return { operationId, method: method.toUpperCase(), template, parameters, mediaTypes };
  }),
);

/** Events do not end: here they are asked for only in ways that are refused. */
const ENDLESS = 'followEvents';
const TOO_LARGE = Buffer.alloc(4 * 2 ** 20 + 1, ' ');

/** Every operation of the document. */
export const OPERATION_IDS: readonly string[] = OPERATIONS.map(({ operationId }) => operationId);

/** The next request: which, and how well it is made, is left to chance. */
export function makeRequest(setting: Setting): FuzzRequest {
  const { chance, pool, number } = setting;
  const wanted = pool.isFull ? 'deleteRamBlock' : chance.pick(OPERATION_IDS);
  const operation = OPERATIONS.find(({ operationId }) => operationId === wanted) as Operation;
  const draft = draftOf(operation, setting, pool.block(chance, operation.template));
  const { operationId } = operation;
  let kind: Kind = 'valid';
  if (operationId === ENDLESS) draft.query.push(['after', 'never']);
  else if (pool.isFull) draft.query = [['force', 'true']];
  else if (chance.is(0.5)) kind = 'near';
  for (let left = kind === 'near' ? 1 + chance.below(2) : 0; left > 0; left--) spoil(draft, operation, chance);
  const path = pathOf(draft);
  if (chance.is(0.03)) {
    return { number, kind: 'malformed', operationId, method: draft.method, path, bytes: malform(draft, chance) };
  }
  return {
    number,
    kind,
    operationId,
    method: draft.method,
    path,
    bytes: written(draft, chance.is(0.1) ? chance : null),
  };
}

function draftOf(operation: Operation, setting: Setting, block: KnownBlock): Draft {
  const { chance, pool } = setting;
  const shape: Partial<Shape> = SHAPES[operation.operationId]?.(setting, block) ?? {};
  const ids: Record<string, string> = {
    ramBlockId: block.id,
    machine: block.machine,
    sourceId: pool.idOf(block.sources, chance),
    listenerId: pool.idOf(block.listeners, chance),
    ...shape.path,
  };
  const body = shape.body ?? null;
  const isJson = body !== null && typeof body === 'object' && !(body instanceof Uint8Array);
  const mediaType = operation.mediaTypes[0];
  return {
    method: operation.method,
    path: operation.template.replace(/\{([^}]+)\}/g, (_all, name: string) => ids[name] ?? 'x'),
    query: Object.entries(shape.query ?? {}),
    headers: new Map([
      ['host', '127.0.0.1'],
      ...(mediaType === undefined || body === null ? [] : ([['content-type', mediaType]] as const)),
      ...(chance.is(0.05) ? ([['idempotency-key', `key-${chance.below(50)}`]] as const) : []),
      ...Object.entries(shape.headers ?? {}),
    ]),
    body: body === null ? null : Buffer.from(isJson ? JSON.stringify(body) : (body as string | Uint8Array)),
  };
}

/** Makes one thing wrong, or odd. */
function spoil(draft: Draft, { template, parameters, mediaTypes }: Operation, chance: Chance): void {
  const ways: (() => void)[] = [
    () => {
      const [name, value] = chance.pick(HEADERS);
      draft.headers.set(name, value);
    },
    () => {
      const names = parameters.filter((one) => one.in === 'query').map(({ name }) => name);
      draft.query.push([chance.pick([...names, 'unknown', '__proto__']), chance.pick(URL_TEXTS)]);
    },
  ];
  if (template.includes('{')) {
    ways.push(() => {
      const parts = draft.path.split('/');
      const places = template.split('/').flatMap((part, index) => (part.startsWith('{') ? [index] : []));
      parts[chance.pick(places)] = chance.pick(URL_TEXTS);
      draft.path = parts.join('/');
    });
  }
  if (chance.is(0.2)) ways.push(() => (draft.method = chance.pick(METHODS)));
  const isJson = mediaTypes[0] === 'application/json';
  if (isJson) for (let weight = 0; weight < 6; weight++) ways.push(() => spoilBody(draft, chance));
  chance.pick(ways)();
}

function spoilBody(draft: Draft, chance: Chance): void {
  const text = draft.body?.toString() ?? '{}';
  const ways: (() => Buffer | string)[] = [
    // A value is another: they stand behind a colon, in an array too.
    () => replaceOne(text, /(?<=:)(?:"(?:[^"\\]|\\.)*"|-?[0-9.]+|true|false|null)/g, chance.pick(JSON_TEXTS), chance),
    () => replaceOne(text, /(?<=:)(?:"(?:[^"\\]|\\.)*"|-?[0-9.]+|true|false|null)/g, chance.pick(JSON_TEXTS), chance),
    () => replaceOne(text, /"[A-Za-z]+":/g, `"${chance.pick(FIELDS)}":`, chance),
    () => replaceOne(text, /\{/g, `{"${chance.pick(FIELDS)}":${chance.pick(JSON_TEXTS)},`, chance),
    // The same name twice.
    () => replaceOne(text, /"[A-Za-z]+":(?:"[^"]*"|[0-9]+),/g, (found) => `${found}${found}`, chance),
    () => replaceOne(text, /"[A-Za-z]+":(?:"[^"]*"|[0-9]+),?/g, '', chance),
    () => chance.pick(NO_JSON),
    () => chance.pick(JSON_TEXTS),
    () => text.slice(0, chance.below(text.length)),
    () => {
      const at = chance.below(text.length);
      return Buffer.concat([Buffer.from(text.slice(0, at)), chance.pick(NO_UTF8), Buffer.from(text.slice(at))]);
    },
    () => (chance.is(0.02) ? TOO_LARGE : Buffer.from(text, 'utf16le')),
  ];
  draft.body = Buffer.from(chance.pick(ways)());
  if (!draft.headers.has('content-type')) draft.headers.set('content-type', 'application/json');
}

function replaceOne(text: string, what: RegExp, by: string | ((found: string) => string), chance: Chance): string {
  const found = [...text.matchAll(what)];
  if (found.length === 0) return text;
  const [match] = chance.pick(found.map((one) => [one] as const));
  const replacement = typeof by === 'string' ? by : by(match[0]);
  return text.slice(0, match.index) + replacement + text.slice(match.index + match[0].length);
}

function pathOf({ path, query }: Draft): string {
  return query.length === 0 ? path : `${path}?${query.map(([name, value]) => `${name}=${value}`).join('&')}`;
}

/** @param chunked cuts the body in chunks, as chance has it; null: its length is told beforehand */
function written(draft: Draft, chunked: Chance | null): Buffer {
  const { method, body } = draft;
  const headers = new Map(draft.headers);
  const parts: Buffer[] = [];
  if (body !== null && chunked !== null) {
    headers.set('transfer-encoding', 'chunked');
    for (let from = 0; from < body.length; ) {
      const chunk = body.subarray(from, from + 1 + chunked.below(chunked.is(0.5) ? 40 : body.length));
      parts.push(Buffer.from(`${chunk.length.toString(16)}${chunked.is(0.2) ? ';x="y"' : ''}\r\n`), chunk);
      parts.push(Buffer.from('\r\n'));
      from += chunk.length;
    }
    parts.push(Buffer.from('0\r\n\r\n'));
  } else if (body !== null) {
    headers.set('content-length', String(body.length));
    parts.push(body);
  }
  return Buffer.concat([headOf(method, pathOf(draft), headers), ...parts]);
}

function headOf(method: string, path: string, headers: ReadonlyMap<string, string>, version = 'HTTP/1.1'): Buffer {
  const lines = [...headers].map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} ${version}\r\n${lines.join('')}\r\n`, 'latin1');
}

/** Bytes that no HTTP parser should take. */
function malform(draft: Draft, chance: Chance): Buffer {
  const { method, headers } = draft;
  const path = pathOf(draft);
  const head = (changes: Record<string, string>, version?: string) =>
    headOf(method, path, new Map([...headers, ...Object.entries(changes)]), version);
  const chunked = { 'transfer-encoding': 'chunked' };
  return chance.pick<() => Buffer>([
    () =>
      Buffer.concat([
        head(chunked),
        Buffer.from(chance.pick(['zz\r\n', '-1\r\n', '5\r\nabcdefgh\r\n', 'f'.repeat(20)])),
      ]),
    () => Buffer.concat([head({ ...chunked, 'content-length': '5' }), Buffer.from('0\r\n\r\n')]),
    () => head({ 'content-length': chance.pick(['-1', 'x', '1, 2', '1e3', '99999999999999999999', '']) }),
    () => head({ 'transfer-encoding': chance.pick(['gzip', 'chunked, identity', 'x', 'gzip, chunked']) }),
    () => headOf(method, path, new Map([...headers, ['Host', chance.pick(['127.0.0.1', 'other.example', ''])]])),
    () => headOf(method, `http://${chance.pick(['other.example', '127.0.0.1:1', ''])}${path}`, headers),
    () => head({}, chance.pick(['HTTP/9.9', 'HTTP/1', 'HTTPS/1.1', ''])),
    () => Buffer.from(`${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nno colon\r\n\r\n`),
    () => Buffer.from(`${method} ${path} HTTP/1.1\r\nhost: a\r\nb: \u0000\r\n\r\n`, 'latin1'),
    () => Buffer.from(`NOSUCH ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`),
    () => Buffer.from(`${method}  ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`),
    () => head({ 'x-long': 'x'.repeat(20_000) }),
    // Line ends alone would be no request, and owed no answer.
    () => Buffer.concat([Uint8Array.from({ length: chance.below(200) }, () => chance.below(256)), Buffer.from('x')]),
    () => Buffer.concat([head({ 'content-length': '10' }), Buffer.from('0123456789GET')]),
  ])();
}
