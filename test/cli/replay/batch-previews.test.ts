// What a dry run asks at the end: the conversions of each block as one batch, as many as a batch takes.

import { describe, expect, it } from 'vitest';
import { toRamBlock } from '../../../src/cli/replay/answers.ts';
import { BatchPreviews } from '../../../src/cli/replay/batch-previews.ts';
import { Converter } from '../../../src/cli/replay/converter.ts';
import { ReplayedBlock } from '../../../src/cli/replay/replayed-block.ts';
import { ServiceClient } from '../../../src/cli/replay/service-client.ts';
import type { BatchPreview } from '../../../src/cli/replay/summary.ts';
import { MAX_BATCH } from '../../../src/limits.ts';
import { problem, ramBlock, type Script, ScriptedService } from './scripted-service.ts';

const PAGE = 4096;

function block(id: string): ReplayedBlock {
  const answer = toRamBlock(ramBlock({ id, idstr: `idstr of ${id}` }));
  if (answer === null) throw new Error('ramBlock() makes no RAM block');
  return new ReplayedBlock(answer, false);
}

async function ask(previews: BatchPreviews, script: Script) {
  await using service = await ScriptedService.start(script);
  const client = new ServiceClient(service.url, null);
  try {
    const answers: BatchPreview[] = await previews.ask(new Converter(client, true));
    return { answers, requests: service.requests };
  } finally {
    await client.close();
  }
}

describe('BatchPreviews', () => {
  it('asks nothing when nothing would be converted', async () => {
    const { answers, requests } = await ask(new BatchPreviews(), () => problem(500, 'internal'));
    expect({ answers, requests }).toEqual({ answers: [], requests: [] });
  });

  it('asks block by block, in the order of the trace, and goes on after a refusal', async () => {
    const [first, second] = [block('b1'), block('b2')];
    const previews = new BatchPreviews();
    previews.add(first, { offset: PAGE, size: PAGE }, 'shared');
    previews.add(second, { offset: 0, size: PAGE }, 'shared');
    previews.add(first, { offset: 0, size: 2 * PAGE }, 'private');
    const { answers, requests } = await ask(previews, ({ path }) =>
      path.includes('/b1/') ? problem(409, 'mapping-limit') : { status: 200, body: {} },
    );
    expect(answers).toMatchObject([
      { ramBlockId: 'b1', idstr: 'idstr of b1', conversions: 2, total: 2, refusal: { code: 'mapping-limit' } },
      { ramBlockId: 'b2', conversions: 1, total: 1, refusal: null },
    ]);
    expect(requests.map(({ path, body }) => [path, body])).toEqual([
      [
        '/v1/ram-blocks/b1/conversion-batches?dryRun=true',
        {
          conversions: [
            { offset: PAGE, size: PAGE, to: 'shared' },
            { offset: 0, size: 2 * PAGE, to: 'private' },
          ],
        },
      ],
      ['/v1/ram-blocks/b2/conversion-batches?dryRun=true', { conversions: [{ offset: 0, size: PAGE, to: 'shared' }] }],
    ]);
  });

  it('asks about the first ones when there are more than a batch takes', async () => {
    const previews = new BatchPreviews();
    const only = block('b1');
    for (let line = 0; line <= MAX_BATCH; line++) previews.add(only, { offset: line * PAGE, size: PAGE }, 'shared');
    const { answers, requests } = await ask(previews, () => ({ status: 200, body: {} }));
    expect(answers).toMatchObject([{ conversions: MAX_BATCH, total: MAX_BATCH + 1 }]);
    expect(requests).toHaveLength(1);
    expect(requests[0]?.body).toHaveProperty('conversions.length', MAX_BATCH);
  });
});
