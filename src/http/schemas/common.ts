// The parts that all schemas are built from. Every component has an $id: the generated document and the SDKs made from it name
// their types by it.

import { type Static, type TProperties, type TSchema, Type } from 'typebox';
import { BYTE_SIZE_PATTERN } from '../../byte-size.ts';
import { PROBLEMS, type ProblemCode } from '../../errors.ts';
import { MAX_BYTES, MAX_PAGE_ITEMS } from '../../limits.ts';

type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;

/** A reference to a named component, with its static type. */
export function ref<T extends TSchema>(schema: T) {
  const { $id } = schema as { $id?: string };
  if ($id === undefined) throw new Error('a component needs an $id');
  return Type.Unsafe<DeepReadonly<Static<T>>>({ $ref: `${$id}#` });
}

/** Headers of answers, by name. */
const ANSWER_HEADERS = {
  etag: { type: 'string', description: 'The generation, for If-Match.' },
  location: { type: 'string', description: 'The path of the new resource.' },
  'idempotent-replayed': { type: 'string', description: '`true`: the stored answer to an Idempotency-Key.' },
  'preference-applied': { type: 'string', description: '`return=minimal`, where that was preferred.' },
};

/** The answer of a route when all goes well: a component, what it says, and the headers that come with it. */
export function answer<T extends TSchema>(schema: T, description: string, ...headers: (keyof typeof ANSWER_HEADERS)[]) {
  const described = Object.fromEntries(headers.map((name) => [name, ANSWER_HEADERS[name]]));
  return Type.Unsafe<Static<ReturnType<typeof ref<T>>>>({
    ...ref(schema),
    description,
    ...(headers.length > 0 ? { headers: described } : {}),
  });
}

/** `schema` or null; for a component, which cannot carry another type itself. */
export function nullable<T extends TSchema>(schema: T, options: object = {}) {
  return Type.Unsafe<Static<T> | null>({ anyOf: [schema, { type: 'null' }], ...options });
}

/** One of these strings. (A union of literals would become an anyOf, which generators do not read as an enum.) */
export function stringEnum<const T extends readonly string[]>(values: T, options: object = {}) {
  return Type.Unsafe<T[number]>({ type: 'string', enum: [...values], ...options });
}

/** An object that clients send: what has a default may be left out, and is there once the request is validated. */
export function input<P extends TProperties>(properties: P, options: object = {}) {
  const required = Object.entries(properties)
    .filter(([, schema]) => !Type.IsOptional(schema) && !('default' in schema))
    .map(([name]) => name);
  return Type.Object(properties, { ...options, required, additionalProperties: false });
}

const integer64 = { format: 'int64', minimum: 0, maximum: MAX_BYTES };

export const Bytes = Type.Integer({ $id: 'Bytes', description: 'Bytes, 0 to 2^53-1.', ...integer64 });

export const Count = Type.Integer({ $id: 'Count', description: 'A number of things, 0 to 2^53-1.', ...integer64 });

const BYTE_SIZE_TEXT = { type: 'string', pattern: BYTE_SIZE_PATTERN };

/** Written in many ways, and a number of bytes once it is validated. */
export const ByteSize = Type.Unsafe<number>({
  $id: 'ByteSize',
  description:
    'Bytes: an integer, or a string that is decimal, hexadecimal ("0x200000") or has a binary suffix ("2M", "16GiB"; K, M, G, T, each with or without iB). At most 2^53-1.',
  anyOf: [{ type: 'integer', format: 'int64', minimum: 0 }, BYTE_SIZE_TEXT],
  examples: ['2M', '0x200000', 2_097_152],
});

/** As {@link ByteSize}, for what is text anyway: coerced to a number, "1e3" or " 4096" would be one. */
export const ByteSizeText = Type.Unsafe<number>({
  ...BYTE_SIZE_TEXT,
  $id: 'ByteSize',
  description: 'Bytes: decimal, hexadecimal ("0x200000") or with a binary suffix ("2M", "16GiB"; K, M, G, T).',
});

export const Section = Type.Object(
  { offset: ref(Bytes), size: ref(Bytes) },
  { $id: 'Section', description: 'A byte range of a RAM block.', additionalProperties: false },
);

export const NewSection = input(
  { offset: ref(ByteSize), size: ref(ByteSize) },
  { $id: 'NewSection', description: 'A byte range of a RAM block.' },
);

/** The pattern of texts that people see: no control character (C0, DEL, C1), which a terminal would obey. */
export const NO_CONTROLS = '^[^\\u0000-\\u001f\\u007f-\\u009f]*$';

/** An opaque id in a path. */
const Id = (description: string) => Type.String({ description, minLength: 1, maxLength: 100 });

export const MachineParams = Type.Object({ machine: Id('A machine.') });
export const RamBlockParams = Type.Object({ ramBlockId: Id('A RAM block.') });
export const SourceParams = Type.Object({ ramBlockId: Id('A RAM block.'), sourceId: Id('A source of it.') });
export const ListenerParams = Type.Object({ ramBlockId: Id('A RAM block.'), listenerId: Id('A listener of it.') });

export const PageQuery = {
  limit: Type.Integer({ minimum: 1, maximum: MAX_PAGE_ITEMS, default: 100, description: 'Items of a page.' }),
  cursor: Type.Optional(Type.String({ maxLength: 1000, description: 'The `nextCursor` of the page before.' })),
};

export const WindowQuery = {
  offset: Type.Optional(ref(ByteSize)),
  size: Type.Optional(ref(ByteSize)),
};

export const SourceQuery = {
  source: Type.Optional(
    Type.String({ maxLength: 255, description: 'The name of one source; left out, the AND of all sources.' }),
  ),
};

