// The blocks and machines of the service, as a replay looks them up.
import { describe, expect, it } from 'vitest';
import { toRamBlock } from '../../../src/cli/replay/answers.ts';
import { ServiceClient } from '../../../src/cli/replay/service-client.ts';
import { inTurn, problem, ramBlock, type Script, type ScriptedAnswer, ScriptedService } from './scripted-service.ts';

const parsed = toRamBlock(ramBlock({}));
if (parsed === null) throw new Error('ramBlock() makes no RAM block');
const block = parsed;

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

  it('finds the blocks of a machine, if there is such a machine', () => {
    const blocks = [ramBlock({ id: 'b1', gpa: 0 }), ramBlock({ id: 'b2' })];
    const script: Script = ({ path }) =>
      path === '/v1/machines/vm1' ? { status: 200, body: { ramBlocks: blocks } } : problem(404, 'not-found');
    return using(script, async (client) => {
      expect(await client.findMachine('vm1')).toMatchObject([
        { id: 'b1', gpa: 0 },
        { id: 'b2', gpa: null },
      ]);
      expect(await client.findMachine('vm2')).toBeNull();
    });
  });

  it.each([
    ['an unknown token', problem(401, 'unauthorized'), /looking for machine vm1: .*401 unauthorized.*--token/],
    ['another program', { status: 200, body: '<html>' }, /does not answer as this service/],
    ['a block that is none', { status: 200, body: { ramBlocks: [{}] } }, /does not answer as this service/],
  ])('ends at %s', (_, answer, message) =>
    using(inTurn(answer), async (client) => {
      await expect(client.findMachine('vm1')).rejects.toThrow(message);
    }),
  );

  it('says what to do about an idstr that is taken', () =>
    using(inTurn(problem(409, 'already-exists')), async (client) => {
      const created = client.createRamBlock({ machine: 'vm1', idstr: 'ram', usedLength: 4096 });
      await expect(created).rejects.toThrow(/ram in machine vm1.*409 already-exists.*--machine/);
    }));
});
