// The log: what is called a secret is not in it, wherever it is in what is logged.
import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createLog } from '../src/log.ts';

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