export const ForceQuery = input({
  force: Type.Boolean({ default: false, description: 'Delete it even if a listener does not acknowledge.' }),
});

export const DryRunQuery = input({
  dryRun: Type.Boolean({ default: false, description: 'Answer what would happen, and do nothing.' }),
});

export const IfMatchHeader = {
  'if-match': Type.Optional(
    Type.String({
      description:
        'Entity tags, or `*`: the generation of the RAM block, as `ETag` has it. A change is judged when it reaches the head of its queue.',
    }),
  ),
};

export const IdempotencyKeyHeader = {
  'idempotency-key': Type.Optional(
    Type.String({ description: 'A quoted string or bare token of 1 to 255 visible ASCII characters; kept 24 hours.' }),
  ),
};

/** A page of a list: a named component. */
export function page<const Id extends string, T extends TSchema>(
  $id: Id,
  items: T,
  more: Record<string, TSchema> = {},
) {
  return Type.Object(
    {
      items: Type.Array(items),
      nextCursor: Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'null on the last page.' }),
      ...more,
    },
    { $id, additionalProperties: false },
  );
}

export const InvalidField = Type.Object(
  {
    pointer: Type.String({ description: 'JSON pointer into the body, or the name of a parameter.' }),
    detail: Type.String(),
  },
  { $id: 'InvalidField', description: 'A part of the request that is not valid.', additionalProperties: false },
);

export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String({ description: 'For people.' }),
    instance: Type.String({ description: 'This request, as the log names it.' }),
    code: stringEnum(Object.keys(PROBLEMS) as ProblemCode[], {
      description: 'For programs. The table is closed per version; treat an unknown code by its status.',
    }),
    errno: Type.Optional(
      Type.String({ description: 'The errno that QEMU or the listener would give.', examples: ['EINVAL'] }),
    ),
    errors: Type.Optional(Type.Array(ref(InvalidField))),
    ramBlockId: Type.Optional(Type.String()),
    listenerId: Type.Optional(
      Type.Unsafe<string | null>({
        type: ['string', 'null'],
        description:
          'null where several listeners are concerned, and where a registration failed and left no listener behind.',
      }),
    ),
    listenerStatus: Type.Optional(
      Type.Unsafe<number | null>({
        type: ['integer', 'null'],
        minimum: 100,
        maximum: 999,
        description: 'HTTP status of its answer.',
      }),
    ),
    listenerDetail: Type.Optional(Type.Unsafe<string | null>({ type: ['string', 'null'] })),
    rolledBack: Type.Optional(
      Type.Array(Type.String(), { description: 'Listeners that are again as they were before the change.' }),
    ),
    unacknowledged: Type.Optional(
      Type.Array(Type.String(), { description: 'Listeners that owe the acknowledgement of a discard.' }),
    ),
    unsettled: Type.Optional(
      Type.Array(Type.String(), { description: 'Listeners with unsettled ranges, which are being settled.' }),
    ),
    sections: Type.Optional(Type.Array(ref(Section), { description: 'The ranges of unknown state; the first 1000.' })),
    needed: Type.Optional(Type.Integer({ ...integer64, description: 'DMA mappings that the listener would need.' })),
    limit: Type.Optional(
      Type.Integer({
        ...integer64,
        description: 'DMA mappings that it may have; blocks, listeners or sources that there may be.',
      }),
    ),
  },
  { $id: 'Problem', description: 'RFC 9457 problem document.', additionalProperties: false },
);

const RETRY_AFTER = { 'retry-after': { ...integer64, type: 'integer', description: 'Seconds.' } };

/** Headers of problem answers, by status. */
const PROBLEM_HEADERS: Record<number, object> = {
  401: { 'www-authenticate': { type: 'string', description: '`Bearer`.' } },
  429: {
    ...RETRY_AFTER,
    'ratelimit-policy': {
      type: 'string',
      description: 'The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one.',
    },
    ratelimit: { type: 'string', description: 'The rest of the limit, on every answer where there is one.' },
  },
  503: RETRY_AFTER,
};

/** Every request that changes something can meet these. */
export const WRITE_PROBLEMS = [
  'payload-too-large',
  'unsupported-media-type',
  'overloaded',
  'journal-unavailable',
  'not-owner',
] as const satisfies ProblemCode[];

/** Every POST can meet these, for it may have an Idempotency-Key. */
export const POST_PROBLEMS = [
  'idempotency-key-in-use',
  'idempotency-key-reused',
  ...WRITE_PROBLEMS,
] as const satisfies ProblemCode[];

/** The problem answers of a route, by status; `default` stands for what can happen to any request. */
export function problems(...codes: ProblemCode[]) {
  return byStatus(['invalid-request', 'unauthorized', 'forbidden', 'not-acceptable', 'rate-limited', ...codes]);
}

/** As {@link problems}, for a route that is served to anybody (config `open`) and reads nothing of the request. */
export function openProblems(...codes: ProblemCode[]) {
  return byStatus(['not-acceptable', ...codes]);
}

function byStatus(codes: readonly ProblemCode[]) {
  const content = { 'application/problem+json': { schema: ref(Problem) } };
  const answers: Record<string, object> = {
    default: {
      description: 'Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts.',
      headers: RETRY_AFTER,
      content,
    },
  };
  const all = [...new Set(codes)];
  for (const { status } of all.map((code) => PROBLEMS[code])) {
    const here = all.filter((code) => PROBLEMS[code].status === status);
    const description = here.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join(' ');
    const headers = PROBLEM_HEADERS[status];
    answers[status] = { description, ...(headers === undefined ? {} : { headers }), content };
  }
  return answers;
}
