// What nobody should send: values as JSON texts, values of a query or a path, and headers.

const EDGES = [2 ** 31, 2 ** 32, 2 ** 52, 2 ** 53].flatMap((edge) => [edge - 1, edge, edge + 1].map(String));
const HUGE = 'x'.repeat(70_000);

export const JSON_TEXTS: readonly string[] = [
  ...EDGES,
  ...EDGES.map((edge) => `-${edge}`),
  ...EDGES.map((edge) => `"${edge}"`),
  ...['0', '-0', '-1', '0.5', '4096.0', '1e3', '4.096e3', '1E+400', '-1e400', '1e-400', '9'.repeat(400)],
  ...['null', 'true', 'false', '""', '" "', '[]', '{}', '[[]]', '[null]', '{"a":1}'],
  ...['"0x"', '"0xffffffffffffffff"', '"16EiB"', '"2M "', '"٣"', '"1_000"', '"NaN"', '"Infinity"', '"-1"', '"1e3"'],
  ...['"\\u0000"', '"\\ud800"', '"a\\u0000b"', '"../../etc"', '"%00"', '"#{7*7}"', '"<script>"', '"\\r\\nx: y"'],
  ...['"__proto__"', '"constructor"', '"toString"', '{"__proto__":{"polluted":1}}', '{"constructor":{"prototype":{}}}'],
  `"${HUGE}"`,
  `[${'4096,'.repeat(3000)}0]`,
  `${'['.repeat(2000)}${']'.repeat(2000)}`,
  `${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`,
  // As deep as it may be, within a body, and deeper.
  ...[29, 30, 31, 32, 33].map((depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`),
  '['.repeat(60_000),
  // Control characters, as they are and escaped: C0, DEL, C1.
  ...['"\\u001b[2J"', '"\\u007f"', '"\\u009b2J"', '"a\u007fb"', '"a\u009bb"', '"\\t\\n"'],
  ...['"."', '".."', '" http://127.0.0.1:9/ "', '"http://127.0.0.1:9/\\ta"'],
];

/** Texts that are no JSON at all. */
export const NO_JSON: readonly string[] = [
  ...['', ' ', '{', '[', '"', '{"a"', '{"a":}', '{a:1}', "{'a':1}", '{"a":1,}', '[1,]', 'undefined', 'NaN', '+1', '01'],
  ...[
    '{"a":1}{"b":2}',
    '\u0000',
    '{"a":"\n"}',
    '{"a":1} x',
    '/* */{}',
    '[1e]',
    '[-]',
    '\ufeff\ufeff{}',
    'nul',
    '{"":}',
  ],
];

/** Bytes that are no UTF-8, to be put into a body anywhere. */
export const NO_UTF8: readonly Buffer[] = [
  Buffer.from([0xff]),
  Buffer.from([0xc0, 0xaf]),
  Buffer.from([0xed, 0xa0, 0x80]),
  Buffer.from([0xf4, 0x90, 0x80, 0x80]),
  Buffer.from([0xe2, 0x82]),
];

/** Fields that no body has. */
export const FIELDS: readonly string[] = [
  ...[
    '__proto__',
    'constructor',
    'prototype',
    'hasOwnProperty',
    'toJSON',
    '',
    ' ',
    'offset ',
    'Offset',
    '$ref',
    '\\u0000',
  ],
];

/** Values of a query or of a part of a path, as they stand in a URL. */
export const URL_TEXTS: readonly string[] = [
  ...EDGES,
  ...[
    '',
    '0',
    '-1',
    '1.5',
    '1e3',
    '1e400',
    'NaN',
    'true',
    'null',
    '%20',
    '+',
    '%2B1',
    '0x1000',
    '2M',
    '16EiB',
    '٣',
  ].map(encodeURI),
  ...[
    '%00',
    '%0d%0a',
    '%2e%2e',
    '%2F',
    '%252F',
    '%ff',
    '%c0%af',
    '%ed%a0%80',
    '%',
    '%zz',
    '%E2%82',
    ';',
    ':',
    '@',
    '~',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'a'.repeat(101),
    'a'.repeat(4000),
    '[object%20Object]',
    '*',
    '$%7B7*7%7D',
  ],
];

export const HEADERS: readonly (readonly [name: string, value: string])[] = [
  ...['', '*', '"0"', '"1", "2"', 'W/"1"', '17', '"', '"1""2"', ',', '"\u00ff"', `"${'9'.repeat(3000)}"`].map(
    (value) => ['if-match', value] as const,
  ),
  ...['', 'a', '"a"', '"', 'a b', 'x'.repeat(255), 'x'.repeat(256), '"a"b"', '\u00e9', '*', '__proto__'].map(
    (value) => ['idempotency-key', value] as const,
  ),
  ...['return=minimal', 'return="minimal"', 'respond-async', '', ',,;;==', 'return=minimal;foo, x'].map(
    (value) => ['prefer', value] as const,
  ),
  ...['*/*', 'application/json', 'text/html', 'application/json;q=0', '', ';', 'a/b/c', 'application/*'].map(
    (value) => ['accept', value] as const,
  ),
  ...[
    'application/json',
    'application/json; charset=utf-16',
    'text/plain',
    'application/xml',
    '',
    ';',
    'a',
    'x/y; z',
  ].map((value) => ['content-type', value] as const),
  ...['gzip', 'identity', 'br, gzip', 'x'].map((value) => ['content-encoding', value] as const),
  ...['evil.example', 'localhost', '127.0.0.1:1', '[::1]', '0x7f.1', 'a@127.0.0.1', '127.0.0.1/x', ''].map(
    (value) => ['host', value] as const,
  ),
  ...['http://evil.example', 'null', 'http://127.0.0.1', 'x'].map((value) => ['origin', value] as const),
  ...['cross-site', 'same-site', 'same-origin', 'none', ''].map((value) => ['sec-fetch-site', value] as const),
  ...['100-continue', 'x'].map((value) => ['expect', value] as const),
  ...['Bearer x', 'Basic eDp5', '', 'Bearer'].map((value) => ['authorization', value] as const),
  ...['x'.repeat(9000), '%', 'websocket'].map((value) => ['upgrade', value] as const),
  ...['__proto__', 'constructor', 'x-forwarded-for', 'x-http-method-override', 'range', 'te'].map(
    (name) => [name, 'x'] as const,
  ),
];

export const METHODS: readonly string[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'TRACE'];
