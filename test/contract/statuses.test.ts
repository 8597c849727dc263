// Every documented status of every route, with every code that it documents, is given by the service.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { codesOf, openapi } from '../support/contract.ts';
import type { FaultyJournal } from '../support/faulty-journal.ts';
import { startService, type TestService } from '../support/service.ts';
import { TokensFile } from '../support/tokens-file.ts';
import type { Strict } from './statuses/rows.ts';
import { TABLE } from './statuses/table.ts';
import { startFaultyService, World } from './statuses/world.ts';

/** What these codes say beyond their name. */
const ABOUT_LISTENERS = [
  'has-listeners',
  'coordinated-discard-required',
  'section-cut',
  'listener-not-async',
  'listener-refused',
  'mapping-limit',
  'listener-unreachable',
  'discard-unacknowledged',
  'listener-unsettled',
];
const ABOUT_LISTENERS_FIELDS = [
  'ramBlockId',
  'listenerId',
  'listenerStatus',
  'listenerDetail',
  'rolledBack',
  'unacknowledged',
  'unsettled',
];
const WITH_RETRY_AFTER = [
  ...['discard-unacknowledged', 'listener-unsettled', 'overloaded', 'journal-unavailable', 'rate-limited'],
];

describe('the table of statuses', () => {
  const operations = Object.values(openapi.paths).flatMap((methods) => Object.values(methods));

  it('has every documented status of every operation, and no other', () => {
    const documented = operations.flatMap(({ operationId, responses }) =>
      Object.keys(responses)
        .filter((status) => status !== 'default')
        .map((status) => `${operationId} ${status}`),
    );
    const produced = new Set(TABLE.map(({ operationId, status }) => `${operationId} ${status}`));
    expect([...produced].sort()).toEqual(documented.sort());
  });

  it('has every documented code of every operation, and no other, each under its status', () => {
    const documented = operations.flatMap(({ operationId, responses }) =>
      Object.entries(responses).flatMap(([status, response]) =>
        codesOf(response).map((code) => `${operationId} ${status} ${code}`),
      ),
    );
    const produced = TABLE.filter(({ code }) => code !== null);
    const names = produced.map(({ operationId, status, code }) => `${operationId} ${status} ${code}`);
    expect(names.sort()).toEqual(documented.sort());
  });
});

describe('the service answers', () => {
  let service: TestService;
  let journal: FaultyJournal;
  let tokens: TokensFile;
  let strict: Strict;
  let world: World;

  beforeAll(async () => {
    ({ service, journal } = await startFaultyService());
    tokens = await TokensFile.create();
    strict = {
      guarded: await startService({ settings: tokens.settings }),
      limited: await startService({ settings: { RBA_RATE_LIMIT: '1' } }),
      tight: await startService({ settings: { RBA_CHANGE_RUNS_LIMIT: '2' } }),
    };
  });
  afterAll(async () => {
    for (const one of [service, ...Object.values(strict)]) await one.close();
    await tokens.remove();
  });
  beforeEach(async () => {
    world = await World.create(service, journal);
  });
  afterEach(() => world.close());

  it.each(TABLE)('$operationId with $status $code', async ({ operationId, status, code, produce }) => {
    await world.prepare(operationId);
    const { body, headers, ...answer } = await produce(world, strict);
    expect(answer.status).toBe(status);
    if (code === null) return;
    expect(body).toMatchObject({ code, status, type: `urn:ram-block-attributes:problem:${code}` });
    if (ABOUT_LISTENERS.includes(code))
      expect(Object.keys(Object(body))).toEqual(expect.arrayContaining(ABOUT_LISTENERS_FIELDS));
    if (code === 'unauthorized') expect(headers['www-authenticate']).toBe('Bearer');
    if (WITH_RETRY_AFTER.includes(code)) expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1);
  });
});
