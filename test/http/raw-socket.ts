// What no HTTP client would send: bytes on a socket, and the answers that come back before it closes.
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Answer } from '../support/contract.ts';

export interface RawAnswer extends Answer {
  readonly body: string;
}

/** The head of a request to this service, complete. */
export function head(line: string, headers: Record<string, string> = {}): string {
  const all = { Host: '127.0.0.1', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line}\r\n${lines.join('')}\r\n`;
}

/** Sends `bytes` and reads until the service closes; the last request should ask for that, or be one that it refuses. */
export async function exchange(url: string, bytes: string | Uint8Array): Promise<RawAnswer[]> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.write(bytes);
  await once(socket, 'close');
  return parse(Buffer.concat(chunks).toString('latin1'));
}

/** As {@link exchange}, where there is one answer. */
export async function answerTo(url: string, bytes: string | Uint8Array): Promise<RawAnswer> {
  const [answer, ...more] = await exchange(url, bytes);
  if (answer === undefined || more.length > 0) throw new Error(`${more.length} more answers, or none`);
  return answer;
}

function parse(text: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = text;
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n');
    const [line = '', ...fields] = rest.slice(0, end).split('\r\n');
    const headers = Object.fromEntries(
      fields.map((field) => {
        const colon = field.indexOf(':');
        return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
      }),
    );
    const length = Number(headers['content-length'] ?? 0);
    const body = rest.slice(end + 4, end + 4 + length);
    answers.push({ status: Number(line.split(' ')[1]), headers, body });
    rest = rest.slice(end + 4 + length);
  }
  return answers;
}
