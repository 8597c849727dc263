// How much there may be: one more is refused with the limit and its setting, and fits when another has gone.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Answer } from '../support/contract.ts';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService } from '../support/service.ts';

let service: TestService;
let device: ScriptedListener;

beforeAll(async () => {
  const settings = {
    ...{ RBA_MAX_RAM_BLOCKS: '3', RBA_MAX_LISTENERS: '3' },
    ...{ RBA_MAX_LISTENERS_PER_BLOCK: '2', RBA_MAX_SOURCES_PER_BLOCK: '2' },
  };
  service = await startService({ settings });
  device = await ScriptedListener.start();
});
afterAll(async () => {
  await service.close();
  await device.close();
});

let names = 0;
const makeBlock = () => service.api.post('/v1/ram-blocks', { idstr: `ram${names++}`, usedLength: '64K' });
const listen = (block: string) => service.api.post(`${block}/listeners`, { url: device.url, secret: SECRET });
const addSource = (block: string) => {
  return service.api.post(`${block}/sources`, { name: `s${names++}`, granularity: 4096 });
};

function expectFull({ status, body }: Answer, limit: number, setting: string): void {
  expect(status).toBe(409);
  expect(body).toMatchObject({ code: 'limit-reached', errno: 'ENOSPC', limit });
  expect(Object(body).detail).toContain(setting);
}

it('of blocks there are so many, of their listeners and sources, and of all listeners; also when they come at once', async () => {
  const made = await Promise.all(Array.from({ length: 8 }, makeBlock));
  const blocks = made.filter(({ status }) => status === 201).map(({ headers }) => String(headers.location));
  expect(blocks).toHaveLength(3);
  for (const answer of made) if (answer.status !== 201) expectFull(answer, 3, 'RBA_MAX_RAM_BLOCKS');
  const [first = '', second = '', third = ''] = blocks;

  // RamBlockAttributes is one.
  expect((await addSource(first)).status).toBe(201);
  expectFull(await addSource(first), 2, 'RBA_MAX_SOURCES_PER_BLOCK');
  expect((await addSource(second)).status).toBe(201);

  const heard = await Promise.all([listen(first), listen(first), listen(first)]);
  const refused = heard.filter(({ status }) => status !== 201);
  expect(refused).toHaveLength(1);
  for (const answer of refused) expectFull(answer, 2, 'RBA_MAX_LISTENERS_PER_BLOCK');
  const others = await Promise.all([listen(second), listen(third)]);
  expect(others.map(({ status }) => status).sort()).toEqual([201, 409]);
  for (const answer of others) if (answer.status !== 201) expectFull(answer, 3, 'RBA_MAX_LISTENERS');

  await service.api.ok('DELETE', `${first}?force=true`);
  expect((await listen(second)).status).toBe(201);
  expect((await makeBlock()).status).toBe(201);
  expectFull(await makeBlock(), 3, 'RBA_MAX_RAM_BLOCKS');
});

it('a listener whose registration is under way counts once, also where its block has it already', async () => {
  const full = await startService({ settings: { RBA_MAX_LISTENERS: '2' } });
  const called = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<number>();
  const slow = await ScriptedListener.start(() => {
    called.resolve();
    return answer.promise;
  });
  const makeIn = (idstr: string) => full.api.ok('POST', '/v1/ram-blocks', { idstr, usedLength: '64K' });
  const [first, second] = [await makeIn('first'), await makeIn('second')];
  const register = (block: unknown, url: string) => {
    return full.api.post(`/v1/ram-blocks/${Object(block).id}/listeners`, { url, secret: SECRET });
  };
  await full.api.ok('POST', `/v1/ram-blocks/${first.id}/conversions`, { offset: 0, size: 4096, to: 'shared' });
  const coming = register(first, slow.url);
  await called.promise;
  const beside = await register(second, device.url);
  const oneTooMany = await register(second, device.url);
  answer.resolve(200);
  expect((await coming).status).toBe(201);
  expect(beside.status).toBe(201);
  expectFull(oneTooMany, 2, 'RBA_MAX_LISTENERS');
  await full.close();
  await slow.close();
});
