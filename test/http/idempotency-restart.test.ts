// What is kept under an Idempotency-Key is kept across restarts, together with the change that it answers for.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FaultyJournal } from '../support/faulty-journal.ts';
import { ScriptedListener } from '../support/scripted-listener.ts';
import { startService, type TestService } from '../support/service.ts';

const KEY = { headers: { 'idempotency-key': 'one' } };

let journal: FaultyJournal;
let service: TestService;

beforeEach(async () => {
  journal = new FaultyJournal();
  service = await startService({ openJournal: journal.open });
});
afterEach(() => service.close());

async function restart(): Promise<void> {
  await service.close();
  service = await startService({ openJournal: journal.open });
}

it('answers on every route are as they were before the restart', async () => {
  const device = await ScriptedListener.start();
  const requests: [string, object | undefined][] = [['/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '64K' }]];
  const send = ([path, body]: [string, object | undefined]) => service.api.post(path, body, KEY);
  const made = await send(['/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '64K' }]);
  const block = String(made.headers.location);
  const source = await send([`${block}/sources`, { name: 'virtio-mem0', granularity: '8K' }]);
  // No secret: one is made, and the answer under the key is the only place where a client finds it again.
  const listener = await send([`${block}/listeners`, { url: device.url }]);
  requests.push(
    [`${block}/sources`, { name: 'virtio-mem0', granularity: '8K' }],
    [`${block}/listeners`, { url: device.url }],
    [`${block}/conversions`, { offset: 0, size: '8K', to: 'shared' }],
    [
      `${block}/conversions`.replace('conversions', `sources/${source.body.id}/changes`),
      { offset: '8K', size: '8K', to: 'populated' },
    ],
  );
  expect(listener.body.secret).toMatch(/^whsec_/);
  const before = await Promise.all(requests.map(send));
  expect(before.map(({ status }) => status)).toEqual([201, 201, 201, 200, 200]);

  await restart();
  const state = await service.api.ok('GET', block);
  for (const [index, request] of requests.entries()) {
    const after = await send(request);
    expect(after.status).toBe(before[index]?.status);
    expect(after.body).toEqual(before[index]?.body);
    expect(after.headers).toMatchObject({ 'idempotent-replayed': 'true' });
    expect(after.headers.location).toBe(before[index]?.headers.location);
    expect(after.headers.etag).toBe(before[index]?.headers.etag);
  }
  expect(await service.api.ok('GET', block)).toEqual(state);
  await service.api.ok('DELETE', `${block}?force=true`);
  await device.close().catch(() => undefined);
});
