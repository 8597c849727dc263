// How answers are written: by a serializer that is compiled once for each component, however many routes answer with it.
import fastJsonStringify, { type Schema } from 'fast-json-stringify';
import fp from 'fastify-plugin';
import type { TSchema } from 'typebox';
import { COMPONENTS } from '../schemas/components.ts';
import { compiledOnce } from './compiled-once.ts';

const components = Object.fromEntries(
  COMPONENTS.map((component: TSchema & { $id?: string }) => [component.$id, component]),
);
const serializerOf = compiledOnce((schema) => fastJsonStringify(schema as Schema, { schema: components }));

export const serialization = fp(
  async (app) => {
    app.setSerializerCompiler(({ schema, httpStatus }) => {
      // Problems are written as they are, whichever route they are of.
      return httpStatus?.startsWith('2') ? serializerOf(Object(schema)) : JSON.stringify;
    });
  },
  { name: 'serialization' },
);
