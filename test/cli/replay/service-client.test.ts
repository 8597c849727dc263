import { describe, expect, it } from 'vitest';
import { toRamBlock } from '../../../src/cli/replay/answers.ts';
import { ReplayError } from '../../../src/cli/replay/replay-error.ts';
import { MAX_ATTEMPTS, ServiceClient } from '../../../src/cli/replay/service-client.ts';
import { problem, ramBlock, type Script, type ScriptedAnswer, ScriptedService } from './scripted-service.ts';

const parsed = toRamBlock(ramBlock({}));
if (parsed === null) throw new Error('ramBlock() makes no RAM block');
const block = parsed;
const section = { offset: 4096, size: 8192 };
const accepted: ScriptedAnswer = { status: 200, body: { id: 'c1', changedBytes: 4096 } };

async function using<T>(
  script: Script,
  use: (client: ServiceClient, service: ScriptedService) => Promise<T>,
): Promise<T> {
  await using service = await ScriptedService.start(script);
  const client = new ServiceClient(service.url, 'secret');
  try {
    return await use(client, service);
  } finally {
    await client.close();
  }
}

/** Answers the requests one after the other; the last answer again and again. */
function inTurn(...answers: (ScriptedAnswer | null)[]): Script {
  let next = 0;
  return () => answers[Math.min(next++, answers.length - 1)] ?? null;
}

describe('ServiceClient.convert', () => {
  it('posts a conversion as the contract says, with the token', () =>
    using(inTurn(accepted), async (client, service) => {
      expect(await client.convert(block, section, 'shared')).toEqual({
        kind: 'accepted',
        changedBytes: 4096,
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
    using(inTurn(problem(status, code)), async (client, service) => {
      const result = await client.convert(block, section, 'shared');
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
    using(inTurn(problem(status, code, { 'retry-after': '0' }), accepted), async (client) => {
      expect(await client.convert(block, section, 'shared')).toMatchObject({ kind: 'accepted', attempts: 2 });
    }),
  );

  it('does not try again what was not acknowledged, nor what does not say when', () =>
    using(
      inTurn(problem(503, 'discard-unacknowledged', { 'retry-after': '0' }), problem(503, 'overloaded')),
      async (client) => {
        expect(await client.convert(block, section, 'private')).toMatchObject({ kind: 'refused', attempts: 1 });
        expect(await client.convert(block, section, 'private')).toMatchObject({ kind: 'refused', attempts: 1 });
      },
    ));

  it('gives up after some attempts, and does not wait again until something is accepted', () => {
    const unsettled = problem(503, 'listener-unsettled', { 'retry-after': '0' });
    const script = inTurn(...Array<ScriptedAnswer>(MAX_ATTEMPTS + 1).fill(unsettled), accepted, unsettled, accepted);
    return using(script, async (client) => {
      const results = [];
      for (let line = 0; line < 4; line++) results.push(await client.convert(block, section, 'shared'));
      expect(results.map(({ kind, attempts }) => [kind, attempts])).toEqual([
        ['refused', MAX_ATTEMPTS],
        ['refused', 1],
        ['accepted', 1],
        ['accepted', 2],
      ]);
    });
  });

  it('sends a conversion again when the connection breaks in between', () =>
    using(inTurn(accepted, null, accepted), async (client, service) => {
      await client.convert(block, section, 'shared');
      expect(await client.convert(block, section, 'shared')).toMatchObject({ kind: 'accepted' });
      expect(service.requests).toHaveLength(3);
    }));

  it.each([
    ['an unknown token', problem(401, 'unauthorized'), /401 unauthorized.*--token/],
    ['a block that is gone', problem(404, 'not-found'), /404 not-found/],
    ['another program', { status: 200, body: '<html>' }, /does not answer as this service/],
    ['a redirect', { status: 302, headers: { location: '/' } }, /302/],
  ])('ends at %s', (_, answer, message) =>
    using(inTurn(answer), async (client) => {
      const posted = client.convert(block, section, 'shared');
      await expect(posted).rejects.toThrow(ReplayError);
      await expect(posted).rejects.toThrow(message);
    }),
  );

  it('says when nobody is there', async () => {
    const service = await ScriptedService.start(inTurn(accepted));
    const { url } = service;
    await service[Symbol.asyncDispose]();
    const client = new ServiceClient(url, null);
    await expect(client.convert(block, section, 'shared')).rejects.toThrow(/cannot reach.*ECONNREFUSED.*--service/);
    await client.close();
  });
});

describe('ServiceClient, finding blocks', () => {
  it('finds a block by its idstr, else by its id', () => {
    const script: Script = ({ path }) => {
      if (path === '/v1/ram-blocks?machine=vm1&idstr=pc.ram')
        return { status: 200, body: { items: [ramBlock({ id: 'b7' })] } };
      if (path.startsWith('/v1/ram-blocks?')) return { status: 200, body: { items: [] } };
      return path === '/v1/ram-blocks/b8' ? { status: 200, body: ramBlock({ id: 'b8' }) } : problem(404, 'not-found');
    };
    return using(script, async (client) => {
      expect(await client.findRamBlock('vm1', 'pc.ram')).toMatchObject({ id: 'b7' });
      expect(await client.findRamBlock('vm1', 'b8')).toMatchObject({ id: 'b8' });
      await expect(client.findRamBlock('vm1', 'none')).rejects.toThrow(/idstr none in machine vm1.*--machine/);
    });
  });

  it('reads sections page by page, and begins again when the block was changed in between', () => {
    const page = (offset: number, generation: number, nextCursor: string | null): ScriptedAnswer => ({
      status: 200,
      body: { items: [{ offset, size: 4096 }], nextCursor, generation },
    });
    const script = inTurn(
      page(0, 1, 'a'),
      problem(412, 'generation-mismatch'),
      page(4096, 2, 'b'),
      page(12288, 2, null),
    );
    return using(script, async (client, service) => {
      expect(await client.sharedSections(block)).toEqual([
        { offset: 4096, size: 4096 },
        { offset: 12288, size: 4096 },
      ]);
      const asked = service.requests.map(({ path, headers }) => [path.split('cursor=')[1], headers['if-match']]);
      expect(asked).toEqual([
        [undefined, undefined],
        ['a', '"1"'],
        [undefined, undefined],
        ['b', '"2"'],
      ]);
    });
  });

  it('says what to do about an idstr that is taken', () =>
    using(inTurn(problem(409, 'already-exists')), async (client) => {
      const created = client.createRamBlock({ machine: 'vm1', idstr: 'ram', usedLength: 4096 });
      await expect(created).rejects.toThrow(/ram in machine vm1.*409 already-exists.*--machine/);
    }));
});
