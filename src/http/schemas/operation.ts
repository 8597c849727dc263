// Answers to those who run the service.
import { Type } from 'typebox';
import { stringEnum } from './common.ts';

export const Health = Type.Object(
  { status: stringEnum(['alive', 'ready']) },
  { $id: 'Health', description: 'The answer to a probe.', additionalProperties: false },
);

export const OpenApiDocument = Type.Unsafe<object>({
  $id: 'OpenApiDocument',
  description: 'An OpenAPI 3.1 document.',
  type: 'object',
  additionalProperties: true,
});
