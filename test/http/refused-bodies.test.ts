// Bodies that are refused while they are still being sent: whoever sends one reads why, and may go on on the connection.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startService, type TestService, until } from '../support/service.ts';
import { head } from './raw-socket.ts';

const BODY_LIMIT = 4 * 2 ** 20;
const JSON_TYPE = { 'Content-Type': 'application/json' };

let service: TestService;
let socket: Socket;
let answers: string;

beforeEach(async () => {
  service = await startService();
  socket = connect(Number(new URL(service.url).port), '127.0.0.1');
  answers = '';
  socket.on('error', () => undefined);
  socket.setEncoding('latin1').on('data', (text) => {
    answers += text;
  });
  await once(socket, 'connect');
});
afterEach(async () => {
  socket.destroy();
  await service.close();
});

const statuses = () => [...answers.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
const answered = (count: number) => until(`${count} answers`, () => statuses().length >= count);
const livez = head('GET /livez HTTP/1.1', {});

it.each([
  ['longer than it may be', BODY_LIMIT + 1, JSON_TYPE, 413],
  ['twice as long', 2 * BODY_LIMIT, JSON_TYPE, 413],
  ['of a type that nobody reads', BODY_LIMIT - 1, { 'Content-Type': 'text/css' }, 415],
  ['no JSON', 60_000, JSON_TYPE, 400],
] as const)('one that is %s is answered, and so is the request behind it', async (_, length, headers, status) => {
  socket.write(head('POST /v1/ram-blocks HTTP/1.1', { ...headers, 'Content-Length': `${length}` }));
  socket.write(`${'x'.repeat(length)}${livez}`);
  await answered(2);
  expect(statuses()).toEqual([status, 200]);
  expect(answers).not.toMatch(/^connection: close/im);
});

it('one without end is answered, and its connection closed when its time is over', async () => {
  socket.write(head('POST /v1/ram-blocks HTTP/1.1', { ...JSON_TYPE, 'Transfer-Encoding': 'chunked' }));
  const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
  const more = (): void => {
    while (socket.writable && socket.write(chunk));
  };
  socket.on('drain', more);
  more();
  await until('the connection is closed', () => socket.closed);
  expect(statuses()).toEqual([413]);
});

it('one that is announced and never sent is answered, and its connection closed some time later', async () => {
  socket.write(head('POST /v1/ram-blocks HTTP/1.1', { ...JSON_TYPE, 'Content-Length': `${BODY_LIMIT + 1}` }));
  await answered(1);
  expect(statuses()).toEqual([413]);
  expect(socket.closed).toBe(false);
  await until('the connection is closed', () => socket.closed);
});

it('one whose sender wants to know first whether to send it is answered as the others', async () => {
  const headers = { ...JSON_TYPE, 'Content-Length': `${BODY_LIMIT + 1}`, Expect: '100-continue' };
  socket.write(head('POST /v1/ram-blocks HTTP/1.1', headers));
  await until('it is told', () => statuses().at(-1) === 413);
});
