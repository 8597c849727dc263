// Writes the types of the client from the OpenAPI document, for `npm run openapi`.
import { readFile, writeFile } from 'node:fs/promises';
import openapiTS, { astToString } from 'openapi-typescript';

const DOCUMENT = new URL('../openapi/openapi.json', import.meta.url);
/** The file that is written. */
export const TYPES = new URL('../src/client/openapi.ts', import.meta.url);

const BANNER = `// Made from openapi/openapi.json by scripts/write-client-types.ts; do not edit.\n\n`;

/** Returns the text of {@link TYPES}. */
export async function clientTypes(): Promise<string> {
  const document = await readFile(DOCUMENT, 'utf8');
  // A field with a default may be left out by whoever sends it.
  return BANNER + astToString(await openapiTS(document, { defaultNonNullable: false, alphabetize: false }));
}

if (import.meta.main) await writeFile(TYPES, await clientTypes());
