// The log: what is called a secret is not in it, wherever it is in what is logged.
import { Writable } from 'node:stream';
import { pino } from 'pino';
import pretty from 'pino-pretty';
import { describe, expect, it } from 'vitest';
import { createLog, prettyOptions } from '../src/log.ts';

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

function logged(what: object): string {
  lines.length = 0;
  log.trace(what, 'something');
  return lines.join('');
}

const SECRET = 'whsec_not-to-be-seen';
const FIELDS = [
  'secret',
  'previousSecrets',
  'token',
  'password',
  'authorization',
  'webhook-signature',
  'idempotency-key',
];

describe.each(FIELDS)('%s', (field) => {
  it.each([
    ['on top', { [field]: SECRET }],
    ['in an object', { listener: { [field]: SECRET } }],
    ['in the headers of a request', { req: { headers: { [field]: SECRET } } }],
    ['in a list', { listeners: [{ [field]: [SECRET] }] }],
    ['deep down', { a: { b: { c: { [field]: { value: SECRET } } } } }],
    ['in an error', { err: Object.assign(new Error('failed'), { [field]: SECRET }) }],
    ['in an object of an error', { err: Object.assign(new Error('failed'), { request: { [field]: SECRET } }) }],
  ])('%s is not logged', (_where, what) => {
    expect(logged(what)).toContain('[secret]');
    expect(logged(what)).not.toContain('not-to-be-seen');
  });
});

it('what is logged stays as it is', () => {
  const what = { listener: { id: 'lsn_1', secret: SECRET } };
  expect(JSON.parse(logged(what))).toMatchObject({ level: 10, listener: { id: 'lsn_1' }, msg: 'something' });
  expect(what.listener.secret).toBe(SECRET);
});

const CONTROLS = Array.from({ length: 0xa0 }, (_, code) => code).filter((code) => code < 0x20 || code > 0x7e);
const NASTY = String.fromCharCode(...CONTROLS);

it('has no control character on a line, and says all the same what it was', () => {
  const line = logged({ idstr: NASTY, [`key${NASTY}`]: 1 });
  expect(line.trimEnd()).not.toMatch(/\p{Cc}/u);
  expect(JSON.parse(line)).toMatchObject({ idstr: NASTY, [`key${NASTY}`]: 1 });
});

it('on a terminal gives no control character to it but line ends and tabs', () => {
  let text = '';
  const destination = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  const { transport: _transport, ...options } = prettyOptions('info');
  const printed = pino(options, pretty({ destination, colorize: false, sync: true }));
  printed.info({ idstr: NASTY, backslashes: '\\\\u001b \\u001b' }, `a message\u001b[2J\u009b2J\r`);
  printed.warn({ err: new Error(`failed\u001b]0;x\u0007`) }, 'an error');
  expect(text).toContain('a message\\u001b[2J\\u009b2J\\r');
  expect(text).toContain('failed\\u001b]0;x\\u0007');
  expect(text.replaceAll(/[\n\t]/g, '')).not.toMatch(/\p{Cc}/u);
});
