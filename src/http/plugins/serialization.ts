// How answers are written: by a serializer that is compiled once for each component, however many routes answer with it.

import fastJsonStringify, { type Schema } from 'fast-json-stringify';
import type { FastifyInstance } from 'fastify';
import type { TSchema } from 'typebox';
import { COMPONENTS } from '../schemas/components.ts';

const components = Object.fromEntries(
  COMPONENTS.map((component: TSchema & { $id?: string }) => [component.$id, component]),
);
/** By the JSON of the schema: an app that is built again compiles nothing again. */
const compiled = new Map<string, (resource: unknown) => string>();

export function serializeAnswers(app: FastifyInstance): void {
  app.setSerializerCompiler(({ schema, httpStatus }) => {
    // Problems are written as they are, whichever route they are of.
    if (!httpStatus?.startsWith('2')) return JSON.stringify;
    const key = JSON.stringify(schema);
    let serializer = compiled.get(key);
    if (serializer === undefined) {
      serializer = fastJsonStringify(schema as Schema, { schema: components });
      compiled.set(key, serializer);
    }
    return serializer;
  });
}
