// Texts that clients give and people read: no control character gets in, and a name can be used where it is made.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ScriptedListener, SECRET } from '../support/scripted-listener.ts';
import { startService, type TestService } from '../support/service.ts';

let service: TestService;
let device: ScriptedListener;
let block: string;
let listener: string;

beforeAll(async () => {
  service = await startService();
  device = await ScriptedListener.start();
  block = `/v1/ram-blocks/${(await service.api.ok('POST', '/v1/ram-blocks', { idstr: 'pc.ram', usedLength: '64K' })).id}`;
  const { id } = await service.api.ok('POST', `${block}/listeners`, { url: device.url, secret: SECRET });
  listener = `${block}/listeners/${id}`;
});
afterAll(async () => {
  await service.close();
  await device.close();
});

const CONTROLS = [
  ...Array.from({ length: 0x20 }, (_, code) => code),
  ...Array.from({ length: 0x21 }, (_, at) => 0x7f + at),
];
const FINE = ['~', '\u00a0', 'é', '\u2028', '内存', '😀'];

describe.each<[string, string, () => string, (text: string) => object]>([
  ['an idstr', 'POST', () => '/v1/ram-blocks', (idstr) => ({ idstr, machine: crypto.randomUUID(), usedLength: 4096 })],
  ['the name of a source', 'POST', () => `${block}/sources`, (name) => ({ name, granularity: 4096 })],
  ['a description', 'PATCH', () => listener, (description) => ({ description })],
  ['a URL', 'PATCH', () => listener, (text) => ({ url: `${device.url}?${text}` })],
])('%s', (_name, method, path, bodyOf) => {
  it('has no control character: C0, DEL, C1', async () => {
    for (const code of CONTROLS) {
      const { status, body } = await service.api.call(method, path(), bodyOf(`a${String.fromCharCode(code)}b`));
      expect(`${code.toString(16)} ${status} ${body.code}`).toBe(`${code.toString(16)} 400 invalid-request`);
    }
  });

  it('may have any other', async () => {
    for (const text of FINE) {
      const { status } = await service.api.call(method, path(), bodyOf(text));
      expect(status, text).toBeLessThan(300);
    }
  });
});

describe('the name of a machine', () => {
  it.each(['.', '..'])('is not %s, which no client can ask for', async (machine) => {
    const { status, body } = await service.api.post('/v1/ram-blocks', { machine, idstr: 'a', usedLength: 4096 });
    expect(`${status} ${body.code}`).toBe('400 invalid-request');
    expect(body.errors[0].pointer).toBe('#/machine');
  });

  it.each(['...', '.a', 'a.', '..a', '-', '_'])('may be %s, and is found', async (machine) => {
    await service.api.ok('POST', '/v1/ram-blocks', { machine, idstr: 'a', usedLength: 4096 });
    expect((await service.api.ok('GET', `/v1/machines/${machine}`)).name).toBe(machine);
  });
});

describe('the URL of a listener', () => {
  it('is shown as it is called, however it was written', async () => {
    const { port, pathname } = new URL(device.url);
    const written = `  HTTP://127.1:0${port}/x/..${pathname}?a b  `;
    const called = `http://127.0.0.1:${port}${pathname}?a%20b`;
    const made = await service.api.ok('POST', `${block}/listeners`, { url: written, secret: SECRET });
    expect(made.url).toBe(called);
    expect((await service.api.ok('PATCH', listener, { url: written })).url).toBe(called);
    expect((await service.api.ok('GET', listener)).url).toBe(called);
  });
});
