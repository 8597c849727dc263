// Makes the types of the TypeScript client from the document: node test/client/generate.ts
import { readFile, writeFile } from 'node:fs/promises';
import openapiTS, { astToString } from 'openapi-typescript';

const DOCUMENT = new URL('../../openapi/openapi.json', import.meta.url);
export const TYPES = new URL('./openapi.d.ts', import.meta.url);

const BANNER = `// Made from openapi/openapi.json by test/client/generate.ts; do not edit.\n\n`;

/** The text of openapi.d.ts. */
export async function generate(): Promise<string> {
  const document = await readFile(DOCUMENT, 'utf8');
  // A field with a default may be left out by whoever sends it.
  return BANNER + astToString(await openapiTS(document, { defaultNonNullable: false, alphabetize: false }));
}

if (import.meta.main) await writeFile(TYPES, await generate());
