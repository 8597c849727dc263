// What a listener says of itself: the detail and errno of a problem document are passed on, and nothing in an answer can
// do harm on its way to a client.
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { answering, http, Receiver } from './receiver.ts';
import { SECRET, Sender } from './sender.ts';

let sender: Sender;
let receiver: Receiver;
let reply = '';

beforeAll(async () => {
  sender = new Sender();
  receiver = await Receiver.start((socket) => socket.write(reply));
});

afterEach(() => {
  sender.attempts.length = 0;
});

afterAll(async () => {
  await sender.close();
  await receiver.close();
});

function refusal(body: string, headers: Record<string, string> = { 'content-type': 'application/problem+json' }) {
  reply = http(409, body, headers);
  return sender.deliver(receiver.url);
}

describe('a refusal', () => {
  it('passes on detail and errno of a problem document', async () => {
    const problem = { type: 'about:blank', title: 'Conflict', status: 409, detail: 'no room', errno: 'ENOSPC' };
    expect(await refusal(JSON.stringify(problem))).toEqual({
      outcome: 'refused',
      status: 409,
      detail: 'no room',
      errno: 'ENOSPC',
    });
    expect(sender.attempts).toMatchObject([{ outcome: 'refused', responseExcerpt: 'no room' }]);
  });

  it('is read as a problem document whatever its content type', async () => {
    const expected = { outcome: 'refused', status: 409, detail: 'no room', errno: 'ENOSPC' };
    const body = '{"detail":"no room","errno":"ENOSPC"}';
    expect(await refusal(body, {})).toEqual(expected);
    expect(await refusal(body, { 'content-type': 'text/html' })).toEqual(expected);
  });

  it.each([
    ['plain text', 'IOMMU is full', 'IOMMU is full'],
    ['no body', '', 'HTTP 409'],
    ['malformed JSON', '{"detail":"no room"', '{"detail":"no room"'],
    ['null', 'null', 'null'],
    ['a number', '17', '17'],
    ['a string', '"no room"', '"no room"'],
    ['an array', '["no room"]', '["no room"]'],
    ['an object without a detail', '{"title":"x"}', '{"title":"x"}'],
    ['a detail that is no text', '{"detail":{"a":1}}', '{"detail":{"a":1}}'],
    ['an empty detail', '{"detail":""}', 'HTTP 409'],
    ['a prototype', '{"__proto__":{"detail":"x","errno":"EIO"}}', '{"__proto__":{"detail":"x","errno":"EIO"}}'],
  ])('with %s says what there is', async (_, body, detail) => {
    expect(await refusal(body)).toEqual({ outcome: 'refused', status: 409, detail });
  });

  it.each(['ENOSPC', 'EIO', 'E2BIG', 'EAGAIN'])('passes on errno %s', async (errno) => {
    expect(await refusal(JSON.stringify({ detail: 'x', errno }))).toMatchObject({ errno });
  });

  it.each([
    28,
    null,
    '',
    'E',
    'enospc',
    'ENOSPC ',
    'NOSPC',
    'ENOSPC\n',
    `E${'X'.repeat(16)}`,
    '<b>',
    ['EIO'],
    { a: 1 },
  ])('leaves out errno %j, which is none', async (errno) => {
    expect(await refusal(JSON.stringify({ detail: 'x', errno }))).toEqual({
      outcome: 'refused',
      status: 409,
      detail: 'x',
    });
  });

  it('with a long detail is cut to what a problem document can carry', async () => {
    const detail = 'a'.repeat(10_000);
    expect(await refusal(JSON.stringify({ detail, errno: 'EIO' }))).toMatchObject({
      detail: detail.slice(0, 512),
      errno: 'EIO',
    });
  });

  it('with a problem document longer than 16 KiB is a refusal whose text is its beginning', async () => {
    const body = JSON.stringify({ detail: 'no room', errno: 'ENOSPC', stack: 'x'.repeat(100_000) });
    expect(await refusal(body)).toEqual({ outcome: 'refused', status: 409, detail: body.slice(0, 512) });
  });

  it('with JSON as deep as it fits is no harm', async () => {
    expect(await refusal('['.repeat(16_000))).toMatchObject({ outcome: 'refused', status: 409 });
    expect(await refusal('{"a":'.repeat(3000))).toMatchObject({ outcome: 'refused', status: 409 });
  });

  it('never makes a text that strict JSON parsers refuse: half a character is replaced', async () => {
    expect(await refusal(String.raw`{"detail":"a\ud800b"}`)).toMatchObject({ detail: 'a\ufffdb' });
    const cut = `${'a'.repeat(511)}\u{1f4a5}`;
    expect(await refusal(JSON.stringify({ detail: cut }))).toMatchObject({ detail: `${'a'.repeat(511)}\ufffd` });
  });

  it('with any bytes at all is a refusal with a well formed text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), async (bytes) => {
        const head = `HTTP/1.1 403 No\r\ncontent-length: ${bytes.length}\r\n\r\n`;
        const raw = await Receiver.start((socket) => socket.write(Buffer.concat([Buffer.from(head), bytes])));
        const answer = await sender.deliver(raw.url);
        await raw.close();
        expect(answer).toMatchObject({ outcome: 'refused', status: 403 });
        if (answer.outcome === 'accepted') return;
        expect(answer.detail.isWellFormed()).toBe(true);
        expect(answer.detail.length).toBeLessThanOrEqual(512);
        expect(answer.detail).not.toBe('');
      }),
      { numRuns: 50 },
    );
  });
});

