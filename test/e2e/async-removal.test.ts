// An async listener goes beside the queue of its block: what was asked of it meanwhile must not be in the way, neither of
// the service nor of its next start.
import { afterEach, describe, expect, it } from 'vitest';
import { FaultyJournal } from '../support/faulty-journal.ts';
import { ScriptedListener } from '../support/scripted-listener.ts';
import { startService, type TestService, until } from '../support/service.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function start(journal: FaultyJournal): Promise<TestService> {
  const service = await startService({ openJournal: journal.open });
  ends.push(() => service.close());
  return service;
}

/** A service whose async listener is about to be removed: that is being written down, and takes until `release`. */
async function removing() {
  const journal = new FaultyJournal();
  const device = await ScriptedListener.start(({ type }) => {
    if (type === 'ram_block.discard') journal.hold();
    return 200;
  });
  ends.push(() => device.close());
  const service = await start(journal);
  const block = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '1M' });
  const body = { url: device.url, secret: device.secret, mode: 'async' };
  const listener = await service.api.ok('POST', `/v1/ram-blocks/${block.id}/listeners`, body);
  const path = `/v1/ram-blocks/${block.id}/listeners/${listener.id}`;
  const removed = service.api.delete(path);
  // Its position comes first.
  await until('the position is being written', () => journal.held === 1);
  const release = journal.letOthersPass();
  journal.hold();
  release();
  await until('the removal is being written', () => journal.held === 1);
  return { journal, service, path, block, removed };
}

describe('a listener that is gone by the time', () => {
  it.each([
    ['its secret is another', 'POST', '/secret-rotations', {}],
    ['its description is another', 'PATCH', '', { description: 'another' }],
  ])('that %s is in nobody`s way, also after a restart', async (_what, method, rest, change) => {
    const { journal, service, path, block, removed } = await removing();
    const changed = service.api.call(method, path + rest, change);
    await until('the change is being written', () => journal.held === 2);
    journal.release();
    expect((await removed).status).toBe(204);
    expect([200, 404]).toContain((await changed).status);
    expect((await service.api.get(path)).status).toBe(404);
    await service.abandon();
    ends.splice(1);
    const next = await start(journal);
    expect(await next.api.ok('GET', `/v1/ram-blocks/${block.id}`)).toMatchObject({ listenerCount: 0 });
  });
});
