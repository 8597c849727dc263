// Connections of one address that bring no token: so many and no more, while those with a token come in as before.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { startService, type TestService, until } from '../support/service.ts';
import { READER, TokensFile } from '../support/tokens-file.ts';
import { head } from './raw-socket.ts';

let file: TokensFile;
let service: TestService;
let sockets: Socket[];

beforeEach(async () => {
  file = await TokensFile.create();
  const settings = { ...file.settings, RBA_MAX_CONNECTIONS_PER_ADDRESS: '3' };
  service = await startService({ settings, token: READER });
  sockets = [];
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await service.close();
  await file.remove();
});

/** Opens a connection and asks on it. @returns the first bytes of the answer; nothing where it is closed instead */
async function ask(headers: Record<string, string> = {}): Promise<string> {
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  socket.write(head('GET /v1/ram-blocks HTTP/1.1', headers));
  const answered = once(socket, 'data').then(([chunk]) => String(chunk));
  answered.catch(() => undefined);
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve('')));
  const answer = await Promise.race([answered, closed]);
  return answer.slice(0, 12);
}

const TOKEN = { Authorization: `Bearer ${READER}` };

it('one too many is closed at once; one with a token is not counted, and one that goes makes room', async () => {
  for (let index = 0; index < 3; index++) expect(await ask()).toBe('HTTP/1.1 401');
  expect(await ask()).toBe('');
  // Neither who has a token comes in now: it is not known before.
  expect(await ask(TOKEN)).toBe('');
  sockets[0]?.destroy();
  await until('there is room', async () => (await ask(TOKEN)) === 'HTTP/1.1 200');
  // It has left its place to others, and so do all that follow.
  for (let index = 0; index < 5; index++) expect(await ask(TOKEN)).toBe('HTTP/1.1 200');
  expect(await ask({ Authorization: 'Bearer unknown' })).toBe('HTTP/1.1 401');
  expect(await ask(TOKEN)).toBe('');
});

it('there is no such bound where nobody has a token and only this machine can call', () => {
  expect(loadConfig({}).maxConnectionsPerAddress).toBe(0);
  expect(loadConfig({ RBA_TOKENS_FILE: 'tokens' }).maxConnectionsPerAddress).toBe(1000);
  expect(loadConfig({ HOST: '::', RBA_ALLOW_UNAUTHENTICATED: 'true' }).maxConnectionsPerAddress).toBe(1000);
  expect(loadConfig({ RBA_MAX_CONNECTIONS_PER_ADDRESS: '7' }).maxConnectionsPerAddress).toBe(7);
});
