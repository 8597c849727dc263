// The README and the pages in docs/ are true: the tour is run command by command, the tables are those of the code.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseArguments } from '../../src/cli/simulator/arguments.ts';
import { type DeviceSimulator, startDeviceSimulator } from '../../src/cli/simulator/server.ts';
import { loadConfig } from '../../src/config.ts';
import { checkWebhook, openapi } from '../support/contract.ts';
import { startService, type TestService } from '../support/service.ts';

const pageOf = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const readme = pageOf('README.md');
const packageJson = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

/** Returns the part of a page under a heading. */
function part(page: string, heading: string): string {
  const [, text = ''] = pageOf(page).split(`\n## ${heading}\n`);
  return text.split('\n## ')[0] ?? '';
}

/** The first cells of the rows of a table. */
const firstCells = (text: string) => [...text.matchAll(/^\| (.+?) \|/gm)].map(([, cell]) => cell ?? '');

const PAGES = [
  ...['README.md', 'SECURITY.md', 'CONTRIBUTING.md'],
  ...readdirSync(new URL('../../docs/', import.meta.url))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

describe('the documentation', () => {
  it('has a README that is read in a few minutes', () => {
    expect(readme.split('\n').length).toBeLessThanOrEqual(250);
    const links = [...readme.matchAll(/\]\((docs\/\w+\.md)/g)].map(([, page]) => page);
    expect(PAGES.filter((page) => page.startsWith('docs/') && !links.includes(page))).toEqual([]);
  });

  it('has the endpoints of the API, and no others', () => {
    const written = firstCells(part('docs/api.md', 'Endpoints')).flatMap((cell) =>
      [...cell.matchAll(/`(\w+ \/[^`]*)`/g)].map(([, e]) => e),
    );
    const documented = Object.entries(openapi.paths).flatMap(([path, operations]) => {
      return Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`);
    });
    expect(written.toSorted()).toEqual([...documented, 'GET /docs'].toSorted());
  });

  it('has the settings of the service, and no others', () => {
    const written = firstCells(part('docs/operations.md', 'Configuration')).flatMap((cell) =>
      [...cell.matchAll(/^`(\w+)`$/g)].map(([, s]) => s),
    );
    const known = /known are (.*)/.exec(messageOf(() => loadConfig({ RBA_NO_SUCH_SETTING: '1' })))?.[1]?.split(', ');
    expect(written.toSorted()).toEqual(known?.toSorted());
  });

  it('names scripts that exist', () => {
    const scripts = [
      ...PAGES.map(pageOf)
        .join('')
        .matchAll(/npm run (?:-s )?([a-z-]+)/g),
    ].map(([, script]) => script ?? '');
    expect(scripts.length).toBeGreaterThan(3);
    for (const script of scripts) expect(packageJson.scripts).toHaveProperty(script);
    for (const words of ['npm ci && npm run demo', 'npm ci && npm test', 'npm ci && npm start'])
      expect(readme).toContain(words);
  });

  it('names commands that exist', async () => {
    const commands = [...readme.matchAll(/\brba (?:-- )?([a-z]+)\b/g)].map(([, command]) => command ?? '');
    expect(new Set(commands)).toEqual(new Set(['serve', 'simulate', 'replay', 'plan', 'listen', 'sign', 'verify']));
  });

  it('shows a webhook as it is sent', () => {
    const [, json = ''] = /```json\n([\s\S]*?)```/.exec(part('docs/webhooks.md', 'A delivery')) ?? [];
    checkWebhook(JSON.parse(json));
  });
});

it.each(PAGES)('every file that %s links to is there', (page) => {
  const url = new URL(`../../${page}`, import.meta.url);
  const links = [...readFileSync(url, 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, link]) => link ?? '');
  for (const link of links) expect(existsSync(new URL(link, url)), link).toBe(true);
});

describe('the tour', () => {
  let service: TestService;
  let device: DeviceSimulator | undefined;
  /** What the README has, and what it is here: ids and addresses. */
  const names = new Map<string, string>();

  beforeAll(async () => {
    service = await startService();
    names.set('http://127.0.0.1:8080', service.url);
  });

  afterAll(async () => {
    await device?.close();
    await service.close();
  });

  /** Replaces what the README has by what it is here. */
  const here = (text: string) => [...names].reduce((result, [from, to]) => result.replaceAll(from, to), text);

  /** Learns the names that differ, value by value. */
  function learn(written: string, actual: string): void {
    const pattern = /(?:blk|lsn|cnv|src)_[0-9a-f]+|urn:uuid:[0-9a-f-]+|\d{4}-\d\d-\d\dT[0-9:.]+Z/g;
    const found = actual.match(pattern) ?? [];
    for (const [index, name] of (written.match(pattern) ?? []).entries()) {
      if (!names.has(name)) names.set(name, found[index] ?? name);
    }
  }

  async function curl(words: readonly string[]): Promise<string> {
    const url = words.at(-1) ?? '';
    const body = words[words.indexOf('--json') + 1] ?? '';
    const answer = words.includes('--json')
      ? await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      : await fetch(url);
    return (await answer.text()).trimEnd();
  }

  async function simulate(words: readonly string[]): Promise<string> {
    const { options } = parseArguments(words.slice(words.indexOf('simulate') + 1));
    device = await startDeviceSimulator({ ...options, service: service.url, port: 0 });
    await device.register();
    names.set('http://127.0.0.1:9000', device.url.replace(/\/$/, ''));
    const { registered } = device.state();
    return `listening on ${device.url}, registered at ${service.url} with RAM block ${registered?.ramBlockId} as listener ${registered?.listenerId}`;
  }

  it('goes as it is written', async () => {
    const consoles = [...part('README.md', 'A tour').matchAll(/```console\n([\s\S]*?)```/g)].map(
      ([, text]) => text ?? '',
    );
    const commands = consoles.flatMap((text) => text.split(/^\$ /m).slice(1));
    expect(commands.length).toBeGreaterThan(8);
    const variables = new Map<string, string>();
    for (const command of commands) {
      const [line = '', ...output] = command.trimEnd().split('\n');
      const assignment = /^(\w+)=(\S+)$/.exec(line);
      if (assignment !== null) {
        variables.set(assignment[1] ?? '', here(assignment[2] ?? ''));
        continue;
      }
      const expanded = here(line).replace(/\$(\w+)/g, (_, name) => variables.get(name) ?? '');
      const words = [...expanded.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? '');
      const actual = words[0] === 'curl' ? await curl(words) : await simulate(words);
      const written = output.join('\n');
      learn(written, actual);
      if (words[0] === 'curl') expect(JSON.parse(actual)).toEqual(JSON.parse(here(written)));
      else expect(here(written)).toContain(actual);
    }
  });
});

function messageOf(run: () => unknown): string {
  try {
    run();
    return '';
  } catch (error) {
    return String(error);
  }
}
