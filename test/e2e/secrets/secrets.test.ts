// Tokens and the secrets of listeners are in no answer, event, metric, webhook or line of the log, whatever happens: but in
// the two answers that must show a new one.
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, expect, it } from 'vitest';
import { createLog } from '../../../src/log.ts';
import { FaultyJournal } from '../../support/faulty-journal.ts';
import { startService, until } from '../../support/service.ts';
import { ServiceProcess } from '../../support/service-process.ts';
import { hashOf, lineOf, TokensFile } from '../../support/tokens-file.ts';
import { Course, leaksIn, newSecret, newToken, type Telling, TellingListener } from './course.ts';

const PAGE = 4096;
const LIST = '/v1/ram-blocks';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

it('nothing is given away by a service under which everything goes wrong', async () => {
  const [reader, writer] = [newToken(), newToken()];
  const secrets: Record<string, string> = {
    'a token that may read': reader,
    'a token that may write': writer,
    'a token that is none': newToken(),
    'the hash of a token': hashOf(reader),
    'the hash of another': hashOf(writer),
    'a secret that was brought': newSecret(),
    'a secret that it was replaced with': newSecret(),
    'a secret that was refused': newSecret(),
    'a password in a URL': newToken(),
  };
  const known = (name: string): string => secrets[name] ?? '';
  const guess = known('a token that is none');
  const own = known('a secret that was brought');
  const refused = known('a secret that was refused');

  const folder = await mkdtemp(join(tmpdir(), 'rba-secrets-'));
  closing.push(() => rm(folder, { recursive: true }));
  const file = await TokensFile.create(lineOf('reader', 'read', reader) + lineOf('writer', 'write', writer));
  closing.push(() => file.remove());
  const devices = await Promise.all([0, 1, 2].map(() => TellingListener.start()));
  const [device, another, mirror] = devices as [TellingListener, TellingListener, TellingListener];
  closing.push(() => Promise.all(devices.map((one) => one.close())));
  closing.push(() => ServiceProcess.endAll());
  const settings = { LOG_LEVEL: 'trace', RBA_ASYNC_RETRY_SCHEDULE: '50ms', RBA_RATE_LIMIT: '100000', ...file.settings };
  const service = new ServiceProcess(folder, settings);
  const api = await service.ready;
  const course = new Course(api.url, writer);
  closing.push(() => course.end());
  closing.push(() => api.close());
  await course.follow();

  // Who asks with something that is no token, or in the wrong place.
  for (const authorization of [
    `Bearer ${guess}`,
    `Basic ${guess}`,
    `Bearer ${reader} ${writer}`,
    guess,
    `Bearer "${reader}"`,
  ]) {
    const { status } = await course.ask('a wrong Authorization', 'GET', LIST, { headers: { authorization } });
    expect(status).toBe(401);
  }
  for (const name of ['access_token', 'token', 'limit', 'cursor']) {
    await course.ask('a token in the query', 'GET', `${LIST}?${name}=${writer}`);
  }
  await course.ask('a token that may only read', 'POST', LIST, { token: reader, body: {} });

  const { body: block } = await course.ask('a block', 'POST', LIST, { body: { idstr: 'pc.ram', usedLength: '64K' } });
  const path = `${LIST}/${block.id}`;
  const listeners = `${path}/listeners`;
  const wanted = { url: device.url, timeoutMs: 1000 };

  // Requests that do not fit, with a secret in them.
  const bad: [body: unknown, headers?: Record<string, string>][] = [
    [{ ...wanted, secret: `${refused}!` }],
    [{ ...wanted, secret: [refused] }],
    [{ ...wanted, secret: { value: refused } }],
    [{ ...wanted, secretKey: refused }],
    [{ ...wanted, secret: refused, mode: refused }],
    [{ ...wanted, secret: refused, timeoutMs: refused }],
    [{ ...wanted, secret: refused, granularity: refused }],
    [{ ...wanted, secret: refused, maxSections: 0 }],
    [{ ...wanted, secret: refused, section: { offset: refused } }],
    [{ secret: refused, url: refused }],
    [{ secret: refused, url: `http://user:${known('a password in a URL')}@127.0.0.1/` }],
    [{ secret: refused, url: 'http://169.254.169.254/' }],
    [refused],
    [`{"url":"${device.url}","secret":"${refused}"`],
    [`{"url":"${device.url}","secret":${refused}}`],
    [`{"secret":"${refused}"}${refused}`],
    [`{"secret":"${refused}","secret":"${refused}"}`],
    [`{"__proto__":{"secret":"${refused}"}}`],
    [Buffer.concat([Buffer.from(`{"secret":"${refused}`), Buffer.of(0xff, 0xfe)])],
    [JSON.stringify({ ...wanted, secret: refused }), { 'content-type': 'text/plain' }],
  ];
  for (const [body, headers = {}] of bad) {
    const { status } = await course.ask('a bad request', 'POST', listeners, { body, headers });
    expect(status).toBeGreaterThanOrEqual(400);
  }
  const headers = { 'idempotency-key': `${writer} ${writer}`, 'if-match': refused, prefer: refused };
  await course.ask('bad headers', 'POST', `${path}/conversions`, {
    headers,
    body: { offset: 0, size: PAGE, to: 'shared' },
  });

  // Listeners: one that brought its secret, one for which one is made, and one that is told later.
  const register = (what: string, fields: object, key = what.replaceAll(' ', '-')) =>
    course.ask(what, 'POST', listeners, { body: { ...wanted, ...fields }, headers: { 'idempotency-key': key } });
  const { body: first } = await register('a listener', { secret: own });
  await register('a listener', { secret: own });
  const { body: second } = await register('a listener with a new secret', { url: another.url });
  await register('a listener with a new secret', { url: another.url });
  expect(second.secret).toMatch(/^whsec_/);
  secrets['a secret that was made'] = second.secret;
  const { body: third } = await register('an async listener', { url: mirror.url, secret: own, mode: 'async' });
  device.knows.push(own);
  another.knows.push(second.secret);
  mirror.knows.push(own);

  // Devices that tell all they know, in every way to fail.
  const slashes = (text: string) => text.replaceAll('/', '\\/');
  const telling: Telling[] = [
    (response, knows) => response.writeHead(403).end(JSON.stringify({ detail: `refused by ${knows}` })),
    (response, knows) => response.writeHead(409).end(`{"detail":"by ${slashes(knows.join())}"}`),
    (response, knows) => response.writeHead(422).end(`by ${knows.map((one) => one.replace('whsec_', ''))}`),
    (response, knows) => response.writeHead(500, { 'x-secret': own }).end(`<h1>${knows}</h1>`),
    (response, knows) => response.writeHead(404).end(slashes(JSON.stringify({ error: knows }))),
    (response) => response.writeHead(302, { location: `http://127.0.0.1/?${own}` }).end(),
    (response) => response.socket?.end(`HTTP/1.1 nonsense ${own}\r\n\r\n`),
    (response) => response.destroy(),
    () => undefined,
  ];
  for (const answer of telling) {
    for (const one of devices) one.answer = answer;
    await course.ask('a conversion', 'POST', `${path}/conversions`, { body: { offset: 0, size: PAGE, to: 'shared' } });
    await course.ask('a replay', 'POST', `${listeners}/${first.id}/replay`);
    await course.ask('a listener that fails', 'GET', `${listeners}/${first.id}`);
  }
  await until('deliveries failed', () => course.countEvents('event: delivery.failed') > 10);

  // Other secrets, one brought and one made, also again under the same key.
  const next = known('a secret that it was replaced with');
  const rotate = (id: string, what: string, body: object, key: string) =>
    course.ask(what, 'POST', `${listeners}/${id}/secret-rotations`, { body, headers: { 'idempotency-key': key } });
  for (let count = 0; count < 2; count++) {
    expect((await rotate(first.id, 'a rotation', { secret: next }, 'one')).body.secret).toBe(next);
    secrets['a secret that was made by a rotation'] = (await rotate(second.id, 'a rotation', {}, 'two')).body.secret;
  }
  await rotate(first.id, 'a bad request', { secret: refused.slice(1) }, 'three');
  await rotate(first.id, 'a bad request', { secret: own, gracePeriodSeconds: refused }, 'four');
  device.knows.push(next);
  another.knows.push(known('a secret that was made by a rotation'));
  for (const one of devices) one.answer = (response, knows) => response.writeHead(500).end(`once ${knows}`);
  await course.ask('a retry', 'POST', `${listeners}/${third.id}/retry`);
  await course.ask('a conversion', 'POST', `${path}/conversions`, { body: { offset: 0, size: PAGE, to: 'shared' } });
  await course.ask('a change', 'PATCH', `${listeners}/${first.id}`, { body: { description: 'mine', secret: next } });
  await course.ask('a change', 'PATCH', `${listeners}/${first.id}`, { body: { description: 'mine' } });

  // The file of tokens with one in clear, and then as it was.
  await file.write(`${lineOf('writer', 'write', writer)}reader:read:${reader}\n`);
  service.signal('SIGHUP');
  await until('it is refused', () => service.output.some((line) => line.includes('not read again')));

  // Everything that can be read.
  for (const one of [first, second, third]) {
    for (const what of ['', '/deliveries?limit=1000'])
      await course.ask('a read', 'GET', `${listeners}/${one.id}${what}`);
  }
  for (const what of [
    LIST,
    path,
    listeners,
    `${path}/conversions`,
    `${path}/sources`,
    '/v1/machines',
    '/metrics',
    '/openapi.json',
    '/docs',
  ]) {
    expect((await course.ask('a read', 'GET', what)).status).toBe(200);
  }
  for (const one of devices) one.answer = (response) => response.end();
  for (const one of [first, second, third]) await course.ask('an end', 'DELETE', `${listeners}/${one.id}?force=true`);
  await until('all ends are told', () => course.countEvents('event: listener.deleted') >= 3);
  expect(await service.end('SIGTERM')).toBe(0);

  const log = service.output.map((text) => ({ what: 'the log', text }));
  const showing = ['a listener with a new secret', 'a rotation'];
  const said = [...course.said, ...devices.flatMap(({ received }) => received), ...log].filter(
    ({ what }) => !showing.includes(what),
  );
  expect(said.length).toBeGreaterThan(100);
  // What the device told was shown, without the secrets.
  for (const what of ['a conversion', 'a read', 'events']) {
    expect(course.said.filter((one) => one.what === what && one.text.includes('[secret]'))).not.toEqual([]);
  }
  expect(leaksIn(said, secrets)).toEqual([]);
  // The two answers show the one secret that they are about.
  const shown = course.said.filter(({ what }) => showing.includes(what));
  expect(shown).toHaveLength(6);
  for (const one of shown) expect(leaksIn([one], secrets)).toHaveLength(1);

  // The journal has the secrets: nobody else may read it.
  for (const name of await readdir(folder)) {
    expect(`${name} ${(await stat(join(folder, name))).mode & 0o077}`).toBe(`${name} 0`);
  }
}, 120_000);

