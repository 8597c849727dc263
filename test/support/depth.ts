// How far the tests go that could go on for ever. `npm test` has the short form, `npm run test:long` the long one; the
// model check has one more, `TEST_DEPTH=deep`, which takes hours.
const DEPTHS = ['short', 'long', 'deep'] as const;
export type Depth = (typeof DEPTHS)[number];

export const DEPTH: Depth = depthNamed(process.env.TEST_DEPTH ?? 'short');

/** Returns `short` in `npm test`, and `long` in everything that goes further. */
export function byDepth<T>(short: T, long: T): T {
  return DEPTH === 'short' ? short : long;
}

function depthNamed(name: string): Depth {
  const depth = DEPTHS.find((one) => one === name);
  if (depth === undefined) throw new Error(`TEST_DEPTH is ${JSON.stringify(name)}; it is ${DEPTHS.join(', ')}`);
  return depth;
}
