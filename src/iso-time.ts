// Times as text, ISO 8601.

/** Writes times out, each millisecond once: records and deliveries have the same time by the dozen. */
export function createIsoTime(): (at: Date) => string {
  let milliseconds = Number.NaN;
  let text = '';
  return (at) => {
    if (at.getTime() !== milliseconds) {
      text = at.toISOString();
      milliseconds = at.getTime();
    }
    return text;
  };
}
