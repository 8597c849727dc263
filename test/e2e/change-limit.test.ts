// What one change may be at most: one that is larger is refused before anybody is told, and leaves no trace.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService } from '../support/service.ts';

const PAGE = 4096;
const LIMIT = 8;

let service: TestService;
let device: ScriptedListener;
let path: string;

beforeEach(async () => {
  service = await startService({ settings: { RBA_CHANGE_RUNS_LIMIT: String(LIMIT) } });
  device = await ScriptedListener.start();
  const { id } = await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '1M' });
  path = `/v1/ram-blocks/${id}`;
  await service.api.ok('POST', `${path}/listeners`, { url: device.url, secret: SECRET });
});
afterEach(async () => {
  await service.close();
  await device.close();
});

/** Shares every other page: so many runs, that are told of as well. @param overlapping each step, with the one before it */
const shareRuns = (runs: number, overlapping = false) => {
  const conversions = Array.from({ length: runs }, (_, run) => ({ offset: 2 * run * PAGE, size: PAGE, to: 'shared' }));
  const all = overlapping ? [...conversions, { offset: 0, size: PAGE, to: 'private' }] : conversions;
  return service.api.post(`${path}/conversion-batches`, { conversions: all });
};

it('counts a run once for the block and once for each listener', async () => {
  expect((await shareRuns(LIMIT / 2)).status).toBe(200);
  expect(device.mapped.size).toBe(LIMIT / 2);
});

it.each([
  ['apart', false],
  ['overlapping', true],
])('refuses a batch of steps that are %s before anybody is told, and leaves no trace', async (_, overlapping) => {
  const before = await service.api.ok('GET', path);
  const answer = await shareRuns(LIMIT / 2 + 1, overlapping);
  expect(answer).toMatchObject({ status: 422, body: { code: 'too-many-runs', limit: LIMIT } });
  expect(answer.body.detail).toContain(
    `${LIMIT} runs of pages, which is the limit of one change (RBA_CHANGE_RUNS_LIMIT`,
  );
  expect(device.received).toEqual([]);
  expect(await service.api.ok('GET', path)).toEqual(before);
  // And what comes next is planned on what was there before.
  expect((await shareRuns(LIMIT / 2)).body.conversions).toMatchObject([
    { from: 'private' },
    { from: 'private' },
    { from: 'private' },
    { from: 'private' },
  ]);
});
