// Reading the service's JSON answers without trusting them: on the port may be another program.

/** A RAM block, of what its answer says the fields that a replay needs; bytes. */
export interface RamBlockAnswer {
  readonly id: string;
  readonly machine: string;
  readonly idstr: string;
  readonly gpa: number | null;
  readonly usedLength: number;
  readonly pageSize: number;
  readonly hasAttributes: boolean;
}

/** A problem document, or what an answer without one says. */
export interface ProblemAnswer {
  readonly status: number;
  /** `http-<status>` where the answer is no problem document. */
  readonly code: string;
  readonly detail: string;
  readonly errno: string | null;
  readonly listenerId: string | null;
  readonly listenerDetail: string | null;
}

/** A field of a JSON object; undefined where there is none. */
export function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}

export function stringOf(value: unknown, name: string): string | null {
  const field = fieldOf(value, name);
  return typeof field === 'string' ? field : null;
}

export function numberOf(value: unknown, name: string): number | null {
  const field = fieldOf(value, name);
  return typeof field === 'number' ? field : null;
}

/** @returns undefined where `text` is no JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @returns null where `value` is no RAM block */
export function toRamBlock(value: unknown): RamBlockAnswer | null {
  const [id, machine, idstr] = [stringOf(value, 'id'), stringOf(value, 'machine'), stringOf(value, 'idstr')];
  const [usedLength, pageSize] = [numberOf(value, 'usedLength'), numberOf(value, 'pageSize')];
  if (id === null || machine === null || idstr === null || usedLength === null || pageSize === null) return null;
  const attributes = fieldOf(value, 'attributes');
  const hasAttributes = attributes !== null && attributes !== undefined;
  return { id, machine, idstr, gpa: numberOf(value, 'gpa'), usedLength, pageSize, hasAttributes };
}

/** @param text the body of an answer with `status` 400 or more */
export function toProblem(status: number, text: string): ProblemAnswer {
  const body = parseJson(text);
  const code = stringOf(body, 'code');
  const detail = stringOf(body, 'detail') ?? stringOf(body, 'title') ?? text.slice(0, 200).replaceAll(/\s+/g, ' ');
  return {
    status,
    code: code ?? `http-${status}`,
    detail,
    errno: stringOf(body, 'errno'),
    listenerId: stringOf(body, 'listenerId'),
    listenerDetail: stringOf(body, 'listenerDetail'),
  };
}