it('nothing is given away when the journal fails, or what nobody thought of happens', async () => {
  const secrets = { 'a secret that was brought': newSecret(), 'a token': newToken() };
  const file = await TokensFile.create(lineOf('writer', 'write', secrets['a token']));
  closing.push(() => file.remove());
  const device = await TellingListener.start();
  closing.push(() => device.close());
  const lines: string[] = [];
  const log = createLog(
    'trace',
    new Writable({
      write(line, _encoding, done) {
        lines.push(String(line));
        done();
      },
    }),
  );
  const journal = new FaultyJournal();
  const service = await startService({ settings: file.settings, log, openJournal: journal.open });
  closing.push(() => service.close());
  const course = new Course(service.url, secrets['a token']);
  const isReady = async () => (await course.ask('a read', 'GET', '/readyz')).status === 200;
  const { body: block } = await course.ask('a block', 'POST', LIST, { body: { idstr: 'pc.ram', usedLength: '64K' } });
  const listener = { url: device.url, secret: secrets['a secret that was brought'] };
  // An error that carries what it was about.
  const fault = Object.assign(new Error('cannot be written'), {
    secret: listener.secret,
    record: { listener, headers: { authorization: `Bearer ${secrets['a token']}` } },
  });
  for (const cause of [fault, new TypeError('nobody thought of it', { cause: fault })]) {
    journal.failOnce(cause);
    const { status } = await course.ask('a listener', 'POST', `${LIST}/${block.id}/listeners`, { body: listener });
    expect(status).toBe(503);
    await until('it is ready', isReady);
    journal.failOnce(cause);
    expect((await course.ask('a read', 'GET', `${LIST}/${block.id}/conversions`)).status).toBe(500);
  }
  expect(lines.join('')).toContain('nobody thought of it');
  const said = [...course.said, ...lines.map((text) => ({ what: 'the log', text }))];
  expect(leaksIn(said, secrets)).toEqual([]);
});
