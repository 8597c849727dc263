// Writes the OpenAPI document that the routes make, for `npm run openapi`; with --check it only compares.
import { readFile, writeFile } from 'node:fs/promises';
import { pino } from 'pino';
import { buildApp } from '../src/app.ts';
import { loadConfig } from '../src/config.ts';

const FILE = new URL('../openapi/openapi.json', import.meta.url);

const app = await buildApp(loadConfig({ RBA_JOURNAL: 'memory' }), { log: pino({ level: 'silent' }) });
await app.ready();
const document = `${JSON.stringify(app.swagger(), null, 2)}\n`;
await app.close();

if (!process.argv.includes('--check')) {
  await writeFile(FILE, document);
} else if ((await readFile(FILE, 'utf8').catch(() => '')) !== document) {
  process.stderr.write('openapi/openapi.json is not what the routes make; run npm run openapi and commit it\n');
  process.exitCode = 1;
}
