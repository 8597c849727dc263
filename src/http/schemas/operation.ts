// What those who run the service are answered.
import { Type } from 'typebox';
import { stringEnum } from './common.ts';

export const Health = Type.Object(
  { status: stringEnum(['alive', 'ready']) },
  { $id: 'Health', description: 'It is.', additionalProperties: false },
);

export const OpenApiDocument = Type.Unsafe<object>({
  $id: 'OpenApiDocument',
  description: 'An OpenAPI 3.1 document.',
  type: 'object',
  additionalProperties: true,
});
