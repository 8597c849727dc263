// The content of kept answers: a line of JSON with the head, then the body, deflated where it is long. The journal keeps
// these bytes and knows nothing about them.
import { promisify } from 'node:util';
import { deflateRawSync, inflateRaw } from 'node:zlib';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Head extends Omit<HttpAnswer, 'body'> {
  /** Left out where the body is as it was given. */
  readonly encoding?: 'deflate';
}

/** Characters of a body that is kept as it is; a longer one is deflated. */
const LONG_BODY = 4096;
const LINE_FEED = 0x0a;

const inflate = promisify(inflateRaw);

export function encodeAnswer({ status, headers, body }: HttpAnswer): Uint8Array {
  if (body.length < LONG_BODY) return new TextEncoder().encode(`${JSON.stringify({ status, headers })}\n${body}`);
  const head: Head = { status, headers, encoding: 'deflate' };
  // Answers repeat themselves so much that the lowest level makes a tenth of them, and costs no more than to write them whole.
  const bytes = Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), deflateRawSync(body, { level: 1 })]);
  // With a buffer of its own: one that is sent to another thread goes whole.
  return new Uint8Array(bytes);
}

/** Returns the answer that {@link encodeAnswer} made `content` of. */
export async function decodeAnswer(content: Uint8Array): Promise<HttpAnswer> {
  const end = content.indexOf(LINE_FEED);
  // Our own writing: the journal has checked that it is as it was written.
  const head = JSON.parse(new TextDecoder().decode(content.subarray(0, end))) as Head;
  const rest = content.subarray(end + 1);
  const bytes = head.encoding === undefined ? rest : await inflate(rest);
  return { status: head.status, headers: head.headers, body: new TextDecoder().decode(bytes) };
}
