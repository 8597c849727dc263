// The document: it is what the routes make, and says everything in a way that generators of clients understand.
import { readFile } from 'node:fs/promises';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { buildApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';

interface Schema {
  readonly $ref?: string;
  readonly type?: string | string[];
  readonly format?: string;
  readonly maximum?: number;
  readonly default?: unknown;
  readonly required?: string[];
  readonly properties?: Record<string, Schema>;
  readonly additionalProperties?: unknown;
}

interface Content {
  readonly content?: Record<string, { readonly schema: Schema }>;
}

interface Operation {
  readonly operationId?: string;
  readonly tags?: string[];
  readonly summary?: string;
  readonly parameters?: {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema: Schema;
  }[];
  readonly requestBody?: Content & { readonly required?: boolean };
  readonly security?: Record<string, string[]>[];
  readonly responses: Record<string, Content & { readonly description: string; readonly headers?: object }>;
}

interface Document {
  readonly openapi: string;
  readonly tags: { readonly name: string }[];
  readonly paths: Record<string, Record<string, Operation>>;
  readonly webhooks: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, Schema> };
}

const text = await readFile(new URL('../../openapi/openapi.json', import.meta.url), 'utf8');
const document: Document = JSON.parse(text);

const operations = Object.entries({ ...document.paths, ...document.webhooks }).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, path, operation })),
);

/** Every schema of the document with the place where it is, those within others too. */
function* schemasIn(value: unknown, at: string): Generator<{ at: string; schema: Schema }> {
  if (typeof value !== 'object' || value === null) return;
  if ('type' in value || '$ref' in value) yield { at, schema: value as Schema };
  for (const [key, child] of Object.entries(value)) {
    // What is below is data of the API, not schemas.
    if (key !== 'examples' && key !== 'default' && key !== 'enum') yield* schemasIn(child, `${at}/${key}`);
  }
}

const schemas = [
  ...schemasIn(document.paths, 'paths'),
  ...schemasIn(document.webhooks, 'webhooks'),
  ...schemasIn(document.components, 'components'),
];

describe('the document', () => {
  it('is what the routes make (npm run openapi)', async () => {
    const app = await buildApp(loadConfig({ RBA_JOURNAL: 'memory' }), { log: pino({ level: 'silent' }) });
    await app.ready();
    expect(text).toBe(`${JSON.stringify(app.swagger(), null, 2)}\n`);
    await app.close();
  });

  it('is OpenAPI 3.1 with the webhooks', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.webhooks)).toEqual(['populate', 'discard']);
  });

  it('has no server, path or name of a machine in it', () => {
    expect(text).not.toMatch(/\/work\/|\/home\/|\/tmp\/|localhost/);
  });
});

describe('an operation', () => {
  it.each(operations)('$name has an id, a tag that is declared, and a summary', ({ operation }) => {
    expect(operation.operationId).toMatch(/^[a-z][A-Za-z]+$/);
    expect(operation.tags).toHaveLength(1);
    expect(document.tags.map(({ name }) => name)).toContain(operation.tags?.[0]);
    expect(operation.summary).toMatch(/^[A-Z].*[^.]$/);
  });

  it('has an id that no other has', () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each(operations)('$name describes its path parameters, and all of them are required', ({ path, operation }) => {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const described = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
    expect(described.map(({ name }) => name)).toEqual(inPath);
    expect(described.every(({ required }) => required)).toBe(true);
  });

  it.each(operations)('$name requires no other parameter, least of all one with a default', ({ path, operation }) => {
    if (path in document.webhooks) return;
    const others = (operation.parameters ?? []).filter((parameter) => parameter.in !== 'path');
    expect(others.filter(({ required }) => required)).toEqual([]);
  });

  it.each(operations)('$name takes and gives named components', ({ operation }) => {
    const contents = [operation.requestBody, ...Object.values(operation.responses)].map((has) => has?.content ?? {});
    for (const [type, { schema }] of contents.flatMap((content) => Object.entries(content))) {
      if (type === 'application/json') expect(schema.$ref).toMatch(/^#\/components\/schemas\/\w+$/);
    }
  });

  it.each(operations)('$name answers every problem with Problem', ({ path, operation }) => {
    if (path in document.webhooks) return;
    expect(Object.keys(operation.responses)).toContain('default');
    for (const [status, { content }] of Object.entries(operation.responses)) {
      if (status !== 'default' && Number(status) < 400) continue;
      expect(content).toEqual({ 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } });
    }
  });

  it.each(operations)('$name describes Retry-After with every 429 and 503', ({ operation }) => {
    for (const status of ['429', '503']) {
      const busy = operation.responses[status];
      if (busy !== undefined) expect(busy.headers).toHaveProperty('retry-after');
    }
  });

  it.each(operations)('$name says which token it needs, and what it answers without', ({ path, name, operation }) => {
    if (path in document.webhooks) return;
    const isOpen = ['/livez', '/readyz', '/openapi.json'].includes(path);
    // A plan is asked for with a body, and changes nothing.
    const scope = name.startsWith('GET ') || path === '/v1/plans' ? 'read' : 'write';
    expect(operation.security).toEqual(isOpen ? [] : [{ bearer: [scope] }, {}]);
    for (const status of ['401', '403']) expect(status in operation.responses).toBe(!isOpen);
    if (!isOpen) expect(operation.responses['401']?.headers).toHaveProperty('www-authenticate');
  });
});

describe('a schema', () => {
  it('of an object is a component: generators name types by it', () => {
    const inline = schemas.filter(
      ({ at, schema }) => schema.type === 'object' && !/^components\/schemas\/\w+$/.test(at),
    );
    // What a listener answers with is its own.
    expect(inline.map(({ at }) => at).filter((at) => !at.startsWith('webhooks/'))).toEqual([]);
  });

  it('that is a component is used', () => {
    const used = new Set(schemas.map(({ schema }) => schema.$ref));
    const unused = Object.keys(document.components.schemas).filter((name) => !used.has(`#/components/schemas/${name}`));
    expect(unused).toEqual([]);
  });

  it('refers to components that are there', () => {
    const names = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
    for (const { schema } of schemas) if (schema.$ref !== undefined) expect(names).toContain(schema.$ref);
  });

  it('of an integer is int64, or small enough for any: no generator makes an int32 of bytes', () => {
    const integers = schemas.filter(({ schema }) => [schema.type].flat().includes('integer'));
    expect(integers.length).toBeGreaterThan(20);
    const narrow = integers.filter(
      ({ schema }) => schema.format !== 'int64' && !((schema.maximum ?? Infinity) < 2 ** 31),
    );
    expect(narrow.map(({ at }) => at)).toEqual([]);
  });

  it('of an object says whether there may be other fields, and which are required is there', () => {
    for (const [name, { type, additionalProperties, required = [], properties = {} }] of Object.entries(
      document.components.schemas,
    )) {
      if (type !== 'object') continue;
      expect(`${name} ${additionalProperties !== undefined}`).toBe(`${name} true`);
      expect(Object.keys(properties)).toEqual(expect.arrayContaining(required));
    }
  });

  it('of what clients send requires nothing that has a default', () => {
    for (const [name, { required = [], properties = {} }] of Object.entries(document.components.schemas)) {
      const defaults = Object.keys(properties).filter((field) => properties[field]?.default !== undefined);
      expect(`${name} ${required.filter((field) => defaults.includes(field))}`).toBe(`${name} `);
    }
  });
});
