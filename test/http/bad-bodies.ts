// Bodies with one thing wrong: how they are made, and what must hold for each: the right problem that names the field,
// and nothing that has changed.
import { expect } from 'vitest';
import { PROBLEMS, type ProblemCode } from '../../src/errors.ts';
import type { Api } from '../support/api.ts';

/** JSON texts that are no ByteSize. */
export const NO_BYTE_SIZES = [
  ...['true', 'null', '[]', '[4096]', '{}', '{"bytes":4096}', '-1', '0.5', '4096.5', '-1e400'],
  ...['""', '" "', '"2m"', '"2MB"', '"2 M"', '" 2M"', '"2M "', '"2M\\n"', '"2iB"', '"M"', '"2P"', '"2Mi"', '"1.5G"'],
  ...[
    '"-1"',
    '"+1"',
    '"1e3"',
    '"0x"',
    '"0xg"',
    '"0x1M"',
    '"0b1"',
    '"1_000"',
    '"٣"',
    '"\\u0000"',
    '"NaN"',
    '"Infinity"',
  ],
];

/** JSON texts of a ByteSize beyond 2^53-1. */
export const BEYOND = [
  ...['9007199254740992', '9007199254740993', '1e20', '1.7e308', '1e400'],
  ...['"9007199254740992"', '"0x20000000000000"', '"8192T"', '"8192TiB"', `"${'9'.repeat(50_000)}"`],
];

/** JSON texts that are no boolean; bodies are not coerced. */
export const NO_BOOLEANS = ['null', '0', '1', '"true"', '"false"', '""', '[]', '{}'];

/** JSON texts that are no string. */
export const NO_STRINGS = ['null', 'true', '0', '[]', '["a"]', '{}'];

export interface BadField {
  /** JSON pointer to the field. */
  readonly at: string;
  /** JSON texts. */
  readonly values: readonly string[];
  readonly code: ProblemCode;
}

const MARK = '\u2020';

/** `body` as JSON with `json` in the place that `pointer` names, made where it is missing. */
export function withValue(body: object, pointer: string, json: string): string {
  const copy = structuredClone(body);
  const names = pointer.slice(2).split('/');
  const last = String(names.pop());
  let place: Record<string, unknown> = { ...copy };
  const root = place;
  for (const name of names) {
    place[name] ??= {};
    place = place[name] as Record<string, unknown>;
  }
  place[last] = MARK;
  return JSON.stringify(root).replace(`"${MARK}"`, () => json);
}

/** `body` without one field. */
export function without(body: object, name: string): object {
  return Object.fromEntries(Object.entries(body).filter(([key]) => key !== name));
}

/** A row for each value, with a name that stays short. */
export function rowsOf(fields: readonly BadField[]) {
  return fields.flatMap(({ at, values, code }) =>
    values.map((json) => ({ at, json, code, shown: json.length > 60 ? `${json.slice(0, 60)}...` : json })),
  );
}

/** All that is known of a block and of its machine: what a refused request must leave as it is. */
export async function everythingOf(api: Api, blockPath: string): Promise<unknown[]> {
  const paths = [
    '/v1/ram-blocks',
    '/v1/machines',
    blockPath,
    ...['listeners', 'sources', 'conversions'].map((of) => `${blockPath}/${of}`),
  ];
  return Promise.all(paths.map((path) => api.ok('GET', path)));
}

/** Sends `json` and expects the problem `code`, which names `at` where the request does not fit the schema. */
export async function expectRefused(
  api: Api,
  path: string,
  json: string,
  code: ProblemCode,
  at: string,
  method = 'POST',
): Promise<void> {
  const { status, body } = await api.call(method, path, json);
  expect(body).toMatchObject({ code });
  expect(status).toBe(PROBLEMS[code].status);
  if (code === 'invalid-request') {
    expect(body.errors).toEqual([{ pointer: at, detail: expect.any(String) }]);
    expect(body.detail).toContain(at.split('/').at(-1));
  }
  expect(body.detail.length).toBeLessThan(1100);
}
