// What a replay asks the service to convert, and which answers are results.
import { describe, expect, it } from 'vitest';
import { toRamBlock } from '../../../src/cli/replay/answers.ts';
import { Converter, MAX_ATTEMPTS } from '../../../src/cli/replay/converter.ts';
import { ReplayError } from '../../../src/cli/replay/replay-error.ts';
import { ServiceClient } from '../../../src/cli/replay/service-client.ts';
import { inTurn, problem, ramBlock, type Script, type ScriptedAnswer, ScriptedService } from './scripted-service.ts';

const parsed = toRamBlock(ramBlock({}));
if (parsed === null) throw new Error('ramBlock() makes no RAM block');
const block = parsed;
const section = { offset: 4096, size: 8192 };
const accepted: ScriptedAnswer = { status: 200, body: { id: 'c1', changedBytes: 4096 } };

async function using<T>(
  script: Script,
  use: (converter: Converter, service: ScriptedService) => Promise<T>,
  dryRun = false,
): Promise<T> {
  await using service = await ScriptedService.start(script);
  const client = new ServiceClient(service.url, 'secret');
  try {
    return await use(new Converter(client, dryRun), service);
  } finally {
    await client.close();
  }
}

describe('a conversion of a block', () => {
  it('posts a conversion as the contract says, with the token', () =>
    using(inTurn(accepted), async (converter, service) => {
      expect(await converter.convert(block, section, 'shared')).toEqual({
        kind: 'accepted',
        parts: [{ ramBlockId: 'b1', ...section, changedBytes: 4096 }],
        unassignedBytes: 0,
        attempts: 1,
      });
      expect(service.requests).toMatchObject([
        { method: 'POST', path: '/v1/ram-blocks/b1/conversions', body: { ...section, to: 'shared' } },
      ]);
      expect(service.requests[0]?.headers).toMatchObject({
        authorization: 'Bearer secret',
        'content-type': 'application/json',
      });
    }));

  it.each([
    [409, 'listener-refused'],
    [409, 'mapping-limit'],
    [422, 'invalid-range'],
    [502, 'listener-unreachable'],
    [500, 'internal'],
  ])('takes %i %s for a result', (status, code) =>
    using(inTurn(problem(status, code)), async (converter, service) => {
      const result = await converter.convert(block, section, 'shared');
      expect(result).toMatchObject({
        kind: 'refused',
        attempts: 1,
        problem: { status, code, detail: `because of ${code}`, errno: 'ENOSPC', listenerId: 'l1' },
      });
      expect(service.requests).toHaveLength(1);
    }),
  );

  it.each([
    [503, 'overloaded'],
    [503, 'listener-unsettled'],
    [503, 'journal-unavailable'],
    [429, 'rate-limited'],
  ])('tries again after %i %s', (status, code) =>
    using(inTurn(problem(status, code, { 'retry-after': '0' }), accepted), async (converter) => {
      expect(await converter.convert(block, section, 'shared')).toMatchObject({ kind: 'accepted', attempts: 2 });
    }),
  );

  it('does not try again what was not acknowledged, nor what does not say when', () =>
    using(
      inTurn(problem(503, 'discard-unacknowledged', { 'retry-after': '0' }), problem(503, 'overloaded')),
      async (converter) => {
        expect(await converter.convert(block, section, 'private')).toMatchObject({ kind: 'refused', attempts: 1 });
        expect(await converter.convert(block, section, 'private')).toMatchObject({ kind: 'refused', attempts: 1 });
      },
    ));

  it('gives up after some attempts, and does not wait again until something is accepted', () => {
    const unsettled = problem(503, 'listener-unsettled', { 'retry-after': '0' });
    const script = inTurn(...Array<ScriptedAnswer>(MAX_ATTEMPTS + 1).fill(unsettled), accepted, unsettled, accepted);
    return using(script, async (converter) => {
      const results = [];
      for (let line = 0; line < 4; line++) results.push(await converter.convert(block, section, 'shared'));
      expect(results.map(({ kind, attempts }) => [kind, attempts])).toEqual([
        ['refused', MAX_ATTEMPTS],
        ['refused', 1],
        ['accepted', 1],
        ['accepted', 2],
      ]);
    });
  });

  it('sends a conversion again when the connection breaks in between', () =>
    using(inTurn(accepted, null, accepted), async (converter, service) => {
      await converter.convert(block, section, 'shared');
      expect(await converter.convert(block, section, 'shared')).toMatchObject({ kind: 'accepted' });
      expect(service.requests).toHaveLength(3);
    }));

  it.each([
    ['an unknown token', problem(401, 'unauthorized'), /401 unauthorized.*--token/],
    ['a block that is gone', problem(404, 'not-found'), /404 not-found/],
    ['another program', { status: 200, body: '<html>' }, /does not answer as this service/],
    ['a redirect', { status: 302, headers: { location: '/' } }, /302/],
  ])('ends at %s', (_, answer, message) =>
    using(inTurn(answer), async (converter) => {
      const posted = converter.convert(block, section, 'shared');
      await expect(posted).rejects.toThrow(ReplayError);
      await expect(posted).rejects.toThrow(message);
    }),
  );

  it('says when nobody is there', async () => {
    const service = await ScriptedService.start(inTurn(accepted));
    const { url } = service;
    await service[Symbol.asyncDispose]();
    const client = new ServiceClient(url, null);
    const converter = new Converter(client);
    await expect(converter.convert(block, section, 'shared')).rejects.toThrow(/cannot reach.*ECONNREFUSED.*--service/);
    await client.close();
  });
});

