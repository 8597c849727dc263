// Times as text, ISO 8601.

/** The times that were written last, each at its millisecond modulo the number of these. */
const written = Array.from({ length: 64 }, () => ({ at: Number.NaN, text: '' }));

/**
 * Writes a time out, each millisecond once: records and deliveries have the same time by the dozen.
 * @param at milliseconds since the epoch
 */
export function isoTime(at: number): string {
  const place = at % written.length;
  const last = written[place];
  if (last?.at === at) return last.text;
  const text = new Date(at).toISOString();
  written[place] = { at, text };
  return text;
}
