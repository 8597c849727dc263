// HTTP calls of the page, and the curl command that does the same: whatever a button does, a script can do.
import type { ProblemDocument } from './resources.ts';

export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** With the query, from the root of the service: `/v1/machines`. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, in the place of a body. */
  readonly file?: NamedFile;
  /** Answered bit by bit, without an end. */
  readonly isStream?: boolean;
}

export interface NamedFile {
  readonly name: string;
  readonly blob: Blob;
}

/** A call that was answered, or was not. */
export interface CallRecord extends Call {
  readonly at: number;
  /** null without an answer. */
  readonly status: number | null;
  readonly durationMs: number;
  /** How often it was repeated since (a GET that keeps the page up to date). */
  readonly times: number;
}

export type Outcome<Body> =
  | { readonly ok: true; readonly body: Body }
  | { readonly ok: false; readonly problem: ProblemDocument };

/** Quoted for a POSIX shell, where it has to be. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * The command; the token is not in it, but the name of the variable that is to hold it.
 * @param base the service, without a slash at the end @param hasToken whether it is called with one
 */
export function curlOf(call: Call, base: string, hasToken: boolean): string {
  const { method, path, body, file, isStream = false } = call;
  const words = ['curl', isStream ? '-sSN' : '-sS'];
  if (hasToken) words.push('-H "Authorization: Bearer $RBA_TOKEN"');
  const implied = body === undefined ? 'GET' : 'POST';
  if (method !== implied) words.push(`-X ${method}`);
  // Or curl takes `boot[1].log` for the names of several files.
  if (file !== undefined && /[[\]{}]/.test(file.name)) words.push('-g');
  if (file !== undefined) words.push(`-H 'content-type: text/plain' -T ${quoted(file.name)}`);
  if (body !== undefined) words.push(`--json ${quoted(JSON.stringify(body))}`);
  words.push(quoted(base + path));
  return words.join(' ');
}

/** What is kept of the calls: each change, and of each GET the last one, for it is repeated all the time. */
export class CallLog {
  readonly #limit: number;
  #records: CallRecord[] = [];

  constructor(limit = 50) {
    this.#limit = limit;
  }

  /** Newest first. */
  get records(): readonly CallRecord[] {
    return this.#records;
  }

  add(call: Omit<CallRecord, 'times'>): void {
    const isSame = (record: CallRecord): boolean => {
      return call.method === 'GET' && record.method === 'GET' && pathOf(record) === pathOf(call);
    };
    const times = (this.#records.find(isSame)?.times ?? 0) + 1;
    this.#records = [{ ...call, times }, ...this.#records.filter((record) => !isSame(record))].slice(0, this.#limit);
  }
}

function pathOf({ path }: Call): string {
  return path.split('?', 1)[0] ?? '';
}
