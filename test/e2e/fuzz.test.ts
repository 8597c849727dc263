// A short run of what `npm run test:fuzz` sends a million of; and that its checks can fail.
import { describe, expect, it } from 'vitest';
import { check } from '../fuzz/checks.ts';
import { parse, type RawAnswer } from '../fuzz/connection.ts';
import { figuresText } from '../fuzz/figures-text.ts';
import { checkGrowth, fuzz } from '../fuzz/fuzzer.ts';
import { type FuzzRequest, OPERATION_IDS } from '../fuzz/requests.ts';
import { SHAPES } from '../fuzz/shapes.ts';

const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 1500);
const SEED = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32));
const MIB = 2 ** 20;

it(
  `whatever is sent, every answer is one that the document has, and the service stays as it was (FUZZ_SEED=${SEED})`,
  async () => {
    const figures = await fuzz({ requests: REQUESTS, seed: SEED });
    expect(figures.sent).toBe(REQUESTS);
    // Whatever it met, it got through to each operation.
    expect([...figures.byOperation.keys()].sort(), figuresText(figures, 0)).toEqual(OPERATION_IDS.toSorted());
  },
  60_000 + REQUESTS * 20,
);

it('there is a request that makes sense for every operation of the document', () => {
  expect(Object.keys(SHAPES).sort()).toEqual(OPERATION_IDS.toSorted());
});

describe('an answer is found fault with', () => {
  const request: FuzzRequest = {
    ...{ number: 0, kind: 'valid', operationId: 'getRamBlock', method: 'GET', path: '/v1/ram-blocks/x' },
    bytes: Buffer.alloc(0),
  };
  const problem = { type: 'urn:x', title: '', status: 404, detail: '', instance: 'urn:x', code: 'not-found' };
  const answer = (body: object, status = 404): RawAnswer => ({
    status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
    body: Buffer.from(JSON.stringify(body)),
  });

  it('but not one that is right', () => check(request, answer(problem), problem));

  it.each([
    ['an internal error', { ...problem, status: 500, code: 'internal' }, 500, /internal error/],
    ['a code that is not of this operation', { ...problem, code: 'has-listeners' }, 404, /does not have has-listeners/],
    ['a status that the operation does not have', { ...problem, status: 418 }, 418, /does not have/],
    ['a field too many', { ...problem, hint: 'x' }, 404, /additional/],
    ['a stack', { ...problem, detail: 'Error\n    at open (file.js:1:2)' }, 404, /tells of the inside/],
    ['a place in the source', { ...problem, detail: 'machines.ts:12' }, 404, /tells of the inside/],
    ['what reached a prototype', { ...problem, detail: 'polluted' }, 404, /tells of the inside/],
  ])('that has %s', (_what, body, status, message) => {
    expect(() => check(request, answer(body, status), body)).toThrow(message);
  });

  it('that is no HTTP', () => {
    expect(() => parse(Buffer.from('TTP/1.1 100 Continue\r\n\r\n'))).toThrow(/an answer begins with/);
  });
});

describe('the memory', () => {
  const samples = (bytes: (index: number) => number) => Array.from({ length: 60 }, (_, index) => bytes(index));

  it('may go up and down', () => checkGrowth(samples((index) => (60 + 40 * (index % 5)) * MIB)));

  it('may not grow with every request', () => {
    expect(() => checkGrowth(samples((index) => (60 + 4 * index) * MIB))).toThrow(/grew from/);
  });
});
