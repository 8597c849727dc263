// The closed table of problems: every error that a client can meet has one of these codes. Programs match on the code.

interface ProblemKind {
  readonly status: number;
  readonly title: string;
  readonly errno?: string;
}

export const PROBLEMS = {
  'invalid-request': { status: 400, title: 'The request does not fit the schema' },
  'cursor-invalid': { status: 400, title: 'The cursor is not one of this list' },
  unauthorized: { status: 401, title: 'No token, or an unknown one' },
  forbidden: { status: 403, title: 'Not allowed' },
  'not-found': { status: 404, title: 'Not found', errno: 'ENOENT' },
  'method-not-allowed': { status: 405, title: 'The resource does not have this method' },
  'not-acceptable': { status: 406, title: 'None of the accepted media types can be given' },
  'request-timeout': { status: 408, title: 'The request did not arrive in time' },
  'already-exists': { status: 409, title: 'Already exists', errno: 'EBUSY' },
  'has-listeners': { status: 409, title: 'The RAM block still has listeners', errno: 'EBUSY' },
  'no-attributes': { status: 409, title: 'The RAM block has no RamBlockAttributes', errno: 'ENODEV' },
  'coordinated-discard-required': { status: 409, title: 'The listener cannot live with discards', errno: 'EBUSY' },
  'not-resizeable': { status: 409, title: 'The RAM block is not resizeable', errno: 'ENOTSUP' },
  'section-cut': { status: 409, title: 'The section of a listener would be cut', errno: 'EBUSY' },
  'listener-not-async': { status: 409, title: 'Only an async listener can do this' },
  'listener-refused': { status: 409, title: 'A listener refused the populate', errno: 'EPERM' },
  'limit-reached': { status: 409, title: 'There are as many as there may be', errno: 'ENOSPC' },
  'mapping-limit': { status: 409, title: 'A listener would need too many DMA mappings', errno: 'ENOSPC' },
  'idempotency-key-in-use': { status: 409, title: 'A request with this Idempotency-Key is still running' },
  'events-expired': { status: 410, title: 'These events are no longer kept' },
  'generation-mismatch': { status: 412, title: 'The generation is another one' },
  'payload-too-large': { status: 413, title: 'Too large' },
  'unsupported-media-type': { status: 415, title: 'Unsupported media type' },
  'invalid-range': { status: 422, title: 'The range is not valid', errno: 'EINVAL' },
  'too-many-runs': { status: 422, title: 'The change has too many runs of pages', errno: 'E2BIG' },
  'idempotency-key-reused': { status: 422, title: 'The Idempotency-Key belongs to another request' },
  'target-not-allowed': { status: 422, title: 'The URL is outside the allowed targets', errno: 'EACCES' },
  'rate-limited': { status: 429, title: 'Too many requests', errno: 'EAGAIN' },
  'headers-too-large': { status: 431, title: 'The headers are too large' },
  internal: { status: 500, title: 'Internal error' },
  'listener-unreachable': { status: 502, title: 'A listener gave no usable answer', errno: 'EIO' },
  'discard-unacknowledged': { status: 503, title: 'A discard was not acknowledged', errno: 'EAGAIN' },
  'listener-unsettled': { status: 503, title: 'A listener has ranges of unknown state', errno: 'EAGAIN' },
  overloaded: { status: 503, title: 'Too much to do', errno: 'EAGAIN' },
  'journal-unavailable': { status: 503, title: 'The journal cannot be written', errno: 'EIO' },
  'not-owner': { status: 503, title: 'Another process owns this machine', errno: 'EAGAIN' },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

/** Fields of the problem document beyond the code. */
export interface ProblemExtras {
  readonly errno?: string;
  /** What is wrong where in the request: the names and indexes that lead there. */
  readonly errors?: readonly { readonly path: readonly (string | number)[]; readonly detail: string }[];
  /** Which of several steps it is about. */
  readonly step?: number;
  readonly ramBlockId?: string;
  readonly listenerId?: string | null;
  readonly listenerStatus?: number | null;
  readonly listenerDetail?: string | null;
  readonly rolledBack?: readonly string[];
  readonly unacknowledged?: readonly string[];
  readonly unsettled?: readonly string[];
  readonly sections?: readonly { readonly offset: number; readonly size: number }[];
  /** DMA mappings that the listener would need. */
  readonly needed?: number;
  /** DMA mappings that the listener may have; with `limit-reached`, how many of them there may be. */
  readonly limit?: number;
  /** For the Retry-After header. */
  readonly retryAfterSeconds?: number;
  /** For the Allow header: methods, comma separated. */
  readonly allow?: string;
}

/** An error that is answered as a problem document. `detail` is for people and names the value and the limit. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly extras: ProblemExtras;

  constructor(code: ProblemCode, detail: string, extras: ProblemExtras = {}, options?: ErrorOptions) {
    super(detail, options);
    this.name = 'Problem';
    this.code = code;
    this.extras = extras;
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }
}

/** Fields of every problem about listeners; `listenerId` is null where it is about several. */
export function aboutListener(ramBlockId: string, listenerId: string | null) {
  const none: readonly string[] = [];
  return {
    ramBlockId,
    listenerId,
    listenerStatus: null,
    listenerDetail: null,
    rolledBack: none,
    unacknowledged: none,
    unsettled: none,
  } satisfies ProblemExtras;
}
