// What must hold for every answer, whatever was asked.
import { checkAnswer } from '../support/contract.ts';
import type { RawAnswer } from './connection.ts';
import type { FuzzRequest } from './requests.ts';

/** What only the inside of the service knows. */
const INTERNALS = /node_modules|node:internal|\.ts:\d+|SQLITE|SELECT |INSERT |\\n {2,}at |whsec_[\w+/]{16}|polluted/;
/** Answers that tell a secret, once, because that is what was asked for. */
const TELLS_SECRET = ['registerListener', 'rotateSecret'];

/** The body of `answer`, parsed where it is JSON. */
export function bodyOf({ headers, body }: RawAnswer): unknown {
  const isJson = /json/.test(headers['content-type'] ?? '');
  return isJson ? JSON.parse(body.toString()) : body.toString('latin1');
}

/**
 * @param body of the answer, parsed
 * @throws Error that says what is wrong with the answer to `request`
 */
export function check(request: FuzzRequest, answer: RawAnswer, body: unknown): void {
  const { status, headers } = answer;
  if (Object(body).code === 'internal') throw new Error('an internal error');
  const isSecret = TELLS_SECRET.includes(request.operationId) && status < 300;
  const leak = status >= 400 || !isSecret ? INTERNALS.exec(textOf(answer)) : null;
  if (leak !== null) throw new Error(`the answer tells of the inside: ${leak[0]}`);
  // What is malformed may be taken for another request than the one it was made of.
  if (request.kind !== 'malformed') checkAnswer(request.method, request.path, { status, headers, body });
  else if (status >= 400) checkAnswer('-', '-', { status, headers, body });
}

/** What may be searched: not what is bytes. */
function textOf({ headers, body }: RawAnswer): string {
  return /json|^text\//.test(headers['content-type'] ?? '') ? body.toString() : '';
}
