// Times as text, ISO 8601.

let written = { at: Number.NaN, text: '' };

/**
 * Writes a time out, each millisecond once: records and deliveries have the same time by the dozen.
 * @param at milliseconds since the epoch
 */
export function isoTime(at: number): string {
  if (at !== written.at) written = { at, text: new Date(at).toISOString() };
  return written.text;
}
