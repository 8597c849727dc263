// rba listen against the service itself: what happens there is what is said here.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseListenArguments } from '../../src/cli/listen/arguments.ts';
import { listen } from '../../src/cli/listen/listen.ts';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService, until } from '../support/service.ts';

const PAGE = 4096;

let service: TestService;
let stop: AbortController;
let lines: string[];
let notices: string[];

beforeEach(async () => {
  service = await startService({ settings: { RBA_EVENTS_KEPT: '20' } });
  [stop, lines, notices] = [new AbortController(), [], []];
});

afterEach(async () => {
  stop.abort();
  await service.close();
});

/** Runs the command line until it ends; comes back when it follows. */
async function start(...args: string[]): Promise<{ readonly ended: Promise<void> }> {
  const before = notices.length;
  const ended = listen(parseListenArguments(['--service', service.url, ...args]), {
    signal: stop.signal,
    onLine: (line) => lines.push(line),
    onNotice: (text) => notices.push(text),
  });
  await until('it follows', () => notices.length > before);
  return { ended };
}

const createBlock = (fields: object = {}): Promise<{ id: string }> =>
  service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: 16 * PAGE, ...fields });

const convert = (id: string, page: number, to: string) =>
  service.api.post(`/v1/ram-blocks/${id}/conversions`, { offset: page * PAGE, size: PAGE, to });

/** A line without its time. */
const untimed = (line: string | undefined) => line?.replace(/^\S+Z /, '');

describe('rba listen', () => {
  it('tells of blocks, listeners, conversions and what fails', async () => {
    const device = await ScriptedListener.start(({ type, sections: [section] }) =>
      type === 'ram_block.populate' && section?.offsetWithinRegion === 2 * PAGE
        ? { status: 409, body: { detail: 'no more' } }
        : 200,
    );
    const { url } = device;
    const { ended } = await start('--count', '6');
    const { id } = await createBlock();
    const { id: listenerId } = await service.api.ok('POST', `/v1/ram-blocks/${id}/listeners`, {
      ...{ url, secret: SECRET, timeoutMs: 30_000 },
    });
    await convert(id, 1, 'shared');
    await convert(id, 2, 'shared');
    await service.api.ok('DELETE', `/v1/ram-blocks/${id}?force=true`);
    await ended;
    await device.close();
    const told = lines.map((line) => untimed(line)?.replaceAll(id, 'BLOCK').replaceAll(listenerId, 'LISTENER'));
    expect(told.slice(0, 3)).toEqual([
      'ram_block.created    default/BLOCK pc.ram, used length 64 KiB, generation 0',
      `listener.created     default/BLOCK LISTENER, state active, ${url}`,
      'conversion.committed default/BLOCK offset 0x1000 size 0x1000 from private to shared, changed 4 KiB, notified LISTENER, generation 1',
    ]);
    const [failedDelivery, failedConversion] = told.slice(3, 5);
    expect(failedDelivery).toMatch(
      /^delivery\.failed {6}default\/BLOCK listener LISTENER, ram_block\.populate, attempt 1, status 409, outcome refused/,
    );
    expect(failedConversion).toMatch(
      /^conversion\.failed {4}default\/BLOCK offset 0x2000 size 0x1000 to shared, listener-refused: .*no more/,
    );
  });

  it('tells of one machine, or one block, only', async () => {
    const { id } = await createBlock({ machine: 'vm1' });
    const { id: other } = await createBlock({ machine: 'vm2' });
    const [machine, block] = [
      await start('--machine', 'vm1', '--count', '1'),
      await start('--ram-block', id, '--count', '1'),
    ];
    await convert(other, 1, 'shared');
    await convert(id, 2, 'shared');
    await Promise.all([machine.ended, block.ended]);
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(untimed(line)).toContain(`conversion.committed vm1/${id} offset 0x2000`);
  });

  it('begins where it is told to, and says when that is no longer known', async () => {
    const first = await start('--json', '--count', '1');
    const { id } = await createBlock();
    await first.ended;
    for (const page of [1, 2]) await convert(id, page, 'shared');
    const { id: after } = JSON.parse(lines[0] ?? '');
    await (await start('--after', after, '--count', '2')).ended;
    expect(lines.slice(1).map((line) => /offset (\w+)/.exec(line)?.[1])).toEqual(['0x1000', '0x2000']);
    for (let times = 0; times < 15; times++) for (const to of ['shared', 'private']) await convert(id, 0, to);
    const late = await start('--after', after, '--count', '1');
    await until('it goes on from now', () => notices.at(-1)?.startsWith('following') === true);
    expect(notices.at(-2)).toMatch(/^events were missed, going on from now: .*no longer kept/);
    await service.api.ok('DELETE', `/v1/ram-blocks/${id}`);
    await late.ended;
    expect(untimed(lines.at(-1))).toMatch(/^ram_block\.deleted/);
  });

  it('goes on when the service was started anew, and says that it knows nothing of before', async () => {
    // One address for two services, one after the other.
    const proxy = createServer((client) => {
      const upstream = connect(Number(new URL(service.url).port), '127.0.0.1');
      client.on('error', () => upstream.destroy()).pipe(upstream);
      upstream.on('error', () => client.destroy()).pipe(client);
    });
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    // A server that listens on TCP has an AddressInfo.
    const { port } = proxy.address() as AddressInfo;
    const { ended } = await start('--service', `http://127.0.0.1:${port}`, '--count', '2');
    await createBlock({ idstr: 'one' });
    await until('it was told', () => lines.length === 1);
    await service.close();
    service = await startService();
    await until('it follows again', () => notices.at(-1)?.startsWith('following') === true && notices.length > 2);
    await createBlock({ idstr: 'two' });
    await ended;
    proxy.close();
    expect(lines.map((line) => /(one|two),/.exec(line)?.[1])).toEqual(['one', 'two']);
    expect(notices.filter((text) => text.startsWith('events were missed'))).toHaveLength(1);
  });
});
