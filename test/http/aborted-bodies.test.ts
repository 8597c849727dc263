// Clients that go away while their body is on its way, also where nobody reads it any more.
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Api } from '../support/api.ts';
import { ServiceProcess } from '../support/service-process.ts';
import { head } from './raw-socket.ts';

const LONG = { 'Content-Length': '100000' };
const CHUNKED = { 'Transfer-Encoding': 'chunked' };

let service: ServiceProcess;
let api: Api;

beforeAll(async () => {
  service = new ServiceProcess('unused', { RBA_JOURNAL: 'memory' });
  api = await service.ready;
});
afterAll(async () => {
  await api.close();
  expect(await service.end('SIGTERM')).toBe(0);
  expect(service.output.filter((line) => /closing after an error|a request failed/.test(line))).toEqual([]);
});

it.each([
  ['chunked, of a type that nobody reads', { ...CHUNKED, 'Content-Type': 'text/plain' }, '5\r\nabcde\r\n'],
  ['chunked, compressed', { ...CHUNKED, 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' }, '5\r\nab'],
  ['chunked, with a chunk that is none', { ...CHUNKED, 'Content-Type': 'text/plain' }, '5\r\nabcde\r\nzz\r\n'],
  ['long, of a type that nobody reads', { ...LONG, 'Content-Type': 'text/plain' }, 'abc'],
  ['long, of a type that is read', { ...LONG, 'Content-Type': 'application/json' }, '{"a":'],
  ['long, of a bitmap', { ...LONG, 'Content-Type': 'application/octet-stream' }, 'abc', 'PUT', '/none/bitmap'],
])(
  'a body that breaks off costs nobody else anything: %s',
  async (_what, headers, body, method = 'POST', below = '') => {
    for (let round = 0; round < 5; round++) {
      const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
      await once(socket, 'connect');
      socket.on('error', () => undefined);
      socket.write(head(`${method} /v1/ram-blocks${below} HTTP/1.1`, headers) + body);
      // Whether it is refused at once or still being read: then the client is gone.
      await Promise.race([once(socket, 'data'), api.get('/livez')]);
      socket.resetAndDestroy();
      await api.ok('GET', '/livez');
      await api.ok('GET', '/readyz');
    }
  },
);