describe('what is not a refusal', () => {
  it('passes on the text behind the status', async () => {
    reply = http(404, '{"detail":"no such hook","errno":"ENOENT"}');
    expect(await sender.deliver(receiver.url)).toEqual({
      outcome: 'unanswered',
      status: 404,
      detail: 'HTTP 404: no such hook',
      errno: 'ENOENT',
    });
  });

  it('is told to the delivery log, too', async () => {
    reply = http(202, 'queued');
    await sender.deliver(receiver.url);
    reply = http(200, 'mapped');
    await sender.deliver(receiver.url);
    expect(sender.attempts.map(({ status, outcome, responseExcerpt }) => [status, outcome, responseExcerpt])).toEqual([
      [202, 'unanswered', 'HTTP 202: queued'],
      [200, 'accepted', 'mapped'],
    ]);
  });

  it('an accepted answer has nothing to say, whatever its body', async () => {
    const accepting = await Receiver.start(answering(200, '{"detail":"x","errno":"EIO"}'));
    expect(await sender.deliver(accepting.url)).toEqual({ outcome: 'accepted' });
    await accepting.close();
  });
});

describe('the secret of a listener that repeats it', () => {
  const key = SECRET.replace('whsec_', '');
  const escaped = (text: string) => text.replaceAll('/', '\\/');

  it.each([
    ['in a detail', JSON.stringify({ detail: `signed with ${SECRET}` }), 'signed with whsec_[secret]'],
    ['without its prefix', `key=${key}`, 'key=[secret]'],
    ['with escaped slashes', `{"key":"${escaped(key)}"}`, '{"key":"[secret]"}'],
    ['again and again', `${SECRET} ${SECRET}`, 'whsec_[secret] whsec_[secret]'],
    ['where what is shown of the answer ends', ' '.repeat(500) + SECRET, `${' '.repeat(500)}whsec_[secre`],
  ])('is not passed on: %s', async (_where, body, detail) => {
    expect(await refusal(body, {})).toMatchObject({ outcome: 'refused', detail });
    expect(sender.attempts).toMatchObject([{ responseExcerpt: detail }]);
  });

  it('is not passed on from an answer that counts for none', async () => {
    reply = http(404, SECRET);
    expect(await sender.deliver(receiver.url)).toMatchObject({ detail: 'HTTP 404: whsec_[secret]' });
  });
});
