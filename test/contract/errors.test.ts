// The table of problems is the one of the contract: in the code, in the document, and on the wire.
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { buildApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { PROBLEMS } from '../../src/errors.ts';
import { Api } from '../support/api.ts';
import { openapi } from '../support/contract.ts';
import { FaultyJournal } from '../support/faulty-journal.ts';

/** As the contract has it: code, status, errno. */
const CONTRACT: [string, number, string?][] = [
  ['invalid-request', 400],
  ['cursor-invalid', 400],
  ['unauthorized', 401],
  ['forbidden', 403],
  ['not-found', 404, 'ENOENT'],
  ['method-not-allowed', 405],
  ['not-acceptable', 406],
  ['request-timeout', 408],
  ['already-exists', 409, 'EBUSY'],
  ['has-listeners', 409, 'EBUSY'],
  ['no-attributes', 409, 'ENODEV'],
  ['coordinated-discard-required', 409, 'EBUSY'],
  ['not-resizeable', 409, 'ENOTSUP'],
  ['section-cut', 409, 'EBUSY'],
  ['listener-not-async', 409],
  // The errno of the listener, where it gives one.
  ['listener-refused', 409, 'EPERM'],
  ['limit-reached', 409, 'ENOSPC'],
  ['mapping-limit', 409, 'ENOSPC'],
  ['idempotency-key-in-use', 409],
  ['events-expired', 410],
  ['generation-mismatch', 412],
  ['payload-too-large', 413],
  ['unsupported-media-type', 415],
  ['headers-too-large', 431],
  ['invalid-range', 422, 'EINVAL'],
  ['too-many-runs', 422, 'E2BIG'],
  ['idempotency-key-reused', 422],
  ['target-not-allowed', 422, 'EACCES'],
  ['rate-limited', 429, 'EAGAIN'],
  ['internal', 500],
  ['listener-unreachable', 502, 'EIO'],
  ['discard-unacknowledged', 503, 'EAGAIN'],
  ['listener-unsettled', 503, 'EAGAIN'],
  ['overloaded', 503, 'EAGAIN'],
  ['journal-unavailable', 503, 'EIO'],
  ['not-owner', 503, 'EAGAIN'],
];

interface ProblemSchema {
  readonly required: string[];
  readonly properties: { readonly code: { readonly enum: string[] } };
}

describe('the table of problems', () => {
  it('in the code is that of the contract', () => {
    const inCode = Object.entries(PROBLEMS).map(([code, kind]) => {
      return 'errno' in kind ? [code, kind.status, kind.errno] : [code, kind.status];
    });
    expect(inCode.sort()).toEqual(CONTRACT.toSorted());
  });

  it('in the document is that of the contract', () => {
    const { required, properties } = openapi.components.schemas.Problem as ProblemSchema;
    expect(properties.code.enum.toSorted()).toEqual(CONTRACT.map(([code]) => code).sort());
    expect(required).toEqual(expect.arrayContaining(['type', 'title', 'status', 'detail', 'instance', 'code']));
  });

  it('has a title of its own for every code', () => {
    const titles = Object.values(PROBLEMS).map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
  });
});

describe('a problem on the wire', () => {
  /** A service with a log that is kept. */
  async function withService(use: (api: Api, log: () => string, journal: FaultyJournal) => Promise<void>) {
    const journal = new FaultyJournal();
    let text = '';
    const log = pino(
      { level: 'error' },
      new Writable({
        write(chunk, _encoding, done) {
          text += chunk;
          done();
        },
      }),
    );
    const app = await buildApp(loadConfig({ RBA_JOURNAL: 'memory' }), { log, openJournal: journal.open });
    const api = new Api(await app.listen({ host: '127.0.0.1', port: 0 }));
    try {
      await use(api, () => text, journal);
    } finally {
      await api.close();
      await app.close();
    }
  }

  it('says what, where and why, and names its request', async () => {
    await withService(async (api) => {
      const { status, headers, body } = await api.get('/v1/ram-blocks/none');
      expect(status).toBe(404);
      expect(headers['content-type']).toBe('application/problem+json');
      expect(body).toEqual({
        type: 'urn:ram-block-attributes:problem:not-found',
        title: 'Not found',
        status: 404,
        detail: 'there is no RAM block none',
        instance: expect.stringMatching(/^urn:uuid:[0-9a-f-]{36}$/),
        code: 'not-found',
        errno: 'ENOENT',
      });
      expect((await api.get('/v1/ram-blocks/none')).body.instance).not.toBe(body.instance);
    });
  });

  it('that nobody expected says nothing of the inside; the log says it under the same instance', async () => {
    await withService(async (api, log, journal) => {
      const { id } = await api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: 4096 });
      journal.failOnce(new TypeError('reading secret.key of undefined'));
      const { status, body } = await api.get(`/v1/ram-blocks/${id}/conversions`);
      expect(status).toBe(500);
      expect(body).toMatchObject({ code: 'internal', title: 'Internal error' });
      expect(JSON.stringify(body)).not.toMatch(/secret|undefined|TypeError|\.ts/);
      expect(log()).toContain('reading secret.key of undefined');
      expect(log()).toContain(body.instance.replace('urn:uuid:', ''));
    });
  });

  it('that was expected is no error of the service: the log does not have it', async () => {
    await withService(async (api, log) => {
      await api.get('/v1/ram-blocks/none');
      await api.post('/v1/ram-blocks', '{');
      await api.get('/v1/ram-blocks?unknown=1');
      expect(log()).toBe('');
    });
  });
});