describe('a conversion of a machine', () => {
  const conversion = { ramBlockId: 'b1', offset: 0, size: 4096, changedBytes: 4096, id: 'c1', to: 'shared' };
  const range = { gpa: 4096, size: 12288 };

  it('is posted by guest physical address, and comes to its blocks and what is in none', () => {
    const conversions = [conversion, { ...conversion, ramBlockId: 'b2', changedBytes: 0 }];
    const body = { ...range, to: 'shared', conversions, unassigned: [{ gpa: 8192, size: 4096 }] };
    return using(inTurn({ status: 200, body }), async (converter, service) => {
      expect(await converter.convertGuestMemory('vm 1', range, 'shared')).toEqual({
        kind: 'accepted',
        parts: [
          { ramBlockId: 'b1', offset: 0, size: 4096, changedBytes: 4096 },
          { ramBlockId: 'b2', offset: 0, size: 4096, changedBytes: 0 },
        ],
        unassignedBytes: 4096,
        attempts: 1,
      });
      expect(service.requests).toMatchObject([
        { path: '/v1/machines/vm%201/conversions', body: { ...range, to: 'shared' } },
      ]);
    });
  });

  it('says in which block it was refused', () =>
    using(inTurn(problem(409, 'listener-refused', {}, { ramBlockId: 'b2' })), async (converter) => {
      const result = await converter.convertGuestMemory('vm1', range, 'shared');
      expect(result).toMatchObject({ kind: 'refused', problem: { code: 'listener-refused', ramBlockId: 'b2' } });
    }));

  it.each([
    ['without conversions', { unassigned: [] }],
    ['without what is unassigned', { conversions: [] }],
    ['with a conversion that is none', { conversions: [{ ...conversion, ramBlockId: 1 }], unassigned: [] }],
  ])('ends at an answer %s', (_, body) =>
    using(inTurn({ status: 200, body }), async (converter) => {
      const posted = converter.convertGuestMemory('vm1', range, 'shared');
      await expect(posted).rejects.toThrow(/does not answer as this service/);
    }),
  );
});

describe('a preview', () => {
  it('is asked for with dryRun, of a block, of a machine, of a batch', () => {
    const script: Script = ({ path }) =>
      path.startsWith('/v1/machines') ? { status: 200, body: { conversions: [], unassigned: [] } } : accepted;
    return using(
      script,
      async (converter, service) => {
        await converter.convert(block, section, 'shared');
        await converter.convertGuestMemory('vm1', { gpa: 0, size: 4096 }, 'private');
        expect(await converter.previewBatch(block, [{ ...section, to: 'shared' }])).toBeNull();
        expect(service.requests.map(({ path }) => path)).toEqual([
          '/v1/ram-blocks/b1/conversions?dryRun=true',
          '/v1/machines/vm1/conversions?dryRun=true',
          '/v1/ram-blocks/b1/conversion-batches?dryRun=true',
        ]);
        expect(service.requests.at(-1)?.body).toEqual({ conversions: [{ ...section, to: 'shared' }] });
      },
      true,
    );
  });

  it('is not asked for again when a listener is not settled, but when the service has no time', () => {
    const unsettled = problem(503, 'listener-unsettled', { 'retry-after': '0' });
    const script = inTurn(problem(429, 'rate-limited', { 'retry-after': '0' }), unsettled);
    return using(
      script,
      async (converter) => {
        const result = await converter.convert(block, section, 'shared');
        expect(result).toMatchObject({ kind: 'refused', attempts: 2, problem: { code: 'listener-unsettled' } });
      },
      true,
    );
  });

  it('of a batch says what is against it', () =>
    using(inTurn(problem(409, 'mapping-limit')), async (converter) => {
      const refusal = await converter.previewBatch(block, [{ ...section, to: 'shared' }]);
      expect(refusal).toMatchObject({ code: 'mapping-limit', detail: 'because of mapping-limit' });
    }));
});
